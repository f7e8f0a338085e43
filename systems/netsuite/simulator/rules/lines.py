"""Lines of documents: items with quantity and rate, expenses on accounts; what each must have and what it adds to the total.

Source: fields of the item and expense sublists; an item line has the income or expense account of its item. Assumed: a given amount counts, else
quantity times rate to the cent. A line with neither is refused, because price levels and purchase prices are not simulated.
"""

from __future__ import annotations

from decimal import Decimal

from systems.netsuite.simulator.account import Row, cents, money
from systems.netsuite.simulator.answers import invalid
from systems.netsuite.simulator.rules.dimensions import check_account, check_segments, check_serves
from systems.netsuite.simulator.rules.work import Work, needed, round_cents

_EXPENSE = frozenset(
    {
        "Expense",
        "OthExpense",
        "COGS",
        "OthCurrAsset",
        "FixedAsset",
        "OthAsset",
        "OthCurrLiab",
        "LongTermLiab",
        "Income",
        "OthIncome",
    }
)


def complete(work: Work, *sublists: str) -> Decimal:
    """Complete and check the lines of these sublists; returns the sum of their amounts. A document has at least one line."""
    check_segments(work, work.row, "", is_line=False)
    amount, count = Decimal(0), 0
    for name in sublists:
        for place, line in enumerate(work.row.get(name) or []):
            path = f"{name}.items[{place}]."
            (_item if name == "item" else _expense)(work, line, path)
            check_segments(work, line, path, is_line=True)
            line.setdefault("uniqueKey", work.account.number("uniqueKey", first=50_001))
            amount, count = amount + money(line, "amount"), count + 1
    if not count:
        raise invalid(f"You must enter at least one line item for this transaction ({' or '.join(sublists)}).", sublists[0])
    return amount


def _item(work: Work, line: Row, path: str) -> None:
    if not line.get("item"):
        raise needed("Item", path=f"{path}item")
    item = check_serves(work, "item", line["item"], f"{path}item")
    line["itemType"] = item["itemType"]
    line.setdefault("quantity", "1")
    quantity = Decimal(line["quantity"])
    held = _before(work, "item", line)
    changed = [name for name in ("quantity", "rate") if held is not None and held.get(name) != line.get(name)]
    if changed and held is not None and held.get("amount") == line.get("amount"):
        line.pop("amount", None)
    if line.get("amount") is None:
        if line.get("rate") is None:
            raise needed("Rate or Amount", path=f"{path}rate")
        line["amount"] = cents(round_cents(quantity * Decimal(line["rate"])))
    if line.get("rate") is None and quantity:
        line["rate"] = format((money(line, "amount") / quantity).quantize(Decimal("0.00000001")).normalize(), "f")
    if quantity < 0 and item["itemType"] != "Discount":
        raise invalid(f"The quantity {quantity} may not be negative.", f"{path}quantity")
    wanted = "incomeAccount" if work.kind.lock == "ar" else "expenseAccount"
    if not item.get(wanted):
        raise invalid(f"The item {item['itemId']} has no {wanted}.", f"{path}item")


def _before(work: Work, name: str, line: Row) -> Row | None:
    lines = (work.before or {}).get(name) or []
    return next((held for held in lines if held["line"] == line["line"]), None)


def _expense(work: Work, line: Row, path: str) -> None:
    if not line.get("account"):
        raise needed("Account", path=f"{path}account")
    if line.get("amount") is None:
        raise needed("Amount", path=f"{path}amount")
    check_account(work, line["account"], f"{path}account", _EXPENSE)
