"""The examples of a system, read in one way for all: what its folder tells of a connection, raw records, canonical records, answers.

connection.json                                 settings, crosswalk and choices that the examples are mapped with
<entity>.<situation>.raw.json -> .expected.json       what the normaliser makes of a raw record
<entity>.<situation>.raw.2.json, .raw.3.json          the further answers that complete it
<entity>.<situation>.canonical.json -> .commands.json what the mapping makes of a canonical record
answers/<verdict>.<situation>.json              an answer of the vendor to a write, and the verdict that its name begins with
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from runtime.json import canonical_bytes
from schemas.records import Raw
from schemas.shapes import fields_of, part, record_sources
from systems import registry
from systems.connection import ConnectionSettings
from systems.contract import System
from systems.mapped import Canonical, Draft, Fetch, NoCommand, Normalised, Plan
from topology.configuration import Connected
from topology.crosswalk import tables_of

ROOT = Path(__file__).parents[2]
FOLDERS: dict[str, Path] = {}
"""Folders of systems that do not lie under `systems/`."""
AT = datetime(2026, 3, 9, tzinfo=UTC)


def folder(system: str) -> Path:
    """The folder of a system."""
    return FOLDERS.get(system, ROOT / "systems" / system)


@dataclass(frozen=True)
class Told:
    """`connection.json`: `settings` lie over what the simulator needs; `simulator` are switches of the simulator; `not_written`
    names examples whose documents need something that the simulator does not hold, each with its reason. `otherwise` names examples that are
    mapped with other settings of the system, or other choices of the connection: another profile, policy or tax mode.

    `ways` are settings under which a record is written in another way than by default. Of the simulator, as a path under `/__sim__/` and the
    body that is posted there: `batch` lets the system's own batch run, `refuses` (by way) makes it refuse what it comes to next,
    `inserts` (by feed) adds an object. `mistakes` name settings that are wrong, and what a finding of `check` has to name then.
    `examples` names the example by which a way is tried where the first is not the one (`original of WAY`: of the document that it takes back).
    `silent` names ways whose first answer gives no more than the id of a job of the system, each with the reason: until that job has run a look-up
    needs the id, and only then is the amount shown.
    `linked` are ids, by `entity/source_id`, of what the simulator holds already and nothing here writes: a customer that is only matched."""

    settings: Mapping[str, Any]
    crosswalk: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)
    simulator: Mapping[str, str] = field(default_factory=dict)
    not_written: Mapping[str, str] = field(default_factory=dict)
    otherwise: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ways: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    batch: Mapping[str, Any] = field(default_factory=dict)
    refuses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inserts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mistakes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    linked: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


@cache
def told(system: str) -> Told:
    """What the folder tells of the connection of its examples."""
    return Told(**json.loads((folder(system) / "examples" / "connection.json").read_text()))


def names(system: str, kind: str) -> list[str]:
    """Situations that have a file of this kind (`raw`, `canonical`)."""
    return sorted(path.name.removesuffix(f".{kind}.json") for path in (folder(system) / "examples").glob(f"*.{kind}.json"))


def text(system: str, name: str, kind: str) -> bytes:
    """The bytes of one file."""
    return (folder(system) / "examples" / f"{name}.{kind}.json").read_bytes()


# --- the connection ---------------------------------------------------------------------------------------------------


def connected(system: System, settings_of_system: Mapping[str, Any] | None = None) -> Connected:
    """The two sides of a connection joined, with the settings and crosswalk of the examples: the field-service side and `system`; or
    where `system` is the field-service side itself, the ERP that brings most kinds of records to it: the last of those that bring as many."""
    brings = {
        one.name: {record for flow in one.flows if flow.target == system.name for record in flow.records} for one in registry.erps()
    }
    erp = system if system.name != registry.FIELD_SERVICE else max(reversed(registry.erps()), key=lambda one: len(brings[one.name]))
    own = {one: dict(told(one).settings) for one in (registry.FIELD_SERVICE, erp.name)}
    own[system.name].update(settings_of_system or {})
    quota = {"group": "g", "calls": 100_000, "at_once": 100, "sink": 0.9, "poller": 0.05, "check": 0.05, "kept": 0}
    settings = ConnectionSettings.model_validate(
        {
            "connection": "acme",
            "label": "Acme",
            "environment": "test",
            "mode": "live",
            "time_zone": "America/Chicago",
            "field_service": {
                "system": registry.FIELD_SERVICE,
                "settings": own[registry.FIELD_SERVICE],
                "quota": quota,
            },
            "erp": {"system": erp.name, "settings": own[erp.name], "quota": quota},
            "flows": {flow.id: {"cutover_date": "2026-01-01"} for flow in erp.flows},
            **told(erp.name).choices,
            **told(system.name).choices,
        }
    )
    rows = [
        {"table": table, "row": key, "values": values, "effective_from": None}
        for table, keys in {**told(registry.FIELD_SERVICE).crosswalk, **told(erp.name).crosswalk}.items()
        for key, values in keys.items()
    ]
    return Connected(settings, "v1", "c1", tables_of(rows))


def plan(on: Connected, system: str, name: str) -> Plan:
    """What the mapping of an example may know: the connection's plan, with what the folder says is otherwise for it."""
    plan_, over = on.plan_to(system), told(system).otherwise.get(name, {})
    own = type(plan_.settings).model_validate(laid(plan_.settings.model_dump(), over.get("settings", {})))
    return replace(plan_, settings=own, **over.get("choices", {}))


