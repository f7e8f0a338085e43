"""How a system is called over HTTP: signing in, reads, look-ups, writes, and what an answer means."""
