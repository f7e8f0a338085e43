"""The campaign: the real shell of a sink in virtual time, one seed a schedule of faults, invariants by name, mutants that must be caught."""
