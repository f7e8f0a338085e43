"""What `ml-connector try` lets happen: a job invoiced and posted, its payment, a customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from systems.demo import Trial
from systems.servicetitan.demo import DEMO
from tests.systems.servicetitan.simulator.world import World

PATHS = tuple(f"holdings?entity={kind}" for kind in ("customers", "locations", "invoices", "payments"))


async def events_of(tenant: World, **trial: Any) -> dict[str, Any]:
    """The trial carried out; the holding of what was made."""
    held = {path: await tenant.control(path) for path in PATHS}
    made = DEMO.events_of(Trial(**trial), held.__getitem__)
    results = await tenant.do(*map(dict, made.events))
    source_id = results[made.answer][made.id_member]
    rows = (await tenant.control(f"holdings?entity={made.entity}s"))["holdings"]
    return {"words": made.words, **next(row for row in rows if row["id"] == source_id)}


async def test_an_invoice_is_posted_with_its_amount_and_without_tax(tenant: World) -> None:
    row = await events_of(tenant, kind="invoice", amount=Decimal("120.00"))
    assert (row["amount"], row["status"], row["active"]) == ("120.00", "Posted", True)
    assert row["words"].startswith("invoice {number} for ")


async def test_an_invoice_is_for_the_customer_that_was_named(tenant: World) -> None:
    customer = await events_of(tenant, kind="customer", name="Marlow Finch")
    assert customer["name"] == "Marlow Finch"
    row = await events_of(tenant, kind="invoice", name="marlow")
    assert row["customer_id"] == customer["id"]


async def test_a_payment_settles_the_newest_invoice_that_is_not_paid_or_the_one_that_was_named(tenant: World) -> None:
    first, second = [await events_of(tenant, kind="invoice", amount=Decimal(amount)) for amount in ("10.00", "20.00")]
    paid = await events_of(tenant, kind="payment")
    assert (paid["amount"], paid["applications"][0]["document_id"]) == ("20.00", second["id"])
    part = await events_of(tenant, kind="payment", of=first["number"], amount=Decimal("4.00"))
    assert (part["amount"], part["applications"][0]["document_id"]) == ("4.00", first["id"])


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        ({"kind": "payment"}, "no posted invoice without a payment"),
        ({"kind": "payment", "of": "404"}, "no posted invoice 404"),
        ({"kind": "invoice", "name": "Nobody Here"}, "no customer 'Nobody Here'"),
    ],
)
async def test_what_cannot_be_had_is_said_with_what_to_do(tenant: World, trial: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        await events_of(tenant, **trial)
