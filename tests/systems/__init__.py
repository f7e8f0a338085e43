"""What is special about one vendor, tested against its simulator."""
