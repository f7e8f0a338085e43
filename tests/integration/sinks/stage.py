"""A cluster's corner for tests of the sink: topics under a prefix, connections applied, commands written, outcomes read back."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Message
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # documented, not in __all__
from pydantic import BaseModel

from runtime import kafka
from runtime.settings import DEMO_TIMING, Kafka, Registry, Settings
from schemas import codec
from services.sinks.worker import Seams, run
from systems import registry
from systems.connection import ConnectionSettings
from systems.contract import Flow, System
from tests import signed
from tests.integration.ingress.stage import eventually
from tests.integration.sinks.fake_erp import WRITES, FakeErp
from tests.toy import blank
from topology import topics
from topology.configuration import crosswalk_version
from topology.headers import headers
from topology.rules.identity import Books, op_key, ref_of

ERP, SOURCE = registry.NAMES[1], registry.NAMES[0]
NEEDED = ("connections", "control", "fetch", "links", "crosswalk", "remap", "audit", "dead", "canonical.period")
BOOKS = Books("test", "t1", ERP, "i1", "c1")
QUOTA = {"group": "g", "calls": 100_000, "at_once": 512, "sink": 0.9, "poller": 0.05, "check": 0.05, "kept": 0}
PURPOSES = {"ar_invoice": "sale", "ar_receipt": "collection", "ap_bill": "payable", "customer": "master", "vendor": "master"}
ENTITIES = {"ar_invoice": "invoice", "ar_receipt": "payment", "ap_bill": "bill", "customer": "customer", "vendor": "vendor"}


class ToySettings(BaseModel):
    """Settings of the toy systems."""

    tenant_id: str = "t1"


def _nothing(*_: Any) -> Any:
    raise AssertionError("a toy of the sink's tests neither reads nor maps")


def toy(name: str) -> System:
    """A system that the sink knows how to write to."""
    flows = tuple(
        Flow(f"T{number}", record, SOURCE, ERP, ENTITIES[record], (record, "reversal", "ar_refund"), PURPOSES[record])
        for number, record in enumerate(PURPOSES, 1)
    )
    writes = WRITES if name == ERP else ()
    return System(name, name, ToySettings, ToySettings, (), {}, writes, flows, _nothing, _nothing, _nothing, _nothing, _nothing, "")


class Stage:
    """One prefix on the cluster."""

    def __init__(self, cluster: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        monkeypatch.setattr(registry, "system", {name: toy(name) for name in registry.NAMES}.__getitem__)
        self.cluster = cluster
        self.erp = FakeErp()
        self.settings = Settings(
            profile="demo",
            state_dir=folder,
            timing=DEMO_TIMING,
            kafka=Kafka(bootstrap_servers=cluster.bootstrap_servers, topic_prefix=f"s{uuid.uuid4().hex[:8]}.", partitions=2),
            registry=Registry(url=cluster.registry_url),
            key_ring=signed.ring_in(folder),
            **settings,
        )
        names = [*NEEDED, f"command.{ERP}", f"ledger.{ERP}", f"result.{ERP}"]
        declared = topics.topics()
        self.create([declared[name] for name in names])
        mine = {self.settings.topic(name): declared[name].records for name in names}
        codec.register(cluster.registry_url, mine)
        monkeypatch.setattr("services.sinks.worker.records_of_topic", lambda _: mine)
        self.codec = codec.load(cluster.registry_url, mine)
        self.producer = kafka.producer(self.settings.kafka)
        self.version = 0

    def create(self, wanted: list[topics.Topic]) -> None:
        admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap_servers})
        new = [NewTopic(self.settings.topic(t.name), num_partitions=2, replication_factor=1, config=t.settings) for t in wanted]
        for future in admin.create_topics(new).values():
            future.result()
        eventually(lambda: [self._leaders(admin, t.topic) for t in new], all)

    def _leaders(self, admin: AdminClient, topic: str) -> bool:
        """Whether every partition of a new topic has its leader."""
        found = admin.list_topics(topic, timeout=5).topics[topic].partitions
        return len(found) == 2 and all(p.leader >= 0 for p in found.values())

    # --- what others write ---

    def connect(self, connection: str = "acme", **more: Any) -> None:
        """Apply a connection."""
        self.version += 1
        side = {"system": ERP, "settings": {}, "quota": QUOTA}
        flows = {f"T{n}": {"cutover_date": "2026-01-01", **more.get("flow", {})} for n in range(1, 6)}
        settings = ConnectionSettings.model_validate(
            {
                "connection": connection,
                "label": connection,
                "environment": "test",
                "mode": "live",
                "time_zone": "America/Chicago",
                "field_service": {**side, "system": SOURCE},
                "erp": side,
                "flows": flows,
                **{key: value for key, value in more.items() if key != "flow"},
            }
        )
        record = blank("connection.connection") | {
            "connection": connection,
            "version": str(self.version),
            "settings": settings.model_dump_json(),
            "crosswalk_version": crosswalk_version([]),
        }
        self.write("connections", "connection.connection", connection, record)

    def write(self, topic: str, name: str, connection: str, record: Mapping[str, Any], about: Any = ()) -> None:
        full = self.settings.topic(topic)
        value = self.codec.encode(full, name, record)
        self.produce(full, connection, value, [*about, *signed.about(self.settings, topic, connection, value)])

    def produce(self, full: str, connection: str, value: bytes, about: list[Any]) -> None:
        partition = topics.partition_of(connection, 2)
        while True:
            try:
                self.producer.produce(full, value=value, key=connection, partition=partition, headers=about)
            except BufferError:
                self.producer.poll(0.1)
            else:
                return

    def lose(self, names: list[str]) -> None:
        """Delete topics and make them anew, empty."""
        admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap_servers})
        lost = {self.settings.topic(name) for name in names}
        for future in admin.delete_topics(list(lost)).values():
            future.result()
        eventually(lambda: set(admin.list_topics(timeout=5).topics), lambda present: not present & lost)
        self.create([topics.topics()[name] for name in names])

    def flush(self) -> None:
        assert self.producer.flush(30) == 0

    def command(self, record: str, source_id: str, amount: str = "100.00", **more: Any) -> dict[str, Any]:
        """Write one command; `more` are fields of its envelope."""
        made = self.wanted(record, source_id, amount, **more)
        self.send(record, made)
        self.flush()
        return made

    def wanted(self, record: str, source_id: str, amount: str = "100.00", **more: Any) -> dict[str, Any]:
        action = more.get("action", "upsert" if record in ("customer", "vendor") else "void" if record == "reversal" else "create")
        entity = ENTITIES.get(record, "invoice")
        key = op_key(BOOKS, PURPOSES.get(record, "sale"), (entity, source_id), "", action)
        fingerprint = hashlib.sha256(f"{record}{source_id}{amount}".encode()).hexdigest()
        return (
            blank(f"command.{record}")
            | {
                "connection": "acme",
                "system": ERP,
                "op_key": key,
                "ref": ref_of(key),
                "purpose": PURPOSES.get(record, "sale"),
                "action": action,
                "source_system": SOURCE,
                "source_entity": entity,
                "source_id": source_id,
                "source_version": "2026-03-02T10:00:00",
                "source_hash": "" if PURPOSES.get(record) == "master" else fingerprint,
                "payload_hash": fingerprint,
                "posting_date": date(2026, 3, 2),
                "amount": Decimal(amount),
                "currency": "USD",
                "config_version": str(self.version),
                "crosswalk_version": crosswalk_version([]),
            }
            | more
        )

    def send(self, record: str, made: Mapping[str, Any]) -> None:
        about = headers(
            f"command.{record}",
            made["op_key"],
            "",
            op_key=made["op_key"],
            source_hash=made["source_hash"],
            payload_hash=made["payload_hash"],
            hold=made["hold"],
        )
        self.write(f"command.{ERP}", f"command.{record}", made["connection"], made, about)

    def link(self, entity: str, source_id: str, target_id: str) -> None:
        record = blank("connection.link") | {
            "connection": "acme", "entity": entity, "source_system": SOURCE, "source_id": source_id, "target_system": ERP,
            "target_id": target_id, "origin": "person",
        }  # fmt: skip
        self.write("links", "connection.link", "acme", record)
        self.flush()

    def control(self, action: str, key: str = "", **more: Any) -> None:
        record = blank("connection.control") | {
            "connection": "acme", "control_id": uuid.uuid4().hex, "action": action, "op_key": key, "actor": "ann",
            "reason": "because", **more,
        }  # fmt: skip
        self.write("control", "connection.control", "acme", record)
        self.flush()

    def period(self, open_receivable: bool) -> None:
        record = blank("canonical.period") | {
            "connection": "acme", "code": "2026-03", "starts_on": date(2026, 3, 1), "ends_on": date(2026, 3, 31),
            "open_receivable": open_receivable,
        }  # fmt: skip
        self.write("canonical.period", "canonical.period", "acme", record)
        self.flush()

    # --- what became of it ---

    def messages(self, topic: str) -> list[Message]:
        return list(kafka.read_to_end(self.settings.kafka, self.settings.topic(topic), [0, 1]))

    def records(self, topic: str) -> list[dict[str, Any]]:
        return [self.codec.decode(message.value())[1] for message in self.messages(topic)]

    def ledger(self) -> dict[str, dict[str, Any]]:
        """The newest state of each op-key."""
        return {record["op_key"]: record for record in self.records(f"ledger.{ERP}")}

    def states(self) -> dict[str, str]:
        """source id (and action where it is no create) -> state and reason."""
        return {
            (
                r["source_id"] if r["action"] in ("create", "upsert") else f"{r['source_id']} {r['action']}"
            ): f"{r['state']} {r['reason']}".strip()
            for r in self.ledger().values()
        }

    def until(self, wanted: Mapping[str, str], within_s: float = 20) -> None:
        """Wait until each source object is in this state."""
        eventually(self.states, lambda seen: all(seen.get(name) == state for name, state in wanted.items()), within_s)

    @contextmanager
    def running(self, ends: int = 0, **settings: Any) -> Iterator[None]:
        """A sink of the toy ERP in this process, which ends with this code."""
        stopping = threading.Event()
        codes: list[int] = []
        chosen = self.settings.model_copy(update=settings)
        seams = Seams(open_session=self.erp.open, stopping=stopping)
        thread = threading.Thread(target=lambda: codes.append(run(chosen, [ERP], seams)), name="sink under test")
        thread.start()
        try:
            yield
        finally:
            if ends:
                thread.join(60)  # by itself
            stopping.set()
            thread.join(60)
        assert codes == [ends], f"the sink ended with {codes}"


def now() -> datetime:
    return datetime.now(UTC)
