"""What the account holds from the start."""
