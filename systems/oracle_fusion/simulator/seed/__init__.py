"""What is in a pod before the first call."""
