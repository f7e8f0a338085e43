"""Last year's documents, as many as requested, for a historical load and a reconciliation to read.

They are planted in their state after the year, whose periods are closed: invoices and the payments that settle most of them, bills and the checks
that pay most of those, journals. Several were saved in the same second, as after an import.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from systems.netsuite.simulator.account import Account, Row, cents
from systems.netsuite.simulator.rules.payments import UNDEPOSITED
from systems.netsuite.simulator.rules.periods import period_of
from systems.netsuite.simulator.seed.books import number_of
from systems.netsuite.simulator.seed.masters import plant_masters

_FEWEST = {"customer": 200, "vendor": 40}
_IN_A_SECOND = 3
_DAYS = 365
_REVENUE, _COSTS = ("2", "5", "6"), ("5000", "5100", "5200")


@dataclass(frozen=True)
class _Year:
    """What the documents of the year share: parties, accounts by number, the period of each month, the random numbers."""

    account: Account
    draw: random.Random
    first: date
    customers: list[Row]
    vendors: list[Row]
    accounts: dict[str, str]
    periods: dict[str, str]


def plant_history(account: Account, count: int) -> dict[str, int]:
    """Plant documents until there are that many; returns how many there are."""
    held = int((account.store.get("history", "planted") or {"count": 0})["count"])
    if count > held:
        if not account.rows("customer") or not account.rows("vendor"):
            plant_masters(account, _FEWEST["customer"], _FEWEST["vendor"])
        year = _year(account, held)
        with account.store.transaction():
            left = count - held
            while left > 0:
                left -= _planted(year, left)
            account.store.put("history", "planted", {"count": count}, account.now())
    return {"documents": max(count, held)}


def _year(account: Account, held: int) -> _Year:
    first = date(account.today().year - 1, 1, 1)
    months = [date(first.year, month, 1).isoformat() for month in range(1, 13)]
    numbers = ("1000", "1100", "2000", "5900", *_COSTS)
    accounts = {number: number_of(account, number) for number in numbers}
    accounts[UNDEPOSITED] = str((account.by_external("account", UNDEPOSITED) or {})["id"])
    return _Year(
        account,
        random.Random(f"netsuite/history/{account.seed}/{held}"),
        first,
        [row for row in account.rows("customer") if row["subsidiary"] == "2"],
        [row for row in account.rows("vendor") if row["subsidiary"] == "2"],
        accounts,
        {month[:7]: str((period_of(account, month) or {})["id"]) for month in months},
    )


def _planted(year: _Year, most: int) -> int:
    """Plant one document and, if there is room, the one that settles it; returns how many."""
    kind = year.draw.choices(("invoice", "vendorBill", "journalEntry"), (65, 28, 7))[0]
    if kind == "journalEntry":
        _put(year, _journal(year))
        return 1
    row = _sale(year) if kind == "invoice" else _bill(year)
    if most < 2 or year.draw.random() < 0.2:
        _put(year, row)
        return 1
    settled = _settlement(year, row)
    row |= {"_applied": {settled["id"]: settled["total"]}, "status": "B" if settled["total"] == row["total"] else "A"}
    _put(year, row)
    _put(year, settled)
    return 2


def _put(year: _Year, row: Row) -> None:
    noon = datetime.fromisoformat(row["tranDate"]).replace(tzinfo=UTC) + timedelta(hours=18)
    year.account.plant(row, noon + timedelta(seconds=int(row["id"]) // _IN_A_SECOND % 3600))


def _begun(year: _Year, kind: str, prefix: str, day: date) -> Row:
    key = year.account.new_id(kind)
    number = f"{prefix}{year.account.number(kind, 6)}"
    row: Row = {"_kind": kind, "id": key, "tranId": number, "transactionNumber": number, "subsidiary": "2", "currency": "1"}
    period = year.periods[day.isoformat()[:7]]
    return row | {"exchangeRate": "1", "tranDate": day.isoformat(), "postingPeriod": period, "approvalStatus": "2", "status": "A"}


def _day(year: _Year) -> date:
    return year.first + timedelta(days=year.draw.randrange(_DAYS))


def _amount(year: _Year) -> Decimal:
    return Decimal(year.draw.randint(4_500, 480_000)) / 100


def _sale(year: _Year) -> Row:
    day, party = _day(year), year.draw.choice(year.customers)
    lines = [_item(year, place) for place in range(1, year.draw.randint(1, 3) + 1)]
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    told: dict[str, Any] = {
        "entity": party["id"],
        "account": year.accounts["1100"],
        "total": cents(total),
        "subtotal": cents(total),
    }
    told |= {"taxTotal": "0.00", "isTaxable": False, "dueDate": (day + timedelta(days=30)).isoformat(), "item": lines}
    return _begun(year, "invoice", "INV", day) | told | {"memo": f"Job {year.draw.randint(10_000, 99_999)}"}


def _item(year: _Year, place: int) -> Row:
    amount = cents(_amount(year))
    line = {
        "line": str(place),
        "item": year.draw.choice(_REVENUE),
        "itemType": "Service",
        "quantity": "1",
        "rate": amount,
        "amount": amount,
    }
    return line | {"department": year.draw.choice(("2", "3", "4"))}


def _bill(year: _Year) -> Row:
    day, party = _day(year), year.draw.choice(year.vendors)
    lines = [
        {"line": str(place), "account": year.accounts[year.draw.choice(_COSTS)], "amount": cents(_amount(year)), "department": "2"}
        for place in range(1, year.draw.randint(1, 2) + 1)
    ]
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    told = {"entity": party["id"], "account": year.accounts["2000"], "total": cents(total), "expense": lines}
    begun = _begun(year, "vendorBill", "BILL", day) | told | {"dueDate": (day + timedelta(days=30)).isoformat()}
    return begun | {"tranId": f"{year.draw.randint(100_000, 999_999)}"}


def _settlement(year: _Year, row: Row) -> Row:
    day = min(
        date.fromisoformat(row["tranDate"]) + timedelta(days=year.draw.randint(0, 40)), year.first + timedelta(days=_DAYS - 1)
    )
    whole = year.draw.random() < 0.9
    amount = row["total"] if whole else cents((Decimal(row["total"]) / 2).quantize(Decimal("0.01")))
    line = {"line": "1", "doc": row["id"], "apply": True, "amount": amount, "total": row["total"], "applyDate": day.isoformat()}
    if row["_kind"] == "invoice":
        told = {"customer": row["entity"], "arAcct": row["account"], "account": year.accounts[UNDEPOSITED], "undepFunds": True}
        made = _begun(year, "customerPayment", "PYMT", day) | told | {"payment": amount, "status": "C"}
    else:
        told = {"entity": row["entity"], "apAcct": row["account"], "account": year.accounts["1000"]}
        made = _begun(year, "vendorPayment", "BP", day) | told
    return made | {"total": amount, "apply": [line | {"refNum": row["tranId"]}]}


def _journal(year: _Year) -> Row:
    amount = cents(_amount(year))
    lines = [
        {"line": "1", "account": year.accounts["5100"], "debit": amount, "department": "2"},
        {"line": "2", "account": year.accounts["5900"], "credit": amount},
    ]
    return _begun(year, "journalEntry", "JE", _day(year)) | {"approved": True, "status": "B", "total": amount, "line": lines}
