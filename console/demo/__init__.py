"""`ml-connector demo`: a seeded working day over real Kafka, and the books of both sides compared afterwards."""
