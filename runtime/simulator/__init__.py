"""What every simulator has in common: a journal outside its memory, faults on request, and the way it is served."""
