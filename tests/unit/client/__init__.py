"""What crosses our HTTP client, whichever system it is."""
