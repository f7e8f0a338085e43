"""The whole way of a document from the source's simulator into the ERP's, and the demo's comparison of both sides' balances at its end.

Both hops, the consumer, the owner, the writer, the reader of the ERP, `reconcile` and the comparison are the real ones. In place of topics there are
lists; versions of objects arrive in whatever order the test wants, each as it was read when it was made.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.demo.balances import Compared, Pairs, compared, costs_of
from console.reconcile.reading import compared as reconciled
from console.reconcile.sides import MONEY
from runtime.errors import Throttled
from schemas.records import Raw
from systems import registry
from systems.connection import ConnectionSettings
from systems.contract import Feed, Reader
from systems.values.codes import PART
from tests.property.books.erp import Erp
from tests.property.books.source import Source
from tests.property.sinks.in_memory import Sink
from tests.property.sinks.stand_ins import CODEC, Clock, Message
from tests.unit.console.entries import example
from tests.unit.console.recorded import Recorded
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Context, Outcome, Output
from topology.configuration import Connected, Snapshot
from topology.crosswalk import tables_of
from topology.topics import object_key

CUTOVER = "2026-03-01"
_LATER = datetime(2027, 1, 1, tzinfo=UTC)
_QUOTA = {"group": "g", "calls": 1_000_000, "at_once": 512, "sink": 0.9, "poller": 0.05, "check": 0.05, "kept": 0}
_SEEN = (*MONEY, "period")
_SESSIONS_END_S = 1300.0
"""After so many idle seconds no simulator keeps a session."""


class _State:
    """What a hop keeps."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def get(self, _partition: int, key: str) -> bytes | None:
        return self.values.get(key)

    def take(self, outcome: Outcome) -> None:
        for (_, key), value in outcome.changes.items():
            self.values[key] = value


class _OfConnection(Sink):
    """The sink of one real connection."""

    def __init__(self, erp: Erp, joined: Connected) -> None:
        self._of = joined
        own = joined.readings[erp.name].settings
        super().__init__(erp.system, lambda *_: erp.writer(own), random.Random(1))

    def _joined(self, name: str) -> Connected:
        return self._of


