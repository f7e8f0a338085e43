"""What became of each document, as the topics tell it: states, held and waiting amounts, the chain of one document."""
