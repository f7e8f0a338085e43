"""The ledger as a list: the newest state of each op-key, in groups that a person understands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.reading import Cluster
from services.sinks import entry as e
from systems import registry

DONE = ("POSTED", "ADOPTED", "UNCHANGED")


@dataclass
class Bucket:
    """How many documents, and how much money."""

    count: int = 0
    amount: Decimal = Decimal("0.00")

    def add(self, amount: Decimal | None) -> None:
        """One more."""
        self.count += 1
        self.amount += amount or Decimal(0)

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        return {"count": self.count, "amount": f"{self.amount.quantize(Decimal('0.01')):f}"}


def ledger_entries(cluster: Cluster, connection: str = "", quiet: bool = False) -> Iterator[dict[str, Any]]:
    """The newest ledger record of each op-key, of one connection or of all."""
    return newest_entries(cluster, lambda _: True, connection, quiet)


def newest_entries(
    cluster: Cluster, is_wanted: Callable[[Mapping[str, Any]], bool], connection: str = "", quiet: bool = False
) -> Iterator[dict[str, Any]]:
    """The newest ledger record of each op-key whose newest record is wanted; only these are kept in memory while it is read."""
    found: dict[bytes, dict[str, Any]] = {}
    names = [f"ledger.{name}" for name in registry.NAMES]
    for seen in cluster.scan(names, cluster.partitions_of(connection), quiet):
        found.pop(seen.key, None)
        if seen.record and connection in ("", seen.record["connection"]) and is_wanted(seen.record):
            found[seen.key] = {**seen.record, "_coordinates": seen.coordinates}
    yield from found.values()


def is_held(entry: Mapping[str, Any]) -> bool:
    """Whether it waits for a person."""
    return bool(entry["state"] == e.HELD)


def held_rows(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Held documents as an accountant's list, largest amount first."""
    held = [entry for entry in entries if is_held(entry)]
    held.sort(key=lambda entry: (-abs(entry["amount"]), entry["op_key"]))
    return [
        {
            "connection": entry["connection"],
            "document": entry["record"],
            "number": entry["source_number"] or entry["source_id"],
            "amount": entry["amount"],
            "currency": entry["currency"],
            "date": entry["posting_date"],
            "reason": entry["reason"],
            "words": entry["detail"],
            "ref": entry["ref"],
        }
        for entry in held
    ]


def is_named(entry: Mapping[str, Any], text: str) -> bool:
    """Whether a text names this entry: by ref, op-key, ERP id, ERP number, source number or source id."""
    fields = ("ref", "op_key", "erp_id", "erp_number", "source_number", "source_id")
    return bool(text) and text in {entry[field] for field in fields}
