"""The business objects that change something: each takes one item of a document."""

from __future__ import annotations

from systems.syspro.simulator.objects.invoices import INVOICES
from systems.syspro.simulator.objects.suppliers import SUPPLIERS
from systems.syspro.simulator.posting import Object

POSTED: dict[str, Object] = {one.name: one for one in (INVOICES,)}
SET_UP: dict[str, Object] = {one.name: one for one in (SUPPLIERS,)}
