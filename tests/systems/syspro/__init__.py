"""Tests of SYSPRO."""
