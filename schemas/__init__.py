"""What the topics hold: Avro records, one numbered folder per step of the way, their Python twins and their bytes."""
