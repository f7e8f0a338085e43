"""Acumatica: facts, mapping, client, writer and simulator of the contract-based REST endpoint `Default/24.200.001`."""
