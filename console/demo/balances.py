"""The open balance of each customer and vendor on both sides after the day, and what explains the difference by name. Pure.

Each side's balance is its own simulator's figure. Only `reconcile` explains differences: a document that is held, waits, is not due, is dated before
the cut-over or is excluded changes the balance of its party by its difference between source and ERP. The rest is "different". Parties that belong
together are compared together: those that a link joins, and those that the source merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from console.books.ledgers import Bucket
from console.output import money
from console.reconcile.findings import Judged
from systems.demo import TOGETHER, Balances
from systems.flow import Flow

ZERO = Decimal("0.00")
CUSTOMERS, VENDORS = "customers", "vendors"
_ENTITY = {CUSTOMERS: "customer", VENDORS: "vendor"}
_SIGNS: Mapping[str, tuple[str, int]] = {
    "invoice": (CUSTOMERS, 1),
    "payment": (CUSTOMERS, -1),
    "credit_memo": (CUSTOMERS, -1),
    "bill": (VENDORS, 1),
    "vendor_credit": (VENDORS, -1),
    "ap_payment": (VENDORS, -1),
}
"""For each kind of source document: whose balance its amount changes, and in which direction."""

_Member = tuple[bool, str]
"""Whether it is a party of the source, and its id."""


class Pairs(NamedTuple):
    """Which parties belong together: `links` from the source's id to the ERP's, `merged` from the lost party of the source to its survivor."""

    links: Mapping[str, str]
    merged: Mapping[str, str]


@dataclass
class Balance:
    """Parties that are compared together: the balance on each side, and what explains the difference, by class of `reconcile`."""

    ids: tuple[str, ...]
    source: Decimal = ZERO
    erp: Decimal = ZERO
    explained: dict[str, Bucket] = field(default_factory=dict)
    name: str = ""

    @property
    def different(self) -> Decimal:
        """What no class of `reconcile` explains; 0 = equal."""
        return self.source - self.erp - sum((one.amount for one in self.explained.values()), ZERO)

    def __str__(self) -> str:
        named = ", ".join(f"{kind} {one.count} / {money(one.amount)}" for kind, one in sorted(self.explained.items()))
        who = f"{self.name} ({', '.join(self.ids[:4])})".strip()
        return f"{who}: {money(self.source)} at the source, {money(self.erp)} in the ERP, explained: {named or 'nothing'}"


@dataclass(frozen=True)
class Compared:
    """The balances of one connection by kind of party, of the kinds that its ERP keeps."""

    connection: str
    of: Mapping[str, Sequence[Balance]]

    @property
    def is_equal(self) -> bool:
        """Whether no balance differs by more than is explained by name. If the ERP keeps customers' balances, some must have been compared."""
        return not self.notes and bool(self.of.get(CUSTOMERS, ["none kept"]))

    @property
    def notes(self) -> list[str]:
        """Each balance that differs, for people."""
        return [
            f"{self.connection} balance of {_ENTITY[kind]} {one}; {money(one.different)} is left"
            for kind, found in self.of.items()
            for one in found
            if one.different
        ]


def costs_of(flows: Iterable[Flow]) -> frozenset[str]:
    """The flows that bring the cost of sales to vendors. What they exclude or hold explains no customer's balance."""
    return frozenset(flow.id for flow in flows if (flow.entity, flow.purpose) == ("invoice", "payable"))


def compared(connection: str, sides: tuple[Balances, Balances], pairs: Mapping[str, Pairs], judged: Iterable[Judged]) -> Compared:
    """Both sides' balances of one connection. `pairs` by entity, customer and vendor. `judged` excludes the flows of `costs_of`."""
    found = list(_once(judged))
    made = {}
    for kind, entity in _ENTITY.items():
        ours, theirs = (getattr(side, kind) for side in sides)
        if theirs is None:
            continue
        own = [one for one in found if _SIGNS[one.entity][0] == kind]
        made[kind] = _balances((ours or {}, theirs), pairs.get(entity, Pairs({}, {})), own)
    return Compared(connection, made)


