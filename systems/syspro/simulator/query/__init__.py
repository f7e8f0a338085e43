"""The business objects that only read, and what they share."""

from __future__ import annotations

from collections.abc import Callable

from systems.syspro.simulator.company import Company
from systems.syspro.simulator.query.browse import browse, fetch
from systems.syspro.simulator.query.find import find
from systems.syspro.simulator.query.masters import ledger, stock, supplier
from systems.syspro.simulator.query.order import order
from systems.syspro.simulator.reading import Part

QUERIES: dict[str, Callable[[Company, Part], str]] = {
    "COMFND": find,
    "COMBRW": browse,
    "COMFCH": fetch,
    "APSQRY": supplier,
    "PORQRY": order,
    "INVQRY": stock,
    "GENQGL": ledger,
}
