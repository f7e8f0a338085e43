"""Goods of orders that were received or returned: what they are worth, and the charges on their document. Pure (accounting.md 11, 24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.records import GoodsLine
from systems.mapped import Draft, NoCommand
from systems.postings.document import Hold, Mapped, Target
from systems.postings.ends import reversal
from systems.postings.lines import ZERO, rounded, split


def moved(record: Mapping[str, Any]) -> list[GoodsLine]:
    """The lines with a quantity that moved."""
    return [one for one in record["lines"] if one["quantity"]]


def worths(record: Mapping[str, Any], lines: Sequence[GoodsLine]) -> list[Decimal]:
    """What each of the lines that moved is worth. If none of them tells a cost, they share its total without tax and charges by quantity."""
    if not lines or any(one["amount"] for one in lines):
        return [rounded(one["amount"]) for one in lines]
    goods = rounded(record["total"] - record["tax"] - record["shipping"] - record["other"])
    return split(goods, [abs(one["quantity"]) for one in lines])


def worth(record: Mapping[str, Any], lines: Sequence[GoodsLine]) -> Decimal:
    """What the goods of a document are worth."""
    return sum(worths(record, lines), ZERO)


def backwards(kind: str, lines: Sequence[GoodsLine], product: str) -> Hold | None:
    """The hold of a receipt or return with a line of less than nothing, which an ERP refuses while it may take the other lines."""
    wrong = next((one for one in lines if one["quantity"] < 0), None)
    if wrong is None:
        return None
    words = f"line {wrong['line_id']} of the {kind} has the quantity {wrong['quantity'].normalize():f}"
    return Hold("negative_quantity", f"{words}: correct it at the source, or enter the {kind} in {product}, then skip this")


def note_unknown(made: Mapped[Any], amount: Decimal, hold: Hold | None) -> None:
    """Say in the words of a hold of 0.00 that the source does not tell what the goods cost."""
    if not amount and (hold is not None or made.unresolved):
        made.missing("cost", "of the goods (the source tells none, so that the amount is not known)")


def beside(record: Mapping[str, Any], goods: Decimal, target: Target, currency: str = "") -> list[NoCommand]:
    """The charges of a document of goods, counted only: tax and freight are not goods, and the vendor bills them."""
    rest = record["total"] - goods
    why = "tax and freight are billed by the vendor"
    return [NoCommand("excluded", why, target.flow, rest, currency or record["currency"])] if rest else []


def taken_back(record: Mapping[str, Any], target: Target, zone: str, *, by_line: bool = False) -> list[Draft | NoCommand]:
    """What a cancelled document of goods becomes: a reversal of what it moved, and with `by_line` one part for each line. If none of its lines says
    what it moved, its total is reversed."""
    lines = moved(record)
    if not lines:
        return [replace(reversal(record, target, zone), parted=by_line)]
    parts: dict[str, Decimal] = {}
    for one, amount in zip(lines, worths(record, lines), strict=True):
        part = one["line_id"] if by_line else ""
        parts[part] = parts.get(part, ZERO) + amount
    back = [replace(reversal(record, target, zone, part, amount), parted=by_line) for part, amount in parts.items()]
    return [*back, *beside(record, worth(record, lines), target)]
