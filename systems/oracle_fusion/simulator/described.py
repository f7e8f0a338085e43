"""The pod's description of itself: its versions, and by `describe` the attributes of a resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.shapes import Shape


def versions(pod: Pod, address: str) -> web.Response:
    """The versions with their framework versions (FWK)."""
    allowed = [str(number) for number in range(1, pod.settings.framework_versions + 1)]
    item = {
        "version": "11.13.18.05",
        "isLatest": True,
        "defaultFrameworkVersion": "1",
        "allowedFrameworkVersions": allowed,
        "links": [{"rel": "self", "href": f"{address}/11.13.18.05", "name": "self", "kind": "item"}],
    }
    return json_answer({"items": [item]})


def described(shape: Shape, actions: Sequence[str]) -> web.Response:
    """Attributes with their types, and which of them `q` may name; children by name; the actions of an item (their place is assumed)."""
    item = {"actions": [{"name": name, "method": "POST"} for name in actions]}
    return json_answer({"Resources": {shape.name: _described(shape) | {"item": item}}})


def _described(shape: Shape) -> dict[str, Any]:
    attributes = [{"name": one.name, "type": one.type, "queryable": one.is_queryable} for one in shape.attributes.values()]
    return {"attributes": attributes, "children": {name: _described(child) for name, child in shape.children.items()}}
