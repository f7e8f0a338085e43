"""PeopleSoft: what is special about it."""
