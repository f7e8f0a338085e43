"""Tests of the simulated SYSPRO site, written from the fact sheet."""
