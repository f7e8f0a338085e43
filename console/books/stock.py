"""The stock that people have to adjust at the source, because an ERP's stock changed by itself.

The source's API takes no adjustments of stock, so a change in the ERP becomes a line of a list. A level is compared with the first one that was read.
Two things are subtracted: our own receipts and adjustments in the ERP, which came from the source; and adjustments at the source of a kind that
follows the ERP (`taken`), by which a person has already aligned it. Only stock codes and warehouses in the connection's tables are listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from console.books.ledgers import DONE
from systems.contract import TAKEN, StockNames
from systems.mapped import REVERSAL
from systems.values.codes import code, key_of
from systems.values.numbers import number

if TYPE_CHECKING:
    from console.reading import Cluster, StoredRecord
    from topology.configuration import Connected, Snapshot, Tables

ENTITY = "stock_level"
MOVES = {"receipt": 1, "return": -1, "inventory_adjustment": 1}
"""Records of ours that move goods, with the sign of their quantities."""
COLUMNS = (
    "connection",
    "item",
    "place",
    "skus",
    "locations",
    "before",
    "now",
    "moved_by_us",
    "adjusted",
    "to_adjust",
    "unit_cost",
    "value",
)
_ZERO = Decimal(0)
Place = tuple[str, str]
"""An item and a warehouse, in the ERP's codes."""


