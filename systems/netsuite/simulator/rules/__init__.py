"""The account's rules for entries: masters, orders, documents, payments, journals, periods."""
