"""The resources that the pod serves."""

from __future__ import annotations

from systems.oracle_fusion.simulator.resources import Resource

RESOURCES: tuple[Resource, ...] = (Resource("suppliers", read="POZ_GET_SUPPLIERS_USING_REST_SERVICE_PRIV"),)
