"""What we ask and what our examples show, held against the facts of ServiceTitan's OpenAPI documents (`systems/servicetitan/spec/`)."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator

from systems.servicetitan.poller import Reader
from systems.servicetitan.resources import FEEDS, FETCHABLE, RESOURCES, Resource, feed_resource
from systems.servicetitan.spec import openapi
from tests.systems.servicetitan.examples import names, raw_json
from tests.systems.servicetitan.scripted import TENANT, Answer, access, row, rows, scripted

GUID = "11111111-2222-4333-8444-555555555555"


def operation(path: str) -> dict[str, Any]:
    """The GET operation of a path as it went over the wire."""
    _, module, _, rest = path.split("/", 3)
    steps = rest.replace(f"tenant/{TENANT}", "tenant/{tenant}").split("/")
    for template, item in openapi(module)["paths"].items():
        parts = template.strip("/").split("/")
        if len(parts) == len(steps) and all(
            p == s or (p.startswith("{") and s.isdigit()) for p, s in zip(parts, steps, strict=True)
        ):
            found: dict[str, Any] = item["get"]
            return found
    raise AssertionError(f"{path} is in no document")


def resolved(module: str, schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = openapi(module)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def hold(request: web.Request, resource: Resource) -> None:
    """The request is one that the document describes, and the scope is the one it needs."""
    described = operation(request.path)
    known = {parameter["name"]: parameter for parameter in described["parameters"] if parameter["in"] == "query"}
    for name, value in request.query.items():
        assert name in known, f"{request.path}: {name} is no parameter"
        schema = resolved(resource.module, known[name]["schema"])
        assert value in schema.get("enum", [value])
        repeated = schema.get("type") == "array"
        assert repeated or len(request.query.getall(name)) == 1
        if schema.get("type") == "integer":
            assert value.isdigit()
    assert all(name in request.query for name, parameter in known.items() if parameter.get("required"))
    scopes = [scope for entry in described["security"] for scope in entry.get("oauth", [])]
    assert resource.scope in scopes


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.name)
async def test_a_feed_asks_what_the_document_describes(feed: Any) -> None:
    async with scripted() as server:
        reader = Reader(access(server, external_data_application_guid=GUID, read_from="2025-01-01"))
        server.answer = lambda _: Answer({**rows(), "continueFrom": "t"})
        await reader.page(feed, "")
        await reader.close()
        hold(server.calls[-1], feed_resource(feed))


@pytest.mark.parametrize("entity", FETCHABLE)
async def test_a_read_by_id_asks_what_the_document_describes(entity: str) -> None:
    async with scripted() as server:
        reader = Reader(access(server, external_data_application_guid=GUID))
        server.answer = lambda _: Answer(row(7) if RESOURCES[entity].ids == "path" else rows(row(7)))
        await reader.fetch(entity, ["7"])
        await reader.close()
        hold(server.calls[-1], RESOURCES[entity])


DRIFT = {
    # meant: what live tenants send and the document does not say (numbers for enumerations, unknown words, a space in a status)
    ("bill", "landedCostMethod"),
    ("invoice", "sentStatus"),
    ("invoice", "reviewStatus"),
    ("invoice", "items/0/type"),
    ("tax_zone", "rates/1/taxBaseType"),
    ("job", "customerPo"),
}


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith("webhook")])
def test_an_example_is_a_row_of_its_list_but_for_drift_that_is_named(name: str) -> None:
    entity = name.partition(".")[0]
    resource = RESOURCES[entity]
    described = operation(resource.path(TENANT))
    page = resolved(resource.module, described["responses"]["200"]["content"]["application/json"]["schema"])
    validator = Draft202012Validator({**page["properties"]["data"]["items"], "components": openapi(resource.module)["components"]})
    found = {"/".join(str(step) for step in error.path): error.message for error in validator.iter_errors(raw_json(name))}
    assert {path: words for path, words in found.items() if (entity, path) not in DRIFT} == {}
