"""Differences summed up: a row for each flow and group, with both sides, and the documents of a range of days. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from console.books.ledgers import Bucket
from console.reconcile import findings as f
from console.reconcile.findings import Finding, Judged, money_text
from console.reconcile.sides import ZERO

_PAYABLE = ("bill", "vendor_credit", "ap_payment")
_DATED = (f.LATE, f.WRONG_PERIOD, f.CHANGED_AT_SOURCE, f.EDITED_IN_ERP)


class By(StrEnum):
    """How documents are grouped within a flow."""

    flow = "flow"
    business_unit = "business-unit"
    customer = "customer"
    vendor = "vendor"
    day = "day"


@dataclass(frozen=True)
class Range:
    """Days, both included; None = open at that end. A document without a day is in every range, so that it is never left out."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date | None) -> bool:
        """Whether a day is one of them."""
        if day is None:
            return True
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass
class Sum:
    """The sum of one class of differences in a row."""

    count: int = 0
    amount: Decimal = ZERO
    difference: Decimal = ZERO

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        return {"count": self.count, "amount": money_text(self.amount), "difference": money_text(self.difference)}


@dataclass
class Row:
    """A flow and group: what each side has, and why they differ."""

    flow: str
    group: str
    currency: str
    source: Bucket = field(default_factory=Bucket)
    erp: Bucket = field(default_factory=Bucket)
    classes: dict[str, Sum] = field(default_factory=dict)
    unexplained: Sum = field(default_factory=Sum)

    @property
    def difference(self) -> Decimal:
        """Source less ERP."""
        return self.source.amount - self.erp.amount

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        return {
            "flow": self.flow,
            "group": self.group,
            "currency": self.currency,
            "source": self.source.as_json(),
            "erp": self.erp.as_json(),
            "difference": money_text(self.difference),
            "classes": {name: one.as_json() for name, one in sorted(self.classes.items())},
            "unexplained": {"count": self.unexplained.count, "amount": money_text(self.unexplained.amount)},
        }


def within(found: Iterable[Judged], days: Range) -> Iterable[Judged]:
    """The parts of both sides that lie in these days. If an object and its documents lie in different ranges, they differ in both ranges."""
    for one in found:
        is_source = one.source is not None and days.has(one.day)
        erp = tuple(document for document in one.erp if days.has(document[0]))
        if not is_source and not erp:
            continue
        own = one.findings if is_source or one.source is None else tuple(x for x in one.findings if not x.difference)
        source = one.source if is_source else None
        yield replace(one, source=source, erp=erp, findings=_closed(own, source or ZERO, erp))


def _closed(own: tuple[Finding, ...], source: Decimal, erp: Sequence[tuple[date | None, Decimal]]) -> tuple[Finding, ...]:
    """The findings. The amount that the range cuts off is charged to the finding about the day."""
    rest = source - sum((amount for _, amount in erp), ZERO) - sum((one.difference for one in own), ZERO)
    if not rest:
        return own
    at = next((n for n, one in enumerate(own) if one.kind in _DATED), None)
    if at is None:
        return (*own, Finding(f.WRONG_PERIOD, abs(rest), rest, "one side has it within these days, the other has not"))
    return (*own[:at], replace(own[at], difference=own[at].difference + rest), *own[at + 1 :])


def rows_of(found: Iterable[Judged], by: By) -> list[Row]:
    """A row for each flow, group and currency."""
    found = list(found)
    labels = _labels(found, by)
    made: dict[tuple[str, str, str], Row] = {}
    for one in found:
        group = labels(one)
        row = made.setdefault((one.flow, group, one.currency), Row(one.flow, group, one.currency))
        if one.source is not None:
            row.source.add(one.source)
        for _, amount in one.erp:
            row.erp.add(amount)
        for finding in one.findings:
            _add(row, finding)
    return [made[key] for key in sorted(made)]


def _add(row: Row, finding: Finding) -> None:
    for total in (row.classes.setdefault(finding.kind, Sum()), *(() if finding.is_explained else (row.unexplained,))):
        total.count += finding.count
        total.amount += abs(finding.amount) if total is row.unexplained else finding.amount
        total.difference += finding.difference


def _labels(found: Sequence[Judged], by: By) -> Any:
    """The name of each document's group. Parties with the same name are distinguished by their ids."""
    if by is By.flow:
        return lambda one: one.flow
    if by is By.day:
        return lambda one: one.day.isoformat() if one.day else "no date"
    if by is By.business_unit:
        return lambda one: one.unit or "no business unit"
    is_vendor = by is By.vendor
    ids: dict[str, set[str]] = {}
    for one in (one for one in found if (one.entity in _PAYABLE) == is_vendor):
        ids.setdefault(one.party_name, set()).add(one.party)
    none = f"no {by.value}"

    def party(one: Judged) -> str:
        if (one.entity in _PAYABLE) != is_vendor or not (one.party or one.party_name):
            return none
        is_one = one.party_name and len(ids[one.party_name]) == 1
        return one.party_name if is_one else f"{one.party_name} ({one.party})".strip()

    return party


def unexplained(rows: Iterable[Row]) -> tuple[int, Decimal]:
    """How many differences are on no list, and the amount concerned."""
    rows = list(rows)
    return sum(row.unexplained.count for row in rows), sum((row.unexplained.amount for row in rows), ZERO)


def as_json(rows: Sequence[Row], others: Mapping[str, Bucket], gaps: Mapping[str, int], details: Sequence[Any]) -> dict[str, Any]:
    """Everything that programs rely on. `others` are documents of the ERP that are its own; `gaps`, changes that no webhook reported."""
    count, amount = unexplained(rows)
    return {
        "rows": [row.as_json() for row in rows],
        "unexplained": money_text(amount),
        "unexplained_count": count,
        "of_the_erp": {entity: one.as_json() for entity, one in sorted(others.items())},
        "dropped_webhooks": dict(sorted(gaps.items())),
        "documents": list(details),
    }
