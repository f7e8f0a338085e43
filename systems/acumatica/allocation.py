"""Where an amount lands: business unit, account, subaccount and branch by crosswalk; totals that agree to the cent. Pure.

Whatever has no row is noted as `unresolved` ("business_unit=Plumbing - East") or, where the settings name a default, as `defaulted`;
nothing here raises for a value that is not mapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from runtime.errors import Malformed
from schemas.records import PostingLine
from systems.acumatica.settings import Settings
from systems.acumatica.wire import CENT
from systems.mapped import Plan

ZERO = Decimal(0)
ONE = Decimal(1)
EMPTY: Mapping[str, str] = {}
_DESCRIPTION = 255


@dataclass
class Mapped:
    """One document in the making: the connection's plan, the day whose crosswalk counts, and what could not be mapped."""

    plan: Plan
    on: date | None
    unresolved: list[str] = field(default_factory=list)
    defaulted: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The connection's own settings of this system."""
        return settings_of(self.plan)

    def row(self, table: str, keys: Iterable[str]) -> Mapping[str, str] | None:
        """The row of the first key that has one."""
        for key in keys:
            if key:
                found = self.plan.crosswalk.row(table, key, self.on)
                if found is not None:
                    return found
        return None

    def missing(self, what: str, value: str) -> str:
        """Note a value without a row; gives "" to put in its place."""
        self._note(self.unresolved, f"{what}={value}")
        return ""

    def default(self, what: str, value: str, chosen: str) -> str:
        """Note a value that a default stands in for; without a default it is missing."""
        if not chosen:
            return self.missing(what, value)
        self._note(self.defaulted, f"{what}={value}")
        return chosen

    def needed(self, setting: str, chosen: str) -> str:
        """An account that only the settings can name."""
        return chosen or self.missing("setting", f"accounts.{setting}")

    @staticmethod
    def _note(notes: list[str], text: str) -> None:
        if text not in notes:
            notes.append(text)

    def unit(self, name: str, source_id: str) -> Mapping[str, str]:
        """The row of a business unit, by name or id: subaccount, branch, sales_account, customer."""
        found = self.row("business_unit", (name, source_id))
        if found is None:
            self.missing("business_unit", name or source_id or "none")
            return EMPTY
        return found


@dataclass(frozen=True)
class Place:
    """Where a line is booked."""

    account: str
    subaccount: str
    branch: str
    tax_category: str = ""


def settings_of(plan: Plan) -> Settings:
    """The plan's settings as this system's own. Raises `Malformed` for another system's."""
    if not isinstance(plan.settings, Settings):
        raise Malformed("acumatica: settings of another system")
    return plan.settings


def place_of(unit: Mapping[str, str], settings: Settings, account: str, tax_category: str = "") -> Place:
    """The place of an account within a business unit."""
    return Place(account, unit.get("subaccount", ""), unit.get("branch") or settings.branch, tax_category)


def line(place: Place, role: str, amount: Decimal, text: str, source_line_id: str = "") -> PostingLine:
    """A line of one piece."""
    return {
        "source_line_id": source_line_id,
        "role": role,
        "description": text[:_DESCRIPTION],
        "quantity": ONE,
        "unit_price": amount,
        "amount": amount,
        "account": place.account,
        "subaccount": place.subaccount,
        "dimensions": {"Branch": place.branch},
        "item": "",
        "tax_code": place.tax_category,
    }


def priced(made: PostingLine, quantity: Decimal, unit_price: Decimal) -> PostingLine:
    """The line with its quantity and price, where their product is its amount to the cent; else it stays one piece."""
    is_fit = quantity > 0 and unit_price >= 0 and (quantity * unit_price).quantize(CENT, ROUND_HALF_UP) == made["amount"]
    return {**made, "quantity": quantity, "unit_price": unit_price} if is_fit else made


def rounded(amount: Decimal) -> Decimal:
    """An amount in cents, half up; what this loses of a document shows in its total and goes to the rounding account."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def total_of(lines: Sequence[PostingLine]) -> Decimal:
    """Sum of the lines."""
    return sum((one["amount"] for one in lines), ZERO)


def split(amount: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """An amount in cents over shares; the cents left over go to the largest remainders, so the parts add up exactly."""
    whole = sum(shares, ZERO)
    if whole <= 0 or any(share < 0 for share in shares):
        raise Malformed("shares: must be positive numbers")
    sign = -1 if amount < 0 else 1
    cents = int(abs(amount) / CENT)
    exact = [Decimal(cents) * share / whole for share in shares]
    parts = [int(one.to_integral_value(ROUND_FLOOR)) for one in exact]
    order = sorted(range(len(parts)), key=lambda number: (parts[number] - exact[number], number))
    for number in order[: cents - sum(parts)]:
        parts[number] += 1
    return [sign * part * CENT for part in parts]


def rounding(made: Mapped, lines: list[PostingLine], total: Decimal, unit: Mapping[str, str]) -> str:
    """Add the line that closes the gap to `total`, up to the limit; gives the words of the hold where it is above."""
    gap = total - total_of(lines)
    if gap == 0:
        return ""
    accounts = made.settings.accounts
    if total != rounded(total) or abs(gap) > accounts.rounding_limit:
        return f"lines, tax and charges make {total_of(lines)}, the total is {total}: correct the source document"
    category = lines[0]["tax_code"] if lines else ""
    place = place_of(unit, made.settings, made.needed("rounding", accounts.rounding), category)
    lines.append(line(place, "rounding", gap, "Rounding"))
    return ""
