"""What differs between an object of the source and the documents of the ERP that carry its refs, each difference by name. Pure.

The ERP's documents are found by our refs in them. The ledger never replaces a document that the ERP does not show. It only explains why there is none
yet, or which correction is on its way.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from console.output import money
from console.reconcile import findings as f
from console.reconcile.findings import Finding, Judged
from console.reconcile.sides import CREDITS, ZERO, Booked, Issued, Known, Lines, Object, Wanted, shifted, summed
from services.sinks import entry as e
from services.sinks import reasons
from systems.mapped import REVERSAL
from systems.writing.differences import plain

_DECIDED = {"not_due": f.NOT_DUE, "before_cutover": f.BEFORE_CUTOVER, "observed": f.OBSERVED, f.NO_FLOW: f.NO_FLOW}


class Period(NamedTuple):
    """A period of the ERP: its code, its first and its last day."""

    code: str
    first: date
    last: date


@dataclass(frozen=True)
class Limits:
    """The differences that the settings allow if the ERP computes the tax."""

    tax: Decimal = ZERO


@dataclass(frozen=True)
class Facts:
    """What the topics say besides the object itself.

    `by_ref`: documents of the ERP. `entries`: the ledger by source object. `typed`: documents without a ref of ours, by `signature`; a document that
    is taken as the double of another is removed from it. `unread`: op-keys of commands that no sink has taken. `asked`: objects that were requested
    and are not read yet, and whether a webhook reported them. `unmapped`: objects whose newest record the hop has not mapped. `read_at`: when the
    ERP's documents were last read. `posted_lines`: the lines of the command by which an entry was posted.
    """

    by_ref: Mapping[str, Sequence[Booked]] = field(default_factory=dict)
    entries: Mapping[Object, Sequence[Known]] = field(default_factory=dict)
    typed: dict[tuple[object, ...], list[Booked]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    asked: Mapping[Object, bool] = field(default_factory=dict)
    unmapped: frozenset[Object] = frozenset()
    read_at: datetime | None = None
    periods: Sequence[Period] = ()
    limits: Limits = Limits()
    posted_lines: Callable[[Known], Lines | None] = lambda _: None


def signature(one: Booked) -> tuple[object, ...]:
    """The values that two documents share if one may be a second entry of the other."""
    return one.entity, plain(one.party), one.day, one.amount, one.currency


def judge(one: Issued, facts: Facts) -> Judged:
    """Both sides of an object, and every difference."""
    found = _Judging(one, facts)
    made = tuple(found.findings())
    erp = tuple((booked.day, found.amount_of(booked)) for booked in found.documents)
    source = one.amount if one.active else ZERO
    told = (one.entity, one.number, one.day, one.party, one.party_name, one.unit, one.currency)
    return Judged(one.flow, *told, source, erp, made, one.source_id, is_refund=one.entity == "payment" and one.amount < 0)


class _Judging:
    """The judgement of one object."""

    def __init__(self, one: Issued, facts: Facts) -> None:
        self.one, self.facts = one, facts
        own = facts.entries.get(one.place, ())
        self.known = {entry.op_key: entry for entry in own if not one.purposes or entry.purpose in one.purposes}
        refs = dict.fromkeys([*(w.ref for w in one.wanted), *(k.ref for k in self.known.values())])
        self.shown = {ref: facts.by_ref[ref] for ref in refs if ref in facts.by_ref}
        found = [booked for of_ref in self.shown.values() for booked in of_ref if booked.is_there]
        self.documents = [booked for booked in found if not self._is_gone(booked)]
        self.documents += [twin for booked in list(self.documents) for twin in self._twins(booked)]
        self.wanted = [w for w in one.wanted if w.is_document]
        self._told: set[str] = set()

    def _is_gone(self, booked: Booked) -> bool:
        """Whether a reversal removed a document completely, although it was read before and no list reports deletions."""
        return any(known.took_back == booked.erp_id and known.ref != booked.ref for known in self.known.values())

    def _twins(self, booked: Booked) -> list[Booked]:
        """Documents typed by hand that equal this one."""
        alike = self.facts.typed.get(signature(booked)) if booked.amount and booked.party else None
        return [alike.pop()] if alike else []

    def findings(self) -> Iterator[Finding]:
        """Every difference."""
        yield from self._asked()
        if not self.one.active:
            yield from self._voided()
        elif not self.wanted:
            yield from self._not_wanted()
        else:
            yield from self._wanted()
        yield from self._listed()

    def _asked(self) -> Iterator[Finding]:
        if self.one.place in self.facts.asked:
            kind = f.NOT_READ if self.facts.asked[self.one.place] else f.DROPPED_WEBHOOK
            yield Finding(kind, self.one.amount, words=f.CLASSES[kind])

    # --- what the source does not want, or no longer wants ----------------------------------------------------------------

    def _voided(self) -> Iterator[Finding]:
        left = self._sum(self.documents)
        if left or (self.documents and not self._is_reversed()):
            yield self._corrected(f.VOIDED_AT_SOURCE, left, -left, "the source voided it")
        else:
            yield Finding(f.VOIDED, ZERO)

    def _is_reversed(self) -> bool:
        return len(self.documents) > 1

    def _not_wanted(self) -> Iterator[Finding]:
        one, left = self.one, self._sum(self.documents)
        if self.documents and not (left == ZERO and self._is_reversed()):
            if left != one.amount or one.decision not in (f.OBSERVED, f.NO_FLOW):
                words = f"the ERP has it, and by the rules in force it is not posted: {one.words}"
                yield self._corrected(f.CHANGED_AT_SOURCE, left, one.amount - left, words)
            return
        entry = next((k for k in self.known.values() if k.is_on_a_list and not k.is_application), None)
        if entry is not None:
            yield self._on_list(entry, one.amount, one.amount)
        elif one.decision:
            yield Finding(_DECIDED.get(one.decision, f.EXCLUDED), one.amount, one.amount, one.words)
        else:
            kind = f.WAITING if one.place in self.facts.unmapped else f.MISSING
            yield Finding(kind, one.amount, one.amount, "nothing was commanded for it")

    # --- what it wants ----------------------------------------------------------------------------------------------------

    def _wanted(self) -> Iterator[Finding]:
        carried = sum((w.amount for w in self.wanted), ZERO)
        if carried != self.one.amount:
            missing = self.one.amount - carried
            yield Finding(
                f.NOT_CARRIED, missing, missing, f"the source has {money(self.one.amount)}, the mapping carries {money(carried)}"
            )
        if self._books_nothing():
            return
        own = {w.ref for w in self.wanted}
        if any(ref not in own and any(b.is_there for b in found) for ref, found in self.shown.items()):
            yield from self._after_corrections(carried)
            return
        for w in self.wanted:
            yield from self._document(w)

    def _books_nothing(self) -> bool:
        """Whether a sale that comes to 0.00 is there as journals, which book what it wants on every account: no account tells its amount then."""
        if len(self.wanted) != 1 or self.wanted[0].amount or not self.documents:
            return False
        if any(booked.entity != "journal" or booked.currency != self.one.currency for booked in self.documents):
            return False
        lines = itertools.chain.from_iterable(booked.lines for booked in self.documents)
        return not shifted(self.wanted[0].lines, summed((key[0], dict(key[1]), amount) for key, amount in lines))

    def _after_corrections(self, carried: Decimal) -> Iterator[Finding]:
        """Several documents of one object: the original, its reversal, its replacement. Their sum counts."""
        left = self._sum(self.documents)
        if left != carried:
            words = f"its documents add up to {money(left)}, the source has {money(carried)}"
            yield self._corrected(f.EDITED_IN_ERP, carried - left, carried - left, words)
            return
        written = [
            k for k in self.known.values() if k.is_done and k.record != REVERSAL and not k.is_application and k.action != "nothing"
        ]
        newest = max(written, key=lambda k: k.correction, default=None)
        standing = [
            one for one in self.documents if newest is not None and one.ref == newest.ref and self.amount_of(one) == carried
        ]
        for one in standing[:1]:
            yield from self._settled(one)

    def _document(self, w: Wanted) -> Iterator[Finding]:
        shown = self.shown.get(w.ref, ())
        there = [booked for booked in shown if booked.is_there]
        if not there:
            yield self._absent(w, was_there=bool(shown))
            return
        yield from self._compared(w, there[0])
        twins = [booked for booked in self.documents if not booked.ref]
        for booked in (*there[1:], *twins):
            amount = self.amount_of(booked)
            why = "carries the same ref" if booked.ref else "has its party, date and amount, and no ref of ours"
            yield self._corrected(f.DOUBLE, amount, -amount, f"{booked.erp_id} {why}", booked)

    def _absent(self, w: Wanted, *, was_there: bool) -> Finding:
        entry = self.known.get(w.op_key)
        if was_there:
            return self._corrected(f.VOIDED_IN_ERP, w.amount, w.amount, f.CLASSES[f.VOIDED_IN_ERP])
        if entry is None:
            is_coming = w.op_key in self.facts.unread or self.one.place in self.facts.unmapped
            words = "the sink has not taken its command yet" if is_coming else "no command was ever taken for it"
            return Finding(f.WAITING if is_coming else f.MISSING, w.amount, w.amount, words)
        if entry.is_on_a_list:
            return self._on_list(entry, w.amount, w.amount)
        self._told.add(entry.op_key)
        if not entry.is_done:
            return Finding(f.EXCLUDED, w.amount, w.amount, reasons.ENDED.get(entry.reason, entry.detail or entry.reason))
        read, posted = self.facts.read_at, entry.updated_at
        is_read = read is not None and posted is not None and posted < read
        kind = f.MISSING if is_read else f.NOT_READ_BACK
        words = "the ledger says that it was posted; the ERP does not show it" if is_read else f.CLASSES[kind]
        return Finding(kind, w.amount, w.amount, words)

    # --- one document compared with what is wanted ------------------------------------------------------------------------

    def _compared(self, w: Wanted, booked: Booked) -> Iterator[Finding]:
        amount = self.amount_of(booked)
        if not booked.is_marked:
            yield self._corrected(f.EDITED_IN_ERP, amount, ZERO, "somebody took our ref out of it", booked)
        if booked.currency != self.one.currency:
            yield self._corrected(f.OTHER_CURRENCY, amount, ZERO, f"{booked.currency}, not {self.one.currency}", booked)
        if amount != w.amount:
            yield self._other_amount(w, booked, amount)
        else:
            yield from self._other_accounts(w, booked)
            yield from self._other_tax(w, booked)
        yield from self._other_day(w, booked, amount)
        yield from self._settled(booked)

    def _other_amount(self, w: Wanted, booked: Booked, amount: Decimal) -> Finding:
        less, entry = w.amount - amount, self.known.get(w.op_key)
        if self._has_changed(w) and entry is not None and abs(entry.amount) == abs(amount):
            return self._corrected(
                f.CHANGED_AT_SOURCE, less, less, f"posted as {money(amount)}, the source has {money(w.amount)}", booked
            )
        other = shifted(w.lines, booked.lines) if w.lines and booked.lines else {}
        is_tax = bool(other) and all(account in w.tax for account, _ in other)
        by_erp = w.tax_total is not None and booked.tax is not None and booked.tax - w.tax_total == -less
        if by_erp and abs(less) <= self.facts.limits.tax:
            return Finding(f.ROUNDING, less, less, f"the ERP computed a tax of {money(booked.tax or ZERO)}", document=booked.erp_id)
        kind = f.TAX if is_tax or by_erp else f.EDITED_IN_ERP
        return self._corrected(kind, less, less, f"the ERP has {money(amount)}, the source {money(w.amount)}", booked)

    def _other_accounts(self, w: Wanted, booked: Booked) -> Iterator[Finding]:
        if w.account and booked.account and plain(w.account) != plain(booked.account):
            yield self._moved(w, booked, w.amount, f"cash account {booked.account}, not {w.account}")
        other = shifted(w.lines, booked.lines) if w.lines and booked.lines else {}
        if not other:
            return
        posted = self.facts.posted_lines(self.known[w.op_key]) if w.op_key in self.known else None
        amount = sum((moved for moved in other.values() if moved > 0), ZERO)
        words = ", ".join(f"{_account(key)} {'+' if moved > 0 else ''}{money(moved)}" for key, moved in sorted(other.items()))
        if posted is not None and not self._has_changed(w) and not shifted(posted, booked.lines):
            yield Finding(f.REMAPPED, amount, words=words, document=booked.erp_id)
        else:
            yield self._moved(w, booked, amount, words)

    def _moved(self, w: Wanted, booked: Booked, amount: Decimal, words: str) -> Finding:
        kind = f.CHANGED_AT_SOURCE if self._has_changed(w) else f.WRONG_ACCOUNT
        return self._corrected(kind, amount, ZERO, words, booked)

    def _other_tax(self, w: Wanted, booked: Booked) -> Iterator[Finding]:
        if w.tax_total is not None and booked.tax is not None and booked.tax != w.tax_total:
            words = f"tax {money(booked.tax)}, the source has {money(w.tax_total)}"
            yield self._corrected(f.TAX, w.tax_total - booked.tax, ZERO, words, booked)

    def _other_day(self, w: Wanted, booked: Booked, amount: Decimal) -> Iterator[Finding]:
        if w.day is None or booked.day is None or (booked.day > w.day and self._is_settling_day(booked.day)):
            return
        if booked.day == w.day:
            if not _is_in(self.facts.periods, booked.period, w.day):
                words = f"period {booked.period}, its date is {w.day.isoformat()}"
                yield self._corrected(f.WRONG_PERIOD, amount, ZERO, words, booked)
            return
        entry, words = self.known.get(w.op_key), f"dated {booked.day.isoformat()}, not {w.day.isoformat()}"
        if entry is not None and entry.day == booked.day and not self._has_changed(w):
            yield Finding(f.LATE, amount, words=words, document=booked.erp_id)
            return
        kind = f.EDITED_IN_ERP if _same_period(self.facts.periods, w.day, booked.day) else f.WRONG_PERIOD
        kind = f.CHANGED_AT_SOURCE if self._has_changed(w) else kind
        yield self._corrected(kind, amount, ZERO, words, booked)

    def _is_settling_day(self, day: date) -> bool:
        """Whether the payment settles documents on this day, or an application was to be written or was taken back on it: an ERP may show the
        newest such day. An application may have been dated by its later invoice, and the ledger may have no day of a reversal: then the day is at
        most the one after the write, in any time zone."""
        if day in self.one.settled_on:
            return True
        applications = [k for k in self.known.values() if k.is_application]
        moved = [
            k for k in applications if (k.is_done and k.day is None) or (k.record != REVERSAL and (k.is_done or k.is_on_a_list))
        ]
        latest = [k.updated_at.date() + timedelta(days=1) for k in moved if k.updated_at is not None]
        return day in {k.day for k in applications} or any(day <= last for last in latest)

    def _settled(self, booked: Booked) -> Iterator[Finding]:
        """What a payment settles, without the applications that are still on their way."""
        if self.one.settled is None or booked.settled is None:
            return
        less = self.one.settled - booked.settled
        coming = [k for k in self.known.values() if k.is_application and k.is_on_a_list]
        unclear = [k for k in coming if k.reason == reasons.CHANGED_AFTER_POST and e.made_key(k.op_key) == k.op_key]
        begun = [k for k in coming if k.erp_id and k not in unclear]  # the ERP has it, but refused its next step
        pending = sum((k.amount for k in coming if k not in unclear), ZERO)
        if not less or less in (pending, pending - sum((k.amount for k in begun), ZERO)):
            return  # each is reported separately
        self._told |= {k.op_key for k in coming}
        words = f"the source settles {money(self.one.settled)}, the ERP {money(booked.settled)}"
        may_be_there = unclear and less == pending - sum((k.amount for k in unclear), ZERO)  # a lost ledger left these to a person
        yield Finding(f.UN_APPLIED, less, words=words, by=unclear[0].op_key if may_be_there else "", document=booked.erp_id)

    # --- amounts, and what the ledger says --------------------------------------------------------------------------------

    def amount_of(self, booked: Booked) -> Decimal:
        """The amount of a document, with the sign of its source's amount. For a journal it is the sum on the accounts that carry the wanted journal's
        amount, else the debits."""
        if booked.entity != "journal":
            return CREDITS.get((self.one.entity, booked.entity), 1) * booked.amount
        w = next((w for w in self.wanted if w.ref == booked.ref), self.wanted[0] if self.wanted else None)
        expected = _on(w.lines, w.control) if w is not None else ZERO
        if w is None or not expected:
            sign = -1 if w is not None and w.amount < 0 else 1
            return sign * self._way(booked) * sum((amount for _, amount in booked.lines if amount > 0), ZERO)
        return _on(booked.lines, w.control) * (1 if (expected > 0) == (w.amount > 0) else -1)

    def _way(self, booked: Booked) -> int:
        """1, or -1 for a journal that reverses the first one of its object."""
        first = dict(self.documents[0].lines)
        return -1 if sum((first.get(key, ZERO) * amount for key, amount in booked.lines), ZERO) < 0 else 1

    def _sum(self, documents: Sequence[Booked]) -> Decimal:
        return sum((self.amount_of(booked) for booked in documents), ZERO)

    def _has_changed(self, w: Wanted) -> bool:
        """Whether the source changed a value that moves money after the document was posted."""
        entry = self.known.get(w.op_key)
        return entry is not None and entry.is_done and entry.source_hash != self.one.fingerprint

    def _on_list(self, entry: Known, amount: Decimal, difference: Decimal) -> Finding:
        self._told.add(entry.op_key)
        held = f.CLOSED_PERIOD if entry.reason == reasons.PERIOD_CLOSED else f.HELD
        kind = held if entry.state == e.HELD else f.WAITING
        known = reasons.HELD if entry.state == e.HELD else reasons.WAITING
        return Finding(kind, amount, difference, known.get(entry.reason, entry.detail or entry.reason), entry.op_key)

    def _corrected(self, kind: str, amount: Decimal, difference: Decimal, words: str, booked: Booked | None = None) -> Finding:
        """A difference, with the ledger entry that will correct it, if one is on the list."""
        entry = next((k for k in self.known.values() if k.is_on_a_list and not k.is_application), None)
        if entry is not None:
            self._told.add(entry.op_key)
        document = booked.erp_id if booked is not None else self.documents[0].erp_id if self.documents else ""
        return Finding(kind, amount, difference, words, entry.op_key if entry is not None else "", document)

    def _listed(self) -> Iterator[Finding]:
        """Other entries of this object on the list of `open`."""
        for entry in list(self.known.values()):
            if entry.is_on_a_list and entry.op_key not in self._told:
                yield self._on_list(entry, entry.amount, ZERO)


def _on(lines: Lines, accounts: frozenset[str]) -> Decimal:
    return sum((amount for (account, _), amount in lines if account in accounts), ZERO)


def _account(key: tuple[str, tuple[tuple[str, str], ...]]) -> str:
    return "/".join((key[0], *(code for _, code in key[1])))


def _is_in(periods: Sequence[Period], code: str, day: date) -> bool:
    """Whether a day lies in a period. An unknown period code counts as yes."""
    found = [one for one in periods if one.code == code]
    return not found or any(one.first <= day <= one.last for one in found)


def _same_period(periods: Sequence[Period], one: date, other: date) -> bool:
    """Whether two days lie in one period, or if no period is known, in one month."""
    if not periods:
        return (one.year, one.month) == (other.year, other.month)
    return any(period.first <= min(one, other) and max(one, other) <= period.last for period in periods)
