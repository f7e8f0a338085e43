"""ReverseApplication: takes back one application of a released payment.

The Default endpoint has no such action, although the screen has one (`reverseApplication`, AR302000). It exists only if an extended endpoint is
installed (setting `extended_endpoint`). Assumed: parameters DocType, ReferenceNbr and AdjustmentNbr name the row of ApplicationHistory; a row of the
opposite amount is added to DocumentsToApply; ReleasePayment books it, dated by ApplicationDate, which is not before the application's date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import documents
from systems.acumatica.simulator.rules.applications import history_row, settled
from systems.acumatica.simulator.tenant import Change, Tenant

_COPIED = {
    "DocType": "AdjustedDocType",
    "ReferenceNbr": "AdjustedRefNbr",
    "Description": "Description",
    "CustomerOrder": "CustomerOrder",
}


def reverse(tenant: Tenant, record: Node, parameters: Mapping[str, Any]) -> list[Change]:
    """Add the row that takes the named application back."""
    if not record.hidden.get("released") or record.text("Status") == "Voided":
        raise VendorError(500, documents.INVALID_STATUS)
    node = record.copy()
    pending = {row.hidden.get("reverses") for row in node.rows("DocumentsToApply")}
    rows = [row for row in node.rows("ApplicationHistory") if _is_named(row, parameters) and row.money("AmountPaid") > 0]
    standing = [row for row in rows if row.id not in pending and not row.hidden.get("reversed")]
    if len(standing) != 1:
        words = "is reversed already" if rows else "is not in the history"
        words = f"is {len(standing)} rows of the history; name one by AdjustmentNbr" if standing else words
        raise VendorError(500, f"The application to {parameters.get('DocType')} {parameters.get('ReferenceNbr')} {words}.")
    held = standing[0]
    values: dict[str, Any] = {name: held.values.get(source) for name, source in _COPIED.items()}
    values["AmountPaid"] = -held.money("AmountPaid")
    node.rows("DocumentsToApply").append(
        Node(id=tenant.new_id("reversal", node.id, held.id), values=values, hidden={"reverses": held.id})
    )
    return [Change("Payment", node, "update", f"reverses {held.text('AdjustedDocType')}/{held.text('AdjustedRefNbr')}")]


def _is_named(row: Node, parameters: Mapping[str, Any]) -> bool:
    number = parameters.get("AdjustmentNbr")
    named = (parameters.get("DocType"), parameters.get("ReferenceNbr")) == (row.text("AdjustedDocType"), row.text("AdjustedRefNbr"))
    return named and (number is None or number == row.values.get("AdjustmentNbr"))


def book(tenant: Tenant, node: Node, row: Node) -> list[Change]:
    """Take the application back, on both documents."""
    held = next((one for one in node.rows("ApplicationHistory") if one.id == row.hidden["reverses"]), None)
    if held is None or held.hidden.get("reversed"):
        raise VendorError(500, f"The application to {row.text('ReferenceNbr')} is reversed already.")
    if node.values["ApplicationDate"] < held.values["Date"]:
        raise VendorError(500, "Application Date cannot be less than the date of the application that is reversed.")
    held.hidden["reversed"] = True
    amount = row.money("AmountPaid")
    node.rows("ApplicationHistory").append(history_row(tenant, node, row, amount))
    name = f"{row.text('DocType')}/{row.text('ReferenceNbr')}"
    return [Change("Payment", node, "unapply", name, -amount), *settled(tenant, node, row, amount, "reopen")]
