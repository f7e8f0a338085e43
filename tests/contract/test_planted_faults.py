"""Faults planted in true exchanges of our clients with the simulators: what held each exchange against the vendor's facts catches every one.

An exchange is caught where a fact contradicts it, or where no fact describes it and `SYSTEM.md` does not list it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from runtime.simulator.openapi import Exchange
from systems import registry
from tests.contract.ground import ground
from tests.contract.registered import SYSTEMS, WRITERS, brought
from tests.contract.test_exchanges import check_every_feed_is_read
from tests.exchanges import Documents, documents, listed_as_uncovered
from tests.systems.servicetitan.simulator.world import world

OF_FORMS = {"syspro"}
"""Systems of which the forms of XML are known and no document: faults are planted in these by tests of their own."""
DOCUMENTED = [name for name in SYSTEMS if documents(name) is not None and name not in OF_FORMS]
INVENTED = "zzInvented"
ENUMERATED = {"reviewStatus", "sentStatus", "source"}
NOT_SAID = {
    "acumatica": {"a_missing_member_in_the_answer", "a_value_outside_its_enumeration"},
    "oracle_fusion": {
        "a_missing_member_in_the_request",
        "a_value_outside_its_enumeration",
        "an_answer_without_a_body",
        "an_invented_member_in_the_request",
        "a_wrong_type_in_the_request",
    },
    "netsuite": {
        "a_missing_member_in_the_answer",
        "a_missing_member_in_the_request",
        "a_value_outside_its_enumeration",
        "a_word_for_a_number_in_the_query",
        "an_invented_member_in_the_request",
        "a_wrong_type_in_the_request",
        "an_unknown_query_option",
    },
}
"""Faults that a vendor's facts cannot tell: Acumatica requires no member of an answer and enumerates no value; Fusion's tables of attributes
require none of a request and enumerate none, its sign-in page is HTML with status 200, and requests are judged by its simulator alone; the names and
values that are sent to NetSuite are judged by the account, and a request that was refused may be as wrong as it likes."""
OPEN = {"custom", "_links", "links", "externalData"}
"""Members whose own members the vendors leave open."""
Planted = Callable[[Exchange], Iterator[Exchange]]


async def recorded(name: str, folder: Path) -> list[Exchange]:
    """One exchange of each operation, status and set of query options that the clients of a system meet and the facts describe."""
    system, seen, judge = registry.system(name), dict[tuple[str, ...], Exchange](), Documents.problems

    def keep(held: Documents, exchange: Exchange) -> list[str]:
        before = sum(held.uncovered.values())
        found = judge(held, exchange)
        if not found and sum(held.uncovered.values()) == before:
            path = re.sub(r"[0-9a-f-]{36}|\d+", "*", exchange.path)
            seen[(exchange.method, path, str(exchange.status), *sorted(exchange.query))] = exchange
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Documents, "problems", keep)
        await check_every_feed_is_read(system, folder / "feeds")
        if name == "servicetitan":
            await a_day(folder / "day")
        for way in brought(system) if name in WRITERS else ():
            async with ground(system, folder / way, way) as on:
                case = await on.case(way, "w")
                await on.look(case)
                await on.written(case)
    return list(seen.values())


async def a_day(folder: Path) -> None:
    """The lists of a tenant in which work was done: those of the contract suite are short or empty."""
    async with world(folder, []) as tenant:
        await tenant.do(
            {"do": "create_customer", "name": "Parish", "as": "c"},
            {"do": "book_job", "location": "@c.location", "business_unit": 902, "as": "j"},
            {"do": "add_items", "invoice": "@j.invoice", "items": [{"sku": "MAT-VALVE", "quantity": 2}]},
        )
        for path in ("accounting/invoices", "accounting/gl-accounts", "crm/customers", "jpm/jobs", "inventory/vendors"):
            await tenant.get(path)


@cache
def uncovered(name: str) -> tuple[str, ...]:
    """What `SYSTEM.md` lists, read once: thousands of faults are held against it."""
    return tuple(listed_as_uncovered(name))


def is_caught(name: str, exchange: Exchange) -> bool:
    """Whether a fact contradicts the exchange, or none describes it and nobody listed it."""
    held = documents(name)
    assert held is not None
    before = held.uncovered.copy()
    problems = held.problems(exchange)
    new, held.uncovered = held.uncovered - before, before
    listed = uncovered(name)
    return bool(problems) or any(not any(fnmatchcase(one, pattern) for pattern in listed) for one in new)


def an_unknown_path(exchange: Exchange) -> Iterator[Exchange]:
    path = re.sub(
        r"(?<=/24\.200\.001/)\w+|(?<=/11\.13\.18\.05/)\w+|(?<=/record/v1/)\w+|(?<=/tenant/)(\d+/[\w-]+)", r"\g<0>Zz", exchange.path
    )
    assert path != exchange.path
    yield replace(exchange, path=path)


def a_wrong_method(exchange: Exchange) -> Iterator[Exchange]:
    yield replace(exchange, method="OPTIONS")


def an_unknown_query_option(exchange: Exchange) -> Iterator[Exchange]:
    yield replace(exchange, query={**exchange.query, "zz": "1"})


def a_word_for_a_number_in_the_query(exchange: Exchange) -> Iterator[Exchange]:
    for option in {"$top", "$skip", "page", "pageSize", "limit", "offset"} & exchange.query.keys():
        yield replace(exchange, query={**exchange.query, option: "many"})


def an_answer_without_a_body(exchange: Exchange) -> Iterator[Exchange]:
    if exchange.response_body:
        yield replace(exchange, response_body=b"")
        yield replace(exchange, response_body=b"<html></html>")


def an_invented_member_in_the_answer(exchange: Exchange) -> Iterator[Exchange]:
    for changed in with_member(exchange.response_body):
        yield replace(exchange, response_body=changed)


def an_invented_member_in_the_request(exchange: Exchange) -> Iterator[Exchange]:
    for changed in with_member(exchange.request_body):
        yield replace(exchange, request_body=changed)


def a_wrong_type_in_the_answer(exchange: Exchange) -> Iterator[Exchange]:
    for changed in with_wrong_type(exchange.response_body):
        yield replace(exchange, response_body=changed)


def a_wrong_type_in_the_request(exchange: Exchange) -> Iterator[Exchange]:
    for changed in with_wrong_type(exchange.request_body):
        yield replace(exchange, request_body=changed)


def a_missing_member_in_the_request(exchange: Exchange) -> Iterator[Exchange]:
    for changed in without_member(exchange.request_body, {"entity", "name", "address"}):
        yield replace(exchange, request_body=changed)


def a_missing_member_in_the_answer(exchange: Exchange) -> Iterator[Exchange]:
    for changed in without_member(exchange.response_body, {"data", "hasMore"}):
        yield replace(exchange, response_body=changed)


def a_value_outside_its_enumeration(exchange: Exchange) -> Iterator[Exchange]:
    changes = changed_at(
        exchange.response_body, lambda value, name: "Zz" if name in ENUMERATED and isinstance(value, str) else None
    )
    yield from (replace(exchange, response_body=changed) for changed in changes)


def with_member(body: bytes) -> Iterator[bytes]:
    """The body with a member more, in each of its objects in turn."""
    yield from changed_at(body, lambda value, _: value | {INVENTED: 1} if isinstance(value, dict) else None)


def with_wrong_type(body: bytes) -> Iterator[bytes]:
    """The body with a list of lists for a single value, at each of them in turn."""
    yield from changed_at(body, lambda value, _: None if isinstance(value, dict | list | None) else [[value]])


def without_member(body: bytes, names: set[str]) -> Iterator[bytes]:
    """The body without one of its outer members, for each of these names that it has."""
    found: Any = orjson.loads(body) if body else None
    whole: dict[str, Any] = found if isinstance(found, dict) else {}
    for name in names & whole.keys():
        yield orjson.dumps({kept: value for kept, value in whole.items() if kept != name})


def changed_at(body: bytes, change: Callable[[Any, str | int], Any]) -> Iterator[bytes]:
    """The body with what `change` makes of a value and its name, at each place in turn where that is not None."""
    short = orjson.dumps(shortened(orjson.loads(body) if body else None))
    for path in list(places(orjson.loads(short), ())):
        changed = orjson.loads(short)
        at: Any = {"": changed}
        for step in ("", *path)[:-1]:
            at = at[step]
        step = ("", *path)[-1]
        new = change(at[step], step)
        if new is not None:
            if path:
                at[step] = new
            yield orjson.dumps(changed if path else new)


def shortened(value: Any) -> Any:
    """The value with one element of each list: the others are judged by the same facts."""
    if isinstance(value, dict):
        return {name: shortened(member) for name, member in value.items()}
    return [shortened(element) for element in value[:1]] if isinstance(value, list) else value


def places(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Where the values of a body stand."""
    if path and path[-1] in OPEN:
        return
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*path, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


