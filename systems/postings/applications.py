"""What a payment, credit memo or vendor credit settles: one application for each settled document, as parts of it. Pure (accounting.md 13, 17, 34).

Every application is a separate command, so that a later application adds one command and changes nothing that is posted. Together they form a set. An
application that is missing from the newest set was taken back, and a milestone reports an empty set. A negative application takes back an earlier one
of the same document and amount: neither is in the set then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from schemas.records import Application, Parent
from systems.mapped import APPLY, COMPLETION, UNAPPLIED, Draft, Plan
from systems.postings.collection import applied_on, in_order, opening_row, with_number
from systems.postings.document import UNITS, Hold, Mapped, Posting, Target, other_currency
from systems.postings.lines import ZERO, broken_cents
from systems.values.codes import code

_OVERAPPLIED, _UNMATCHED = "overapplied", "unapplication_unmatched"


@dataclass(frozen=True)
class Applying:
    """How a system writes applications of one kind: the command record, the field that holds the id of what is applied, its role among the parents,
    and the entity that is settled."""

    record: str
    field: str
    role: str
    settles: str
    target: Target


def receivable(target: Target) -> Applying:
    """Applications of payments and credit memos to invoices."""
    return Applying("ar_application", "payment_id", "payment", "invoice", target)


def payable(target: Target) -> Applying:
    """Applications of vendor credits to bills."""
    return Applying("ap_application", "credit_id", "credit", "bill", target)


def applications(record: Mapping[str, Any], plan: Plan, how: Applying) -> list[Draft]:
    """The applications of a record, in order; the milestone of an empty set if the record settles nothing."""
    found, unmatched = standing(in_order(record))
    if not found and not unmatched:
        why = {"reached": "it settles nothing"}
        target = how.target
        return [Draft(COMPLETION, why, target.flow, target.purpose, action=UNAPPLIED, currency=record["currency"], parted=True)]
    back, settled, made = sum((one["amount"] for one in unmatched), ZERO), ZERO, []
    for number, one in enumerate(found):
        settled += one["amount"]
        made.append(_held(_application(record, found, number, plan, how), beyond(record, (settled, back), how.target.product)))
    return made + [_unmatched(record, one, plan, how) for one in unmatched]


def of_nothing(record: Mapping[str, Any], plan: Plan, how: Applying) -> list[Draft]:
    """The applications of a payment of 0.00, which moves money from one settled document to another. A person enters each. Empty if there are
    none."""
    if not any(one["amount"] for one in record["applications"]):
        return []
    return held_of_nothing(record, applications(record, plan, how), how.target.product)


def held_of_nothing(record: Mapping[str, Any], made: Sequence[Draft], product: str) -> list[Draft]:
    """The applications of a payment of 0.00, held. A negative one is held already."""
    what = str(record["entity"]).replace("_", " ")
    words = f"the {what} is 0.00 and moves this from one document to another: enter it in {product}, then skip this"
    return [one if one.amount < 0 else replace(one, hold=_OVERAPPLIED, hold_detail=words) for one in made]


def standing(found: Sequence[Application]) -> tuple[list[Application], list[Application]]:
    """The applications that still settle something, and the negative ones that match none of them."""
    left, unmatched = [one for one in found if one["amount"] > 0], []
    for back in (one for one in found if one["amount"] < 0):
        of = [one for one in left if (one["document_id"], one["amount"]) == (back["document_id"], -back["amount"])]
        if of:
            left.remove(of[-1])
        else:
            unmatched.append(back)
    return left, unmatched


def part_of(one: Application) -> str:
    """The part of the record that this application is."""
    return one["application_id"] or one["document_id"]


def _application(record: Mapping[str, Any], found: Sequence[Application], number: int, plan: Plan, how: Applying) -> Draft:
    """The draft of one of these applications. Its body lists all applications to the same document, earlier and later ones, so that a look-up can
    distinguish it from the others (`siblings.py`). It waits for the one before it, and for all earlier ones of the same amount."""
    one = found[number]
    before, after = (_alike(one, some) for some in (found[:number], found[number + 1 :]))
    made = _begun(record, one, plan)
    opening = opening_row(made, one)
    parents = [Parent(role=how.role, entity=record["entity"], source_id=record["source_id"])]
    if opening is None:
        parents.append(Parent(role=how.settles, entity=how.settles, source_id=one["document_id"]))
    parents += [
        Parent(role="application", entity=record["entity"], source_id=record["source_id"], part=part_of(other))
        for place, other in enumerate(before)
        if other["amount"] == one["amount"] or place == len(before) - 1
    ]
    hold = other_currency(record, plan, str(record["entity"]).replace("_", " ")) or broken_cents("application", one["amount"])
    told, later = ([with_number(other, opening) for other in some] for some in ([*before, one], after))
    draft = _draft(made, record, told, how, (hold, tuple(parents)))
    return replace(draft, body={**draft.body, "later": later}) if later else draft


def _begun(record: Mapping[str, Any], one: Application, plan: Plan) -> Mapped[Any]:
    """The beginnings of an application, in the currency of the business unit of its payment or credit."""
    made: Mapped[Any] = Mapped(plan, plan.settings, applied_on(record, one))
    for key in filter(code, (record["business_unit_name"], record["business_unit_id"])):
        if (unit := plan.crosswalk.row(UNITS, key, made.on)) is not None:
            made.of_unit(unit)
            break
    return made


def _held(draft: Draft, hold: Hold | None) -> Draft:
    """The draft with this hold, unless it already has one."""
    return draft if draft.hold or hold is None else replace(draft, hold=hold.name, hold_detail=hold.words)


def beyond(record: Mapping[str, Any], told: tuple[Decimal, Decimal], product: str) -> Hold | None:
    """The hold of an application with which a payment or credit settles more than its total. `told` is the sum of the applications up to this one,
    and the sum of the unmatched negative ones. If these make enough room, a person has to take that amount back first."""
    settled, back = told
    if settled <= abs(record["total"]):
        return None
    what = str(record["entity"]).replace("_", " ")
    if settled + back <= abs(record["total"]):
        words = f"there is room for it once {-back:.2f} of the {what} is taken back in {product}: do that, then release this"
        return Hold(_UNMATCHED, words)
    words = f"with it the applications come to {settled:.2f}, the {what} is {record['total']:.2f}: correct the source document"
    return Hold(_OVERAPPLIED, words)


def _alike(one: Application, found: Sequence[Application]) -> list[Application]:
    """Those of these applications that are to the same document."""
    return [other for other in found if other["document_id"] == one["document_id"]]


def _unmatched(record: Mapping[str, Any], one: Application, plan: Plan, how: Applying) -> Draft:
    """A negative application that takes back no other. A person decides what it means."""
    words = f"it takes back {-one['amount']} of {how.settles} {one['document_id']}, which is no application of it: enter it in "
    hold = Hold(_UNMATCHED, f"{words}{how.target.product}, then skip this")
    return _draft(_begun(record, one, plan), record, [with_number(one, None)], how, (hold, ()))


def _draft(
    made: Mapped[Any],
    record: Mapping[str, Any],
    told: Sequence[Application],
    how: Applying,
    kept: tuple[Hold | None, tuple[Parent, ...]],
) -> Draft:
    body = {how.field: record["source_id"], "date": made.on, "applications": list(told)}
    draft = made.draft(how.record, body, record, Posting(how.target, made.on, *kept))
    return replace(draft, action=APPLY, amount=told[-1]["amount"], part=part_of(told[-1]), parted=True)
