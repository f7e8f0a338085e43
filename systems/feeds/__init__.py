"""How a feed is read: where it was left, the elements of a page, and objects that are asked for by id."""
