"""Signatures, rates, schedules: pure."""
