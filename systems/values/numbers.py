"""Numbers of other systems as our records keep them if no posting depends on them. Pure.

What is posted has to be exact. The functions of each system read it, and refuse what does not fit. A quantity, a unit price or a balance with
more places than a record has must not hold up its document. It is rounded, or left out if it is not a number, and a note for `audit` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from runtime.errors import Malformed

_DIGITS = re.compile(r"[0-9]{1,18}")
_PLAIN = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Scale:
    """What a record keeps of a number: its smallest unit, and the bound below which it stays."""

    unit: Decimal
    bound: Decimal


MONEY = Scale(Decimal("0.0001"), Decimal(10) ** 15)
QUANTITY = Scale(Decimal("0.000001"), Decimal(10) ** 13)


def number(value: Any) -> Decimal | None:
    """A JSON number, or a text of plain digits, with all of its places; None for anything else."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _PLAIN.fullmatch(value) else None


def cents_of(system: str, amount: Decimal) -> Decimal:
    """An amount that is written to a system, with two places. Raises `Malformed` if it has more."""
    exact = amount.quantize(_CENT)
    if exact != amount:
        raise Malformed(f"{system}: {amount} has more than two decimals")
    return exact


def by_running_sum(exact: Iterable[Decimal]) -> list[Decimal]:
    """Amounts in cents whose running sum is that of the exact amounts, rounded half up. Each is within a cent of its exact amount, and their sum is
    the rounded sum. If each amount were rounded alone, the sum could drift."""
    found: list[Decimal] = []
    with localcontext(prec=200):
        whole = before = Decimal(0)
        for one in exact:
            whole += one
            now = whole.quantize(_CENT, ROUND_HALF_UP)
            found.append(now - before)
            before = now
    return found


def near(value: Any, scale: Scale, name: str, notes: list[str]) -> Decimal | None:
    """The number with the places that a record keeps, rounded half up; None if it is null or cannot be kept.

    Rounding the result to cents gives the same as rounding the original to cents. `notes` gets a sentence if the number is not kept as it came.
    """
    if value is None:
        return None
    found = number(value)
    if found is None or not -scale.bound < found < scale.bound:
        notes.append(f"{name} {str(value)[:40]!r} left out")
        return None
    made = found.quantize(scale.unit, ROUND_HALF_UP)
    if made == found:
        return made
    if made.quantize(_CENT, ROUND_HALF_UP) != found.quantize(_CENT, ROUND_HALF_UP):
        made = found.quantize(scale.unit, ROUND_DOWN)
    notes.append(f"{name} {str(found)[:40]} rounded to {made}")
    return made


def whole(text: str) -> int | None:
    """The number that a text of up to 18 plain digits stands for; None for any other text. No longer count or id is read."""
    return int(text) if _DIGITS.fullmatch(text) else None
