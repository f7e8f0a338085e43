"""Pure rules of the hops: identity, what is due, what a decision is called."""
