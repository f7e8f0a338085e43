"""A third system that is nothing like the others: plain text on the wire, one step, and a server that refuses a second document."""
