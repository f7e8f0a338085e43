"""VoidPayment, and the effect of releasing the voiding document.

Source: OpenAPI Default 24.200.001 (the action). Assumed: it makes a document with the same number and the opposite amount, Balanced. Its date can be
set until it is released, and is not before the payment's. Releasing it reopens what the payment had settled. A payment that is in a bank deposit or a
reconciliation, or from which a refund was taken, cannot be voided. Words are assumed.
"""

from __future__ import annotations

from decimal import Decimal

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import documents, periods
from systems.acumatica.simulator.rules.applications import history_row, settled
from systems.acumatica.simulator.rules.work import Work
from systems.acumatica.simulator.tenant import Change, Tenant

BANKED = ("deposited", "reconciled")
"""States into which a person can put a payment, by `POST /__sim__/banked`."""
_VOIDABLE = ("Payment", "Prepayment", "Refund")
_EDITABLE = ("ApplicationDate", "Description", "Hold", "Status")


def void(tenant: Tenant, record: Node) -> list[Change]:
    """The voiding document, to be released."""
    if not record.hidden.get("released") or record.text("Status") == "Voided" or record.text("Type") not in _VOIDABLE:
        raise VendorError(500, documents.INVALID_STATUS)
    _refuse_bound(record)
    kind = "Voided Refund" if record.text("Type") == "Refund" else "Voided Payment"
    if tenant.table("Payment").by_keys(kind, record.text("ReferenceNbr")) is not None:
        raise VendorError(500, f"The {kind} {record.text('ReferenceNbr')} exists already.")
    node = Node(id=tenant.new_id("Payment", kind, record.text("ReferenceNbr")), values=dict(record.values))
    node.values |= {
        "Type": kind,
        "ApplicationDate": tenant.today(),
        "PaymentAmount": -record.money("PaymentAmount"),
        "AvailableBalance": Decimal("0.00"),
        "AppliedToDocuments": Decimal("0.00"),
        "Status": "Balanced",
        "Hold": False,
    }
    node.custom = dict(record.custom)
    node.hidden = {"period": periods.period_of(tenant.today()), "voids": record.id}
    return [Change("Payment", node, "create", f"voids {record.text('Type')}/{record.text('ReferenceNbr')}")]


def _refuse_bound(record: Node) -> None:
    banked = record.hidden.get("banked")
    if banked:
        raise VendorError(500, f"The payment {record.text('ReferenceNbr')} is {banked} and cannot be voided.")
    if sum((row.money("AmountPaid") for row in _refunds(record)), Decimal(0)):
        raise VendorError(500, f"The payment {record.text('ReferenceNbr')} was refunded; void the refund first.")


def _refunds(record: Node) -> list[Node]:
    """Rows of refunds taken out of the payment, and of those given back to it."""
    own = (record.text("Type"), record.text("ReferenceNbr"))
    rows = record.details.get("ApplicationHistory", [])
    return [row for row in rows if (row.text("AdjustedDocType"), row.text("AdjustedRefNbr")) == own]


def complete(work: Work) -> None:
    """A voiding document that is not released: its date can be set, its amounts cannot."""
    documents.refuse_edits(work, _EDITABLE)
    original = work.tenant.table("Payment").get(str(work.node.hidden["voids"]))
    periods.date_and_period(work, "ApplicationDate", "AR")
    if original is not None and work.node.values["ApplicationDate"].isoformat() < original.hidden.get("date", ""):
        work.refuse(("ApplicationDate",), "The date of a void cannot be before the date of the payment.")
    documents.hold_and_status(work)


def release(tenant: Tenant, node: Node) -> list[Change]:
    """Set the payment to Voided and reopen what it had settled."""
    documents.refuse_unreleasable(node)
    periods.refuse_closed(tenant, periods.posting_period(node), "AR")
    original = tenant.table("Payment").get(str(node.hidden["voids"]))
    if original is None:
        raise VendorError(500, "The voided document is gone.")
    _refuse_bound(original)
    node.hidden |= {"released": True, "date": node.values["ApplicationDate"].isoformat()}
    node.values["Status"] = "Closed"
    copy = original.copy()
    taken = [change for row, amount in _standing(copy) for change in _taken_back(tenant, node, copy, row, amount)]
    copy.values |= {"Status": "Voided", "AvailableBalance": Decimal("0.00")}
    return [Change("Payment", node, "release"), Change("Payment", copy, "void"), *taken]


def _standing(node: Node) -> list[tuple[Node, Decimal]]:
    """Each document that is still settled, with the amount."""
    found: dict[tuple[str, str], tuple[Node, Decimal]] = {}
    for row in node.rows("ApplicationHistory"):
        key = (row.text("AdjustedDocType"), row.text("AdjustedRefNbr"))
        found[key] = (row, found.get(key, (row, Decimal(0)))[1] + row.money("AmountPaid"))
    return [(row, amount) for row, amount in found.values() if amount]


def _taken_back(tenant: Tenant, node: Node, original: Node, row: Node, amount: Decimal) -> list[Change]:
    values = {"DocType": row.text("AdjustedDocType"), "ReferenceNbr": row.text("AdjustedRefNbr")}
    target = Node(id=row.id, values=values | {name: row.text(name) for name in ("Description", "CustomerOrder")})
    original.rows("ApplicationHistory").append(history_row(tenant, node, target, -amount))
    return settled(tenant, node, target, -amount, "reopen")
