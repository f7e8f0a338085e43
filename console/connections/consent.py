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
    lost."""

    earlier_cutover: bool = False
    remove_rows: bool = False
    amount: Decimal | None = None
    another_ring: bool = False


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
    if preview is None or consent.amount == preview.amount:
        return
    given = f", not {money(consent.amount)}: look at the plan again" if consent.amount is not None else ""
    yield Misfit(("mode",), f"going live {preview.words()}; apply with --yes {money(preview.amount)}{given}")
