"""The tenant's records in memory, found by id, by keys and by the fields that clients look up; rebuilt from the store at start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runtime.clock import Clock
from runtime.simulator.conditions import Probe
from runtime.simulator.table import Table as Rows
from systems.acumatica.simulator.filters import Filter
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
_KEY = "key"


class Table:
    """All records of one entity, in order of their creation; texts are compared without case."""

    def __init__(self, entity: str, clock: Clock) -> None:
        self.shape = shape(entity)
        self.keys = KEYS[entity]
        self._indexed = {name for name in (*_LOOKED_UP, *self.keys) if name in self.shape.scalars and name != "Type"}
        self._rows: Rows[str, Node] = Rows(self._found_by, clock.monotonic)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._rows)

    def get(self, record_id: str) -> Node | None:
        """The record with this id."""
        return self._rows.get(record_id)

    def by_keys(self, *values: str) -> Node | None:
        """The record with these keys."""
        return next(iter(self._rows.rows_with(_KEY, "\n".join(values).casefold())), None)

    def key_of(self, node: Node) -> tuple[str, ...]:
        """The keys of a record, folded."""
        return tuple(node.text(name).casefold() for name in self.keys)

    def with_value(self, name: str, value: str) -> list[Node]:
        """The records whose indexed field has this value."""
        return self._rows.rows_with(name, value.casefold())

    def put(self, node: Node) -> None:
        """Insert, or replace the record with the same id."""
        self._rows.put(node.id, node)

    def delete(self, node: Node) -> None:
        """Forget the record."""
        self._rows.delete(node.id)

    def find(self, wanted: Filter | None) -> Iterable[Node]:
        """The records that match, in order of creation."""
        if wanted is None:
            return iter(self)
        ids = self._candidates(wanted)
        nodes = iter(self) if ids is None else self._rows.in_order(ids)
        return (node for node in nodes if wanted.matches(node))

    def find_stale(self, wanted: Filter | None, seconds: float) -> list[Node]:
        """What a search with a lag of `seconds` (real) finds: inserts and changes committed since then are not seen."""
        return [node for node in self._rows.as_of(seconds) if wanted is None or wanted.matches(node)]

    def _candidates(self, wanted: Filter) -> set[str] | None:
        """The ids that the indexes leave; None if they do not help."""
        if not wanted.probes or not all(self._helps(probe) for probe in wanted.probes):
            return None
        return {key for probe in wanted.probes for key in self._rows.keys_with(probe.field, probe.text, is_prefix=probe.is_prefix)}

    def _helps(self, probe: Probe) -> bool:
        if probe.is_prefix:
            return probe.field == _PREFIXED and _PREFIXED in self._indexed
        return bool(probe.text) if probe.field.startswith("custom:") else probe.field in self._indexed

    def _found_by(self, node: Node) -> Iterator[tuple[str, str]]:
        yield _KEY, "\n".join(self.key_of(node))
        for name in self._indexed:
            yield name, node.text(name).casefold()
        for name, value in node.custom.items():
            yield f"custom:{name}", str(value).casefold()


def empty_tables(clock: Clock) -> dict[str, Table]:
    """A table for every entity that the tenant serves."""
    return {entity: Table(entity, clock) for entity in KEYS}
