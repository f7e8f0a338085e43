"""What a tenant starts with: fixed reference data, vendors, and people that another simulator may know too."""
