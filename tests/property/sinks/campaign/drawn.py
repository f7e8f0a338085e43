"""What a schedule meets, drawn before it begins. Most are small - a document or three of one connection, one to three kinds of trouble - for
nearly every fault shows in a small one, and many of these cost as much as one that is large; the others meet a little of everything."""

from __future__ import annotations

import random
from collections.abc import Iterable

LARGE = 0.1
"""The share of schedules that are large."""
FAULTLESS = 0.08
"""The share of schedules in which nothing goes wrong."""
LOSS = 0.03
"""The share of schedules whose ledger may be lost while everything is under way."""
RATES = {
    "process": 0.6, "send": 0.25, "takeover": 0.2, "edge": 0.04, "silent": 0.5, "no": 0.2, "reject": 0.15, "raises": 0.1,
    "find_fails": 0.15, "reserve_fails": 0.1, "waits": 0.1, "slow": 0.05, "down": 0.05, "commit": 0.2, "open_session": 0.05,
    "close_session": 0.05, "slow commits": 0.1, "settings": 0.12, "credentials": 0.08, "pause": 0.1, "decide": 0.15, "type": 0.06,
    "touch": 0.06, "match": 0.04, "mode": 0.04, "window": 0.03, "junk": 0.05, "backlog": 0.03, "ceiling": 0.1, "late": 0.1,
}  # fmt: skip
"""How many of the large schedules meet each kind of trouble; small ones draw theirs by these weights."""
EMPHASISED = 0.9
"""How many schedules meet what is emphasised."""
_NEEDS = {"kill": "process", "suspend": "process"}
"""What is emphasised of a kind of trouble, and the kind."""
_NAMES, _WEIGHTS = list(RATES), list(RATES.values())
_COUNTS = (1, 1, 2, 2, 3, 3)


def meets(draw: random.Random, large: bool, emphasis: Iterable[str]) -> frozenset[str]:
    """The kinds of trouble of one schedule."""
    wanted = [name for name in sorted({_NEEDS.get(name, name) for name in emphasis} & RATES.keys()) if draw.random() < EMPHASISED]
    if "faults" not in emphasis and draw.random() < FAULTLESS:
        return frozenset(wanted)
    if large:
        return frozenset([*wanted, *(name for name, rate in RATES.items() if draw.random() < rate)])
    return frozenset([*wanted, *draw.choices(_NAMES, _WEIGHTS, k=draw.choice(_COUNTS))])
