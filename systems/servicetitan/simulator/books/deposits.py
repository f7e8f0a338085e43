"""Bank deposits: payments that were deposited together, less what the bank or the card processor kept.

Source: OpenAPI Accounting V2 (DetailedDepositResponse: gross, net and fees as numbers, bank and fee account; `/{id}/transactions`; the payment
names its deposit). Assumed: a payment is in one deposit at most, is active and posted, and the fees are positive and below the gross amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.invoices import day_of, new_batch
from systems.servicetitan.simulator.books.items import account
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, instant, midnight, money, named

Event = dict[str, Any]
_BANK, _FEES = "10100", "61900"


def deposit_payments(tenant: Tenant, event: Event) -> Row:
    """`{payments: [...], fees?, date?}` -> deposit: posted payments that are in no deposit yet."""
    rows = [tenant.get("payments", int(source_id)) for source_id in event["payments"]]
    for row in rows:
        if row["syncStatus"] == "Pending" or not row["active"] or row["deposit"]:
            raise ValueError(f"payment {row['id']} is {row['syncStatus']}, void or deposited already")
    gross = sum((Decimal(row["total"]) for row in rows), Decimal(0))
    fees = cents(event.get("fees", 0))
    if not 0 <= fees < gross:
        raise ValueError(f"a deposit of {gross} with fees of {fees}")
    with tenant.changing():
        made = tenant.new(
            "bank-deposits",
            {
                "name": f"Deposit {tenant.next_id('deposit-number', 8001)}",
                "depositStatus": "Deposited",
                "syncStatus": "Posted",
                "batch": new_batch(tenant),
                "createdBy": "office",
                "depositDate": midnight(day_of(tenant, event)),
                "reviewStatus": "Reviewed",
                "reviewedOn": instant(tenant.clock.now()),
                "grossAmount": money(gross),
                "netAmount": money(gross - fees),
                "fees": money(fees),
                "bankAccount": account(_BANK),
                "feeAccount": account(_FEES) if fees else None,
                "_payments": [row["id"] for row in rows],
            },
        )
        tenant.save("bank-deposits", made, "create")
        for row in rows:
            tenant.save("payments", row | {"deposit": named(made)}, "update")
    return {"deposit": made["id"]}
