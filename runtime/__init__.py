"""The ground we stand on: errors, settings, clock, retry, limits, secrets, log, metrics, Kafka and HTTP, simulator ground."""
