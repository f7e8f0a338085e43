"""Payments of which both sides settle different amounts because of refunds: what is held of them, and what took them back. Pure.

A refund is told from others by its customer and amount: the source does not reliably name the payment that it gives back.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from console.reconcile import findings as f
from console.reconcile.findings import Finding, Judged
from console.reconcile.sides import ZERO

_MOST = 12
"""Held refunds of one customer of which every choice is tried; of more of them only single ones are."""
_Held = tuple[Decimal, str]


class _Customer:
    """Refunds of one customer: those on a list, and those whose reversal is, by what the ERP lacks of them, with their op-keys; and the amounts
    of voided ones that the ERP reversed with a payment."""

    def __init__(self) -> None:
        self.held: list[_Held] = []
        self.reversed: list[Decimal] = []


def with_refunds(found: Iterable[Judged]) -> Iterator[Judged]:
    """The same, with each payment that the source refunded and the ERP still has open explained by the refunds that are held or wait; and without
    the difference of a payment whose refund was voided: an ERP that reverses a refund with a payment has open there what is closed here."""
    found = list(found)
    customers: dict[tuple[str, str], _Customer] = {}
    for one in filter(lambda one: one.is_refund, found):
        own = customers.setdefault((one.party, one.currency), _Customer())
        sign = -1 if one.source else 1
        own.held += [(sign * finding.amount, finding.by) for finding in one.findings if finding.by and finding.difference]
        amounts = [amount for _, amount in one.erp]
        if not one.source and len(amounts) > 1 and not sum(amounts, ZERO):
            own.reversed.append(max(amounts))
    for one in found:
        own = customers.get((one.party, one.currency), _Customer())
        kept = tuple(itertools.chain.from_iterable(_explained(finding, own) for finding in one.findings))
        yield replace(one, findings=kept) if kept != one.findings else one


def _explained(finding: Finding, own: _Customer) -> Iterator[Finding]:
    if finding.kind != f.UN_APPLIED or finding.by:
        yield finding
    elif -finding.amount in own.reversed:
        own.reversed.remove(-finding.amount)
    elif chosen := _that_make(finding.amount, own.held):
        for one in chosen:
            own.held.remove(one)
        told = "a refund" if len(chosen) == 1 else f"{len(chosen)} refunds"
        yield replace(
            finding,
            by=chosen[0][1],
            words=f"{finding.words}; {told} of this amount {'is' if len(chosen) == 1 else 'are'} on the list",
        )
    else:
        yield finding


def _that_make(amount: Decimal, held: Sequence[_Held]) -> tuple[_Held, ...]:
    """As few of these refunds as make an amount together; none where they do not."""
    most = len(held) if len(held) <= _MOST else 1
    choices = itertools.chain.from_iterable(itertools.combinations(held, count) for count in range(1, most + 1))
    return next((chosen for chosen in choices if sum((one for one, _ in chosen), ZERO) == amount), ())
