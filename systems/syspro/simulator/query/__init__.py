"""The business objects that only read, and what they share."""

from __future__ import annotations

from collections.abc import Callable

from systems.syspro.simulator.company import Company
from systems.syspro.simulator.query.find import find
from systems.syspro.simulator.reading import Part

QUERIES: dict[str, Callable[[Company, Part], str]] = {"COMFND": find}
