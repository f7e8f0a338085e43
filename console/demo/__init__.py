"""`ml-connector demo`: a seeded working day over real Kafka, and a comparison of the books of both sides afterwards."""
