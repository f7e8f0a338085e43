"""Where an amount lands: business unit, account, subaccount and branch by crosswalk. Pure.

What every mapping shares - notes, lines, cents - is `systems/allocation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from runtime.errors import Malformed
from schemas.records import PostingLine
from systems import allocation
from systems.acumatica.settings import Settings
from systems.allocation import EMPTY, Place, gap_words, total_of
from systems.mapped import Plan

Mapped = allocation.Mapped[Settings]
_DESCRIPTION = 255


def settings_of(plan: Plan) -> Settings:
    """The plan's settings as this system's own. Raises `Malformed` for another system's."""
    if not isinstance(plan.settings, Settings):
        raise Malformed("acumatica: settings of another system")
    return plan.settings


def mapped(plan: Plan, on: date | None) -> Mapped:
    """A document in the making."""
    return Mapped(plan, settings_of(plan), on)


def unit_of(made: Mapped, name: str, source_id: str) -> Mapping[str, str]:
    """The row of a business unit, by name or id: subaccount, branch, sales_account, customer."""
    found = made.row("business_unit", (name, source_id))
    if found is None:
        made.missing("business_unit", name or source_id or "none")
        return EMPTY
    return found


def account_of(made: Mapped, named: tuple[str, str], row: Mapping[str, str] | None, default: str) -> str:
    """The account of a row, `named` by table and key; without a row the default. A row without account is unresolved, too: Acumatica
    would choose one of its own."""
    table, key = named
    if row is None:
        return made.default(table, key, default)
    return row.get("account") or made.missing(f"{table}.account", key)


def place_of(unit: Mapping[str, str], settings: Settings, account: str, tax_category: str = "", subaccount: str = "") -> Place:
    """The place of an account within a business unit; a `subaccount` of its own goes before the unit's."""
    return Place(account, {"Branch": unit.get("branch") or settings.branch}, subaccount or unit.get("subaccount", ""), tax_category)


def line(place: Place, role: str, amount: Decimal, text: str, source_line_id: str = "") -> PostingLine:
    """A line of one piece, its text as long as Acumatica takes it."""
    return allocation.line(place, role, amount, text[:_DESCRIPTION], source_line_id)


def rounding(made: Mapped, lines: list[PostingLine], total: Decimal, unit: Mapping[str, str]) -> str:
    """Add the line that closes the gap to `total`, up to the limit; gives the words of the hold where it is above."""
    gap = total - total_of(lines)
    if gap == 0:
        return ""
    accounts = made.settings.accounts
    words = gap_words(lines, total, accounts.rounding_limit)
    if words:
        return words
    category = lines[0]["tax_code"] if lines else ""
    place = place_of(unit, made.settings, made.needed("rounding", accounts.rounding), category)
    lines.append(line(place, "rounding", gap, "Rounding"))
    return ""
