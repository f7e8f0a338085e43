"""Pages of `docs/` that are drawn from the declarations; a test fails when one is stale."""
