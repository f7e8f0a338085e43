"""What is in a new company."""
