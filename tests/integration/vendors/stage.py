"""Both sides of a connection that keeps vendors up to date: real topology, real sink, the field service's simulator; the ERP is a table of
rows. Polling is the test's: every row of both sides, again and again, as feeds with their overlap show them."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from runtime.clock import ScaledClock
from runtime.exchange import Request
from runtime.http import HttpTransport, Reach
from runtime.settings import DEMO_TIMING, Kafka, Registry, Settings
from runtime.simulator.serve import Options, Served, start
from schemas.codec import load
from services.sinks.pool import OpenWriter
from services.sinks.worker import Seams, run
from systems import registry
from systems.connection import ConnectionSettings
from systems.contract import Role
from systems.servicetitan.simulator.app import build
from systems.servicetitan.sink import open_writer
from tests.contract import examples
from tests.contract.ground import access
from tests.integration.ingress.stage import eventually
from tests.integration.own_topics import delete_topics
from tests.integration.topology.wire import TopologyProcess, Wire
from tests.signed import ring_in
from tests.toy import blank
from topology.configuration import Connected, crosswalk_version
from topology.provision import create_topics, register_schemas
from topology.topics import link_key, object_key, records_of_topic

ERP, SERVICE = "peoplesoft", registry.FIELD_SERVICE
PERSON = "vendor.approved"
_PROGRAM = "from runtime.settings import settings_from_environment; from services import topology; topology.run(settings_from_environment())"


@dataclass
class Stage:
    """One connection; `rows` is what the ERP holds, by vendor id."""

    wire: Wire
    settings: ConnectionSettings
    url: str
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    reads: int = 0

    # --- the two sides ---

    def erp(self, vendor: str, **columns: str) -> None:
        """A person's entry in the ERP."""
        known = self.rows.get(vendor) or orjson.loads(examples.text(ERP, PERSON, "raw")) | {"A.VENDOR_ID": vendor}
        self.rows[vendor] = known | {f"A.{name}": value for name, value in columns.items()}

    def service(self, *events: Mapping[str, Any]) -> None:
        """A person's entry in the field service."""
        self._ask("POST", "events", {"events": list(events)})

    def vendors(self) -> dict[str, dict[str, Any]]:
        """What the field service holds under our refs, by the ERP's code."""
        rows = self._ask("GET", "holdings?entity=vendors")["holdings"]
        return {row["external"]["erpCode"]: row for row in rows if row["external"]}

    def writes(self) -> list[tuple[str, str]]:
        """What was written with a ref: (operation, ref), in order."""
        commits = self._ask("GET", "journal?after=0")["commits"]
        return [(one["operation"], one["ref"]) for one in commits if one["kind"] == "vendors" and one["ref"].startswith("ST-")]

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        async def asked() -> bytes:
            transport = HttpTransport(Reach(loopback=True))
            try:
                sent = orjson.dumps(body) if body is not None else b""
                return (await transport.send(Request(method, f"{self.url}/__sim__/{path}", {}, sent), 5)).body
            finally:
                await transport.close()

        return orjson.loads(asyncio.run(asked()))

    # --- polling ---

    def poll(self) -> None:
        """One cycle of both sides: every vendor as its feed shows it."""
        for vendor, row in self.rows.items():
            self._raw(ERP, f"SHARE/{vendor}", row, row["A.LAST_MODIFIED_DATE"])
        guid = self.settings.field_service.settings["external_data_application_guid"]
        for row in self._ask("GET", "holdings?entity=vendors")["holdings"]:
            external = [{"key": key, "value": value} for key, value in row["external"].items()]
            shown = {name: row[name] for name in ("id", "name", "active", "memo", "address", "modifiedOn")}
            self._raw(SERVICE, str(row["id"]), shown | {"contactInfo": row["contact"], "externalData": external}, row["modifiedOn"])
        assert guid
        self.wire.flush()

    def _raw(self, system: str, source_id: str, row: Mapping[str, Any], version: str) -> None:
        self.reads += 1
        record = blank("raw.raw") | {
            "connection": "acme",
            "system": system,
            "entity": "vendor",
            "source_id": source_id,
            "source_version": version,
            "shape": "object",
            "how": "window",
            "body": orjson.dumps(row),
            "received_at": datetime.now(UTC),
        }
        self.wire.send(f"raw.{system}", object_key("acme", system, "vendor", source_id), "raw.raw", record)

    # --- what came of it ---

    def link(self, vendor: str, service_id: str) -> None:
        """A person's match, both ways."""
        for source, target, pair in (
            (SERVICE, ERP, (service_id, f"SHARE/{vendor}")),
            (ERP, SERVICE, (f"SHARE/{vendor}", service_id)),
        ):
            record = blank("connection.link") | {
                "connection": "acme",
                "entity": "vendor",
                "source_system": source,
                "source_id": pair[0],
                "target_system": target,
                "target_id": pair[1],
                "origin": "person",
            }
            self.wire.send("links", link_key(record), "connection.link", record)
        self.wire.flush()

    def decided(self, decision: str) -> list[str]:
        """Details of audit records of one decision."""
        return [one["detail"] for one in self.wire.read("audit") if one["decision"] == decision]

    def counted(self, *decisions: str) -> int:
        """How many records these decisions cover."""
        return sum(one["count"] for one in self.wire.read("audit") if one["decision"] in decisions)

    def until(self, wanted: Mapping[str, str]) -> None:
        """Wait until the newest outcome of each vendor is this one."""
        eventually(
            lambda: {one["source_id"]: one["outcome"] for one in self.wire.read(f"result.{SERVICE}")},
            lambda seen: seen == wanted,
            90,
        )


