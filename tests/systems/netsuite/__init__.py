"""The NetSuite folder."""
