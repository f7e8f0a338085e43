"""A seeded working day: planned as data, then played on the clock."""
