"""What every system's writer does alike: the frame of an attempt, and how a document is compared with its command."""
