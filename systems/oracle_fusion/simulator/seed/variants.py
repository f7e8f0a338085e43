"""Parties similar to those of another simulator with the same seed, so that a first match has exact, likely and false pairs.

Of each hundred: 60 exact, 14 abbreviated, 10 misspelt, 8 without phone, 8 that only this side knows.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TypeVar

from runtime.simulator.people import Company, Person, abbreviated, drawn, misspelt

_KINDS = {"exact": 60, "abbreviated": 14, "misspelt": 10, "no_phone": 8, "only_here": 8}
ELSEWHERE = 104729
"""Offset of the seed whose parties no other system knows."""
P = TypeVar("P", Person, Company)


def variants(name: str, known: list[P], strangers: list[P]) -> list[tuple[str, P]]:
    """For each party that the other side knows, its kind of variant and the variant. A longer list begins with the same variants as a shorter one."""
    draw = random.Random(name)
    return [_variant(draw, party, stranger) for party, stranger in zip(known, strangers, strict=True)]


def _variant(draw: random.Random, party: P, stranger: P) -> tuple[str, P]:
    kind = drawn(draw, _KINDS)
    if kind == "abbreviated":
        return kind, abbreviated(party)
    if kind == "misspelt":
        return kind, misspelt(draw, party)
    if kind == "no_phone":
        return kind, replace(party, phone="")
    return kind, stranger if kind == "only_here" else party
