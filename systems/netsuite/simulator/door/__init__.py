"""Who calls, and whether there is room: sign-ins, permissions, simultaneous requests."""
