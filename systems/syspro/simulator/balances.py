"""What every supplier is owed and every ledger code holds, from what was posted: `GET /__sim__/balances`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.syspro.simulator.company import Company, cents, money
from systems.syspro.simulator.objects.invoices import PAYABLES


def balances(company: Company) -> dict[str, Any]:
    """`{"vendors": [{id, open}], "accounts": [{account, balance}]}`: amounts are texts; `open` is what remains of a supplier's invoices; an account
    has its debits less its credits."""
    vendors: dict[str, Decimal] = {}
    for row in company.rows("ApInvoice"):
        vendors[row["Supplier"]] = vendors.get(row["Supplier"], Decimal(0)) + money(row["MthInvBal1"])
    ledger: dict[str, Decimal] = {}
    for table in ("ApInvoice", "ApInvoicePay", "InvMovements"):
        for row in company.rows(table):
            for line in row.get("_lines", ()):
                ledger[line["account"]] = ledger.get(line["account"], Decimal(0)) + money(line["amount"])
                if table != "InvMovements":
                    ledger[PAYABLES] = ledger.get(PAYABLES, Decimal(0)) - money(line["amount"])
    return {
        "vendors": [{"id": key, "open": cents(amount)} for key, amount in sorted(vendors.items())],
        "accounts": [{"account": key, "balance": cents(amount)} for key, amount in sorted(ledger.items())],
    }
