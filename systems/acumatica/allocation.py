"""Where an amount is booked: business unit, account, subaccount and branch, by the crosswalk. Pure.

What all mappings share (notes, lines, cents) is in `systems/postings/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from schemas.records import PostingLine
from systems.acumatica.settings import Settings
from systems.mapped import Plan, settings_of
from systems.postings import document, payable
from systems.postings.document import EMPTY, Row
from systems.postings.lines import Place

Mapped = document.Mapped[Settings]
PRODUCT = "Acumatica"
TEXT = 255
"""The most characters of a line's description."""


def mapped(plan: Plan, on: date | None) -> Mapped:
    """A document in the making. Raises `Malformed` for the settings of another system."""
    return Mapped(plan, settings_of(plan.settings, Settings, "acumatica"), on)


_PROJECT = {"Project": "project", "ProjectTask": "task", "CostCode": "cost_code"}


def project_of(made: Mapped, record: Mapping[str, Any]) -> dict[str, str]:
    """Project, task and cost code of a document, from the row in table `project` of its project or else of its job; empty if neither has a row."""
    row = made.row("project", (record.get("project_id") or "", record.get("job_number") or "", record.get("job_id") or ""))
    return {name: row[column] for name, column in _PROJECT.items() if row.get(column)} if row is not None else {}


def within(lines: Sequence[PostingLine], project: Mapping[str, str]) -> list[PostingLine]:
    """The lines within a project."""
    return [{**one, "dimensions": {**one["dimensions"], **project}} for one in lines] if project else list(lines)


class Named(NamedTuple):
    """A row of a table, with the key by which notes name it. None means that the table has no row, and a default is used."""

    table: str
    key: str
    row: Row | None


def place_of(made: Mapped, unit: Row, named: Named, default: str, category: str | None = None) -> Place:
    """The place of a row within a business unit. The row's own subaccount takes precedence over the unit's."""
    return placed(made, unit, _account(made, named, default), category, (named.row or EMPTY).get("subaccount", ""))


def _account(made: Mapped, named: Named, default: str) -> str:
    """The account of a row. A row without an account is unresolved, just like a key that has neither a row nor a default. Otherwise Acumatica would
    choose the account."""
    if named.row is None:
        return made.default(named.table, named.key, default)
    return named.row.get("account") or made.missing(f"{named.table}.account", named.key)


def placed(made: Mapped, unit: Row, account: str, category: str | None = None, subaccount: str = "") -> Place:
    """The place of an account within a business unit, in the exempt tax category unless another is given."""
    tax_code = made.settings.tax.exempt_category if category is None else category
    return Place(account, {"Branch": branch_of(made, unit)}, subaccount or unit.get("subaccount", ""), tax_code)


def branch_of(made: Mapped, unit: Row) -> str:
    """The branch of a business unit's documents."""
    return unit.get("branch") or made.settings.branch


def rounding_place(made: Mapped, unit: Row, lines: list[PostingLine]) -> Place:
    """Where a difference of cents is booked, in the tax category of the first line."""
    place = placed(made, unit, made.needed("rounding", made.settings.accounts.rounding))
    return place._replace(tax_code=lines[0]["tax_code"] if lines else "")


@dataclass(frozen=True)
class Payables(payable.Places):
    """Where the amount that a vendor is owed is booked."""

    made: Mapped

    def unit(self, name: str, source_id: str) -> Row:
        """See `Mapped.unit`."""
        return self.made.unit(name, source_id)

    def line(self, unit: Row, row: Row | None, key: str) -> Place:
        """By the row of `bill_line`, or by the default of the settings."""
        return place_of(self.made, unit, Named(payable.TABLE, key, row), self.made.settings.accounts.bill_line)

    def charge(self, unit: Row, setting: str) -> Place:
        """By the settings."""
        return placed(self.made, unit, self.made.needed(setting, getattr(self.made.settings.accounts, setting)))

    def rounding(self, unit: Row, lines: list[PostingLine]) -> Place:
        """See `rounding_place`."""
        return rounding_place(self.made, unit, lines)
