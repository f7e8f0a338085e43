"""What invoices, bills and payments share: type, hold and status, and that a released document is closed to edits.

Statuses and types are display strings (assumed). The text that refuses an edit is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules.work import Work

TERMS = {"DUE": 0, "7D": 7, "10D": 10, "15D": 15, "30D": 30, "45D": 45, "60D": 60}
"""Terms of the tenant with their days; the endpoint has no entity for them."""
INVALID_STATUS = "Document Status is invalid for processing."


def refuse_edits(work: Work, editable: Iterable[str], collections: Iterable[str] = ()) -> None:
    """A released document keeps its amounts: only `editable` fields and appended rows of `collections` may change."""
    before, node = work.before, work.node
    if before is None:
        return
    changed = [name for name, value in node.values.items() if value != before.values.get(name) and name not in editable]
    changed += [name for name in work.draft.details if name not in collections and not _same_rows(before, node, name)]
    if changed:
        raise VendorError(500, f"The document {node.text('ReferenceNbr')} is released and cannot be changed: {', '.join(changed)}.")


def _same_rows(before: Node, after: Node, name: str) -> bool:
    old, new = before.details.get(name, []), after.details.get(name, [])
    return [(row.id, row.values) for row in old] == [(row.id, row.values) for row in new]


def hold_and_status(work: Work) -> None:
    """Hold as sent, else as the preferences say; the status follows."""
    node = work.node
    if node.values.get("Hold") is None:
        node.values["Hold"] = work.tenant.settings.hold_on_entry
    node.values["Status"] = "On Hold" if node.values["Hold"] else "Balanced"


def terms_and_due(work: Work, default_terms: str) -> None:
    """Terms of the document, else of the account; the due date follows from them."""
    node = work.node
    work.default("Terms", default_terms)
    if node.text("Terms") and node.text("Terms") not in TERMS:
        work.refuse(("Terms",), f"'{node.text('Terms')}' cannot be found in the system.")
    elif "DueDate" not in work.draft.values and (work.before is None or {"Date", "Terms"} & work.draft.values.keys()):
        node.values["DueDate"] = node.values["Date"] + timedelta(days=TERMS.get(node.text("Terms"), 0))


def total(work: Work, amount: Decimal, field: str = "Amount") -> None:
    """Set amount and balance. An amount that was sent must equal the computed one (assumed: totals are validated on entry)."""
    given = work.draft.values.get(field)
    if given is not None and given != amount:
        work.refuse((field,), f"The document is out of balance: {given} was entered, its lines and tax make {amount}.")
    if amount < 0:
        work.refuse((field,), f"The document total {amount} must not be negative.")
    work.node.values["Amount"] = amount
    work.node.values["Balance"] = amount


def refuse_unreleasable(node: Node) -> None:
    """Raise the vendor's refusal when a document is on hold, released or voided."""
    if node.hidden.get("released") or node.values.get("Hold") or node.text("Status") != "Balanced":
        raise VendorError(500, INVALID_STATUS)


def settle(node: Node, balance: Decimal, field: str = "Balance") -> None:
    """Set what remains of a released document; with nothing left, it is closed."""
    node.values[field] = balance
    node.values["Status"] = "Open" if balance else "Closed"
