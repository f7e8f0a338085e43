"""The systems that the connector joins: one folder each, named in `registry.py`. No system imports another."""
