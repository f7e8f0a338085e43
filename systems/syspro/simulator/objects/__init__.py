"""The business objects that change something: each takes one item of a document."""

from __future__ import annotations

from systems.syspro.simulator.objects.invoices import INVOICES
from systems.syspro.simulator.objects.orders import ORDERS
from systems.syspro.simulator.objects.receipts import RECEIPTS
from systems.syspro.simulator.objects.stock import ADJUSTMENTS, WAREHOUSES
from systems.syspro.simulator.objects.suppliers import SUPPLIERS
from systems.syspro.simulator.posting import Object

POSTED: dict[str, Object] = {one.name: one for one in (INVOICES, ORDERS, RECEIPTS, ADJUSTMENTS)}
SET_UP: dict[str, Object] = {one.name: one for one in (SUPPLIERS, WAREHOUSES)}