def _once(judged: Iterable[Judged]) -> Iterator[Judged]:
    """Each source document that changes a balance, once, even if several flows take it. Documents that only the ERP has explain nothing."""
    seen: set[tuple[str, str]] = set()
    for one in judged:
        place = (one.entity, one.source_id)
        if one.source is not None and one.entity in _SIGNS and place not in seen:
            seen.add(place)
            yield one


def _balances(
    sides: tuple[Mapping[str, Decimal], Mapping[str, Decimal]], pairs: Pairs, documents: Sequence[Judged]
) -> list[Balance]:
    ours, theirs = sides
    parties = {*ours, *(one.party for one in documents)}
    group_of = _groups(parties, set(theirs), pairs)
    members: dict[_Member, list[_Member]] = {}
    for member in sorted(group_of):
        members.setdefault(group_of[member], []).append(member)
    made = {root: Balance(tuple(party for _, party in found)) for root, found in members.items()}
    for is_ours, side in ((True, ours), (False, theirs)):
        for party, amount in side.items():
            one = made[group_of[(is_ours, party)]]
            one.source, one.erp = (one.source + amount, one.erp) if is_ours else (one.source, one.erp + amount)
    for document in documents:
        _explain(made[group_of[(True, document.party)]], document)
    return [one for one in made.values() if _is_told(one, ours, theirs)]


def _is_told(one: Balance, ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> bool:
    """Whether either side has a balance of these parties, or something explains one."""
    return bool(one.explained) or any(party in ours or party in theirs for party in one.ids)


def _explain(one: Balance, document: Judged) -> None:
    sign = _SIGNS[document.entity][1]
    one.name = one.name or document.party_name
    for finding in document.findings:
        if finding.is_explained and finding.difference:
            one.explained.setdefault(finding.kind, Bucket()).add(sign * finding.difference)


def _groups(ours: set[str], theirs: set[str], pairs: Pairs) -> dict[_Member, _Member]:
    """The group of each party, named by one of its members."""
    parent: dict[_Member, _Member] = {(True, one): (True, one) for one in ours} | {(False, one): (False, one) for one in theirs}

    def root(member: _Member) -> _Member:
        parent.setdefault(member, member)
        while parent[member] != member:
            member = parent[member]
        return member

    joined = [((True, one), (False, other)) for one, other in pairs.links.items() if other]
    joined += [((True, one), (True, into)) for one, into in pairs.merged.items() if into]
    joined += [((True, one), (False, TOGETHER)) for one in ours] if TOGETHER in theirs else []
    for one, other in joined:
        parent[root(one)] = root(other)
    return {member: root(member) for member in list(parent)}


def as_json(found: Sequence[Compared]) -> dict[str, Any]:
    """`{"customers": {"compared", "different"}, "vendors": {...}}` over every connection."""
    return {
        kind: {
            "compared": sum(len(one.of.get(kind, ())) for one in found),
            "different": sum(1 for one in found for balance in one.of.get(kind, ()) if balance.different),
        }
        for kind in _ENTITY
    }


def are_equal(found: Sequence[Compared]) -> bool:
    """Whether the balances of every connection are equal. If nothing was compared, they are not."""
    return bool(found) and all(one.is_equal for one in found)


def sentences(one: Compared) -> Iterator[str]:
    """The balances of a connection for people: how many, and what explains those that differ."""
    for kind, found in one.of.items():
        source, erp = (sum((getattr(balance, side) for balance in found), ZERO) for side in ("source", "erp"))
        classes: dict[str, Bucket] = {}
        for balance in found:
            for name, bucket in balance.explained.items():
                total = classes.setdefault(name, Bucket())
                total.count += bucket.count
                total.amount += bucket.amount
        named = " + ".join(f"{name.replace('_', ' ')} {b.count} / {money(b.amount, ',')}" for name, b in sorted(classes.items()))
        differing = sum(1 for balance in found if balance.different)
        told = f"{len(found)} compared, {differing} different; source {money(source, ',')} = ERP {money(erp, ',')}"
        yield f"{one.connection}: open balances of {kind}: {told}{f' + {named}' if named else ''}"
