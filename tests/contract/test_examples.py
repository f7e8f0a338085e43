"""The example pairs of every system: raw to canonical, canonical to commands; records that the schemas take, mappings that always say the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from console.connections.coverage import Noting
from schemas.codec import Codec, offline_codec
from schemas.shapes import fields_of, part, record_sources
from systems import registry
from systems.contract import System
from systems.mapped import COMPLETION, REVERSAL, Canonical, Crosswalk, Draft, NoCommand, Reading
from tests.contract import examples
from tests.contract.registered import SYSTEMS, is_brought
from topology.configuration import Connected
from topology.rules.envelope import Source, command
from topology.topics import records_of_topic

CODEC: Codec = offline_codec(records_of_topic())
RAWS = [(name, one) for name in SYSTEMS for one in examples.names(name, "raw")]
CANONICALS = [(name, one) for name in SYSTEMS for one in examples.names(name, "canonical") if is_brought(name, one)]
COORDINATES = {"raw_topic": "raw.x", "raw_partition": 0, "raw_offset": 0}


def joined(system: System) -> Connected:
    """A connection that the system is a side of."""
    return examples.connected(system)


def reading(system: System) -> Reading:
    """What the system's normaliser may know."""
    return joined(system).readings[system.name]


def encoded(record: str, value: dict[str, Any]) -> None:
    """The record is one that its schema takes, and comes back as it was; what was left out comes back empty."""
    topic = next(topic for topic, names in records_of_topic().items() if record in names)
    assert CODEC.decode(CODEC.encode(topic, record, value)) == (record, whole(record_sources()[record], value))


def whole(source: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """A record with every field that may be left out."""
    made = dict(value)
    for name, spec in fields_of(source).items():  # type: ignore[arg-type]  # a record file
        kind, _, item = spec["type"].partition(":")
        if name not in made and spec.get("may_be_left_out"):
            made[name] = [] if kind == "list" else {} if kind == "map" else None if kind.endswith("?") else ""
        elif kind == "list" and item[:1].isupper():
            made[name] = [whole(part(item), one) for one in made[name]]
    return made


def check_raw_example(system: System, name: str) -> None:
    """The pair holds, twice alike, without touching the raw record; what is canonical is a record of its schema."""
    raw = examples.raw(system, name)
    before = copy.deepcopy(raw)
    found = list(system.to_canonical(raw, reading(system)))
    assert found == list(system.to_canonical(raw, reading(system)))
    assert raw == before
    expected = json.loads(examples.text(system.name, name, "expected"))
    told = [examples.normalised(one) for one in found]
    assert told == (expected if isinstance(expected, list) else [expected])
    for one in found:
        if isinstance(one, Canonical):
            encoded(f"canonical.{one.entity}", {**one.record, **COORDINATES})


def check_canonical_example(system: System, name: str) -> None:
    """The pair holds, twice alike; its canonical record and its commands are records of their schemas; flows are declared."""
    record, plan = examples.canonical(system.name, name), examples.plan(joined(system), system.name, name)
    entity = name.partition(".")[0]
    encoded(f"canonical.{entity}", record)
    before = copy.deepcopy(record)
    asking = replace(plan, crosswalk=Noting(joined(system).crosswalk.tables))
    found = list(system.to_commands(entity, record, asking))
    assert found == list(system.to_commands(entity, record, plan))
    assert record == before
    check_tables(system, asking.crosswalk, {one.flow for one in found})
    told = [examples.drafted(one) for one in found]
    assert _of_any_erp(system, told) == _of_any_erp(system, json.loads(examples.text(system.name, name, "commands")))
    for one in found:
        check_draft(system, one, record)


def check_tables(system: System, crosswalk: Crosswalk, flows: set[str]) -> None:
    """The flows declare the tables that their mapping asks. What they do not declare is not checked when they go live."""
    assert isinstance(crosswalk, Noting)
    erp = joined(system).settings.erp
    known = registry.crosswalk_tables(erp.system)
    declared = {table for flow in flows for table in erp.declared.tables_of.get(flow, ())}
    assert {table for table, _ in crosswalk.asked if table in known} <= declared, f"tables_of of {', '.join(sorted(flows))}"


def _of_any_erp(system: System, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Flows are the ERP's: what is written to the field-service side is the same whichever brings it."""
    is_erp = system.name != registry.FIELD_SERVICE
    return [{name: value for name, value in one.items() if is_erp or name != "flow"} for one in told]


def check_draft(system: System, one: Draft | NoCommand, record: dict[str, Any]) -> None:
    """It belongs to a declared flow, and its command is a record of its schema."""
    flow = next((flow for flow in joined(system).settings.erp.declared.flows if flow.id == one.flow), None)
    assert flow is not None, f"flow {one.flow} is not declared"
    if isinstance(one, NoCommand):
        return
    milestone = one.record == COMPLETION and one.parted
    assert milestone or one.record in flow.records, f"flow {one.flow} does not declare {one.record}"
    assert milestone or one.hold or one.record in {REVERSAL, *(write.record for write in system.writes)}, (
        f"{one.record} is neither written nor held by name"
    )
    assert not one.hold or one.hold_detail, f"{one.hold} does not say what to do"
    source = Source(record["entity"], record, f"canonical.{record['entity']}", 0, 0, b"")
    encoded(f"command.{one.record}", command(one, source, joined(system), None))


@pytest.mark.parametrize(("name", "example"), RAWS)
def test_a_raw_record_becomes_what_its_example_says(name: str, example: str) -> None:
    check_raw_example(registry.system(name), example)


@pytest.mark.parametrize(("name", "example"), CANONICALS)
def test_a_canonical_record_becomes_the_commands_of_its_example(name: str, example: str) -> None:
    check_canonical_example(registry.system(name), example)


@pytest.mark.parametrize("erp", [one.name for one in registry.erps()])
def test_whatever_the_field_service_side_says_can_be_planned(erp: str) -> None:
    """Every canonical record of the field-service examples becomes commands, held ones included, or a decision; never an exception."""
    system, source = registry.system(erp), registry.system(registry.FIELD_SERVICE)
    plan, told = examples.connected(system).plan, 0
    for name in examples.names(source.name, "raw"):
        for one in source.to_canonical(examples.raw(source, name), reading(source)):
            if isinstance(one, Canonical):
                record = {**one.record, **COORDINATES}
                for draft in system.to_commands(one.entity, record, plan):
                    check_draft(system, draft, record)
                    told += 1
    assert told


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_file_of_examples_belongs_to_a_pair(name: str) -> None:
    files = {path.name for path in (examples.folder(name) / "examples").glob("*.json")} - {"connection.json"}
    pairs = {f"{one}.{kind}.json" for one in examples.names(name, "raw") for kind in ("raw", "expected")}
    pairs |= {f"{one}.{kind}.json" for one in examples.names(name, "canonical") for kind in ("canonical", "commands")}
    pairs |= {path.name for one in examples.names(name, "raw") for path in examples.further(name, one)}
    own = {file for file in files if file.endswith(".requests.json") and file.replace(".requests.", ".canonical.") in pairs}
    assert files - own == pairs


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_entity_that_is_read_has_an_example(name: str) -> None:
    """What a feed shows is shown by an example too: as a raw record that becomes canonical."""
    system = registry.system(name)
    entities = {feed.entity for feed in system.feeds}
    shown = {one.partition(".")[0] for one in examples.names(name, "raw")}
    assert entities <= shown
