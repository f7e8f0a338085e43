"""Pollers against a real broker."""
