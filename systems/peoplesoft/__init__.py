"""PeopleSoft: the facts, the wire, the mapping, the simulator."""
