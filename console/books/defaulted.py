"""What was posted to a default because a value had no row: the documents, their amounts, and which of them concern a row that is added later.

A new row does not move what is posted. It decides about later documents; the accountant decides about earlier ones in the ERP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.books.ledgers import DONE, Bucket, newest_entries
from console.reading import Cluster, headers_of
from systems import registry
from topology.headers import DEFAULTED, header

COMMANDS = tuple(f"command.{one.name}" for one in registry.systems() if one.writes)
_TABLES = frozenset(table for one in registry.systems() for table in one.crosswalk_tables)
Place = tuple[str, int, int]
"""(system, partition, offset) of a command."""


@dataclass(frozen=True)
class Defaulted:
    """A posted document, and the values that had no row, as `what=value`."""

    entry: Mapping[str, Any]
    values: tuple[str, ...]

    def as_row(self) -> dict[str, Any]:
        """The form that programs rely on."""
        return {
            "connection": self.entry["connection"],
            "document": self.entry["record"],
            "number": self.entry["source_number"] or self.entry["source_id"],
            "amount": self.entry["amount"].quantize(Decimal("0.01")),
            "currency": self.entry["currency"],
            "date": self.entry["posting_date"],
            "defaulted": list(self.values),
            "ref": self.entry["ref"],
            "erp_number": self.entry["erp_number"] or self.entry["erp_id"],
        }


def defaulted(cluster: Cluster, connection: str = "") -> list[Defaulted]:
    """The posted documents that used a default, largest amount first. Documents that were taken back or replaced since are left out."""
    noted: dict[Place, tuple[str, ...]] = {}
    for message in cluster.messages(COMMANDS, cluster.partitions_of(connection)):
        if header(headers_of(message), DEFAULTED) == "0":
            continue
        seen = cluster.seen(message)
        if seen.record.get("defaulted") and connection in ("", seen.record["connection"]):
            noted[(seen.topic.removeprefix("command."), seen.partition, seen.offset)] = tuple(seen.record["defaulted"])
    if not noted:
        return []
    gone: set[str] = set()

    def is_wanted(entry: Mapping[str, Any]) -> bool:
        if entry["state"] not in DONE:
            return False
        if entry.get("takes_back"):
            gone.add(entry["takes_back"])
        return _place(entry) in noted

    entries = [one for one in newest_entries(cluster, is_wanted, connection) if one["op_key"] not in gone]
    entries.sort(key=lambda one: (-abs(one["amount"]), one["op_key"]))
    return [Defaulted(one, noted[_place(one)]) for one in entries]


def _place(entry: Mapping[str, Any]) -> Place:
    return entry["system"], entry["command_partition"], entry["command_offset"]


def sums(found: Iterable[Defaulted]) -> dict[tuple[str, str, str], Bucket]:
    """How many documents and how much money, by connection, value and currency. A document that needed two defaults counts at each."""
    made: dict[tuple[str, str, str], Bucket] = {}
    for one in found:
        for value in one.values:
            place = (one.entry["connection"], value, one.entry["currency"])
            made.setdefault(place, Bucket()).add(abs(one.entry["amount"]))
    return made


def totals(found: Iterable[Defaulted]) -> dict[tuple[str, str], Bucket]:
    """How many documents and how much money, by connection and currency. Each document counts once."""
    made: dict[tuple[str, str], Bucket] = {}
    for one in found:
        made.setdefault((one.entry["connection"], one.entry["currency"]), Bucket()).add(abs(one.entry["amount"]))
    return made


def under_rows(found: Iterable[Defaulted], keys: Iterable[tuple[str, str]]) -> Iterator[str]:
    """For each new row (table, key), in words, what was posted to a default because the row was missing."""
    documents = list(found)
    for table, key in dict.fromkeys(keys):
        for (_, currency), bucket in totals(
            one for one in documents if any(_asks(value, table, key) for value in one.values)
        ).items():
            yield (
                f"{bucket.count} documents, {bucket.amount:,.2f} {currency}, were posted to a default for want of row {table} {key}; "
                "they stay as they are: `ml-connector held list --defaulted` names them"
            )


def _asks(value: str, table: str, key: str) -> bool:
    """Whether a noted value is the key of this row. `business_unit=Solar` means that table; `department=Solar` can mean any, because the note names
    what the ERP lacks and not the table."""
    what, _, named = value.partition("=")
    return named == key and (what == table or what not in _TABLES)
