"""Writes the examples of what is seen anew: the simulator's rows as raw records, and what they become. Read the difference before committing it.

`python -m tests.systems.netsuite.write_seen`
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runtime.json import parse
from systems.contract import Element
from systems.mapped import Reading
from systems.netsuite.mapping_sightings import sightings
from systems.netsuite.settings import Settings
from systems.netsuite.system import SYSTEM
from tests.contract.examples import normalised, raw
from tests.systems.netsuite.account import Site, account, walked

EXAMPLES = Path(__file__).parents[3] / "systems" / "netsuite" / "examples"
OURS = "ST-ABCDEFGHIJKLMNOPQRST"


def reading() -> Reading:
    """What the normaliser knows of the connection of the examples."""
    own = json.loads((EXAMPLES / "connection.json").read_text())["settings"]
    return Reading("acme", "America/Chicago", "USD", Settings.model_validate(own))


async def plant(site: Site) -> dict[str, str]:
    """Documents of every kind, by situation: the id of each."""
    vendor = await site.enter("vendor", companyName="Barton Creek Pipe", subsidiary={"id": "2"}, isInactive=True)
    seller = await site.enter(
        "vendor", companyName="Ferguson Supply", subsidiary={"id": "2"}, accountNumber="V-800", comments="net 30"
    )
    person: dict[str, Any] = {
        "isPerson": True,
        "firstName": "Ana",
        "lastName": "Lopez",
        "subsidiary": {"id": "2"},
        "email": "ana@example.com",
    }
    customer = await site.enter("customer", **person)
    ids = {"vendor.inactive": vendor, "vendor.with_account_number": seller, "customer.a_person": customer}
    lines = [{"item": {"id": "1"}, "quantity": 3, "rate": 10.5}, {"item": {"id": "2"}, "quantity": 2.5, "rate": 80}]
    order: dict[str, Any] = {"entity": {"id": seller}, "location": {"id": "1"}, "memo": "stock"}
    for name, more in (
        ("open", {}),
        ("received_in_part", {}),
        ("closed_before_anything_came", {}),
        ("that_we_wrote", {"externalId": f"{OURS}-O"}),
    ):
        ids[f"purchase_order.{name}"] = await site.enter("purchaseOrder", **order, **more, item={"items": lines})
    cost = {"items": [{"account": {"id": "20"}, "amount": 30, "memo": "pallet"}]}
    ids["purchase_order.of_no_item"] = await site.enter("purchaseOrder", **order, expense=cost)
    await site.tell("receive", {"id": ids["purchase_order.received_in_part"], "lines": {"1": 2}})
    await site.tell("close", {"id": ids["purchase_order.closed_before_anything_came"]})
    expenses = {
        "items": [{"account": {"id": "20"}, "amount": 125.5, "department": {"id": "3"}}, {"account": {"id": "21"}, "amount": 60}]
    }
    bill = await site.enter("vendorBill", entity={"id": seller}, tranId="F-1001", externalId=OURS, expense=expenses)
    ids["bill.that_we_wrote"] = bill
    await site.tell("pay", {"bill": bill, "amount": "100.00"})
    credit = {"items": [{"account": {"id": "20"}, "amount": 20}]}
    ids["vendor_credit.of_a_person"] = await site.enter("vendorCredit", entity={"id": seller}, expense=credit)
    return ids | await _sold(site, customer)


async def _sold(site: Site, customer: str) -> dict[str, str]:
    """Documents of a customer, and a journal."""
    ids: dict[str, str] = {}
    sold = {
        "items": [
            {"item": {"id": "2"}, "quantity": 1, "rate": 100, "department": {"id": "3"}},
            {"item": {"id": "8"}, "quantity": 1, "rate": 8.25},
        ]
    }
    invoice = await site.enter("invoice", entity={"id": customer}, externalId=OURS.replace("ABC", "CBA"), item=sold)
    ids["invoice.that_we_wrote"] = invoice
    ids["invoice.taxed_by_netsuite"] = await site.enter(
        "invoice",
        entity={"id": customer},
        isTaxable=True,
        taxItem={"id": "1"},
        item={"items": [{"item": {"id": "1"}, "quantity": 2, "rate": 50}]},
    )
    paid: dict[str, Any] = {
        "customer": {"id": customer},
        "payment": 60,
        "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 60}]},
    }
    ids["payment.applied_in_part"] = await site.enter("customerPayment", **paid)
    ids["payment.a_deposit"] = await site.enter("customerDeposit", customer={"id": customer}, payment=75, account={"id": "1"})
    back = {"items": [{"item": {"id": "2"}, "quantity": 1, "rate": 20}]}
    ids["credit_memo.of_a_person"] = await site.enter("creditMemo", entity={"id": customer}, item=back)
    booked = {"items": [{"account": {"id": "21"}, "debit": 75}, {"account": {"id": "24"}, "credit": 75}]}
    ids["journal.of_labor"] = await site.enter("journalEntry", subsidiary={"id": "2"}, memo="labor", line=booked)
    return ids


FEEDS: Mapping[str, str] = {
    "vendor": "vendors",
    "customer": "customers",
    "purchase_order": "purchase_orders",
    "bill": "bills",
    "vendor_credit": "vendor_credits",
    "invoice": "invoices",
    "payment": "payments",
    "credit_memo": "credit_memos",
    "journal": "journals",
}
OTHERS: Mapping[str, tuple[str, str]] = {
    "ap_payment.of_a_bill": ("bill_payments", ""),
    "dimension.a_department": ("departments", "department/3"),
    "dimension.an_inactive_department": ("departments", "department/7"),
    "dimension.a_class": ("classes", "class/1"),
    "gl_account.of_costs": ("accounts", "20"),
    "gl_account.that_sums_up": ("accounts", "6"),
    "period.open": ("periods", ""),
}
EVENT = {
    "eventId": "0d9bb8f5-93ad-4b3c-8a6a-0f3a3f6cf2a1",
    "eventType": "edit",
    "recordType": "vendor",
    "recordId": "1021",
    "externalId": None,
    "accountId": "1234567_SB1",
    "occurredAt": "2026-03-16T15:00:00Z",
}
EVENTS: Mapping[str, Mapping[str, Any]] = {
    "push.a_changed_vendor": EVENT,
    "push.an_order_that_is_new": {**EVENT, "recordType": "purchaseorder", "recordId": "1301", "eventType": "create"},
    "push.of_another_account": {**EVENT, "accountId": "7654321"},
    "push.of_a_record_that_is_not_read": {**EVENT, "recordType": "supportcase"},
    "push.a_deleted_bill": {**EVENT, "recordType": "vendorbill", "eventType": "delete"},
}


async def main() -> None:
    """Write every file."""
    for path in (*EXAMPLES.glob("*.raw*.json"), *EXAMPLES.glob("*.expected.json")):
        path.unlink()
    with TemporaryDirectory(prefix="netsuite-") as folder:
        async with account(Path(folder), customers=2, vendors=2) as site:
            ids = await plant(site)
            for name, key in ids.items():
                await _seen(site, name, FEEDS[name.partition(".")[0]], key)
            for name, (feed, key) in OTHERS.items():
                await _seen(site, name, feed, key)
    for name, body in EVENTS.items():
        _write(name, [json.dumps(body).encode()])


async def _seen(site: Site, name: str, feed: str, key: str) -> None:
    found, _ = await walked(site.access()[0], feed)
    if name == "period.open":
        found = [one for one in found if parse(one.body)["periodname"] == "Mar 2026"]
    one: Element = next(one for one in found if key in ("", one.source_id))
    _write(name, [one.body, *one.further])


def _write(name: str, bodies: list[bytes]) -> None:
    for number, body in enumerate(bodies, 1):
        (EXAMPLES / f"{name}.raw{'' if number == 1 else f'.{number}'}.json").write_bytes(body)
    (made,) = sightings(raw(SYSTEM, name), reading())
    text = json.dumps(normalised(made), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (EXAMPLES / f"{name}.expected.json").write_text(text)


if __name__ == "__main__":
    asyncio.run(main())