PLANTED: tuple[Planted, ...] = (
    a_missing_member_in_the_answer,
    a_missing_member_in_the_request,
    a_value_outside_its_enumeration,
    an_unknown_path,
    a_wrong_method,
    an_unknown_query_option,
    a_word_for_a_number_in_the_query,
    an_answer_without_a_body,
    an_invented_member_in_the_answer,
    an_invented_member_in_the_request,
    a_wrong_type_in_the_answer,
    a_wrong_type_in_the_request,
)


@pytest.mark.parametrize("name", DOCUMENTED)
async def test_every_planted_fault_is_caught(name: str, tmp_path: Path) -> None:
    exchanges = await recorded(name, tmp_path)
    assert len(exchanges) >= 20
    assert not any(is_caught(name, exchange) for exchange in exchanges)
    for plant in (one for one in PLANTED if one.__name__ not in NOT_SAID.get(name, ())):
        faults = [fault for exchange in exchanges for fault in plant(exchange)]
        missed = [fault for fault in faults if not is_caught(name, fault)]
        assert faults, plant.__name__
        assert not missed, f"{plant.__name__}: {len(missed)} of {len(faults)}, first in {missed[0].method} {missed[0].path}"


@pytest.mark.parametrize(
    ("query", "is_true"), [("page=1&pageSize=50&includeTotal=true", True), ("page=1&includeTotal=true", False)]
)
def test_a_required_query_option_that_is_missing_is_caught(query: str, is_true: bool) -> None:
    page = b'{"page":1,"pageSize":50,"hasMore":false,"totalCount":0,"data":[]}'
    options = dict(option.split("=") for option in query.split("&"))
    asked = Exchange("GET", "/settings/v2/tenant/1/business-units/intacct", options, b"", 200, page)
    assert is_caught("servicetitan", asked) != is_true
