"""What accounting decides, tried on the mapping of every ERP with the amounts of a review."""
