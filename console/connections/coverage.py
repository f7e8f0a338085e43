"""What the tables say about the documents that were read: every key that a mapping asks for, and what has no row, by count and amount.

It is not guessed from the records. The hop's own mapping is called with tables that note what they are asked for. So a key is listed exactly if a
document needs it, with any ERP, and nothing is listed that no flow uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from console.books.ledgers import Bucket
from console.books.words import flow_id
from console.mapping import mapped
from topology.batch import ConsumerRecord, Context
from topology.configuration import Connected, Snapshot
from topology.crosswalk import Tables
from topology.rules.without_flow import HOLD as NO_FLOW

UNMAPPED, DEFAULTED, HELD = "unmapped", "defaulted", "held"
_MASTERS = ("customer", "vendor")
_OPENING = "opening_balance"
Key = tuple[str, str]
"""(table, key)"""


@dataclass(frozen=True)
class Noting(Tables):
    """Tables that note which keys they were asked for, and which of these have a row."""

    asked: dict[Key, bool] = field(default_factory=dict)

    def row(self, table: str, key: str, on: date | None = None) -> Mapping[str, str] | None:
        """See `Tables`."""
        found = super().row(table, key, on)
        self.asked[(table, key)] = found is not None or self.asked.get((table, key), False)
        return found

    def parts(self, table: str, key: str, on: date | None = None) -> Sequence[Mapping[str, str]]:
        """See `Tables`."""
        found = super().parts(table, key, on)
        self.asked[(table, key)] = bool(found) or self.asked.get((table, key), False)
        return found


@dataclass
class Coverage:
    """`keys`: documents that asked for a key. `lacks`: kind of lack (unmapped, defaulted, held) and value -> documents. `days`: flow and posting day
    of each source that was mapped."""

    keys: dict[Key, Bucket] = field(default_factory=dict)
    lacks: dict[Key, Bucket] = field(default_factory=dict)
    documents: Bucket = field(default_factory=Bucket)
    days: dict[str, tuple[str, date | None]] = field(default_factory=dict)

    def held(self) -> dict[Key, Bucket]:
        """What would hold money."""
        return {name: one for name, one in self.lacks.items() if name[0] != DEFAULTED}


def without_posted(seen: Coverage, cutovers: Mapping[str, date | None]) -> Coverage:
    """Without the keys of documents that the flows will post themselves, from their cut-over on. A row of `opening_balance` describes what the ERP
    has from before it."""

    def is_posted(source: str) -> bool:
        flow, day = seen.days.get(source, ("", None))
        begins = cutovers.get(flow)
        return day is not None and begins is not None and day >= begins

    return replace(seen, keys={key: one for key, one in seen.keys.items() if key[0] != _OPENING or not is_posted(key[1])})


def as_if_live(connected: Connected, since: date | None) -> Connected:
    """The connection with every enabled flow live, and with every document from `since` on included (None = its own first posting dates)."""
    moved: dict[str, Any] = {"mode": "live"} | ({"cutover_date": since} if since is not None else {})
    flows = {name: flow.model_copy(update=moved) if flow.enabled else flow for name, flow in connected.settings.flows.items()}
    return replace(connected, settings=connected.settings.model_copy(update={"flows": flows, "mode": "live"}))


def coverage_of(records: Iterable[ConsumerRecord], connected: Connected, context: Context) -> Coverage:
    """Map these records one by one with the tables of `connected`, and note what each needs."""
    tables = Noting(connected.crosswalk.tables)
    noting = replace(context, snapshot=Snapshot({connected.settings.connection: replace(connected, crosswalk=tables)}))
    made = Coverage()
    for record in records:
        tables.asked.clear()
        commands = mapped([record], noting).commands
        for kind, command in commands:
            _note(made, kind, command)
        amount = next((abs(one["amount"]) for _, one in commands if one["action"] != "apply"), Decimal(0))
        made.days |= {
            str(one["source_id"]): (flow_id(one | {"record": kind}, connected.settings), one["posting_date"])
            for kind, one in commands
        }
        for key in needed_keys(tables.asked, ids_of(context.codec.decode(record.value)[1])) if commands else ():
            made.keys.setdefault(key, Bucket()).add(amount)
    return made


def needed_keys(asked: Mapping[Key, bool], ids: Mapping[str, str]) -> list[Key]:
    """The keys that need a row, of those that a document asked for. If a table was asked for both the id and the name or number of an object, one row
    will do: the one that there is, else that of the name or number. `ids`: id -> name or number."""
    needless = set()
    for table, key in asked:
        named = (table, ids.get(key, key))
        if named != (table, key) and named in asked:
            needless.add(named if asked[table, key] and not asked[named] else (table, key))
    return [key for key in asked if key not in needless]


def ids_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The ids in a canonical record, of its lines too, each with the number or name by which the record also knows that object."""
    found: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, list):
            found |= {key: named for one in value if isinstance(one, Mapping) for key, named in ids_of(one).items()}
        elif name.endswith("_id") and isinstance(value, str) and value:
            other = record.get(f"{name[:-3]}_number") or record.get(f"{name[:-3]}_name")
            found |= {value: other} if isinstance(other, str) and other else {}
    return found


def held_name(command: Mapping[str, Any]) -> str:
    """The name of what holds a command, as a person accepts it. A document that no flow brings is accepted by its entity: `no_flow=bank_deposit`."""
    hold = str(command["hold"])
    return f"{hold}={command['source_entity']}" if hold == NO_FLOW else hold


def _note(made: Coverage, kind: str, command: Mapping[str, Any]) -> None:
    amount = abs(command["amount"])
    for text in command["unresolved"]:
        made.lacks.setdefault((UNMAPPED, text), Bucket()).add(amount)
    for text in command["defaulted"]:
        made.lacks.setdefault((DEFAULTED, text), Bucket()).add(amount)
    if command["hold"]:
        made.lacks.setdefault((HELD, held_name(command)), Bucket()).add(amount)
    if kind not in _MASTERS and command["action"] != "apply":
        made.documents.add(amount)
