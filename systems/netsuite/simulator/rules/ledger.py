"""What a document posts: its lines with their accounts and amounts, debits positive. SuiteQL, balances and checkers read nothing else.

Line 0 is the main line. Source: columns of the transaction line and accounting line tables. Assumed: signs (a debit is positive, so the
main line of a bill is negative), that an order shows its lines without posting, and that quantities of sales are negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from systems.netsuite.simulator.account import Account, Row, left, money
from systems.netsuite.simulator.rules.payments import DEPOSITS
from systems.netsuite.simulator.rules.work import is_posted

_MAIN_IS_DEBIT = {"invoice": 1, "creditMemo": -1, "vendorBill": -1, "vendorCredit": 1, "purchaseOrder": -1}


@dataclass(frozen=True)
class Line:
    """One line. `source` is the line of the sublist, {} for the main and the tax line; `amount` is positive for a debit and negative for a credit."""

    number: int
    account: str
    amount: Decimal
    source: Row
    entity: str = ""
    quantity: Decimal | None = None
    is_main: bool = False
    is_tax: bool = False


def lines_of(account: Account, row: Row) -> list[Line]:
    """The lines of a transaction, in order. If it posts, they add up to zero."""
    kind = row["_kind"]
    if kind == "journalEntry":
        return [
            Line(place, line["account"], money(line, "debit") - money(line, "credit"), line, str(line.get("entity") or ""))
            for place, line in enumerate(row["line"])
        ]
    if kind in _MAIN_IS_DEBIT:
        return _document(account, row, _MAIN_IS_DEBIT[kind])
    return _payment(account, row)


def _document(account: Account, row: Row, sign: int) -> list[Line]:
    party = str(row["entity"])
    found = [Line(0, str(row.get("account") or ""), sign * money(row, "total"), {}, party, is_main=True)]
    sales = row["_kind"] in ("invoice", "creditMemo")
    for name in ("item", "expense"):
        for line in row.get(name) or []:
            target = line.get("account") or _item_account(account, line["item"], sales)
            turned = -sign if sales else 1
            quantity = turned * Decimal(line["quantity"]) if name == "item" else None
            found.append(Line(len(found), target, -sign * money(line, "amount"), line, party, quantity))
    if money(row, "taxTotal"):
        code = account.get("salesTaxItem", row["taxItem"]) or {}
        found.append(Line(len(found), str(code.get("taxAccount") or ""), -sign * money(row, "taxTotal"), {}, party, is_tax=True))
    return found


def _item_account(account: Account, item: str, sales: bool) -> str:
    held = account.get("item", item) or {}
    return str(held.get("incomeAccount" if sales else "expenseAccount") or "")


def _payment(account: Account, row: Row) -> list[Line]:
    kind, total = row["_kind"], money(row, "total")
    party = str(row.get("customer") or row.get("entity"))
    deposits = str((account.by_external("account", DEPOSITS) or {}).get("id", ""))
    if kind == "depositApplication":
        pairs = [(deposits, total), (row["arAcct"], -total)]
    elif kind == "customerDeposit":
        pairs = [(row["account"], total), (deposits, -total)]
    elif kind == "customerRefund":
        back = sum((money(line, "amount") for line in row.get("deposit") or []), Decimal(0))
        pairs = [(row["account"], -total), (row["arAcct"], total - back), (deposits, back)]
    else:
        sign = -1 if kind == "vendorPayment" else 1
        pairs = [(row["account"], sign * total), (row.get("arAcct") or row.get("apAcct"), -sign * total)]
    return [
        Line(place, str(key), amount, {}, party, is_main=place == 0)
        for place, (key, amount) in enumerate(pairs)
        if amount or not place
    ]


def due(row: Row) -> Decimal:
    """By how much a posted document changes what its customer owes, or what its vendor is owed."""
    if not is_posted(row):
        return Decimal(0)
    signs = {"invoice": 1, "vendorBill": 1, "creditMemo": -1, "vendorCredit": -1, "customerPayment": -1}
    return signs.get(row["_kind"], 0) * left(row)
