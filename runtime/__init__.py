"""What all other parts build on: errors, settings, clock, retry, limits, secrets, log, metrics, Kafka and HTTP clients, and the simulators'
shared parts."""
