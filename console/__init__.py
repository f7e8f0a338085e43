"""What operators use: the command line."""
