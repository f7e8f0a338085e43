"""How a feed is read: where the next call continues, what the elements of a page are, and how objects are asked for by id."""
