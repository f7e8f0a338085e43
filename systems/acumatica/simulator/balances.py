"""What every customer owes and every vendor is owed by the released documents: `GET /__sim__/balances`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules.applications import applied
from systems.acumatica.simulator.tenant import Tenant

_SIGNS = {"Credit Memo": -1, "Debit Adj.": -1}


def balances(tenant: Tenant) -> dict[str, Any]:
    """`{"customers": [{id, open, unapplied, balance}], "vendors": [{id, open, balance}]}`: amounts are texts, for every party with a released
    document.

    `open` is what remains of invoices and bills less what remains of credit memos and debit adjustments; `unapplied` is what remains of payments and
    prepayments; `balance` is the first less the second."""
    customers: dict[str, dict[str, Decimal]] = {}
    for node in filter(_is_booked, tenant.table("Invoice")):
        _add(customers, node.text("Customer"), "open", _SIGNS.get(node.text("Type"), 1) * node.money("Balance"))
    for node in filter(_is_booked, tenant.table("Payment")):
        if node.text("Type") in ("Payment", "Prepayment"):
            left = Decimal(0) if node.text("Status") == "Voided" else node.money("PaymentAmount") - applied(node)
            _add(customers, node.text("CustomerID"), "unapplied", left)
    vendors: dict[str, dict[str, Decimal]] = {}
    for node in filter(_is_booked, tenant.table("Bill")):
        _add(vendors, node.text("Vendor"), "open", _SIGNS.get(node.text("Type"), 1) * node.money("Balance"))
    return {"customers": _shown(customers, ("open", "unapplied")), "vendors": _shown(vendors, ("open",))}


def _is_booked(node: Node) -> bool:
    return bool(node.hidden.get("released"))


def _add(sums: dict[str, dict[str, Decimal]], party: str, name: str, amount: Decimal) -> None:
    found = sums.setdefault(party.upper(), {})
    found[name] = found.get(name, Decimal(0)) + amount


def _shown(sums: dict[str, dict[str, Decimal]], names: tuple[str, ...]) -> list[dict[str, str]]:
    rows = []
    for party in sorted(sums):
        found = {name: sums[party].get(name, Decimal(0)) for name in names}
        balance = found["open"] - found.get("unapplied", Decimal(0))
        rows.append({"id": party} | {name: f"{value:.2f}" for name, value in found.items()} | {"balance": f"{balance:.2f}"})
    return rows
