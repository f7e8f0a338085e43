"""Journal entries: two or more lines whose debits equal their credits, and the entry that reverses one on a given day.

Source: members of the record; debits equal credits, a subsidiary in OneWorld. Assumed: the words; a line on a receivable or payable account names its
customer or vendor; the reversal is made at once, dated as requested, and has to fall into an open period.
"""

from __future__ import annotations

from decimal import Decimal

from systems.netsuite.simulator.account import Row, cents, money
from systems.netsuite.simulator.answers import invalid, user_error
from systems.netsuite.simulator.rules.dimensions import check_account, check_segments, set_currency
from systems.netsuite.simulator.rules.documents import number
from systems.netsuite.simulator.rules.periods import place
from systems.netsuite.simulator.rules.work import Work, needed, require

_NAMED = ("AcctRec", "AcctPay")


def journal(work: Work) -> None:
    """A journal entry."""
    row = work.row
    if work.account.settings.oneworld:
        require(row, "subsidiary")
    row.setdefault("subsidiary", "1")
    set_currency(work)
    row.setdefault("tranDate", work.account.today().isoformat())
    number(work)
    place(work)
    check_segments(work, row, "", is_line=False)
    lines = row.get("line") or []
    if len(lines) < 2:
        raise invalid("A journal entry has at least two lines.", "line")
    for place_, line in enumerate(lines):
        _line(work, line, f"line.items[{place_}].")
    debits, credits_ = (sum((money(line, side) for line in lines), Decimal(0)) for side in ("debit", "credit"))
    if debits != credits_:
        raise user_error(f"The amounts in a journal entry must balance: debits {cents(debits)}, credits {cents(credits_)}.", "line")
    row["total"] = cents(debits)
    row.setdefault("approved", True)
    row["status"] = "B" if row["approved"] else "A"
    row["approvalStatus"] = "2" if row["approved"] else "1"


def _line(work: Work, line: Row, path: str) -> None:
    if not line.get("account"):
        raise needed("Account", path=f"{path}account")
    held = check_account(work, line["account"], f"{path}account")
    sides = [name for name in ("debit", "credit") if money(line, name) != 0]
    if len(sides) != 1 or money(line, sides[0]) < 0:
        raise invalid("A line has either a debit or a credit, and it is positive.", f"{path}debit")
    if held["acctType"] in _NAMED and not line.get("entity"):
        raise needed("Name", path=f"{path}entity")
    check_segments(work, line, path, is_line=True)


def reversal_of(row: Row) -> Row:
    """The entry that reverses this one, without its id and numbers."""
    lines = []
    for line in row["line"]:
        other = {name: value for name, value in line.items() if name not in ("debit", "credit")}
        for side, turned in (("debit", "credit"), ("credit", "debit")):
            if money(line, side):
                other[turned] = line[side]
        lines.append(other)
    kept = ("_kind", "subsidiary", "currency", "memo", "department", "class", "location", "approved")
    made = {name: row[name] for name in kept if name in row}
    return made | {"tranDate": row["reversalDate"], "line": lines, "isReversal": True, "createdFrom": row["id"]}
