"""What payments and credit memos settle, from canonical to journals. Pure (accounting.md 13, 17, 34).

The ledger keeps no open items. So a payment that settles an invoice of its own ledger unit needs no document, and is counted. A journal is needed if
amounts move from one account or unit to another:

- A payment that credited deposits: Dr deposits, Cr receivable, on the day of the application.
- If the crosswalk names several ledger units and the settings an intercompany account: two journals, because only the settled document knows its
  unit. In the unit of the payment or memo Dr deposits (or its receivable), Cr intercompany; in the unit of the invoice Dr intercompany, Cr
  receivable. Within one unit the two cancel out. Without that account the writer holds an application across units by name.

Applications are parts of their payment or memo and form a separate set. One that is missing from the newest set was taken back, and its journal is
reversed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.records import Application, Parent
from systems.mapped import APPLY, COMPLETION, SECOND_HALF, UNAPPLIED, Draft, NoCommand, Plan
from systems.peoplesoft.allocation import (
    Mapped,
    chartfields,
    ledger_unit,
    ledger_units,
    mapped,
    receivable,
    receivables,
    unit_named,
    unit_of,
)
from systems.peoplesoft.documents import INTERCOMPANY, OF_INVOICE
from systems.peoplesoft.mapping_journal import Entry, journal
from systems.postings.applications import beyond, held_of_nothing, part_of, standing
from systems.postings.collection import applied_on, counted_applications, in_order, opening_row
from systems.postings.document import Hold, Posting, Target, other_currency
from systems.postings.lines import ZERO, Place, broken_cents, line


@dataclass(frozen=True)
class Settling:
    """How a record settles documents: its flow, its day, its text, and whether it credited deposits."""

    target: Target
    day: date | None
    text: str
    from_deposits: bool


def applications(record: Mapping[str, Any], plan: Plan, how: Settling) -> Sequence[Draft | NoCommand]:
    """What the applications of a record become."""
    if not moves(plan, how):
        return counted_applications(record, how.target)
    sign = -1 if record["entity"] == "payment" and record["total"] < 0 else 1
    found, unmatched = standing([_times(sign, one) for one in in_order(record)])
    back, settled, drafts = sum((one["amount"] for one in unmatched), ZERO), ZERO, []
    for one in found:
        settled += one["amount"]
        drafts += _held(_journals(record, _times(sign, one), plan, how), beyond(record, (settled, back), how.target.product))
    drafts += [_unmatched(record, _times(sign, one), plan, how) for one in unmatched]
    return drafts or [none(record, how.target)]


def of_nothing(record: Mapping[str, Any], plan: Plan, how: Settling) -> list[Draft]:
    """What the applications of a payment of 0.00 become if applications are journals: each is held, because a person decides what it moves."""
    made = [one for one in applications(record, plan, how) if isinstance(one, Draft)]
    return held_of_nothing(record, made, how.target.product) if any(one["amount"] for one in record["applications"]) else made


def _held(drafts: list[Draft], hold: Hold | None) -> list[Draft]:
    """The drafts with this hold, except those that have one already."""
    return drafts if hold is None else [one if one.hold else replace(one, hold=hold.name, hold_detail=hold.words) for one in drafts]


def _times(sign: int, one: Application) -> Application:
    """The application of a refund, which is negative, with opposite sign; any other application unchanged."""
    return {**one, "amount": one["amount"] * sign}


def moves(plan: Plan, how: Settling) -> bool:
    """Whether applications need journals at all."""
    made = mapped(plan, how.day)
    return how.from_deposits or bool(made.settings.accounts.intercompany and len(ledger_units(made)) > 1)


def none(record: Mapping[str, Any], target: Target, why: str = "it settles nothing") -> Draft:
    """The milestone which says that nothing is applied (any more)."""
    return Draft(
        COMPLETION, {"reached": why}, target.flow, target.purpose, action=UNAPPLIED, currency=record["currency"], parted=True
    )


def _journals(record: Mapping[str, Any], one: Application, plan: Plan, how: Settling) -> list[Draft]:
    made = mapped(plan, applied_on(record, one))
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    own = (
        Place(made.settings.accounts.deposits_on(how.day) if unit else "", chartfields(unit))
        if how.from_deposits
        else receivable(made, unit)
    )
    role = "deposit" if how.from_deposits else "receivable"
    several = len(ledger_units(made)) > 1 and made.settings.profile == "journal"
    parents = _parents(record, one, made, several=several)
    amount, text = one["amount"], _text(one)
    if not several or not made.settings.accounts.intercompany or len(parents) == 1:
        lines = [line(own, role, amount, text), line(receivable(made, unit), "receivable", -amount, text)]
        return [_draft(record, one, made, how, (ledger_unit(made, unit, unit_named(record)), lines, parents, part_of(one)))]
    between = Place(made.settings.accounts.intercompany, {})
    first = [line(own, role, amount, text), line(between, INTERCOMPANY, -amount, text)]
    other = [line(between, INTERCOMPANY, amount, text), line(Place(OF_INVOICE, {}), "receivable", -amount, text)]
    return [
        _draft(record, one, made, how, (ledger_unit(made, unit, unit_named(record)), first, parents, part_of(one))),
        _draft(record, one, replace(made), how, ("", other, parents, f"{SECOND_HALF}{part_of(one)}")),
    ]


Written = tuple[str, Sequence[Any], tuple[Parent, ...], str]
"""Unit, lines, parents and part of a journal."""


def _draft(record: Mapping[str, Any], one: Application, made: Mapped, how: Settling, written: Written) -> Draft:
    unit, lines, parents, part = written
    made.dated("applied_on", made.on)
    posting = Posting(how.target, made.on, _hold(record, one["amount"], made.plan), parents)
    draft = journal(record, Entry(unit, f"{_text(one)}: {how.text}"[:200], lines), made, posting)
    if len(parents) > 1:
        draft = replace(draft, body={**draft.body, "dimensions": {**draft.body["dimensions"], **receivables(made)}})
    return replace(draft, action=APPLY, amount=one["amount"], part=part, parted=True)


def _parents(record: Mapping[str, Any], one: Application, made: Mapped, *, several: bool) -> tuple[Parent, ...]:
    """What an application waits for: the document that is applied and, if there are several ledger units, the invoice, because its unit counts. A
    document from before the cut-over is assumed to be in the same unit."""
    own = Parent(role=record["entity"], entity=record["entity"], source_id=record["source_id"])
    if not several or opening_row(made, one) is not None:
        return (own,)
    return (own, Parent(role="invoice", entity="invoice", source_id=one["document_id"], purpose="sale"))


def _unmatched(record: Mapping[str, Any], one: Application, plan: Plan, how: Settling) -> Draft:
    """A negative application that takes back no other. A person decides what it means."""
    made = mapped(plan, applied_on(record, one))
    words = f"it takes back {abs(one['amount'])} of invoice {one['document_id']}, which is no application of it: enter it in {how.target.product}"
    posting = Posting(how.target, made.on, Hold("unapplication_unmatched", f"{words}, then skip this"))
    draft = journal(record, Entry("", _text(one), []), made, posting)
    return replace(draft, action=APPLY, amount=one["amount"], part=part_of(one), parted=True)


def _hold(record: Mapping[str, Any], amount: Decimal, plan: Plan) -> Hold | None:
    return other_currency(record, plan, str(record["entity"]).replace("_", " ")) or broken_cents("application", amount)


def _text(one: Application) -> str:
    return f"Applied to {one['document_number'] or one['document_id']}"
