"""Money of customers: payments, deposits, their application, refunds; and payments to vendors by people.

Sources: the record types. Assumed: members of these records (fact table); the words; that a payment goes to Undeposited Funds unless it names a bank
account; that a refund names a payment method and is applied to credits, payments and deposits in amounts that are open.
"""

from __future__ import annotations

from systems.netsuite.simulator.account import left, money
from systems.netsuite.simulator.answers import invalid, user_error
from systems.netsuite.simulator.rules.applications import apply_to, take
from systems.netsuite.simulator.rules.dimensions import check_account, check_segments
from systems.netsuite.simulator.rules.documents import control_account, header
from systems.netsuite.simulator.rules.work import Work, needed, require, total_of

_BANKS = frozenset({"Bank", "OthCurrAsset", "CredCard"})
UNDEPOSITED, DEPOSITS = "UNDEPFUNDS", "CUSTDEPOSITS"
"""External ids of the accounts that NetSuite itself posts to."""


def payment(work: Work) -> None:
    """A payment of a customer, applied to invoices or left open."""
    header(work, "arAcct")
    _received(work)
    apply_to(work, {"invoice"})
    _refuse_too_much(work)
    work.row["status"] = "C" if work.row["undepFunds"] else "D"


def deposit(work: Work) -> None:
    """Money of a customer before there is an invoice."""
    header(work, "_arAcct")
    work.row.pop("_arAcct", None)
    _received(work)
    if left(work.row) < 0:
        raise user_error("More is applied of this deposit than its amount.", "payment")
    work.row["status"] = "C" if left(work.row) == 0 else "A" if work.row["undepFunds"] else "B"


def _received(work: Work) -> None:
    row = work.row
    if money(row, "payment") <= 0:
        raise needed("Payment Amount", path="payment")
    if "undepFunds" not in row:
        row["undepFunds"] = not row.get("account")
    if row["undepFunds"]:
        row["account"] = system_account(work, UNDEPOSITED)
    require(row, "account")
    check_account(work, row["account"], "account", _BANKS)
    check_segments(work, row, "", is_line=False)
    total_of(row, money(row, "payment"))


def system_account(work: Work, external: str) -> str:
    """The id of an account that NetSuite itself posts to."""
    held = work.account.by_external("account", external)
    if held is None:
        raise user_error(f"The account {external} is gone.")
    return str(held["id"])


def _refuse_too_much(work: Work) -> None:
    if left(work.row) < 0:
        raise invalid("More is applied than the amount of this transaction.", "apply")


def deposit_application(work: Work) -> None:
    """A deposit applied to invoices; it is made from the deposit by `!transform`."""
    row = work.row
    if not row.get("deposit"):
        raise user_error("A deposit application is made from a customer deposit.", "deposit")
    header(work, "arAcct")
    row["total"] = "0.00"
    given = apply_to(work, {"invoice"})
    if given <= 0:
        raise invalid("You must apply the deposit to at least one invoice.", "apply")
    total_of(row, given)
    take(work, row["deposit"], given)
    row["status"] = "A"


def refund(work: Work) -> None:
    """Money back to a customer, against open credits, payments and deposits."""
    row = work.row
    header(work, "arAcct")
    require(row, "paymentMethod")
    row.setdefault("account", control_account(work, "Bank"))
    check_account(work, row["account"], "account", _BANKS)
    row["total"] = "0.00"
    given = apply_to(work, {"creditMemo", "customerPayment"}) + apply_to(work, {"customerDeposit"}, "deposit")
    if given <= 0:
        raise invalid("You must choose at least one credit, payment or deposit to refund.", "apply")
    total_of(row, given)
    row["status"] = "A"


def vendor_payment(work: Work) -> None:
    """A payment to a vendor, which people make; an integration's role can only read it."""
    row = work.row
    header(work, "apAcct")
    row.setdefault("account", control_account(work, "Bank"))
    row["total"] = "0.00"
    total_of(row, apply_to(work, {"vendorBill"}))
    row["status"] = "A"
