"""Customer payments, from canonical to `ar_receipt` and one `ar_application` for each invoice that a payment settles. Pure.

The receipt is the money; every application is a command of its own, so that a later one is one more command and changes nothing that is
posted (accounting.md 17). Refunds, voids and taken-back applications are held by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.records import Application, Parent
from systems.acumatica.allocation import Mapped, mapped, unit_of
from systems.acumatica.mapping_receivable import PRODUCT, customer_of, header_dimensions
from systems.allocation import HeldVoid, nothing, reversal
from systems.mapped import Draft, NoCommand, Plan

FLOW = "A2"


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a payment becomes: the receipt first, then its applications in their order."""
    if not record["active"]:
        return [reversal(record, HeldVoid(FLOW, "collection", "void_not_built", "the payment was voided", PRODUCT))]
    if record["refunded_payment_id"] or record["total"] < 0:
        return [_refund(record, plan)]
    if record["total"] == 0:
        return nothing(FLOW, "collection", record["currency"])
    ordered = sorted(
        record["applications"], key=lambda one: (str(one["applied_on"] or ""), one["application_id"], one["document_id"])
    )
    return [_receipt(record, plan), *(_application(record, ordered, number, plan) for number in range(len(ordered)))]


def _receipt(record: Mapping[str, Any], plan: Plan) -> Draft:
    made = mapped(plan, record["paid_on"])
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    method, account = _method(record, made)
    if record["paid_on"] is None:
        made.missing("paid_on", "none")
    hold, detail = _currency(record, plan)
    number = record["number"] or record["source_id"]
    body = {
        "kind": "payment" if record["applications"] else "deposit",
        "date": record["paid_on"],
        "payment_method": method,
        "cash_account": account,
        "payment_ref": (record["check_number"] or record["auth_code"] or number)[:40],
        "description": f"{record['type_name']} {record['memo']}".strip()[:200],
        "human_number": number,
        "dimensions": header_dimensions(customer, unit, made),
        "applications": [],
        "unapplied": record["total"],
    }
    return Draft(
        record="ar_receipt",
        body=body,
        flow=FLOW,
        purpose="collection",
        amount=record["total"],
        currency=record["currency"],
        posting_date=record["paid_on"],
        parents=parents,
        unresolved=tuple(made.unresolved),
        defaulted=tuple(made.defaulted),
        hold=hold,
        hold_detail=detail,
    )


def _currency(record: Mapping[str, Any], plan: Plan) -> tuple[str, str]:
    if record["currency"] == plan.currency:
        return "", ""
    return "currency", f"the payment is in {record['currency']}, the ledger in {plan.currency}"


def _method(record: Mapping[str, Any], made: Mapped) -> tuple[str, str]:
    row = made.row("payment_type", (record["type_name"], record["type_id"]))
    if row is None:
        return made.missing("payment_type", record["type_name"] or record["type_id"] or "none"), ""
    return row.get("payment_method", ""), row.get("cash_account", "")


def _application(record: Mapping[str, Any], ordered: Sequence[Application], number: int, plan: Plan) -> Draft:
    """One application. The body tells all applications to the same document up to this one, so that a look-up can tell the second of
    two equal ones from the first."""
    one = ordered[number]
    identity = one["application_id"] or one["document_id"]
    until = [before for before in ordered[: number + 1] if before["document_id"] == one["document_id"]]
    made = mapped(plan, one["applied_on"] or record["paid_on"])
    opening = made.row("opening_balance", (one["document_id"],))
    parents = [Parent(role="payment", entity="payment", source_id=record["source_id"])]
    if opening is None:
        parents.append(Parent(role="invoice", entity="invoice", source_id=one["document_id"]))
    if len(until) > 1:
        earlier = until[-2]["application_id"] or until[-2]["document_id"]
        parents.append(Parent(role="application", entity="payment", source_id=f"{record['source_id']}/{earlier}"))
    hold, detail = _currency(record, plan)
    if one["amount"] < 0:
        hold, detail = "unapplication_not_built", "the application was taken back: take it back in Acumatica, then skip this"
    return Draft(
        record="ar_application",
        body={
            "payment_id": record["source_id"],
            "date": one["applied_on"] or record["paid_on"],
            "applications": [_told(before, opening) for before in until],
        },
        flow=FLOW,
        purpose="collection",
        action="apply",
        amount=one["amount"],
        currency=record["currency"],
        posting_date=one["applied_on"] or record["paid_on"],
        parents=tuple(parents),
        unresolved=tuple(made.unresolved),
        hold=hold,
        hold_detail=detail,
        source_id=f"{record['source_id']}/{identity}",
    )


def _told(one: Application, opening: Mapping[str, str] | None) -> Application:
    """The application; of a document from before the cut-over with the number that the imported opening balances give it."""
    number = opening.get("erp_number", "") if opening is not None else ""
    return {**one, "document_number": number}


def _refund(record: Mapping[str, Any], plan: Plan) -> Draft:
    made = mapped(plan, record["paid_on"])
    method, account = _method(record, made)
    return Draft(
        record="ar_refund",
        body={
            "payment_id": record["refunded_payment_id"],
            "date": record["paid_on"],
            "payment_method": method,
            "cash_account": account,
            "description": record["memo"][:200],
        },
        flow=FLOW,
        purpose="collection",
        amount=record["total"],
        currency=record["currency"],
        posting_date=record["paid_on"],
        unresolved=tuple(made.unresolved),
        hold="refund_not_built",
        hold_detail="enter the refund in Acumatica (AR302000, type Refund), then skip this",
    )
