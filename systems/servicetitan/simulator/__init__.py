"""The simulated ServiceTitan tenant: the vendor's side of the wire, its state, its webhooks, and a seeded working day."""
