"""Apply lists: the open documents to which a payment, credit or deposit is applied, and the resulting state of each.

Source: members of the apply sublists (`doc`, `apply`, `amount`). Assumed: a line without an amount takes what is open, up to what is left to apply; a
line with `apply` false is removed from the list; nothing is applied automatically; a document belongs to the same customer or vendor.
"""

from __future__ import annotations

from decimal import Decimal

from systems.netsuite.simulator.account import Row, applied, cents, left, money
from systems.netsuite.simulator.answers import invalid
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.rules.work import Work, is_posted


def apply_to(work: Work, kinds: set[str], sublist: str = "apply") -> Decimal:
    """Apply the row to the documents on its list, and remove it from those that were on it before; returns the sum."""
    row, before = work.row, work.before
    held = {line["doc"]: money(line, "amount") for line in (before or {}).get(sublist) or []}
    kept = [line for line in row.get(sublist) or [] if line.get("apply", True)]
    for key in held:
        _note(work, key, Decimal(0))
    given = Decimal(0)
    for place, line in enumerate(kept):
        path = f"{sublist}.items[{place}]"
        target = _target(work, str(line["doc"]), kinds, path)
        amount = _amount(work, line, target, given)
        if amount > left(target):
            raise invalid(f"The amount {cents(amount)} is more than the {cents(left(target))} that is open.", f"{path}.amount")
        _note(work, target["id"], amount)
        line |= {"line": str(place + 1), "apply": True, "amount": cents(amount), "applyDate": row["tranDate"]}
        line |= {"refNum": target.get("tranId", ""), "type": KINDS[target["_kind"]].label, "total": target["total"]}
        given += amount
    row[sublist] = kept
    return given


def _amount(work: Work, line: Row, target: Row, given: Decimal) -> Decimal:
    if line.get("amount") is None:
        total = money(work.row, "total")
        rest = total - applied(work.row) - given if total else left(target)
        return max(min(left(target), rest), Decimal(0))
    amount = money(line, "amount")
    if amount <= 0:
        raise invalid(f"The amount {cents(amount)} that is applied must be positive.", "apply")
    return amount


def _target(work: Work, key: str, kinds: set[str], path: str) -> Row:
    held = work.account.shared("transaction", key)
    own = work.row.get(work.kind.party)
    fits = held is not None and held["_kind"] in kinds and held.get(KINDS[held["_kind"]].party) == own and is_posted(held)
    if held is None or not fits:
        raise invalid(f"You have entered an Invalid Field Value {key} for the following field: doc", f"{path}.doc")
    return work.other(held["_kind"], key, f"applied by {work.row['id']}")


def _note(work: Work, key: str, amount: Decimal) -> None:
    """Record on a document what this row takes of it, and the document's new status."""
    held = work.account.shared("transaction", key)
    if held is None:
        return
    target = work.other(held["_kind"], key, f"applied by {work.row['id']}")
    taken = dict(target.get("_applied") or {})
    taken.pop(work.row["id"], None)
    if amount:
        taken[work.row["id"]] = cents(amount)
    target["_applied"] = taken
    stand(target)


def stand(target: Row) -> None:
    """The status of a document after what was applied to it changed."""
    kind, is_done = target["_kind"], left(target) == 0
    if kind in ("invoice", "vendorBill", "creditMemo", "vendorCredit"):
        target["status"] = "B" if is_done else "A"
    if kind == "customerDeposit":
        target["status"] = "C" if is_done else "A" if target.get("undepFunds") else "B"


def release(work: Work) -> None:
    """Remove a row that is deleted from every document to which it was applied."""
    for name in ("apply", "deposit"):
        for line in (work.before or {}).get(name) or [] if name == "apply" or work.row["_kind"] == "customerRefund" else []:
            _note(work, line["doc"], Decimal(0))
    if work.row["_kind"] == "depositApplication":
        _note(work, work.row["deposit"], Decimal(0))


def take(work: Work, key: str, amount: Decimal) -> None:
    """Take an amount of a deposit for this row; refused if less is left."""
    target = work.other("customerDeposit", key, f"applied by {work.row['id']}")
    _note(work, key, Decimal(0))
    if amount > left(target):
        raise invalid(f"The amount {cents(amount)} is more than the {cents(left(target))} that is left of the deposit.", "deposit")
    _note(work, key, amount)
