"""Where a feed goes on, and the elements of its pages."""
