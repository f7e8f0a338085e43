"""The pure rules of the hops: the identity of a document, when it is due, and clean texts."""
