"""The result of a comparison for a person and for programs: counts and amounts by kind, then the documents that differ between the sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from console.books.ledgers import Bucket
from console.books.words import record_name
from console.compare.pairs import BOTH, DIFFERENT, ERP_ONLY, KINDS, SOURCE_ONLY, Pair
from console.compare.received import AWAITED, LATE, MISSING, STATES, Received
from console.output import fitted, money, paragraph

WORDS = {BOTH: "on both sides", DIFFERENT: "different amounts", SOURCE_ONLY: "field service only", ERP_ONLY: "ERP only"}
_CENT = Decimal("0.01")


def sums(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """A row for each kind and currency: count and amount of each result, and the source's total less the ERP's."""
    found: dict[tuple[str, str], dict[str, Bucket]] = {}
    more: dict[tuple[str, str], Decimal] = {}
    for pair in pairs:
        place = pair.shown.kind, pair.shown.currency
        found.setdefault(place, {name: Bucket() for name in KINDS})[pair.found].add(pair.shown.amount)
        more[place] = more.get(place, Decimal(0)) + pair.difference
    return [
        {
            "kind": kind,
            "currency": currency,
            **{name: bucket.as_json() for name, bucket in found[(kind, currency)].items()},
            "difference": more[(kind, currency)].quantize(_CENT),
        }
        for kind, currency in sorted(found)
    ]


def documents(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """Each document that is not on both sides with one amount, largest difference first."""
    apart = sorted((one for one in pairs if one.found != BOTH), key=lambda one: (-abs(one.difference), one.shown.id))
    return [
        {
            "found": one.found,
            "kind": one.shown.kind,
            "number": one.shown.number,
            "party": one.shown.party_name,
            "date": one.shown.day,
            "source": one.source.id if one.source is not None else "",
            "erp": one.erp.id if one.erp is not None else "",
            "source_amount": one.source.amount.quantize(_CENT) if one.source is not None else None,
            "erp_amount": one.erp.amount.quantize(_CENT) if one.erp is not None else None,
            "currency": one.shown.currency,
        }
        for one in apart
    ]


def lines_of_pairs(pairs: Sequence[Pair], ours: Mapping[str, Bucket], listed: int) -> Iterator[str]:
    """The lines for a person."""
    for row in sums(pairs):
        yield f"{record_name(row['kind'])}, {row['currency']}"
        for name in KINDS:
            if row[name]["count"]:
                yield f"  {WORDS[name]:<20} {row[name]['count']:>7} {money(Decimal(row[name]['amount']), ','):>16}"
        yield f"  {'difference':<20} {'':>7} {money(row['difference'], ','):>16}"
    if not pairs:
        yield "nothing to compare"
    apart = documents(pairs)
    for one in apart[:listed]:
        amounts = " and ".join(money(amount, ",") for amount in (one["source_amount"], one["erp_amount"]) if amount is not None)
        head = f"{WORDS[one['found']]}: {record_name(one['kind'])} {one['number'] or one['source'] or one['erp']}, {one['date'] or 'no date'}"
        yield from paragraph(f"{head}, {one['party']}: {amounts} {one['currency']}", 2)
    if len(apart) > listed:
        yield f"  and {len(apart) - listed} more: --documents, or --output json"
    for kind, bucket in sorted(ours.items()):
        yield f"not compared: {bucket.count} of ours ({record_name(kind)}, {money(bucket.amount, ',')}): `ml-connector reconcile` does"


def counts(found: Iterable[Received]) -> list[dict[str, Any]]:
    """How many receipts, and their amount, by the state of their bills."""
    made = {state: Bucket() for state in STATES}
    for one in found:
        made[one.state].add(one.receipt["total"])
    return [{"state": state, **bucket.as_json()} for state, bucket in made.items()]


def lines_of_bills(rows: Sequence[Mapping[str, Any]], by_state: Iterable[Mapping[str, Any]], *, is_whole: bool) -> Iterator[str]:
    """The lines for a person: sums by state, then each bill that is late, awaited, missing, or whose amount differs from the received goods."""
    yield "bills of what was received"
    for one in by_state:
        yield f"  {one['state']:<20} {one['count']:>7} {money(Decimal(one['amount']), ','):>16}"
    for row in rows:
        if not (is_whole or row["state"] in (LATE, AWAITED, MISSING) or row["difference"]):
            continue
        differs = f"; the bill is {money(row['difference'], ',')} more" if row["difference"] else ""
        days = f"after {row['days']} days" if row["bill"] else f"for {row['days']} days"
        head = fitted(f"{row['state']} {days}: order {row['order']}, receipt {row['receipt']}", 70).rstrip()
        bill = f", bill {row['bill']}" if row["bill"] else ""
        yield from paragraph(f"{head}{bill}, {row['vendor']}: {money(row['amount'], ',')} {row['currency']}{differs}", 2)
