"""The fingerprint holds what moves money and nothing else: what people change otherwise is no correction (accounting.md 3 and 34)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from systems.mapped import Canonical
from systems.servicetitan.mapping import to_canonical
from tests.systems.servicetitan.examples import READING, raw, raw_json

INVOICE, PAYMENT, BILL = (
    "invoice.posted_job_with_tax",
    "payment.one_for_two_invoices",
    "bill.received_order_with_tax_and_shipping",
)
CREDIT = "vendor_credit.settles_one_bill"
Edit = Callable[[dict[str, Any]], object]


def canonical(name: str, edit: Edit | None = None) -> dict[str, Any]:
    """The canonical record of an example, edited at the source."""
    row = raw_json(name)
    if edit is not None:
        edit(row)
    (found,) = to_canonical(raw(name.partition(".")[0], json.dumps(row).encode()), READING)
    assert isinstance(found, Canonical)
    return dict(found.record)


def line(row: dict[str, Any], **values: Any) -> None:
    row["items"][0].update(values)


QUIET: list[tuple[str, str, Edit]] = [
    ("cost", INVOICE, lambda row: line(row, cost="41.00", totalCost="41.00")),
    ("line id", INVOICE, lambda row: line(row, id=999)),
    ("order of lines", INVOICE, lambda row: [row["items"][0].update(order=1), row["items"][1].update(order=2)]),
    ("description", INVOICE, lambda row: line(row, description="Drain, cleaned")),
    ("term", INVOICE, lambda row: row.update(termName="Net 60")),
    ("due date", INVOICE, lambda row: row.update(dueDate="2026-06-01T00:00:00Z")),
    ("merged customer", INVOICE, lambda row: row.update(customer={"id": 5999, "name": "Survivor"})),
    ("job number", INVOICE, lambda row: row.update(job={"id": 9001, "number": "9001-A"})),
    ("project", INVOICE, lambda row: row.update(projectId=77)),
    ("review", INVOICE, lambda row: row.update(reviewStatus="Reviewed", sentStatus="Opened")),
    ("name of the payment type", PAYMENT, lambda row: row.update(type="Cheque")),
    ("merged customer of a payment", PAYMENT, lambda row: row.update(customer={"id": 5999, "name": "Survivor"})),
    ("term of a bill", BILL, lambda row: row.update(termName="Net 60", dueDate="2026-06-01T00:00:00Z")),
    ("vendor's number", BILL, lambda row: row.update(vendorNumber="INV-5512-A")),
    ("line id of a bill", BILL, lambda row: line(row, id=999)),
    ("do not pay", BILL, lambda row: row.update(doNotPay=True)),
]
LOUD: list[tuple[str, str, Edit]] = [
    ("amount", INVOICE, lambda row: line(row, total="201.00")),
    ("day", INVOICE, lambda row: row.update(invoiceDate="2026-03-03T00:00:00Z")),
    ("tax", INVOICE, lambda row: row.update(salesTax="25.00")),
    ("business unit", INVOICE, lambda row: row.update(businessUnit={"id": 320, "name": "HVAC"})),
    (
        "account",
        INVOICE,
        lambda row: line(row, generalLedgerAccount={"id": 9, "name": "Deferred", "number": "24000", "type": "Liability"}),
    ),
    ("membership", INVOICE, lambda row: line(row, membershipTypeId=4)),
    ("quantity", INVOICE, lambda row: line(row, quantity="3.0000")),
    ("payment type", PAYMENT, lambda row: row.update(typeId="63", type="Card")),
    ("amount of a payment", PAYMENT, lambda row: row.update(total="300.00")),
    ("vendor", BILL, lambda row: row.update(vendor={"id": 3002, "name": "Other Supply"})),
    ("cost of a bill", BILL, lambda row: line(row, cost="6.50")),
    ("amount of a credit", CREDIT, lambda row: row.update(amount=1.00)),
]


@pytest.mark.parametrize(("name", "edit"), [one[1:] for one in QUIET], ids=[one[0] for one in QUIET])
def test_what_moves_no_money_is_no_change(name: str, edit: Edit) -> None:
    before, after = canonical(name), canonical(name, edit)
    assert before["content_hash"] != after["content_hash"], "the edit is read"
    assert before["fingerprint"] == after["fingerprint"]


@pytest.mark.parametrize(("name", "edit"), [one[1:] for one in LOUD], ids=[one[0] for one in LOUD])
def test_what_moves_money_is_a_change(name: str, edit: Edit) -> None:
    assert canonical(name)["fingerprint"] != canonical(name, edit)["fingerprint"]
