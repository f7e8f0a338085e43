"""The ServiceTitan simulator held against the vendor's documentation."""
