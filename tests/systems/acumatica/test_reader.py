"""Reading: windows by change time, full lists, single objects, pages that are none; and what becomes of each in our words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest

from runtime.errors import Malformed, Refused, Transient
from runtime.json import parse
from schemas.codec import offline_codec
from schemas.records import Raw
from systems.acumatica.mapping import to_canonical
from systems.acumatica.system import SYSTEM
from systems.contract import Element, Feed, Reader
from systems.mapped import Canonical, Fetch, Filtered, Normalised, Reading
from tests.systems.acumatica import ground
from tests.systems.acumatica.tenant import RELEASED, MovedClock, Start, Tenant, books, made

READING = Reading("acme", "America/Chicago", "USD", ground.settings())
FEEDS = {feed.entity: feed for feed in SYSTEM.feeds}


def raw(entity: str, body: bytes, source_id: str = "x") -> Raw:
    return Raw(
        connection="acme",
        system="acumatica",
        entity=entity,
        source_id=source_id,
        source_version="",
        shape="object",
        how="list",
        body=body,
        content_type="application/json",
        page_digest="",
        page_index=0,
        signature="none",
        received_at=datetime(2026, 3, 16, tzinfo=UTC),
    )


async def walk(reader: Reader, feed: Feed, position: str = "") -> tuple[list[Element], str]:
    found: list[Element] = []
    while True:
        page = await reader.page(feed, position)
        found += page.elements
        position = page.position
        if not page.more:
            return found, position


def normalised(entity: str, elements: Sequence[Element]) -> list[Normalised]:
    return [one for element in elements for one in to_canonical(raw(entity, element.body, element.source_id), READING)]


async def test_every_feed_gives_records_that_fit_their_schema(tenants: Start) -> None:
    tenant = await tenants(customers=5, vendors=3)
    held = await books(tenant)
    for entity, source in (("invoice", ground.invoice()), ("payment", ground.payment()), ("bill", ground.bill())):
        await held.post(RELEASED, *made(entity, source))
    reader, _ = tenant.reader()
    names = {"canonical." + name for name in ("gl_account", "dimension", "customer", "vendor", "period")}
    names |= {"canonical." + name for name in ("invoice", "payment", "bill", "payment_type", "tax_zone")}
    codec = offline_codec({name: (name,) for name in names})
    seen: dict[str, int] = {}
    for feed in SYSTEM.feeds:
        elements, _ = await walk(reader, feed)
        for one in normalised(feed.entity, elements):
            assert isinstance(one, Canonical), one
            record = {**one.record, "raw_topic": "raw.acumatica", "raw_partition": 0, "raw_offset": 0}
            name = f"canonical.{one.entity}"
            assert codec.decode(codec.encode(name, name, record))[0] == name
            seen[one.entity] = seen.get(one.entity, 0) + 1
    assert seen["period"] == 36
    assert seen["dimension"] == 7 + 3
    assert (seen["customer"], seen["vendor"], seen["invoice"], seen["payment"], seen["bill"]) == (6, 4, 1, 1, 1)


async def test_what_we_wrote_carries_our_ref_as_origin(tenant: Tenant) -> None:
    held = await books(tenant)
    record, command = made("invoice", ground.invoice())
    await held.post(RELEASED, record, command)
    reader, _ = tenant.reader()
    for entity in ("invoice", "customer"):
        elements, _ = await walk(reader, FEEDS[entity])
        (one,) = normalised(entity, elements)
        assert isinstance(one, Canonical)
        assert one.record["origin_ref"] == (command["ref"] if entity == "invoice" else one.record["external_ref"])


async def test_a_ref_in_a_user_field_is_seen_too(tenants: Start) -> None:
    tenant = await tenants(user_fields="Document.UsrMLCRef")
    own = tenant.settings(ref_field="custom:Document.UsrMLCRef")
    held = await books(tenant, own)
    record, command = made("invoice", ground.invoice())
    await held.post(("create",), record, command)
    reader, _ = tenant.reader(own)
    (element,) = (await reader.page(FEEDS["invoice"], "")).elements
    (one,) = to_canonical(raw("invoice", element.body), Reading("acme", "America/Chicago", "USD", own))
    assert isinstance(one, Canonical)
    assert one.record["origin_ref"] == command["ref"]


async def test_an_element_is_the_exact_bytes_of_the_page_and_its_version_sorts(tenants: Start) -> None:
    tenant = await tenants(customers=3)
    reader, wire = tenant.reader()
    page = await reader.page(FEEDS["customer"], "")
    for element in page.elements:
        assert element.body in wire.answers[-1].body
        assert parse(element.body)["CustomerID"]["value"] == element.source_id
        assert len(element.source_version) == 28
        assert element.source_version.endswith("Z")


async def test_a_list_is_walked_in_pages_without_losing_or_doubling(tenants: Start) -> None:
    tenant = await tenants(customers=57)
    reader, wire = tenant.reader(tenant.settings(page_size=10))
    found, _ = await walk(reader, FEEDS["customer"])
    assert len(found) == len({element.source_id for element in found}) == 57
    assert len(wire.of("GET", "/Customer")) == 6


async def test_a_list_that_moved_while_it_was_walked_is_walked_again(tenants: Start) -> None:
    tenant = await tenants(customers=30)
    reader, _ = tenant.reader(tenant.settings(page_size=10))
    await tenant.fault(kind="page_drift", path="/Customer", skip=1)
    found, _ = await walk(reader, FEEDS["customer"])
    assert len({element.source_id for element in found}) == 30


async def test_the_next_window_begins_at_the_newest_change_less_the_overlap(tenants: Start) -> None:
    tenant = await tenants(customers=3)
    reader, wire = tenant.reader()
    _, position = await walk(reader, FEEDS["customer"])
    assert isinstance(tenant.clock, MovedClock)
    tenant.clock.move(hours=2)
    await books(tenant)
    found, _ = await walk(reader, FEEDS["customer"], position)
    assert "C000001" in {element.source_id for element in found}
    address = wire.of("GET", "/Customer")[-1].url
    assert "%2B00%3A00" in address
    assert "LastModifiedDateTime ge datetimeoffset'2026-03-16T14:55:00.0" in unquote(address)


async def test_single_objects_are_read_in_one_request_and_the_unknown_are_absent(tenants: Start) -> None:
    tenant = await tenants(customers=3)
    reader, wire = tenant.reader()
    page = await reader.fetch("customer", ["CX00001", "CX00002", "nobody", "O'Brien' or 1 eq 1 --"])
    assert [element.source_id for element in page.elements] == ["CX00001", "CX00002"]
    assert len(wire.of("GET", "/Customer")) == 1
    with pytest.raises(Refused, match="is not an id"):
        await reader.fetch("invoice", ["000001"])


async def test_a_document_is_fetched_by_type_and_number(tenant: Tenant) -> None:
    held = await books(tenant)
    document = await held.post(RELEASED, *made("bill", ground.bill()))
    reader, _ = tenant.reader()
    page = await reader.fetch("bill", [document.erp_id])
    assert [element.source_id for element in page.elements] == ["Bill/000001"]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "html"}, {"kind": "refuse", "status": 500}, {"kind": "half_answer", "bytes": 200}, {"kind": "lost_answer"}],
    ids=["login page", "500", "half", "lost"],
)
async def test_a_page_that_is_none_is_never_an_empty_one(tenants: Start, fault: dict[str, Any]) -> None:
    tenant = await tenants(customers=3)
    reader, _ = tenant.reader()
    await tenant.fault(path="/Customer", count=9, **fault)
    with pytest.raises(Transient):
        await reader.page(FEEDS["customer"], "")


async def test_one_bad_answer_to_a_read_is_simply_repeated(tenants: Start) -> None:
    tenant = await tenants(customers=3)
    reader, _ = tenant.reader()
    await tenant.fault(path="/Customer", kind="refuse", status=503)
    assert len((await reader.page(FEEDS["customer"], "")).elements) == 3


def test_a_push_is_a_request_to_look_again_at_each_row_once() -> None:
    body = b"""{"Query":"ML-Invoice","Inserted":[{"Type":"Invoice","ReferenceNbr":"000007"},{"Type":"Invoice","ReferenceNbr":"000007"}],
    "Deleted":[],"CompanyId":"Company","Id":"1","TimeStamp":636295833829493672,"AdditionalInfo":{}}"""
    assert to_canonical(raw("push", body), READING) == [Fetch("invoice", "Invoice/000007", "push")]


@pytest.mark.parametrize("body", [b'{"Query":"Other","Inserted":[]}', b'{"Query":"ML-Bill","Inserted":[]}', b'{"Inserted":[]}'])
def test_a_push_of_nothing_that_we_follow_is_filtered(body: bytes) -> None:
    (one,) = to_canonical(raw("push", body), READING)
    assert isinstance(one, Filtered)


@pytest.mark.parametrize(
    ("entity", "body"),
    [
        ("customer", b'{"CustomerID":"C1"}'),
        ("customer", b"[]"),
        ("gl_account", b'{"AccountCD":{}}'),
        ("invoice", b'{"Type":{"value":"Invoice"},"ReferenceNbr":{"value":"1"},"Amount":{"value":"12"}}'),
        ("bill", b'{"Type":{"value":"Bill"},"ReferenceNbr":{"value":"1"},"Date":{"value":"yesterday"}}'),
        ("push", b'{"Query":"ML-Bill","Inserted":{}}'),
    ],
)
def test_what_cannot_be_read_is_malformed(entity: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        to_canonical(raw(entity, body), READING)


def test_an_empty_and_a_null_field_read_alike_and_a_date_is_taken_as_printed() -> None:
    body = b"""{"id":"1","Type":{"value":"Bill"},"ReferenceNbr":{"value":"000009"},"VendorRef":{},"Terms":{"value":null},
    "Date":{"value":"2026-03-10T00:00:00+14:00"},"Amount":{"value":10.10},"Description":{"value":"ST-SHORT x"}}"""
    (one,) = to_canonical(raw("bill", body), READING)
    assert isinstance(one, Canonical)
    assert (one.record["vendor_number"], one.record["term_name"], one.record["origin_ref"]) == ("", "", None)
    assert (str(one.record["bill_date"]), one.record["total"]) == ("2026-03-10", Decimal("10.10"))


def test_a_balance_is_no_part_of_the_fingerprint_and_the_amount_is() -> None:
    def record(balance: str, amount: str) -> dict[str, Any]:
        body = f"""{{"Type":{{"value":"Invoice"}},"ReferenceNbr":{{"value":"1"}},"Amount":{{"value":{amount}}},
        "Balance":{{"value":{balance}}}}}"""
        (one,) = to_canonical(raw("invoice", body.encode()), READING)
        assert isinstance(one, Canonical)
        return dict(one.record)

    first, paid, other = record("10.00", "10.00"), record("0", "10.0"), record("10.00", "11")
    assert first["fingerprint"] == paid["fingerprint"] != other["fingerprint"]
    assert first["content_hash"] != paid["content_hash"]
