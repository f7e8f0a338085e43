"""How records come in: webhooks and pushes that are sent to us, and pages that we poll."""
