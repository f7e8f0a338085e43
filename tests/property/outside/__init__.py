"""Bytes from outside: parsers and hops."""
