"""Customer payments: the receipt, one application for each document that it settles, refunds. Pure (accounting.md 13, 17).

The receipt is the money; every application is a command of its own, so that a later one is one more command and changes nothing that is
posted. Refunds and taken-back applications are held by name. An ERP that books payments as journals credits the receivable in whole, so that
its applications need no document and are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from schemas.records import Application, Parent
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.document import Hold, Mapped, Posting, Row, Target, other_currency
from systems.postings.lines import ZERO, human_number


def is_refund(record: Mapping[str, Any]) -> bool:
    """Whether a payment gives money back."""
    return bool(record["refunded_payment_id"]) or record["total"] < 0


def payment_text(record: Mapping[str, Any]) -> str:
    """What a payment says of itself."""
    return f"{record['type_name']} {record['memo']}".strip()[:200]


def receipt_body(record: Mapping[str, Any], how: tuple[str, str], dimensions: Mapping[str, str]) -> dict[str, Any]:
    """The body of `ar_receipt`, nothing applied. `how` it was paid: payment method and cash account."""
    number = human_number(record)
    return {
        "kind": "payment" if record["applications"] else "deposit",
        "date": record["paid_on"],
        "payment_method": how[0],
        "cash_account": how[1],
        "payment_ref": (record["check_number"] or record["auth_code"] or number)[:40],
        "description": payment_text(record),
        "human_number": number,
        "dimensions": dimensions,
        "applications": [],
        "unapplied": record["total"],
    }


def refund_body(record: Mapping[str, Any], how: tuple[str, str]) -> dict[str, Any]:
    """The body of `ar_refund`."""
    return {
        "payment_id": record["refunded_payment_id"],
        "date": record["paid_on"],
        "payment_method": how[0],
        "cash_account": how[1],
        "description": record["memo"][:200],
    }


def applications(record: Mapping[str, Any], plan: Plan, target: Target) -> list[Draft]:
    """The applications of a payment, `ar_application` each, in their order."""
    found = in_order(record)
    return [_application(record, found[: number + 1], plan, target) for number in range(len(found))]


def in_order(record: Mapping[str, Any]) -> list[Application]:
    """The applications of a payment in the order of their days."""
    found: Sequence[Application] = record["applications"]
    return sorted(found, key=lambda one: (str(one["applied_on"] or ""), one["application_id"], one["document_id"]))


def _application(record: Mapping[str, Any], until: Sequence[Application], plan: Plan, target: Target) -> Draft:
    """The last of these applications. The body tells all of them to the same document, so that a look-up can tell the second of two equal
    ones from the first."""
    one = until[-1]
    alike = [before for before in until if before["document_id"] == one["document_id"]]
    day = applied_on(record, one)
    made = Mapped(plan, plan.settings, day)
    opening = opening_row(made, one)
    parents = [Parent(role="payment", entity="payment", source_id=record["source_id"])]
    if opening is None:
        parents.append(Parent(role="invoice", entity="invoice", source_id=one["document_id"]))
    if len(alike) > 1:
        parents.append(Parent(role="application", entity="payment", source_id=identity(record, alike[-2])))
    hold = other_currency(record, plan, "payment")
    if one["amount"] < 0:
        words = f"the application was taken back: take it back in {target.product}, then skip this"
        hold = Hold("unapplication_not_built", words)
    body = {
        "payment_id": record["source_id"],
        "date": day,
        "applications": [with_number(before, opening) for before in alike],
    }
    draft = made.draft("ar_application", body, record, Posting(target, day, hold, tuple(parents)))
    return replace(draft, action="apply", amount=one["amount"], source_id=identity(record, one))


def applied_on(record: Mapping[str, Any], one: Application) -> date | None:
    """The day of an application: its own, and never before the payment's."""
    days = [day for day in (one["applied_on"], record["paid_on"]) if day is not None]
    return max(days, default=None)


def identity(record: Mapping[str, Any], one: Application) -> str:
    """The identity of an application as a source object of its own."""
    return f"{record['source_id']}/{one['application_id'] or one['document_id']}"


def opening_row(made: Mapped[Any], one: Application) -> Row | None:
    """The row of a document from before the cut-over, as the imported opening balances know it (accounting.md 6)."""
    return made.row("opening_balance", (one["document_id"],))


def with_number(one: Application, opening: Row | None) -> Application:
    """The application; of a document from before the cut-over with the number that the imported opening balances give it."""
    return {**one, "document_number": opening.get("erp_number", "") if opening is not None else ""}


def counted_applications(record: Mapping[str, Any], target: Target) -> list[NoCommand]:
    """What a payment settles, where its journal credits the receivable in whole: counted, with nothing to write."""
    found = record["applications"]
    if not found:
        return []
    words = f"{len(found)} application(s) need no document: the journal of the payment credits the receivable in whole"
    return [NoCommand("excluded", words, target.flow, sum((one["amount"] for one in found), ZERO), record["currency"])]
