"""Proof, by kind: unit, contract, property, systems, integration, chaos, acceptance, bench."""
