"""Pages of `docs/` that are generated from the declarations. A test fails when one is stale."""