def laid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` lies over `under`, section by section."""
    return {**under, **{key: laid(under.get(key, {}), one) if isinstance(one, dict) else one for key, one in over.items()}}


# --- raw to canonical -------------------------------------------------------------------------------------------------


def raw(system: System, name: str) -> Raw:
    """The raw record of an example: an object of its entity, or what came in by `webhook` or `push`."""
    entity = name.partition(".")[0]
    shape = "hint" if entity in ("webhook", "push") else "object"
    return Raw(
        connection="acme",
        system=system.name,
        entity=entity,
        source_id="",
        source_version="",
        shape=shape,
        how="fetch",
        body=text(system.name, name, "raw"),
        content_type="application/json",
        page_digest="",
        page_index=0,
        signature="none",
        received_at=AT,
        further=[path.read_bytes() for path in further(system.name, name)],
    )


def further(system: str, name: str) -> list[Path]:
    """The files of the answers that complete a raw record, in their order."""
    found = (folder(system) / "examples").glob(f"{name}.raw.*.json")
    return sorted(found, key=lambda path: int(path.name.split(".")[-2]))


def shown(value: Any) -> Any:
    """A value as JSON shows it: decimals as shortest text, dates and instants as ISO text."""
    return json.loads(canonical_bytes(value))


def normalised(found: Normalised) -> dict[str, Any]:
    """What follows from a raw record, as an example file tells it."""
    if isinstance(found, Canonical):
        return {"canonical": found.entity, "record": shown(found.record)}
    if isinstance(found, Fetch):
        return {"look_again": found.entity, "source_id": found.source_id, "reason": found.reason}
    return {"filtered": found.reason}


# --- canonical to commands --------------------------------------------------------------------------------------------


def drafted(found: Draft | NoCommand) -> dict[str, Any]:
    """A draft or decision, as an example file tells it."""
    told_: dict[str, Any] = shown(vars(found))
    return {name: value for name, value in told_.items() if value not in ("", [], None) and value is not False}


def canonical(system: str, name: str) -> dict[str, Any]:
    """The canonical record of an example, with Decimals, dates and instants again."""
    return dict(_canonical(text(system, name, "canonical"), name.partition(".")[0]))


@cache
def _canonical(content: bytes, entity: str) -> dict[str, Any]:
    """Typed once for each content of a file; nobody changes what is inside."""
    return typed_record(json.loads(content), record_sources()[f"canonical.{entity}"])


def typed_record(value: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """A record of JSON as the twin's Python; members that the schema does not know are left as they are."""
    kinds = {name: spec["type"] for name, spec in fields_of(dict(source)).items()}
    return {name: _typed(one, kinds.get(name, "string")) for name, one in value.items()}


def _typed(value: Any, written: str) -> Any:
    if value is None:
        return None
    kind, _, item = written.removesuffix("?").partition(":")
    if kind == "list":
        nested = {"fields": part(item)["fields"]} if item[:1].isupper() else None
        return [typed_record(one, nested) if nested else _typed(one, item) for one in value]
    if kind == "map":
        return {key: _typed(one, item) for key, one in value.items()}
    readers: dict[str, Any] = {
        "money": Decimal,
        "quantity": Decimal,
        "instant": datetime.fromisoformat,
        "date": date.fromisoformat,
        "bytes": bytes.fromhex,
    }
    return readers[kind](value) if kind in readers else value


# --- answers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """An answer of the vendor as an example tells it: its verdict is the first word of its name; `steps` limits it to these."""

    name: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    steps: tuple[str, ...]
    expected: Mapping[str, Any]

    @property
    def verdict(self) -> str:
        """`definite_no`, `reject`, `duplicate` or `ambiguous`."""
        return self.name.partition(".")[0]


def answers(system: str) -> list[Said]:
    """The answers that the folder tells of."""
    return [_said(path) for path in sorted((folder(system) / "examples" / "answers").glob("*.json"))]


def _said(path: Path) -> Said:
    found = json.loads(path.read_text())
    body = found.get("body", "")
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Said(
        path.stem,
        found["status"],
        found.get("headers", {}),
        content,
        tuple(found.get("steps", ())),
        found.get("expected", {}),
    )