def settings_of(url: str, credentials: Mapping[str, Any], **more: Any) -> ConnectionSettings:
    """The connection, as `apply` would have it."""
    quota = {"group": "g", "calls": 100_000, "at_once": 64, "sink": 0.9, "poller": 0.05, "check": 0.05, "kept": 0}
    own = {"environment": "test", "api_url": url, "auth_url": url}
    own |= {name: str(credentials[name]) for name in ("tenant_id", "external_data_application_guid")}
    return ConnectionSettings.model_validate(
        {
            "connection": "acme",
            "label": "Acme",
            "environment": "test",
            "mode": "live",
            "time_zone": "America/Chicago",
            "create_missing": ["vendor"],
            "field_service": {"system": SERVICE, "settings": own, "quota": quota},
            "erp": {"system": ERP, "settings": dict(examples.told(ERP).settings), "quota": quota},
            "flows": {"P3": {}},
            **more,
        }
    )


@contextmanager
def staged(cluster: Any, folder: Path, **more: Any) -> Iterator[Stage]:
    """Everything running; stopped at the end."""
    prefix = f"v{uuid.uuid4().hex[:8]}."
    create_topics(Kafka(bootstrap_servers=cluster.bootstrap_servers, topic_prefix=prefix))
    register_schemas(Registry(url=cluster.registry_url), prefix)
    kafka_ = Kafka(bootstrap_servers=cluster.bootstrap_servers, topic_prefix=prefix)
    service = Settings(
        profile="demo",
        timing=DEMO_TIMING,
        kafka=kafka_,
        registry=Registry(url=cluster.registry_url),
        state_dir=folder / "state",
        key_ring=ring_in(folder),
    )
    with _simulator(folder) as served:
        settings = settings_of(served.url, served.simulator.credentials, **more)
        stage = Stage(_wire(service), settings, served.url)
        _apply(stage.wire, settings)
        with _topology(stage.wire, folder), _sink(service, served):
            yield stage
    delete_topics(kafka_)


def _wire(settings: Settings) -> Wire:
    from runtime import kafka

    return Wire(
        settings, load(settings.registry.url, records_of_topic(settings.kafka.topic_prefix)), kafka.producer(settings.kafka)
    )


def _apply(wire: Wire, settings: ConnectionSettings) -> None:
    record = blank("connection.connection") | {
        "connection": "acme",
        "label": "Acme",
        "version": "v1",
        "crosswalk_version": crosswalk_version(()),
        "settings": settings.model_dump_json(),
        "actor": "test",
    }
    wire.send("connections", "acme", "connection.connection", record)
    wire.flush()


@contextmanager
def _simulator(folder: Path) -> Iterator[Served]:
    """The field service, served from a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    switches = {"calls_per_second": "0", "tokens_per_second": "0", "customers": "1", "vendors": "3"}
    (folder / "service").mkdir()
    served = asyncio.run_coroutine_threadsafe(start(build(Options(7, folder / "service", ScaledClock(), switches))), loop).result(
        30
    )
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(served.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def _topology(wire: Wire, folder: Path) -> Iterator[None]:
    process = TopologyProcess(wire, folder / "topology.log", program=_PROGRAM).start()
    try:
        yield
        assert process.end() == 0, process.tail()
    finally:
        process.kill()


@contextmanager
def _sink(settings: Settings, served: Served) -> Iterator[None]:
    stopping = threading.Event()
    system = registry.system(SERVICE)

    def opened(connected: Connected, role: Role) -> OpenWriter:
        transport = HttpTransport(Reach(loopback=True))
        entered = access(system, served.url, served.simulator, ScaledClock(), transport)  # type: ignore[arg-type]  # a real clock does as well
        return OpenWriter(open_writer(entered), transport)

    thread = threading.Thread(target=lambda: run(settings, [SERVICE], Seams(open_session=opened, stopping=stopping)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(60)
