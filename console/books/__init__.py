"""What became of each document, as the topics show it: states, held and waiting amounts, and the chain of one document."""
