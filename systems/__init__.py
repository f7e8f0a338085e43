"""The neighbours that the connector speaks to: a folder each, named in `registry.py`; no system imports another."""
