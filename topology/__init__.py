"""How records flow: the topics, the hops in their order, and the rules that the hops apply."""
