"""Strict values: money, quantities, days, instants and codes as other systems write them."""
