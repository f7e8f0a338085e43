"""What the simulated site holds before the first call."""
