"""What runs: ingress, pollers, sinks, reconciliation, replay."""
