"""What a person agrees to when a connection is applied. Each request is in words and names the option that gives the consent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from console.connections.changes import Change
from console.connections.fitting import Misfit
from console.connections.preview import Preview
from console.output import money


@dataclass(frozen=True)
class Consent:
    """`earlier_cutover`: documents from an earlier first day. `remove_rows`: rows in force that are no longer in any table. `amount`: the
    amount that going live would write, as `plan` showed it. `another_ring`: the credentials in force were encrypted with a ring that is
    lost. `held`: names of what would be held, as `plan` showed them, that may stay held. `unmatched`: masters that nobody has matched may be
    created a second time."""

    earlier_cutover: bool = False
    remove_rows: bool = False
    amount: Decimal | None = None
    another_ring: bool = False
    held: frozenset[str] = frozenset()
    unmatched: bool = False


def rows_asked_for(change: Change, consent: Consent) -> Iterator[Misfit]:
    """Rows in force that would be removed, unless a person agreed."""
    removed = Counter(row.table for row in change.rows_removed)
    if removed and not consent.remove_rows:
        tables = ", ".join(f"{table} {count}" for table, count in sorted(removed.items()))
        yield Misfit(
            ("crosswalk",),
            f"{removed.total()} row(s) in force are no longer in any table and would be removed ({tables}); "
            "put them back, or apply with --remove-rows",
        )


def gate(preview: Preview | None, consent: Consent) -> Iterator[Misfit]:
    """Going live, unless a person named the amount that it would write now."""
    if preview is None:
        return
    yield from _held(preview, consent)
    if not consent.unmatched:
        yield from _twice(preview)
    if consent.amount == preview.amount:
        return
    given = f", not {money(consent.amount)}: look at the plan again" if consent.amount is not None else ""
    yield Misfit(("mode",), f"going live {preview.words()}; apply with --yes {money(preview.amount)}{given}")


def _twice(preview: Preview) -> Iterator[Misfit]:
    """Masters that are there already and would be created again."""
    for masters, words in (
        (
            preview.unmatched,
            "of both sides are not matched: what is there already would be created again; run `ml-connector match`",
        ),
        (
            preview.unread,
            "of the ERP were never read, and `create_missing` would create those that are there already; "
            "wait for the first poll and match them",
        ),
    ):
        if masters:
            which = " and ".join(f"{entity}s" for entity in masters)
            yield Misfit(("mode",), f"the {which} {words}, or apply with --unmatched")


def _held(preview: Preview, consent: Consent) -> Iterator[Misfit]:
    """What would be held from the first minute, each by its name, unless a person accepted that name."""
    for name, bucket in sorted(preview.names.items(), key=lambda one: (-abs(one[1].amount), one[0])):
        if name not in consent.held:
            told = f"{bucket.count} document(s), {money(bucket.amount, ',')} {preview.currency}"
            words = f"going live would hold {told}, for {name}: give it a row or a decision, or apply with --accept-held '{name}'"
            yield Misfit(("mode", name), words)
