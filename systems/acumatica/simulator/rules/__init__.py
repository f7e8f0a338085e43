"""What the tenant's screens check and compute, one file per screen; `of(entity)` gives them to the writer."""
