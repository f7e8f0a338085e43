"""The border of NetSuite's vocabulary: its objects in our words, and our records as its documents. Pure."""

from __future__ import annotations

from systems.netsuite.mapping_commands import to_commands as to_commands  # noqa: PLC0414 - a part of the declaration
from systems.netsuite.mapping_sightings import sightings

to_canonical = sightings
