"""Kafka, registry, Faust and sinks together, on a real broker."""
