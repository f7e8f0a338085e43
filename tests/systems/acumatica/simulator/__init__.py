"""The Acumatica simulator, held against the vendor's documentation."""
