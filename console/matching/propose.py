"""Proposals: for each of our masters its best partners in the ERP, and what may be accepted in bulk. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from console.matching.score import LIKELY, Master, Score, digits, folded, folded_address, score, short_zip, unmarked
from systems.values.codes import visible


@dataclass(frozen=True)
class Proposal:
    """One of our masters and its best partner. `verdict`: exact, likely, ambiguous (more than one is as good) or none.

    `decision` is what a person (or the bulk rule) decided: accept, reject, create, or "" for not yet.
    """

    entity: str
    source: Master
    target: Master | None
    score: Score | None
    verdict: str
    decision: str = ""
    others: int = 0


def proposals(entity: str, ours: Sequence[Master], theirs: Sequence[Master], linked: Mapping[str, str]) -> list[Proposal]:
    """A proposal for each of our masters that has no link yet."""
    open_theirs = [master for master in theirs if master.id not in set(linked.values())]
    index = _Index(open_theirs)
    made = [_proposal(entity, master, index) for master in ours if master.id not in linked]
    return list(_one_to_one(made))


def _proposal(entity: str, ours: Master, index: _Index) -> Proposal:
    scored = sorted(
        ((score(ours, theirs), theirs) for theirs in index.near(ours)),
        key=lambda pair: (pair[0].exact, pair[0].value, pair[0].name, pair[1].id),
        reverse=True,
    )
    good = [(s, theirs) for s, theirs in scored if s.exact or s.value >= LIKELY]
    if not good:
        return Proposal(entity, ours, None, None, "none")
    best, partner = good[0]
    exacts = [pair for pair in good if pair[0].exact]
    close = [pair for pair in good if pair[0].value >= best.value - 0.05]
    if best.exact and len(exacts) == 1 and len(close) == 1:
        return Proposal(entity, ours, partner, best, "exact", others=len(good) - 1)
    return Proposal(entity, ours, partner, best, "ambiguous" if len(close) > 1 else "likely", others=len(good) - 1)


def _one_to_one(made: Iterable[Proposal]) -> Iterator[Proposal]:
    """A partner that two of our masters claim is not exact for either."""
    held = list(made)
    claims: dict[str, int] = defaultdict(int)
    for proposal in held:
        if proposal.target is not None:
            claims[proposal.target.id] += 1
    for p in held:
        shared = p.target is not None and claims[p.target.id] > 1 and p.verdict == "exact"
        yield Proposal(p.entity, p.source, p.target, p.score, "ambiguous", p.decision, p.others) if shared else p


class _Index:
    """Candidates by blocking keys: two masters are compared only if they share a word, the phone or the address."""

    def __init__(self, masters: Iterable[Master]) -> None:
        self._by: dict[str, list[Master]] = defaultdict(list)
        for master in masters:
            for key in _keys(master):
                self._by[key].append(master)

    def near(self, ours: Master) -> list[Master]:
        """Every master that shares a blocking key."""
        found = {m.id: m for key in _keys(ours) for m in self._by.get(key, ())}
        return list(found.values())


def _keys(master: Master) -> Iterator[str]:
    for word in unmarked(folded(master.name)).split():
        if len(word) > 2 or not word.isascii():
            yield f"w:{word[:5]}"
    if digits(master.phone):
        yield f"p:{digits(master.phone)}"
    if master.email:
        yield f"e:{visible(master.email).casefold()}"
    if street := folded_address(master.street):
        yield f"a:{street}:{short_zip(master.zip)}"
    for code in map(visible, (master.external_ref, master.code, master.id)):
        if code:
            yield f"c:{code}"
