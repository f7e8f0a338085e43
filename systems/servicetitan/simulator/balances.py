"""What every customer owes and every vendor is owed, from the documents themselves, for checks of both sides' open balances.

`GET /__sim__/balances?since=2026-03-01`: documents that are posted or exported, active, and dated on `since` or later (without it: all). Amounts that
are not posted yet are shown separately, because no ledger has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, money

_CUSTOMERS = {"invoices": ("invoices", 1), "payments": ("payments", -1), "credits": ("credit-memos", -1)}
_VENDORS = {"bills": ("ap-bills", 1), "credits": ("ap-credits", -1), "payments": ("ap-payments", -1)}


def balances(tenant: Tenant, query: Mapping[str, str]) -> dict[str, Any]:
    """`{"customers": [{id, name, invoices, payments, credits, balance, pending, shown}], "vendors": [{id, name, bills, credits, payments, balance,
    pending}]}`, for everybody with a document; amounts are texts. `balance` is documents less what was paid and credited. `pending` is the same for
    what is not posted. `shown` is the balance on the customer's own row, which counts payments and credits before they are posted. Raises ValueError
    for a text that is not a day."""
    since = query.get("since", "")
    if since:
        date.fromisoformat(since)
    customers = _of(tenant, "customers", "customer", _CUSTOMERS, since)
    for row in customers:
        row["shown"] = money(tenant.get("customers", row["id"])["balance"])
    return {"customers": customers, "vendors": _of(tenant, "vendors", "vendor", _VENDORS, since)}


def _of(tenant: Tenant, masters: str, member: str, columns: Mapping[str, tuple[str, int]], since: str) -> list[Row]:
    sums: dict[int, dict[str, Decimal]] = {}
    for column, (kind, sign) in columns.items():
        for row in filter(_counts(kind, since), tenant.rows(kind)):
            found = sums.setdefault(row[member]["id"], dict.fromkeys((*columns, "balance", "pending"), Decimal(0)))
            amount = Decimal(str(row[KINDS[kind].amount] or 0))
            if row["syncStatus"] == "Pending":
                found["pending"] += sign * amount
            else:
                found[column] += amount
                found["balance"] += sign * amount
    names = {row["id"]: row["name"] for row in tenant.rows(masters)}
    return [{"id": key, "name": names[key]} | {name: money(value) for name, value in sums[key].items()} for key in sorted(sums)]


def _counts(kind: str, since: str) -> Callable[[Row], bool]:
    dated = KINDS[kind].date
    return lambda row: is_active(row) and str(row[dated])[:10] >= since


def is_active(row: Row) -> bool:
    """Whether a document still counts: not void, canceled or cancelled."""
    return row.get("active") is not False and row.get("status") not in ("Canceled", "Cancelled")
