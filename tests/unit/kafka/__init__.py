"""What is said to Kafka and the registry, and what of it is refused before anything is said."""
