"""Purchase orders of an ERP: what is written, refused and held."""
