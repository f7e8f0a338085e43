"""The services that run: ingress, pollers, topology and sinks, and what they share."""
