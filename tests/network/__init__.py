"""Where a session may go and how the way there is secured, with real sockets where there is one to open."""
