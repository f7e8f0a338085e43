"""What the tenant holds before the first call: chart of accounts, branches, periods, classes, and existing customers and vendors."""
