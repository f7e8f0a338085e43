"""A stand-in for one ServiceTitan tenant: the vendor's wire, its state, its webhooks, and a seeded working day."""
