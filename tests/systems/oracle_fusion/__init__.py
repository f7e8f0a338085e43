"""Tests of Oracle Fusion: our side, and its simulator."""
