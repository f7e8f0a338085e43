"""The endpoint's `swagger.json`, made from the facts in the form that generated clients rely on.

Source: the vendor's document as published: an operation refers to its parameters, which are listed under `components` by their names without `$`. The
tag of an operation is its entity (reference clients make one service for each).
"""

from __future__ import annotations

from typing import Any

from systems.acumatica.spec import openapi

Node = dict[str, Any]
REVERSE = "ReverseApplication"
_PARAMETERS = {"DocType": "StringValue", "ReferenceNbr": "StringValue", "AdjustmentNbr": "IntValue"}


def swagger(endpoint: str, version: str, url: str, *, is_extended: bool = False) -> Node:
    """The document of an endpoint that is served at `url`; an extended endpoint has one more action."""
    facts, shared = openapi(), dict[str, Node]()
    if is_extended:
        facts = _extended(facts)
    paths = {
        path: {method: _referring(operation, shared) for method, operation in item.items()} for path, item in facts["paths"].items()
    }
    return facts | {
        "info": {"title": f"{endpoint}/{version}", "version": facts["info"]["version"]},
        "servers": [{"url": url}],
        "paths": paths,
        "components": facts["components"] | {"parameters": shared},
    }


def _extended(facts: Node) -> Node:
    """The facts with ReverseApplication of Payment added, as install/README.md adds it. An action with parameters is described like
    ReleaseRetainage."""
    like = facts["paths"]["/Payment/ReleasePayment"]["post"]
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{REVERSE}"}}}
    added = like | {"operationId": f"Payment_InvokeAction_{REVERSE}", "requestBody": like["requestBody"] | {"content": content}}
    parameters = {name: {"$ref": f"#/components/schemas/{kind}"} for name, kind in _PARAMETERS.items()}
    shape: Node = {
        "type": "object",
        "required": ["entity", "parameters"],
        "properties": {
            "entity": {"$ref": "#/components/schemas/Payment"},
            "parameters": {"type": "object", "properties": parameters},
        },
    }
    schemas = facts["components"]["schemas"] | {REVERSE: shape}
    paths = facts["paths"] | {f"/Payment/{REVERSE}": {"post": added}}
    return facts | {"paths": paths, "components": facts["components"] | {"schemas": schemas}}


def _referring(operation: Node, shared: dict[str, Node]) -> Node:
    references = []
    for parameter in operation["parameters"]:
        name = parameter["name"].removeprefix("$")
        shared.setdefault(name, parameter)
        references.append({"$ref": f"#/components/parameters/{name}"} if shared[name] == parameter else parameter)
    return operation | {"parameters": references}
