"""The endpoint's `swagger.json`, made of the facts in the form that generated clients build on.

Source: the vendor's document as published: an operation refers to its parameters, which stand under `components` by their names without `$`.
The tag of an operation is its entity (reference clients make one service of each).
"""

from __future__ import annotations

from typing import Any

from systems.acumatica.spec import openapi

Node = dict[str, Any]


def swagger(endpoint: str, version: str, url: str) -> Node:
    """The document of an endpoint that is served at `url`."""
    facts, shared = openapi(), dict[str, Node]()
    paths = {
        path: {method: _referring(operation, shared) for method, operation in item.items()} for path, item in facts["paths"].items()
    }
    return facts | {
        "info": {"title": f"{endpoint}/{version}", "version": facts["info"]["version"]},
        "servers": [{"url": url}],
        "paths": paths,
        "components": facts["components"] | {"parameters": shared},
    }


def _referring(operation: Node, shared: dict[str, Node]) -> Node:
    references = []
    for parameter in operation["parameters"]:
        name = parameter["name"].removeprefix("$")
        shared.setdefault(name, parameter)
        references.append({"$ref": f"#/components/parameters/{name}"} if shared[name] == parameter else parameter)
    return operation | {"parameters": references}
