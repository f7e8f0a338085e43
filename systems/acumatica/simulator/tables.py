"""The tenant's records in memory, found by id, by keys and by the fields that clients look up; rebuilt from the store at start."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import islice

from runtime.clock import Clock
from systems.acumatica.simulator.filters import Filter, Probe
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.shapes import KEYS, shape

_LOOKED_UP = (
    "Description",
    "CustomerOrder",
    "VendorRef",
    "PaymentRef",
    "ExternalRef",
    "AccountRef",
    "Customer",
    "CustomerID",
    "Vendor",
)
_PREFIXED = "Description"
_REMEMBERED = 6


class Table:
    """All records of one entity, in order of their creation."""

    def __init__(self, entity: str, clock: Clock) -> None:
        self._clock = clock
        self.shape = shape(entity)
        self.keys = KEYS[entity]
        self._by_id: dict[str, Node] = {}
        self._id_of: dict[tuple[str, ...], str] = {}
        self._indexed = {
            name: dict[str, set[str]]() for name in (*_LOOKED_UP, *self.keys) if name in self.shape.scalars and name != "Type"
        }
        self._custom: dict[str, dict[str, set[str]]] = {}
        self._prefixes: list[tuple[str, str]] = []
        self._order: dict[str, int] = {}
        self._earlier: dict[str, list[tuple[float, Node | None]]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._by_id.values())

    def get(self, record_id: str) -> Node | None:
        """The record with this id."""
        return self._by_id.get(record_id)

    def by_keys(self, *values: str) -> Node | None:
        """The record with these keys, without case."""
        return self._by_id.get(self._id_of.get(tuple(value.casefold() for value in values), ""))

    def key_of(self, node: Node) -> tuple[str, ...]:
        """The keys of a record, folded."""
        return tuple(node.text(name).casefold() for name in self.keys)

    def with_value(self, name: str, value: str) -> list[Node]:
        """The records whose indexed field has this value, without case."""
        return [self._by_id[record_id] for record_id in self._indexed[name].get(value.casefold(), set())]

    def put(self, node: Node) -> None:
        """Insert, or replace the record with the same id."""
        before = self._by_id.get(node.id)
        self._remember(node.id, before)
        if before is not None:
            self._unindex(before)
        self._by_id[node.id] = node
        self._order.setdefault(node.id, len(self._order))
        self._id_of[self.key_of(node)] = node.id
        for index, value in self._entries(node):
            index.setdefault(value, set()).add(node.id)
        if _PREFIXED in self._indexed:
            insort(self._prefixes, (node.text(_PREFIXED).casefold(), node.id))

    def delete(self, node: Node) -> None:
        """Forget the record."""
        self._remember(node.id, node)
        self._unindex(node)
        del self._by_id[node.id]

    def find(self, wanted: Filter | None) -> Iterable[Node]:
        """The records that match, in order of creation."""
        if wanted is None:
            return self._by_id.values()
        ids = self._candidates(wanted)
        nodes = self._by_id.values() if ids is None else (self._by_id[i] for i in sorted(ids, key=self._order.__getitem__))
        return (node for node in nodes if wanted.matches(node))

    def find_stale(self, wanted: Filter | None, seconds: float) -> list[Node]:
        """What a search that lags by `seconds` (real) finds: commits since then are not seen, neither inserts nor changes."""
        horizon = self._clock.monotonic() - seconds
        then = [self._as_of(record_id, horizon) for record_id in self._order]
        return [node for node in then if node is not None and (wanted is None or wanted.matches(node))]

    def _as_of(self, record_id: str, horizon: float) -> Node | None:
        for replaced_at, node in self._earlier.get(record_id, []):
            if replaced_at > horizon:
                return node
        return self._by_id.get(record_id)

    def _remember(self, record_id: str, before: Node | None) -> None:
        versions = self._earlier.setdefault(record_id, [])
        versions.append((self._clock.monotonic(), before))
        del versions[:-_REMEMBERED]

    def _candidates(self, wanted: Filter) -> set[str] | None:
        """The ids that the indexes leave, None where they do not help."""
        found: set[str] = set()
        for probe in wanted.probes:
            ids = self._probed(probe)
            if ids is None:
                return None
            found |= ids
        return found if wanted.probes else None

    def _probed(self, probe: Probe) -> set[str] | None:
        if probe.is_prefix:
            return self._with_prefix(probe.text) if probe.field == _PREFIXED and _PREFIXED in self._indexed else None
        if probe.field.startswith("custom:"):
            return self._custom.get(probe.field, {}).get(probe.text, set()) if probe.text else None
        index = self._indexed.get(probe.field)
        return None if index is None else index.get(probe.text, set())

    def _with_prefix(self, prefix: str) -> set[str]:
        found: set[str] = set()
        for text, record_id in islice(self._prefixes, bisect_left(self._prefixes, (prefix, "")), None):
            if not text.startswith(prefix):
                break
            found.add(record_id)
        return found

    def _entries(self, node: Node) -> Iterator[tuple[dict[str, set[str]], str]]:
        for name, index in self._indexed.items():
            yield index, node.text(name).casefold()
        for name, value in node.custom.items():
            yield self._custom.setdefault(f"custom:{name}", {}), str(value).casefold()

    def _unindex(self, node: Node) -> None:
        self._id_of.pop(self.key_of(node), None)
        for index, value in self._entries(node):
            index[value].discard(node.id)
        if _PREFIXED in self._indexed:
            entry = (node.text(_PREFIXED).casefold(), node.id)
            del self._prefixes[bisect_left(self._prefixes, entry)]


def empty_tables(clock: Clock) -> dict[str, Table]:
    """A table for every entity that the tenant serves."""
    return {entity: Table(entity, clock) for entity in KEYS}
