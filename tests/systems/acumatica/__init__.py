"""Acumatica: what is special about it."""
