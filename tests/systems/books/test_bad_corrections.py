"""Corrections that cannot be: each is held by name with its amount, nothing else stops, and what is there stays as it is. Through both hops, the real
sink and writer, and the company of the ERP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.sinks import consume
from tests.property.books.world import World
from tests.systems import field_service

UNIT = {"business_unit_id": "901", "business_unit_name": "Plumbing - Service"}
TODAY = date(2026, 3, 2)


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A connection whose masters are on both sides."""
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    made = World(tmp_path)
    await made.source.reads()
    await made.all_arrives()
    yield made
    made.close()


def invoice(world: World, source_id: str, amount: str, **more: Any) -> dict[str, Any]:
    """An invoice of the first customer, without tax."""
    lines = [field_service.invoice_line(amount, taxable=False)]
    about = {"customer_id": _customer(world), "invoice_date": TODAY, "tax": Decimal(0), **UNIT, **_numbered(source_id, amount)}
    return field_service.invoice(lines, **{**about, **more})


def payment(world: World, source_id: str, amount: str, *applications: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A payment of the first customer."""
    about = {"customer_id": _customer(world), "paid_on": TODAY, **UNIT, **_numbered(source_id, f"{amount} {len(applications)}")}
    return field_service.payment(amount, list(applications), **{**about, **more})


def _customer(world: World) -> str:
    return str(world.source.rows("customers")[0]["id"])


def _numbered(source_id: str, content: str) -> dict[str, str]:
    return {"source_id": source_id, "number": f"N{source_id}", "fingerprint": f"{source_id} {content}"}


async def held(world: World) -> dict[str, tuple[str, Decimal]]:
    """What a person's list shows, by source object, part and action."""
    await world.works()
    return {"|".join(key.split("|")[3:]): found for key, found in world.sink.held().items()}


async def goes_on(world: World) -> None:
    """Another document of the same customer is posted, and both sides are equal but for what is held."""
    world.canonical(invoice(world, "900", "45.00"))
    await world.works()
    (op_key,) = [one["op_key"] for one in world.sink.index.all() if one["source_id"] == "900"]
    assert world.sink.state(op_key)[0] == "POSTED"


async def test_an_adjustment_of_what_is_not_there_is_held_with_its_amount(world: World) -> None:
    world.canonical(invoice(world, "101", "-60.00", adjustment_to_id="404"))
    assert await held(world) == {"invoice:101||adjust": ("parent_missing", Decimal("-60.00"))}
    await goes_on(world)


async def test_an_application_to_what_never_comes_is_held_with_its_amount_and_its_payment_is_posted(world: World) -> None:
    world.canonical(payment(world, "201", "60.00", field_service.application("404", "60.00", "1", TODAY)))
    assert await held(world) == {"payment:201|1|apply": ("parent_missing", Decimal("60.00"))}
    (receipt,) = await world.erp_documents("Payment")
    assert (receipt["amount"], receipt["released"], receipt["applications"]) == ("60.00", True, [])
    await goes_on(world)


async def test_an_application_that_comes_before_its_invoice_waits_for_it(world: World) -> None:
    world.canonical(payment(world, "201", "60.00", field_service.application("101", "60.00", "1", TODAY)))
    await world.works_for(60)
    assert [one["state"] for one in world.sink.index.all() if one["action"] == "apply"] == ["WAITING"]
    world.canonical(invoice(world, "101", "60.00"))
    assert await held(world) == {}
    (receipt,) = await world.erp_documents("Payment")
    assert [one["amount"] for one in receipt["applications"]] == ["60.00"]


async def test_an_application_of_more_than_is_open_is_held_with_its_amount(world: World) -> None:
    world.canonical(invoice(world, "101", "60.00"))
    world.canonical(payment(world, "201", "100.00", field_service.application("101", "100.00", "1", TODAY)))
    found = await held(world)
    assert [amount for _, amount in found.values()] == [Decimal("100.00")]
    assert list(found) == ["payment:201|1|apply"]
    await goes_on(world)


async def test_the_void_of_what_was_never_posted_is_on_no_list(world: World) -> None:
    world.canonical(invoice(world, "101", "60.00", active=False))
    assert await held(world) == {}
    assert await world.erp_documents("Invoice") == []
    await goes_on(world)


async def test_a_reversal_in_a_closed_period_is_held_with_its_amount_and_goes_when_the_period_is_open(world: World) -> None:
    """`late: hold`, the default. The void has no day of its own but that on which it was seen."""
    world.canonical(invoice(world, "101", "60.00"))
    await world.works()
    await world.closes("032026")
    world.canonical(invoice(world, "101", "60.00", active=False, fingerprint="void"))
    found = await held(world)
    assert {key: amount for key, (_, amount) in found.items()} in (
        {"invoice:101||void": Decimal("60.00")},
        {"invoice:101||void": Decimal("-60.00")},
    )
    assert [reason for reason, _ in found.values()] == ["period_closed"]
    (kept,) = await world.erp_documents("Invoice")
    assert (kept["type"], kept["balance"]) == ("Invoice", "60.00")
    await world.erp.asks("periods", {"period": "032026", "status": "Open"})
    await world.read_erp()
    assert await held(world) == {}
    assert {one["balance"] for one in await world.erp_documents("Invoice")} == {"0.00"}
    await goes_on(world)


async def test_a_refund_of_more_than_is_open_is_held_with_its_amount(world: World) -> None:
    world.canonical(payment(world, "201", "60.00"))
    world.canonical(payment(world, "202", "-100.00", refunded_payment_id="201"))
    found = await held(world)
    assert {key: amount for key, (_, amount) in found.items()} == {"payment:202||create": Decimal("-100.00")}
    assert [one["type"] for one in await world.erp_documents("Payment") if one["released"]] in (["Payment"], ["Prepayment"])
    await goes_on(world)


async def test_an_application_to_what_never_comes_that_is_taken_back_is_on_no_list(world: World) -> None:
    world.canonical(payment(world, "201", "60.00", field_service.application("404", "60.00", "1", TODAY), fingerprint="v"))
    await world.works()
    world.canonical(payment(world, "201", "60.00", fingerprint="v", source_version="2026-03-11T12:00:00.0000000Z"))
    assert await held(world) == {}, world.told()


async def test_an_application_of_a_payment_that_is_held_itself_is_on_no_list_once_it_is_taken_back(world: World) -> None:
    world.canonical(invoice(world, "101", "100.00"))
    about = {"fingerprint": "v", "type_name": "Barter", "type_id": "77"}
    world.canonical(payment(world, "201", "60.00", field_service.application("101", "60.00", "1", TODAY), **about))
    assert await held(world) == {"payment:201||create": ("unmapped", Decimal("60.00"))}
    world.canonical(payment(world, "201", "60.00", source_version="2026-03-11T12:00:00.0000000Z", **about))
    assert await held(world) == {"payment:201||create": ("unmapped", Decimal("60.00"))}, world.told()


async def test_an_application_of_a_vendor_credit_that_is_taken_back_is_held_with_what_has_to_be_taken_back(world: World) -> None:
    about: dict[str, Any] = {"vendor_id": str(world.source.rows("vendors")[0]["id"]), **UNIT}
    world.canonical(field_service.bill(bill_date=TODAY, **about))
    applied = field_service.application("301", "8.00", "1", TODAY)
    world.canonical(field_service.credit(credit_date=TODAY, applications=[applied], **about))
    assert await held(world) == {}, world.told()
    later: dict[str, Any] = {"source_version": "2026-03-11T12:00:00.0000000Z", "applications": []}
    world.canonical(field_service.credit(credit_date=TODAY, **about, **later))
    (found,) = (await held(world)).values()
    assert found == ("changed_after_post", Decimal("-8.00")), world.told()
    await goes_on(world)


async def test_a_negative_application_that_takes_back_nothing_ends_when_the_source_drops_it(world: World) -> None:
    world.canonical(invoice(world, "101", "100.00"))
    about = {"fingerprint": "v"}
    world.canonical(payment(world, "201", "60.00", field_service.application("101", "-5.00", "1", TODAY), **about))
    assert [reason for reason, _ in (await held(world)).values()] == ["unapplication_unmatched"]
    world.canonical(payment(world, "201", "60.00", source_version="2026-03-11T12:00:00.0000000Z", **about))
    assert await held(world) == {}, world.told()


async def test_an_application_to_what_never_comes_ends_beside_an_equal_one_that_was_posted(world: World) -> None:
    """The equal row of its payment goes to another document: it was looked up for an hour, nothing of its payment went on, and then it was held."""
    world.canonical(invoice(world, "101", "100.00"))
    stays, ends = (field_service.application(to, "60.00", part, TODAY) for to, part in (("101", "1"), ("404", "2")))
    world.canonical(payment(world, "201", "120.00", stays, ends, fingerprint="v"))
    await world.works_for(5.0)
    world.canonical(payment(world, "201", "120.00", stays, fingerprint="v", source_version="2026-03-11T12:00:00.0000000Z"))
    assert await held(world) == {}, world.told()
    (receipt,) = await world.erp_documents("Payment")
    assert [one["amount"] for one in receipt["applications"]] == ["60.00"]
    await goes_on(world)


@pytest.mark.parametrize("to", ["101", "404"])
@pytest.mark.parametrize("why", ["no customer", "closed period"])
async def test_an_application_that_was_never_asked_for_keeps_nothing_from_its_held_payment(world: World, why: str, to: str) -> None:
    """Whatever holds the payment, and whether what it settles is there or not: what is taken back ends, and the next one is taken."""
    world.canonical(invoice(world, "101", "100.00"))
    await world.works_for(5.0)
    about: dict[str, Any] = {"fingerprint": "v"} | ({"customer_id": "999999"} if why == "no customer" else {})
    if why == "closed period":
        await world.closes("032026")
    world.canonical(payment(world, "201", "60.00", field_service.application(to, "60.00", "1", TODAY), **about))
    await world.works_for(5.0)
    world.canonical(payment(world, "201", "60.00", source_version="2026-03-11T12:00:00.0000000Z", **about))
    reason = {"no customer": "parent_missing", "closed period": "period_closed"}[why]
    assert await held(world) == {"payment:201||create": (reason, Decimal("60.00"))}, world.told()
    states = {one["part"]: one["state"] for one in world.sink.index.all() if one["source_id"] == "201" and one["action"] == "apply"}
    assert states == {"1": "SUPERSEDED"}
