"""The ledger as a list: the newest state of each op-key, in groups that a person understands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from confluent_kafka import Message

from console.books.opened import Source, whole_of
from console.books.words import waits_words
from console.output import cents
from console.reading import Cluster, headers_of
from services.sinks import entry as e
from services.sinks.ledger import MARK, Mark, mark_in, mark_of
from systems import registry
from systems.mapped import APPLY, first_half
from topology.headers import header

LEDGERS = [f"ledger.{name}" for name in registry.NAMES]
RESULTS = [f"result.{name}" for name in registry.NAMES]
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
    """The newest ledger record of each op-key whose newest record passes `is_wanted`. Only these are kept in memory while the ledger is
    read."""
    found: dict[bytes, dict[str, Any]] = {}
    for seen in cluster.scan(LEDGERS, cluster.partitions_of(connection), quiet):
        found.pop(seen.key, None)
        if seen.record and connection in ("", seen.record["connection"]) and is_wanted(seen.record):
            found[seen.key] = {**seen.record, "_coordinates": seen.coordinates}
    yield from found.values()


def held_entries(cluster: Cluster, connection: str = "") -> Iterator[dict[str, Any]]:
    """The held entries of the ledger. A record's mark shows its state, so no other record is decoded."""
    for _, message in _resting(cluster, connection, lambda state: state == e.HELD).values():
        yield _entry(cluster, message)


def held_and_tried(cluster: Cluster, connection: str = "") -> Iterator[dict[str, Any]]:
    """The held entries of the ledger, and those that were held last, are tried again, and have not ended yet. Each of these has the result that
    it was held with under `_held`."""
    resting = _resting(cluster, connection, lambda state: state not in e.TERMINAL)
    tried = {key for key, (state, _) in resting.items() if state != e.HELD}
    before = _held_before(cluster, connection, tried)
    for key, (state, message) in resting.items():
        if state == e.HELD or key in before:
            yield _entry(cluster, message) | ({"_held": before[key]} if key in before else {})


def _resting(cluster: Cluster, connection: str, is_wanted: Callable[[str], bool]) -> dict[bytes, tuple[str, Message]]:
    """The newest ledger record of each op-key, not decoded, with its state, if that is wanted."""
    found: dict[bytes, tuple[str, Message]] = {}
    for message in cluster.messages(LEDGERS, cluster.partitions_of(connection)):
        mark, key = mark_read(cluster, message), message.key() or b""
        found.pop(key, None)
        if mark is not None and is_wanted(mark.state) and connection in ("", mark.connection):
            found[key] = mark.state, message
    return found


def _entry(cluster: Cluster, message: Message) -> dict[str, Any]:
    seen = cluster.seen(message)
    return {**seen.record, "_coordinates": seen.coordinates}


def _held_before(cluster: Cluster, connection: str, keys: Collection[bytes]) -> dict[bytes, dict[str, Any]]:
    """The newest result of each of these op-keys that says that the document is held. What waits for the first time has none."""
    last: dict[bytes, Message] = {}
    for message in cluster.messages(RESULTS, cluster.partitions_of(connection)) if keys else ():
        key = message.key() or b""
        if key in keys:
            last[key] = message
    results = {key: cluster.seen(message).record for key, message in last.items()}
    return {key: result for key, result in results.items() if result and result["outcome"] == e.HELD}


def mark_read(cluster: Cluster, message: Message) -> Mark | None:
    """The mark of a ledger record: from its header, else from its content; None if neither can be read."""
    mark = mark_in(header(headers_of(message), MARK).encode())
    if mark is not None:
        return mark
    record = cluster.seen(message).record
    return mark_of(record) if record else None  # type: ignore[arg-type]  # a ledger record


def held_rows(
    entries: Iterable[dict[str, Any]], total_of: Callable[[dict[str, Any]], Decimal | None] = lambda _: None
) -> list[Any]:
    """Held documents as an accountant's list, largest amount first. Those that are tried again (`held_and_tried`) keep the reason that they were held
    for. For a change, the amount is the difference; `total_of` gives the document's present total at the source, or None if that is the amount
    itself."""
    held = [entry for entry in entries if entry["state"] == e.HELD or "_held" in entry]
    carried = {one["op_key"] for one in _carried(held)}
    totals = {entry["op_key"]: total_of(entry) for entry in held}

    def size(entry: dict[str, Any]) -> Decimal:
        amount: Decimal = entry["amount"]
        return max(abs(amount), abs(totals[entry["op_key"]] or amount))

    held.sort(key=lambda entry: (-size(entry), entry["op_key"]))
    return [
        {
            "connection": entry["connection"],
            "document": entry["record"],
            "number": entry["source_number"] or entry["source_id"],
            "amount": cents(entry["amount"]),
            "counted": Decimal("0.00") if entry["op_key"] in carried else cents(entry["amount"]),
            "document_amount": cents(entry["amount"] if (total := totals[entry["op_key"]]) is None else total),
            "currency": entry["currency"],
            "date": entry["posting_date"],
            "reason": entry.get("_held", entry)["reason"],
            "words": entry.get("_held", entry)["detail"],
            "ref": entry["ref"],
            "state": "tried again" if "_held" in entry else "held",
            "waits": waits_words(entry) if "_held" in entry else "",
        }
        for entry in held
    ]


def _carried(held: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The entries whose amount another entry of the list has: applications of a payment or credit that is held itself, and the second of two
    documents of one application."""
    found: dict[Source, set[tuple[str, str]]] = {}
    for one in held:
        found.setdefault(whole_of(one), set()).add((one["action"], one["part"]))
    for one in held:
        others = found[whole_of(one)]
        is_applied = one["action"] == APPLY and any(action != APPLY for action, _ in others)
        first = first_half(one["part"])
        if is_applied or (first and (one["action"], first) in others):
            yield one


def is_named(entry: Mapping[str, Any], text: str) -> bool:
    """Whether a text names this entry: by ref, op-key, ERP id, ERP number, source number or source id."""
    fields = ("ref", "op_key", "erp_id", "erp_number", "source_number", "source_id")
    return bool(text) and text in {entry[field] for field in fields}