class World:
    """One connection with an ERP, whose own settings are `own`. `late` is what it does with a closed period."""

    def __init__(self, folder: Path, of: str = "acumatica", own: Mapping[str, Any] | None = None, **choices: Any) -> None:
        self.clock = clock = Clock()
        for name in ("source", "erp"):
            (folder / name).mkdir(parents=True)
        self.source, self.erp = Source(folder / "source", clock), Erp(folder / "erp", clock, of, own or {})
        self.connected = _connected(self.source, self.erp, choices)
        self.sink = _OfConnection(self.erp, self.connected)
        self.sink.clock = clock
        self.topics = Recorded()
        self._hop_1, self._hop_2 = _State(), _State()
        self._offsets = 0

    @property
    def context(self) -> Context:
        """What hops may know."""
        return Context(Snapshot({"acme": self.connected}), CODEC, str, 1, self.clock.now())

    def close(self) -> None:
        """Everything is over."""
        self.sink.ends()
        self.source.close()
        self.erp.close()

    # --- the way of a record ----------------------------------------------------------------------------------------------

    def arrives(self, number: int = 0) -> None:
        """The `number`-th version that nobody has read yet arrives, is normalised and mapped, and its commands lie in the log."""
        raw = self.source.told.pop(number)
        for name, value, output in self._through(raw_to_canonical.apply, f"raw.{raw['system']}", "raw.raw", raw, self._hop_1):
            if name.startswith("canonical."):
                self._map(name, value, output)

    def canonical(self, record: Mapping[str, Any]) -> None:
        """A canonical record is mapped, as if it had been normalised; for what no simulator would ever show."""
        name = f"canonical.{record['entity']}"
        self._map(name, record, Output(name, 0, None, CODEC.encode(name, name, record), []))

    def _map(self, name: str, value: Mapping[str, Any], made: Output) -> None:
        place = self.topics.put(name, name, value)
        self.topics.committed[name] = int(place.rpartition("/")[2]) + 1
        for kind, command, _ in self._through(canonical_to_command.apply, name, name, value, self._hop_2, made):
            if kind.startswith("command."):
                assert command["system"] == self.erp.name, command["system"]
                self.sink.command(kind.removeprefix("command."), command)

    def _through(
        self, hop: Any, topic: str, name: str, record: Mapping[str, Any], state: _State, made: Output | None = None
    ) -> list[tuple[str, dict[str, Any], Output]]:
        key = object_key("acme", record["system"], record["entity"], record["source_id"]).encode()
        self._offsets += 1
        value, headers = (CODEC.encode(topic, name, record), []) if made is None else (made.value, made.headers)
        at = ConsumerRecord(topic, 0, self._offsets, key, value, headers)
        outcome = hop([at], state, self.context)
        state.take(outcome)
        return [(*CODEC.decode(one.value), one) for one in outcome.outputs if one.value]

    async def works(self) -> None:
        """The sink takes what lies in its log, and comes to rest."""
        self.sink.reads()
        await self.sink.rest()

    async def works_for(self, seconds: float) -> None:
        """The sink takes what lies in its log, and so much time goes on."""
        self.sink.reads()
        await self.sink.passes(seconds)

    async def all_arrives(self) -> None:
        """Everything that was told arrives, in its order, and comes to rest."""
        while self.source.told:
            self.arrives()
        await self.works()

    async def loses(self, lost: str) -> None:
        """Once everything is at rest the ledger is lost (`ledger`), or the results with it (`results`), or the offsets, too (`all`)."""
        await self.works()
        if lost == "all":
            self.sink.lose_all()
        else:
            self.sink.lose(results=lost == "results")
        await self.works()

    def _customers(self) -> list[str]:
        return [str(one["id"]) for one in self.source.rows("customers")]

    # --- the end -----------------------------------------------------------------------------------------------------------

    async def compared(self) -> tuple[Compared, list[str]]:
        """Both sides as the demo compares them, and each difference of a document that `reconcile` does not explain."""
        await self.read_erp()
        for entry in self.sink.index.all():
            self.topics.put(f"ledger.{self.erp.name}", "result.ledger", entry)
        judged = reconciled(self.topics, Snapshot({"acme": self.connected}), "acme").judged
        links = {
            entity: {
                one["source_id"]: one["target_id"]
                for one in self.sink.records("links")
                if (one["entity"], one["source_system"]) == (entity, registry.FIELD_SERVICE)
            }
            for entity in ("customer", "vendor")
        }
        links["customer"] |= self.erp.matched(self._customers())
        merged = {str(row["id"]): str(row["mergedToId"]) for row in self.source.rows("customers") if row["mergedToId"]}
        pairs = {entity: Pairs(found, merged if entity == "customer" else {}) for entity, found in links.items()}
        unexplained = [f"{one.told(x)}" for one in judged for x in one.findings if not x.is_explained]
        told = (one for one in judged if one.flow not in costs_of(self.erp.system.flows))
        return compared("acme", (self.source.balances(), await self.erp.balances()), pairs, told), unexplained

    async def erp_documents(self, kind: str) -> list[dict[str, Any]]:
        """Documents of a kind as the ERP's simulator keeps them."""
        found: list[dict[str, Any]] = (await self.erp.asks(f"documents?kind={kind}"))["documents"]
        return found

    async def closes(self, period: str) -> None:
        """Somebody closes a period in the ERP, and its list is read."""
        await self.erp.asks("periods", {"period": period, "status": "Closed"})
        await self.read_erp()

    async def read_erp(self) -> None:
        """Read the ERP by its feeds, to their ends, as the poller does. Sessions of lives that were lost stand there until their time is over."""
        try:
            await self._read_feeds()
        except Throttled:
            await self.sink.passes(_SESSIONS_END_S, _SESSIONS_END_S)
            await self._read_feeds()

    async def _read_feeds(self) -> None:
        reader = self.erp.reader(self.connected.readings[self.erp.name].settings)
        for feed in (one for one in self.erp.system.feeds if one.entity in _SEEN):
            await self._walk(reader, feed)
            about = {"connection": "acme", "feed": f"{self.erp.name}.{feed.name}", "at": _LATER}
            self.topics.put("cursors", "raw.cursor", example("raw.cursor", **about))
        await reader.close()

    async def _walk(self, reader: Reader, feed: Feed) -> None:
        position, more = "", True
        while more:
            page = await reader.page(feed, position)
            for element in page.elements:
                about = {"connection": "acme", "system": self.erp.name, "entity": feed.entity, "source_id": element.source_id}
                told = {"source_version": element.source_version, "shape": "object", "how": "list", "body": element.body}
                raw: Raw = example("raw.raw", **about, **told, further=list(element.further), received_at=self.clock.now())  # type: ignore[assignment]
                for name, value, made in self._through(raw_to_canonical.apply, f"raw.{self.erp.name}", "raw.raw", raw, self._hop_1):
                    if name.startswith("canonical."):
                        self.topics.put(name, name, value)
                    if name == "canonical.period":
                        self.sink._followed(Message(0, made.value, of=name))
            position, more = page.position, page.more

    def told(self) -> list[str]:
        """What the ledger says of each document, for a failure."""
        return sorted(
            f"{one['op_key'].split('|', 2)[-1]} {one['record']} {one['state']} {one['reason']} {one['amount']} {one['detail'][:200]}"
            for one in self.sink.index.all()
        )


def _connected(source: Source, erp: Erp, choices: Mapping[str, Any]) -> Connected:
    made = {
        "connection": "acme",
        "label": "Acme",
        "environment": "test",
        "mode": "live",
        "time_zone": "America/Chicago",
        "tax_mode": "source",
        "create_missing": erp.creates,
        "customer_policy": "one_to_one" if erp.creates else "bill_to_parent",
        "field_service": {"system": registry.FIELD_SERVICE, "settings": source.settings, "quota": _QUOTA},
        "erp": {"system": erp.name, "settings": erp.settings, "quota": _QUOTA},
        "flows": {
            flow.id: {"cutover_date": CUTOVER, "window": "immediate"} | dict(erp.demo.flow_settings().get(flow.id, {}))
            for flow in erp.system.flows
        },
        **choices,
    }
    keys = registry.crosswalk_tables(erp.name)
    rows = [
        {"table": table, "row": _row_name(keys[table][0], row), "values": row, "effective_from": None}
        for table, found in erp.crosswalk([str(one["id"]) for one in source.rows("customers")]).items()
        for row in found
    ]
    return Connected(ConnectionSettings.model_validate(made), "v1", "c1", tables_of(rows))


def _row_name(key: str, row: Mapping[str, str]) -> str:
    return f"{row[key]}  {row[PART]}" if PART in row else row[key]
