"""The simulated NetSuite account."""
