"""Both sides of a connection, read afresh and compared: what the source wants, what the ERP keeps, and what explains each difference."""
