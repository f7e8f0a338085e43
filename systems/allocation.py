"""What every mapping of money shares: notes of what is not mapped or defaulted, lines, and totals that agree to the cent. Pure.

Whatever has no row is noted as `unresolved` ("business_unit=Plumbing - East") or, where a default stands in, as `defaulted`; nothing here
raises for a value that is not mapped. Where an amount lands is each system's own (`systems/<name>/allocation.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from runtime.errors import Malformed
from schemas.records import PostingLine
from systems.codes import code
from systems.mapped import COMPLETION, NOTHING, REVERSAL, Draft, NoCommand, Plan
from systems.numbers import number

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")
EMPTY: Mapping[str, str] = {}

Own = TypeVar("Own")


@dataclass
class Mapped(Generic[Own]):
    """One document in the making: the connection's plan, the system's own settings, the day whose crosswalk counts, and the notes."""

    plan: Plan
    settings: Own
    on: date | None
    unresolved: list[str] = field(default_factory=list)
    defaulted: list[str] = field(default_factory=list)

    def row(self, table: str, keys: Iterable[str]) -> Mapping[str, str] | None:
        """The row of the first key that has one. A key before it that only looks like a row's is noted: the document is held, for no
        other row and no default may stand in for what was probably meant."""
        for key in filter(code, keys):
            found = self.plan.crosswalk.row(table, key, self.on)
            if found is not None:
                return found
            self.note_alike(table, key)
        return None

    def note_alike(self, table: str, key: str) -> None:
        """Note a key without a row that looks like another row's."""
        other = self.plan.crosswalk.alike(table, key)
        if other:
            self.missing(table, f"{key} (looks like {other}, which is another code)")

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


def wanted(keys: Iterable[str]) -> str:
    """What a note names when none of these keys has a row: the first that says something."""
    return next(filter(code, keys), "none")


# --- lines ------------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a line is booked: account, and further dimensions by the ERP's own names."""

    account: str
    dimensions: Mapping[str, str]
    subaccount: str = ""
    tax_code: str = ""


def line(place: Place, role: str, amount: Decimal, text: str, source_line_id: str = "") -> PostingLine:
    """A line of one piece."""
    return {
        "source_line_id": source_line_id,
        "role": role,
        "description": text,
        "quantity": ONE,
        "unit_price": amount,
        "amount": amount,
        "account": place.account,
        "subaccount": place.subaccount,
        "dimensions": dict(place.dimensions),
        "item": "",
        "tax_code": place.tax_code,
    }


def priced(made: PostingLine, quantity: Decimal, unit_price: Decimal) -> PostingLine:
    """The line with its quantity and price, where their product is its amount to the cent; else it stays one piece."""
    is_fit = quantity > 0 and unit_price >= 0 and rounded(quantity * unit_price) == made["amount"]
    return {**made, "quantity": quantity, "unit_price": unit_price} if is_fit else made


def header_text(record: Mapping[str, Any]) -> str:
    """What a document says of itself: its job, and where the work was done."""
    parts = [f"Job {record['job_number']}" if record["job_number"] else "", record["location_name"] or record["customer_name"]]
    return " - ".join(part for part in parts if part)[:200]


# --- totals -----------------------------------------------------------------------------------------------------------


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
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: cents - sum(parts)]:
        parts[place] += 1
    return [sign * part * CENT for part in parts]


def gap_words(lines: Sequence[PostingLine], total: Decimal, limit: Decimal) -> str:
    """Why the lines cannot be brought to `total` by a rounding line: the words of the hold; "" where they can."""
    made = total_of(lines)
    if made == total or (total == rounded(total) and abs(total - made) <= limit):
        return ""
    return f"lines, tax and charges make {made}, the total is {total}: correct the source document"


def zone_rows(made: Mapped[Any], keys: Iterable[str]) -> list[Mapping[str, str]]:
    """The rows that share a tax zone: its own, and one for each part (column `part`); of the first key that has any."""
    for key in filter(code, keys):
        single = made.row("tax_zone", (key,))
        parts = made.plan.crosswalk.parts("tax_zone", key, made.on)
        if parts or single is not None:
            return [*parts] if single is None else [single, *parts]
    return []


def shares_of(rows: Sequence[Mapping[str, str]], made: Mapped[Any]) -> list[Decimal]:
    """The shares of a zone's rows, 1 each where none of them has one. One that is no positive number is noted, and so is one that is not
    written beside others that are; all count alike then."""
    written = [row.get("share", "") for row in rows]
    shares = [number(text or "1") for text in written]
    told = [one for one in shares if one is not None and one >= 0]
    if len(told) == len(rows) and sum(told, ZERO) > 0 and (all(written) or not any(written)):
        return told
    made.missing("tax_zone.share", ", ".join(text or "(empty)" for text in written))
    return [ONE] * len(rows)


# --- documents that are only held -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HeldVoid:
    """Whose void it is: the flow, the purpose, the part and amount of the document, and the name and words of the hold."""

    flow: str
    purpose: str
    hold: str
    why: str
    where: str
    """The ERP, as people call it."""


def nothing(flow: str, purpose: str, currency: str, why: str = "zero document, counted") -> tuple[NoCommand, Draft]:
    """What a source document becomes for which nothing is to be written: a decision to count, and a milestone that tells the sink that
    whatever an older version of it wanted is wanted no more."""
    milestone = Draft(COMPLETION, {"reached": why}, flow, purpose, action=NOTHING, currency=currency, parted=True)
    return NoCommand("excluded", why, flow, ZERO, currency), milestone


def reversal(record: Mapping[str, Any], void: HeldVoid, part: str = "", amount: Decimal | None = None) -> Draft:
    """The held reversal of a document; where its create was never written, the sink lets both rest."""
    return Draft(
        record=REVERSAL,
        body={"reverses": "", "date": None, "reason": void.why},
        flow=void.flow,
        purpose=void.purpose,
        action="void",
        part=part,
        amount=record["total"] if amount is None else amount,
        currency=record["currency"],
        hold=void.hold,
        hold_detail=f"{void.why}: reverse the document in {void.where} if it was posted, then skip this",
    )
