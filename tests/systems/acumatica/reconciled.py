"""A connection in small: records of the source, the hop's own mapping, real writes to a tenant, real readings of it, and the topics in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from console.reconcile.reading import Compared, compared
from console.reconcile.rows import By, Range, Row, as_json, rows_of, unexplained, within
from runtime.exchange import Request, Response, response
from schemas.records import Ledger, Raw
from services.sinks import entry as e
from systems import registry
from systems.acumatica.system import SYSTEM
from systems.contract import Document, Feed, Reader, ResolvedCommand, Writer
from systems.mapped import UNAPPLIED
from tests.contract import examples
from tests.systems.acumatica.tenant import Tenant, Wire, books
from tests.unit.console.entries import example
from tests.unit.console.recorded import CODEC, Recorded
from topology.batch import ConsumerRecord, Context, NoState
from topology.canonical_to_command import apply as hop_2
from topology.configuration import Connected, Snapshot
from topology.raw_to_canonical import apply as hop_1
from topology.topics import object_key

AT = datetime(2026, 3, 16, 15, tzinfo=UTC)
LATER = datetime(2026, 3, 16, 18, tzinfo=UTC)
_FEEDS = ("invoice", "payment", "bill", "period")
Edit = Callable[[dict[str, Any]], dict[str, Any] | None]
"""A row as the ERP shows it, changed by somebody there; None = it is gone."""


@dataclass
class Joint:
    """Both sides and the log between them."""

    tenant: Tenant
    cluster: Recorded
    connected: Connected
    writer: Writer
    reader: Reader
    wire: Wire
    ids: dict[str, str]
    edits: list[Edit] = field(default_factory=list)
    ledger: dict[str, Ledger] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """What hops may know."""
        return Context(Snapshot({"acme": self.connected}), CODEC, str, 1, AT)

    def at_source(self, record: Mapping[str, Any]) -> None:
        """The source has it, and it is read."""
        topic = f"canonical.{record['entity']}"
        place = self.cluster.put(topic, topic, record)
        self.cluster.committed[topic] = int(place.rpartition("/")[2]) + 1  # the hop has taken it

    def commands(self, record: Mapping[str, Any]) -> list[tuple[str, dict[str, Any], bytes]]:
        """What the hop makes of a canonical record."""
        topic = f"canonical.{record['entity']}"
        key = object_key("acme", record["system"], record["entity"], record["source_id"]).encode()
        consumed = ConsumerRecord(topic, 0, 0, key, CODEC.encode(topic, topic, record), [])
        found = [(*CODEC.decode(one.value), one.value) for one in hop_2([consumed], NoState(), self.context).outputs]
        named = [(name.removeprefix("command."), value, data) for name, value, data in found]
        return [one for one in named if one[1]["action"] != UNAPPLIED]

    async def post(self, record: Mapping[str, Any]) -> list[Ledger]:
        """The source has it, and every document of it is written and in the ledger."""
        self.at_source(record)
        return [await self._written(name, value, data) for name, value, data in self.commands(record)]

    def keep(self, record: Mapping[str, Any], state: str, reason: str, **more: Any) -> None:
        """The source has it, and the ledger holds or keeps back what it wants."""
        self.at_source(record)
        for name, value, data in self.commands(record):
            self.enter(self._fresh(name, value, data), state=state, reason=reason, **more)

    def enter(self, entry: Ledger, **changes: Any) -> Ledger:
        """One more state of an entry."""
        made = e.change(entry, changes.pop("at", AT), **changes)
        self.ledger[made["op_key"]] = made
        self.cluster.put(f"ledger.{SYSTEM.name}", "result.ledger", made)
        return made

    def _fresh(self, name: str, value: dict[str, Any], data: bytes) -> Ledger:
        place = self.cluster.put(f"command.{SYSTEM.name}", f"command.{name}", value)
        offset = int(place.rpartition("/")[2])
        self.cluster.committed[f"command.{SYSTEM.name}"] = offset + 1
        return e.fresh(e.Incoming(name, value, data, 0, offset, AT))  # type: ignore[arg-type]  # a decoded command

    async def _written(self, name: str, value: dict[str, Any], data: bytes) -> Ledger:
        assert not value["hold"], value["hold_detail"]
        assert not value["unresolved"], value["unresolved"]
        document: Document | None = None
        steps = SYSTEM.write_of(name).steps
        for step in steps:
            if document is not None and step in document.steps_done:
                continue
            await self.writer.reserve(3)
            answer = await self.writer.perform(step, ResolvedCommand(name, value, self.ids), document)  # type: ignore[arg-type]  # a decoded command
            assert answer.verdict == "yes", (step, answer)
            document = answer.document
        assert document is not None
        self.ids.setdefault(f"{value['source_entity']}/{value['source_id']}", document.erp_id)
        done = {"state": e.POSTED, "erp_id": document.erp_id, "erp_number": document.number, "steps_done": list(steps)}
        return self.enter(self._fresh(name, value, data), **done)

    async def read(self, at: datetime = LATER) -> None:
        """Read the ERP by its feeds, to the end, as the poller does."""
        for feed in (one for one in SYSTEM.feeds if one.entity in _FEEDS):
            await self._walk(feed)
            about = {"connection": "acme", "feed": f"{SYSTEM.name}.{feed.name}", "at": at}
            self.cluster.put("cursors", "raw.cursor", example("raw.cursor", **about))

    async def _walk(self, feed: Feed) -> None:
        position = ""
        while True:
            page = await self.reader.page(feed, position)
            for element in page.elements:
                about = {"connection": "acme", "system": SYSTEM.name, "entity": feed.entity, "source_id": element.source_id}
                more = {"source_version": element.source_version, "shape": "object", "how": "list", "body": element.body}
                self._normalise(example("raw.raw", **about, **more, further=list(element.further), received_at=AT))  # type: ignore[arg-type]  # a raw record
            if not page.more:
                return
            position = page.position

    def _normalise(self, raw: Raw) -> None:
        topic = f"raw.{SYSTEM.name}"
        key = object_key("acme", raw["system"], raw["entity"], raw["source_id"]).encode()
        consumed = ConsumerRecord(topic, 0, 0, key, CODEC.encode(topic, "raw.raw", raw), [])
        for output in hop_1([consumed], NoState(), self.context).outputs:
            name, value = CODEC.decode(output.value)
            if name.startswith("canonical."):
                self.cluster.put(name, name, value)

    def edit(self, edit: Edit) -> None:
        """Somebody changes documents in the ERP: from now on its answers show them so."""
        self.edits.append(edit)

    def compared(self) -> Compared:
        """Both sides, compared."""
        return compared(self.cluster, Snapshot({"acme": self.connected}), "acme")

    def rows(self, by: By = By.flow, days: Range | None = None) -> list[Row]:
        """The rows of the comparison; whatever is planted, a row's classes add up to its difference."""
        rows = rows_of(within(self.compared().judged, days or Range()), by)
        for row in rows:
            assert sum((one.difference for one in row.classes.values()), Decimal(0)) == row.difference, row
        return rows

    def classes(self) -> dict[str, tuple[int, str]]:
        """Every class that occurs with its count and amount, but what only waits to be told."""
        made = as_json(self.rows(), {}, {}, [])
        return {name: (one["count"], one["amount"]) for row in made["rows"] for name, one in row["classes"].items()}

    def unexplained(self) -> tuple[int, Decimal]:
        """How much is on no list."""
        return unexplained(self.rows())


async def joint(tenant: Tenant) -> Joint:
    """A tenant with the customer and the vendor of the examples, joined to a source."""
    held = await books(tenant)
    reader, wire = tenant.reader()
    connected = examples.connected(registry.system(SYSTEM.name))
    made = Joint(tenant, Recorded(), connected, held.writer, reader, wire, held.ids)
    wire.answer = lambda request, answer: _edited(made.edits, request, answer)
    return made


def _edited(edits: list[Edit], request: Request, answer: Response) -> Response:
    if not edits or request.method != "GET" or answer.status != 200:
        return answer
    found = json.loads(answer.body, parse_float=Decimal)
    if not isinstance(found, list):
        return answer
    rows: list[dict[str, Any]] = found
    for edit in edits:
        rows = [made for row in rows if (made := edit(row)) is not None]
    return response(answer.status, json.dumps(rows, default=float).encode(), dict(answer.headers))


def shown(row: Mapping[str, Any], name: str) -> Any:
    """A field of a row."""
    return row.get(name, {}).get("value")
