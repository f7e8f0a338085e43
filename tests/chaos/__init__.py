"""A working day on which processes are killed, offsets reset, topics deleted; the books must still agree."""
