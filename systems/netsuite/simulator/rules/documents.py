"""What every transaction has: date, number, party, subsidiary, control account, period, terms and due date; and bills, credits and invoices.

Sources: fields of the records; statuses by type. Assumed: the account assigns numbers if the entry has none; a bill keeps the vendor's number as
`tranId` and needs none; sales tax is the rate of the tax item on taxable lines, computed once for the document, rounded half up.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from systems.netsuite.simulator.account import Row, applied, cents, left, money
from systems.netsuite.simulator.answers import invalid, user_error
from systems.netsuite.simulator.rules import lines, orders
from systems.netsuite.simulator.rules.applications import apply_to
from systems.netsuite.simulator.rules.dimensions import check_account, set_subsidiary
from systems.netsuite.simulator.rules.periods import place
from systems.netsuite.simulator.rules.work import Work, require, round_cents, total_of

_CONTROL = {"ap": ("AcctPay", "payablesAccount"), "ar": ("AcctRec", "receivablesAccount")}


def header(work: Work, control: str = "account") -> Row:
    """Complete the fields above the lines; returns the customer or vendor."""
    row, account, kind = work.row, work.account, work.kind
    require(row, kind.party)
    family = "vendor" if kind.party == "entity" and kind.lock != "ar" else "customer"
    party = account.get(family, row[kind.party])
    if party is None or (party.get("isInactive") and work.before is None):
        raise invalid(
            f"You have entered an Invalid Field Value {row[kind.party]} for the following field: {kind.party}", kind.party
        )
    if work.before is not None and work.before[kind.party] != row[kind.party]:
        raise user_error(f"The {kind.party} of a transaction cannot be changed.", kind.party)
    row.setdefault("tranDate", account.today().isoformat())
    number(work)
    set_subsidiary(work, party)
    if kind.is_posting:
        acct_type, default = _CONTROL[kind.lock]
        row.setdefault(control, party.get(default) or control_account(work, acct_type))
        check_account(work, row[control], control, frozenset({acct_type}))
    place(work)
    return party


def control_account(work: Work, acct_type: str) -> str:
    """The first account of a type that takes postings."""
    found = (
        one
        for one in work.account.rows("account")
        if one["acctType"] == acct_type and not one["isInactive"] and not one["isSummary"]
    )
    return str(next(found)["id"])


def number(work: Work) -> None:
    """Assign a transaction's numbers."""
    row, kind = work.row, work.kind
    if "transactionNumber" not in row:
        row["transactionNumber"] = f"{kind.prefix}{work.account.number(kind.name, 6)}"
    if kind.name != "vendorBill":
        row.setdefault("tranId", row["transactionNumber"])


def due(row: Row, party: Row, work: Work) -> None:
    """Terms come from the party, the due date from the terms."""
    if not row.get("terms") and party.get("terms"):
        row["terms"] = party["terms"]
    terms = work.account.get("term", row["terms"]) if row.get("terms") else None
    days = int(terms["daysUntilNetDue"]) if terms else 0
    try:
        row.setdefault("dueDate", (date.fromisoformat(row["tranDate"]) + timedelta(days=days)).isoformat())
    except OverflowError as error:
        raise invalid(f"The date {row['tranDate']} is too late.", "tranDate") from error


def bill(work: Work) -> None:
    """A vendor bill, by itself or from an order."""
    row, settings = work.row, work.account.settings
    party = header(work)
    due(row, party, work)
    _refuse_number_twice(work)
    total_of(row, lines.complete(work, "expense", "item"))
    orders.note_billed(work)
    default = "1" if settings.bill_approval and work.context == "REST" and work.before is None else "2"
    row.setdefault("approvalStatus", default)
    refuse_own_approval(work, asked=settings.bill_approval)
    close(row)


def refuse_own_approval(work: Work, *, asked: bool) -> None:
    """Refuse an integration's own approval if the account requires approvals."""
    if asked and work.context == "REST" and work.row["approvalStatus"] != (work.before or {}).get("approvalStatus", "1"):
        raise user_error("The role may not approve this transaction.", "approvalStatus")


def _refuse_number_twice(work: Work) -> None:
    row = work.row
    if work.account.settings.duplicate_bill_number != "refuse" or not row.get("tranId"):
        return
    for held in work.account.rows("vendorBill"):
        if held["id"] != row["id"] and (held["entity"], held.get("tranId")) == (row["entity"], row["tranId"]):
            raise user_error(f"The reference number {row['tranId']} is already used for this vendor.", "tranId")


def close(row: Row) -> None:
    """Status of a document that is paid off: open, paid, or waiting for its approval."""
    waits = {"1": "D", "3": "E"} if row["_kind"] == "vendorBill" else {"1": "D"}
    rest = left(row)
    if rest < 0:
        raise user_error(f"The total {row['total']} is less than what is applied to this transaction ({cents(applied(row))}).")
    row["status"] = waits.get(str(row.get("approvalStatus") or "2")) or ("B" if rest == 0 and money(row, "total") > 0 else "A")


def vendor_credit(work: Work) -> None:
    """A credit of a vendor, applied to bills or left open."""
    header(work)
    total_of(work.row, lines.complete(work, "expense", "item"))
    apply_to(work, {"vendorBill"})
    _credited(work.row)


def invoice(work: Work) -> None:
    """An invoice."""
    party = header(work)
    due(work.row, party, work)
    total_of(work.row, _taxed(work, party))
    work.row.setdefault("approvalStatus", "2")
    close(work.row)


def credit_memo(work: Work) -> None:
    """A credit memo, applied to invoices or left open."""
    party = header(work)
    total_of(work.row, _taxed(work, party))
    apply_to(work, {"invoice"})
    _credited(work.row)


def _credited(row: Row) -> None:
    row["status"] = "B" if left(row) == 0 else "A"
    if left(row) < 0:
        raise user_error("More is applied than the total of this transaction.", "apply")


def _taxed(work: Work, party: Row) -> Decimal:
    """The total of a sale: its lines, and the tax that the account calculates."""
    row, account = work.row, work.account
    subtotal = lines.complete(work, "item")
    row.setdefault("isTaxable", bool(party.get("taxable")))
    if row["isTaxable"] and not row.get("taxItem") and party.get("taxItem"):
        row["taxItem"] = party["taxItem"]
    code = account.get("salesTaxItem", row["taxItem"]) if row.get("taxItem") else None
    tax = Decimal(0)
    row["taxRate"] = "0"
    if account.settings.tax_automatic and row["isTaxable"] and code is not None:
        basis = sum((money(line, "amount") for line in row["item"] if line.get("isTaxable", True)), Decimal(0))
        row["taxRate"] = code["rate"]
        tax = round_cents(basis * Decimal(code["rate"]) / 100)
    row["subtotal"], row["taxTotal"] = cents(subtotal), cents(tax)
    return subtotal + tax
