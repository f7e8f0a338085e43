"""Where NetSuite's words end: what its objects are in ours, and what our records become in it. Pure."""

from __future__ import annotations

from systems.netsuite.mapping_commands import to_commands as to_commands  # noqa: PLC0414 - a part of the declaration
from systems.netsuite.mapping_sightings import sightings

to_canonical = sightings
