"""Last year's invoices of suppliers, as many as requested: what a company that goes live with existing books has.

They are in their state after the year: nine in ten are paid, several share a day and a journal, none has a ref of ours.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from runtime.simulator.records import Change, Row
from systems.syspro.simulator.company import Company, cents, change, new_row
from systems.syspro.simulator.seed.books import BRANCHES
from systems.syspro.simulator.seed.suppliers import plant_suppliers

_FEWEST = 40
_KIND = "history"
_ACCOUNTS = ("5000-00", "5000-10", "5000-20", "5100-00", "5900-00")


def plant_history(company: Company, count: int) -> dict[str, int]:
    """Plant invoices until there are that many; returns how many there are."""
    held = int((company.store.get(_KIND, "planted") or {"count": 0})["count"])
    if count > held:
        if not company.rows("ApSupplier"):
            plant_suppliers(company, _FEWEST)
        draw = random.Random(f"syspro/history/{company.seed}/{held}")
        suppliers = [row["Supplier"] for row in company.rows("ApSupplier") if row["Currency"] == "USD"]
        first = date(company.today().year - 1, 1, 1)
        changes: list[Change] = []
        for number in range(held, count):
            changes += _invoice(draw, number, draw.choice(suppliers), first + timedelta(days=draw.randrange(365)))
        company.commit(changes)
        company.store.put(_KIND, "planted", {"count": count}, company.clock.now())
    return {"invoices": max(count, held)}


def _invoice(draw: random.Random, number: int, supplier: str, day: date) -> list[Change]:
    value = cents(Decimal(draw.randint(4_500, 480_000)) / 100)
    is_paid = draw.random() < 0.9
    left = "0.00" if is_paid else value
    row: Row = new_row(
        "ApInvoice",
        Supplier=supplier,
        Invoice=f"{100_000 + number}",
        Branch=draw.choice(BRANCHES)[0],
        InvoiceDate=day.isoformat(),
        JournalDate=min(day + timedelta(days=draw.randint(0, 4)), date(day.year, 12, 31)).isoformat(),
        DueDate=(day + timedelta(days=30)).isoformat(),
        DiscountDate=day.isoformat(),
        Journal=str(1 + day.timetuple().tm_yday),
        OrigInvValue=value,
        **{f"MthInvBal{place}": left for place in (1, 2, 3)},
        Currency="USD",
        PostCurrency="USD",
        CurrencyValue=value,
        Bank="1",
        InvoiceYear=str(day.year),
        InvoiceMonth=str(day.month),
        ExchangeRate="1.000000",
        NextPaymEntry="2" if is_paid else "1",
        TotalAdjustments="0.00",
    )
    row |= {"_lines": [{"account": draw.choice(_ACCOUNTS), "amount": value, "notation": ""}], "_notation": "", "_tax": "0.00"}
    return [change("ApInvoice", row, ""), *([change("ApInvoicePay", _paid(row, day), "")] if is_paid else [])]


def _paid(row: Row, day: date) -> Row:
    when = min(day + timedelta(days=30), date(day.year, 12, 31))
    made: Row = new_row(
        "ApInvoicePay",
        Supplier=row["Supplier"],
        Invoice=row["Invoice"],
        EntryNumber="1",
        TrnType="P",
        JournalDate=when.isoformat(),
        Journal=str(1 + when.timetuple().tm_yday),
        PaymentReference="CHECK",
        TrnValue=f"-{row['OrigInvValue']}",
        PostValue=f"-{row['OrigInvValue']}",
        PostCurrency="USD",
        TrnYear=str(when.year),
        TrnMonth=str(when.month),
    )
    return made | {
        "_lines": [{"account": "1000-00", "amount": f"-{row['OrigInvValue']}"}],
    }
