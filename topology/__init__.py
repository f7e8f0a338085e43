"""Where records flow: the way, the topics, the hops and their rules."""
