"""The resources that the pod serves."""

from __future__ import annotations

from systems.oracle_fusion.simulator.resources import Resource
from systems.oracle_fusion.simulator.rules.orders import life_cycle

_ORDERS = "PO_VIEW_PURCHASE_ORDER_REST_PRIV"
RESOURCES: tuple[Resource, ...] = (
    Resource("suppliers", read="POZ_GET_SUPPLIERS_USING_REST_SERVICE_PRIV"),
    Resource("purchaseOrders", read=_ORDERS, units="ProcurementBU"),
    Resource("purchaseOrderLifeCycleDetails", read=_ORDERS, is_listed=False, row=life_cycle),
)
