"""Kafka with TLS, SASL and an authorizer; topics that somebody else made; a broker that goes away and comes back."""