@dataclass
class Stock:
    """The levels of one connection: the first and the newest of each item and warehouse, what we moved since the first one, and what people adjusted
    at the source after it."""

    first: dict[Place, tuple[Decimal, float]] = field(default_factory=dict)
    newest: dict[Place, Mapping[str, Any]] = field(default_factory=dict)
    moved: dict[Place, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    adjusted: dict[Place, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def learn(self, level: Mapping[str, Any], at_s: float) -> None:
        """Take in a level, in the order of reading; `at_s` is when it was read, in epoch seconds."""
        place = level["sku_code"], level["inventory_location"]
        self.first.setdefault(place, (level["on_hand"], at_s))
        self.newest[place] = level

    def move(self, command: Mapping[str, Any], sign: int, at_s: float, read_at_s: float) -> None:
        """Take in a document of ours that moved goods. It counts if it was posted between the first reading and the last one (`read_at_s`)."""
        if at_s > read_at_s:
            return
        for item, warehouse, quantity in moved(command):
            before = self.first.get((item, warehouse))
            if before is not None and at_s > before[1]:
                self.moved[item, warehouse] += sign * quantity

    def adjust(self, place: Place, quantity: Decimal) -> None:
        """Take in an adjustment that a person made at the source because of the list."""
        self.adjusted[place] += quantity

    def rows(self, connection: str, skus: Mapping[str, str], locations: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """A row for each level that has to be adjusted. `skus` and `locations` are the source's names for the ERP's codes."""
        for (item, place), level in sorted(self.newest.items()):
            before, now, ours = self.first[item, place][0], level["on_hand"], self.moved.get((item, place), _ZERO)
            done = self.adjusted.get((item, place), _ZERO)
            by_itself = now - before - ours - done
            if not by_itself or item not in skus or place not in locations:
                continue
            cost = level["unit_cost"] or _ZERO
            names = {"skus": skus[item], "locations": locations[place]}
            counts = {"before": before, "now": now, "moved_by_us": ours, "adjusted": done, "to_adjust": by_itself}
            worth = {"unit_cost": cost, "value": (by_itself * cost).quantize(Decimal("0.01"))}
            yield {"connection": connection, "item": item, "place": place, **names, **counts, **worth}


def moved(command: Mapping[str, Any]) -> Iterator[tuple[str, str, Decimal]]:
    """What the lines of a receipt, return or adjustment move: item, warehouse and quantity. A transfer leaves one warehouse and enters another."""
    to = command.get("to_warehouse", "")
    for line in command["lines"]:
        warehouse, quantity = line["warehouse"] or command["warehouse"], line["quantity"]
        if to:
            yield line["item"], warehouse, -abs(quantity)
            yield line["item"], to, abs(quantity)
        else:
            yield line["item"], warehouse, quantity


def named_by(rows: Mapping[str, Mapping[str, str]], column: str) -> dict[str, str]:
    """The source's names by the ERP's code, from the rows of a mapping table; several names of one code are joined."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, row in rows.items():
        if row.get(column):
            found[row[column]].append(key_of(name, row))
    return {code: "; ".join(dict.fromkeys(names)) for code, names in found.items()}


def work_list(cluster: Cluster, snapshot: Snapshot, connection: str = "") -> list[dict[str, Any]]:
    """The list of every connection whose ERP shows its stock levels. If there is none, nothing is read."""
    chosen = {name: one for name, one in snapshot.connections.items() if connection in ("", name) and _tells_stock(one)}
    if not chosen:
        return []
    stocks: dict[str, Stock] = defaultdict(Stock)
    for seen in cluster.scan([f"canonical.{ENTITY}"]):
        if seen.record and seen.record["connection"] in chosen:
            stocks[seen.record["connection"]].learn(seen.record, seen.at_s)
    for name, place, quantity in _adjusted(cluster, chosen):
        stocks[name].adjust(place, quantity)
    read_at = _read_at(cluster, chosen)
    for name, command, sign, at in _moves(cluster, chosen, connection):
        stocks[name].move(command, sign, at, read_at.get(name, 0.0))
    return [row for name in sorted(stocks) for row in stocks[name].rows(name, *_names(chosen[name]))]


def _tells_stock(one: Connected) -> bool:
    return one.settings.erp.declared.stock_names is not None


def _stock_names(one: Connected) -> StockNames:
    names = one.settings.erp.declared.stock_names
    assert names is not None
    return names


def _names(one: Connected) -> tuple[dict[str, str], dict[str, str]]:
    (items, item), (places, place) = _stock_names(one).items, _stock_names(one).places
    return named_by(one.crosswalk.rows(items), item), named_by(one.crosswalk.rows(places), place)


def _adjusted(cluster: Cluster, chosen: Mapping[str, Connected]) -> Iterator[tuple[str, Place, Decimal]]:
    """What people adjusted at the source to follow the ERP: connection, place in the ERP's codes, quantity in its unit."""
    for seen in cluster.newest(["canonical.inventory_adjustment"]).values():
        name = seen.record.get("connection", "")
        if name in chosen and seen.record["canceled_on"] is None and seen.record["active"]:
            yield from (
                (name, place, quantity)
                for place, quantity in taken(seen.record, chosen[name].crosswalk, _stock_names(chosen[name]))
            )


def taken(record: Mapping[str, Any], tables: Tables, names: StockNames) -> Iterator[tuple[Place, Decimal]]:
    """The places of an adjustment that follows the ERP, each with the quantity in the ERP's unit; nothing for any other adjustment."""
    table, column = names.kinds
    if code((tables.row(table, record["kind"]) or {}).get(column, "")).lower() != TAKEN:
        return
    for line in record["lines"]:
        item = _row(tables, names.items[0], line["sku_code"], line["sku_id"])
        place = _row(tables, names.places[0], record["inventory_location"], record["inventory_location_id"])
        factor = number(item.get("factor") or "1") or Decimal(1)
        yield (item.get(names.items[1], ""), place.get(names.places[1], "")), line["quantity"] / factor


def _row(tables: Tables, table: str, *keys: str) -> Mapping[str, str]:
    return next((row for key in keys if key and (row := tables.row(table, key)) is not None), {})


def _read_at(cluster: Cluster, chosen: Mapping[str, Connected]) -> dict[str, float]:
    """When the levels of each connection were last read, in epoch seconds of the broker's clock, like all times here."""
    feeds = {
        (name, f"{one.settings.erp.system}.{feed.name}")
        for name, one in chosen.items()
        for feed in one.settings.erp.declared.feeds
        if feed.entity == ENTITY
    }
    rows = [seen for seen in cluster.newest(["cursors"]).values() if seen.record]
    return {one.record["connection"]: one.at_s for one in rows if (one.record["connection"], one.record["feed"]) in feeds}


def _moves(
    cluster: Cluster, chosen: Mapping[str, Connected], connection: str
) -> Iterator[tuple[str, Mapping[str, Any], int, float]]:
    """Every document of ours in the books that moved goods: its connection, its command, the sign of its quantities, and when it was posted."""
    commands: dict[str, tuple[str, Mapping[str, Any]]] = {}
    topics = sorted({f"command.{one.settings.erp.system}" for one in chosen.values()})
    for seen in cluster.scan(topics, cluster.partitions_of(connection)):
        record = seen.name.removeprefix("command.")
        if record in MOVES and seen.record.get("connection") in chosen:
            commands[seen.record["op_key"]] = record, seen.record
    done: dict[str, tuple[StoredRecord, float]] = {}
    for seen in cluster.scan(
        [f"ledger.{one.settings.erp.system}" for one in chosen.values()], cluster.partitions_of(connection), quiet=True
    ):
        entry = seen.record
        if entry and entry["connection"] in chosen and entry["record"] in (*MOVES, REVERSAL):
            _, since = done.pop(entry["op_key"], (seen, seen.at_s))
            done |= {entry["op_key"]: (seen, since)} if entry["state"] in DONE else {}
    for seen, since in done.values():
        entry = seen.record
        is_back = entry["record"] == REVERSAL
        record, command = commands.get(entry.get("takes_back", "") if is_back else entry["op_key"], ("", {}))
        if command:
            yield entry["connection"], command, -MOVES[record] if is_back else MOVES[record], since
