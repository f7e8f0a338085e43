"""The rules of entry and posting, one module for each kind of document."""
