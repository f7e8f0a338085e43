"""Acumatica's side of the wire: a tenant that keeps books, written from the vendor's documentation and stricter than the product."""
