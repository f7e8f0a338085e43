"""Open balances from the posted documents: `GET /__sim__/balances`.

A journal names no customer, so receivables, deposits and revenue are given by general ledger unit and account.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.peoplesoft.simulator.related import paid
from systems.peoplesoft.simulator.site import JOURNAL, VOUCHER, Site


def balances(site: Site) -> dict[str, Any]:
    """`{"vendors": [{id, vouchers, paid, balance}], "accounts": [{business_unit, account, balance}]}`: amounts are texts; a vendor's id is
    SETID/VENDOR_ID and a positive balance is owed to it; an account's balance is its debits less its credits, of posted journals."""
    vendors: dict[str, tuple[Decimal, Decimal]] = {}
    for row in site.rows(VOUCHER):
        if row["POST_STATUS_AP"] == "P" and row["ENTRY_STATUS"] != "X":
            key = f"{row['VENDOR_SETID']}/{row['VENDOR_ID']}"
            owed, gone = vendors.get(key, (Decimal(0), Decimal(0)))
            vendors[key] = (owed + Decimal(row["GROSS_AMT"]), gone + paid(row))
    accounts: dict[tuple[str, str], Decimal] = {}
    for row in site.rows(JOURNAL):
        for line in row["JRNL_LN"] if row["JRNL_HDR_STATUS"] == "P" else []:
            place = (row["BUSINESS_UNIT"], line["ACCOUNT"])
            accounts[place] = accounts.get(place, Decimal(0)) + Decimal(line["MONETARY_AMOUNT"])
    return {
        "vendors": [
            {"id": key, "vouchers": f"{owed:.2f}", "paid": f"{gone:.2f}", "balance": f"{owed - gone:.2f}"}
            for key, (owed, gone) in sorted(vendors.items())
        ],
        "accounts": [
            {"business_unit": unit, "account": account, "balance": f"{amount:.2f}"}
            for (unit, account), amount in sorted(accounts.items())
        ],
    }
