"""What the account decides about what is entered: masters, orders, documents, payments, journals, periods."""
