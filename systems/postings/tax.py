"""Sales tax of an invoice (accounting.md 15): the source's tax on the liability accounts of its zone, or computed by the ERP. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from schemas.records import PostingLine
from systems.postings.document import EMPTY, Hold, Mapped, Row, wanted
from systems.postings.lines import ONE, ZERO, Place, broken_cents, line, rounded, split
from systems.values.codes import code
from systems.values.numbers import number


def zone_keys(record: Mapping[str, Any]) -> tuple[str, str]:
    """The keys by which the row of a document's tax zone is looked up."""
    return record["tax_zone_id"], record["tax_code"]


def tax_hold(record: Mapping[str, Any], made: Mapped[Any], *, computes: bool) -> Hold | None:
    """Why the tax of an invoice cannot be booked under the connection's tax mode. `computes`: the ERP can compute tax for this document, which it
    cannot for a journal."""
    mode = made.plan.tax_mode
    if mode == "erp" and not computes:
        return Hold("tax_mode_erp", "a journal computes no tax: choose tax_mode source, or none where nothing is taxed")
    if mode == "erp" and (hold := broken_cents("tax", record["tax"])):
        return hold
    if mode == "none" and record["tax"]:
        choices = "source or erp" if computes else "source"
        return Hold("tax_mode_none", f"the invoice carries tax {record['tax']} and tax_mode is none: choose tax_mode {choices}")
    return None


def tax_lines(
    record: Mapping[str, Any],
    made: Mapped[Any],
    instead: Callable[[str], Row | None],
    place: Callable[[Row | None, str], Place],
) -> list[PostingLine]:
    """The source's tax as lines on the liability accounts of its zone, divided among the rows of the zone's parts.

    `instead` returns the row to use if the zone has none. `place` returns where a row is booked; it gets the row, and the zone's name for notes.
    """
    tax = record["tax"]
    if tax == 0 or made.plan.tax_mode != "source":
        return []
    keys = zone_keys(record)
    rows: list[Row | None] = [*zone_rows(made, keys)] or [instead(wanted(keys))]
    shares = shares_of([row or EMPTY for row in rows], made)
    text = f"Sales tax {record['tax_code']}".strip()
    return [line(place(row, wanted(keys)), "tax", part, text) for row, part in zip(rows, split(rounded(tax), shares), strict=True)]


def zone_rows(made: Mapped[Any], keys: Sequence[str]) -> list[Row]:
    """The rows that share a tax zone, by the first key that has any: its parts (column `part`), or its only row if it has no parts.

    If a key has parts and also a row without a part, that row is one of them only if it has a share. A row with an account but no share contradicts
    the parts: this is noted, and the document is held.
    """
    for key in filter(code, keys):
        single = made.row("tax_zone", (key,))
        parts = [*made.plan.crosswalk.parts("tax_zone", key, made.on)]
        if not parts and single is not None:
            return [single]
        if parts and single is not None and single.get("share"):
            return [single, *parts]
        if parts and single is not None and single.get("account"):
            made.missing(
                "tax_zone", f"{key} (it has an account of its own beside its parts: remove it, or give it a part and a share)"
            )
        if parts:
            return parts
    return []


def shares_of(rows: Sequence[Row], made: Mapped[Any]) -> list[Decimal]:
    """The shares of a zone's rows, 1 each if none of them has one. If a share is negative or not a number, if only some rows have one, or if their
    sum is zero, that is noted and all rows count alike."""
    written = [row.get("share", "") for row in rows]
    shares = [number(text or "1") for text in written]
    told = [one for one in shares if one is not None and one >= 0]
    if len(told) == len(rows) and sum(told, ZERO) > 0 and (all(written) or not any(written)):
        return told
    made.missing("tax_zone.share", ", ".join(text or "(empty)" for text in written))
    return [ONE] * len(rows)
