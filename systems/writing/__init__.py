"""What the writers of all systems have in common: the frame of an attempt, and how a document is compared with its command."""
