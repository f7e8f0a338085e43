"""The ledger as a list: the newest state of each op-key, in groups that a person understands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.reading import Cluster
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
    names = [f"ledger.{name}" for name in registry.NAMES]
    for seen in cluster.newest(names, quiet=quiet).values():
        if seen.record and connection in ("", seen.record["connection"]):
            yield {**seen.record, "_coordinates": seen.coordinates}


def held_rows(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Held documents as an accountant's list, largest amount first."""
    held = [entry for entry in entries if entry["state"] == "HELD"]
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


def by_state(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Counts and amounts by connection, document, state and reason."""
    found: dict[tuple[str, ...], Bucket] = defaultdict(Bucket)
    for entry in entries:
        shown = entry["reason"] if entry["state"] in ("HELD", "WAITING", "REJECTED") else ""
        found[(entry["connection"], entry["record"], entry["state"], shown, entry["currency"])].add(entry["amount"])
    return [
        {
            "connection": c,
            "document": record,
            "state": state,
            "reason": reason,
            "count": b.count,
            "amount": b.amount,
            "currency": cur,
        }
        for (c, record, state, reason, cur), b in sorted(found.items())
    ]


def find_entry(entries: Iterable[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Entries that a text names: ref, op-key, ERP id, ERP number, source number or source id."""
    fields = ("ref", "op_key", "erp_id", "erp_number", "source_number", "source_id")
    return [entry for entry in entries if text and text in {entry[field] for field in fields}]
