"""Subsidiaries, departments, classes, locations and accounts: which combinations are allowed, and what the account requires.

Source: help pages on OneWorld (entity, department and account share the subsidiary) and on mandatory classifications. Assumed: the words; that a line
does not inherit the department of its header.
"""

from __future__ import annotations

from systems.netsuite.simulator.account import Account, Row
from systems.netsuite.simulator.answers import invalid, user_error
from systems.netsuite.simulator.rules.work import Work, needed

_SEGMENTS = {"department": "department", "class": "classification", "location": "location"}


def serves(account: Account, held: Row, subsidiary: str) -> bool:
    """Whether a department, account or item may be used by a subsidiary."""
    named = held.get("subsidiary") or []
    if subsidiary in named or not account.settings.oneworld:
        return True
    return bool(held.get("includeChildren")) and any(parent in named for parent in _above(account, subsidiary))


def _above(account: Account, subsidiary: str) -> list[str]:
    found: list[str] = []
    held = account.get("subsidiary", subsidiary)
    while held is not None and held.get("parent"):
        found.append(held["parent"])
        held = account.get("subsidiary", held["parent"])
    return found


def check_segments(work: Work, holder: Row, path: str, *, is_line: bool) -> None:
    """Refuse a department, class or location of another subsidiary, and a missing one that is required."""
    account = work.account
    required = {name for name in _SEGMENTS if getattr(account.settings, f"{name}_required")}
    for name, kind in _SEGMENTS.items():
        key = holder.get(name)
        if key is None:
            if name in required and is_line:
                raise needed(name.capitalize(), path=f"{path}{name}")
            continue
        check_serves(work, kind, str(key), f"{path}{name}")


def check_serves(work: Work, kind: str, key: str, path: str) -> Row:
    """The record of a list; refused if it does not serve the subsidiary of the document."""
    held = work.account.get(kind, key)
    if held is None or not serves(work.account, held, str(work.row.get("subsidiary") or "")):
        raise invalid(f"You have entered an Invalid Field Value {key} for the following field: {path.rpartition('.')[2]}", path)
    return held


def check_account(work: Work, key: str, path: str, types: frozenset[str] = frozenset()) -> Row:
    """A general ledger account that takes postings, of one of these types if any are given."""
    held = check_serves(work, "account", key, path)
    if held["isSummary"] or held["acctType"] in ("NonPosting", "Stat") or (types and held["acctType"] not in types):
        raise invalid(f"The account {held['acctNumber']} cannot be used here.", path)
    return held


def set_subsidiary(work: Work, party: Row) -> None:
    """Subsidiary and currency of a document are those of its customer or vendor."""
    row = work.row
    own = str(party.get("subsidiary") or "1")
    row.setdefault("subsidiary", own)
    if row["subsidiary"] != own:
        raise invalid(f"The subsidiary {row['subsidiary']} is not that of {party.get('entityId')}.", "subsidiary")
    set_currency(work)


def set_currency(work: Work) -> None:
    """The currency is that of the subsidiary. Documents in another currency are not simulated."""
    row = work.row
    held = work.account.get("subsidiary", row["subsidiary"])
    if held is None or held.get("isElimination"):
        raise invalid(
            f"You have entered an Invalid Field Value {row['subsidiary']} for the following field: subsidiary", "subsidiary"
        )
    row.setdefault("currency", held["currency"])
    if row["currency"] != held["currency"]:
        raise user_error(f"The currency {row['currency']} is not that of the subsidiary {held['name']}.", "currency")
    row["exchangeRate"] = "1"
