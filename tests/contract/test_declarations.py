"""A system's declaration against its folder: roles, settings, feeds, writes, flows, crosswalk tables, and what SYSTEM.md has to say."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import BaseModel, SecretStr

from schemas.shapes import fields_of, record_sources
from systems import registry
from systems.contract import Capability, Flow, System, Write
from systems.flow import DUE
from tests.contract import examples
from tests.contract.ground import demo_of, simulator_of
from tests.contract.registered import SYSTEMS
from tests.contract.seam import VirtualClock
from topology.rules.identity import ref_of

ALWAYS = ("SYSTEM.md", "__init__.py", "system.py", "settings.py", "models.py", "errors.py", "mapping.py", "client.py", "poller.py")
HEADINGS = ("The simulator", "Our side", "Left out", "Quality sheet")
STATE = re.compile(r"^(done\b.*|exempt: .+|.*\bmeasured\b.*)$")
KINDS = ("token", "window", "full")
DATES = ("date", "date?", "instant", "instant?")


def check_roles(system: System) -> None:
    """Every role has its file, and a file is there only for a role that the system has."""
    folder = examples.folder(system.name)
    missing = [name for name in (*ALWAYS, "check.py", "demo.py", "examples", "simulator/app.py") if not (folder / name).exists()]
    assert missing == []
    assert (folder / "sink.py").exists() == (system.open_writer is not None) == bool(system.writes)
    assert (folder / "__init__.py").read_text().count('"""') in (0, 2), "__init__.py holds a docstring only"
    assert len(re.sub(r'""".*?"""', "", (folder / "__init__.py").read_text(), flags=re.DOTALL).strip()) == 0


def check_settings(system: System) -> None:
    """Every field says what it is; secrets are secret types; what is typed by hand shows an example or its default."""
    for model in (system.settings, system.credentials):
        assert model.model_config.get("frozen"), f"{model.__name__} is not frozen"
        assert model.model_config.get("extra") == "forbid", f"{model.__name__} takes unknown fields"
        for path, field in _fields(model):
            assert field.description, f"{path} has no description"
            if field.is_required():
                assert "Example" in field.description or "." in field.description, f"{path} shows no example"
    assert all(field.annotation is SecretStr for _, field in _fields(system.credentials)), "a credential is no secret type"
    who, secrets = set(system.signs_in_as), set(system.credentials.model_fields)
    assert who <= secrets | set(system.settings.model_fields), f"signs_in_as: {sorted(who)}"
    assert not who or who & secrets, "signs_in_as: no role could sign in as somebody else"
    assert bool(system.asked_for) == (system.open_finder is not None), "asked_for and open_finder go together"
    assert not set(system.asked_for) & {feed.entity for feed in system.feeds}, "asked_for: a feed lists them"
    if system.name != registry.FIELD_SERVICE:
        assert {"instance_id", "company_id"} <= set(system.settings.model_fields), "identity of the books"


def _fields(model: type[BaseModel], path: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        found.append((f"{path}{name}", field))
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            found += _fields(nested, f"{path}{name}.")
    return found


def check_feeds(system: System) -> None:
    """A feed shows an entity that has a canonical record (or an example of which it becomes), in a known way; a hint can be looked at
    again."""
    names = [feed.name for feed in system.feeds]
    assert len(set(names)) == len(names), "two feeds of one name share a cursor"
    for feed in system.feeds:
        assert feed.kind in KINDS, feed.name
        assert feed.shape in ("hint", "object"), feed.name
        assert feed.cadence.total_seconds() > 0, feed.name
        assert feed.overlap.total_seconds() > 0 or feed.kind != "window", (
            f"{feed.name}: a window without overlap misses late commits"
        )
        if feed.shape == "hint":
            assert feed.entity in system.fetchable, f"{feed.name}: a hint that nobody can look at again"
    shown = {feed.entity for feed in system.feeds} | set(system.fetchable)
    exampled = {name.partition(".")[0] for name in examples.names(system.name, "raw")}
    unknown = [one for one in shown - exampled if f"canonical.{one}" not in record_sources()]
    assert unknown == []
    assert all(count > 0 for count in system.fetchable.values())


def check_writes(system: System) -> None:
    """A write has a command record, steps with the promised one among them, room for its calls, and a place in which the ref fits."""
    begun = [(write.record, write.takes_back, write.steps[0]) for write in system.writes]
    assert len(set(begun)) == len(begun), "two ways of a record begin with steps of other names"
    records = [(write.record, write.takes_back) for write in system.writes]
    assert system.chosen_write is not None or len(set(records)) == len(records), "nothing chooses between two ways of a record"
    for write in system.writes:
        assert f"command.{write.record}" in record_sources(), write.record
        assert len(set(write.steps)) == len(write.steps) > 0, write.record
        assert write.promised in write.steps, write.record
        assert write.calls >= 2, f"{write.record}: a look-up and the step itself"
        assert write.p_max.total_seconds() > 0, f"{write.record}: nobody commits at once"
        assert not write.ref_field or write.ref_length >= len(ref_of("any")), f"{write.record}: the ref does not fit"
        assert write.ref_field or write.capability is Capability.C3, f"{write.record}: without a ref nothing can be unique"
        check_own_steps(write)
        written = {one.record for one in system.writes if not one.takes_back}
        assert not write.takes_back or write.takes_back in written, f"{write.record}: nobody writes {write.takes_back}"
        assert write.capability is not Capability.C4 or write.v_max.total_seconds() > 0, f"{write.record}: C4 lags"


def check_own_steps(write: Write) -> None:
    """What the system's own batch does is looked at; what is kept up to date is one step, and can be compared."""
    assert set(write.watched) <= set(write.steps[1:]), f"{write.record}: the first step is ours to send"
    assert write.watch_every.total_seconds() > 0, write.record
    assert write.capability is not Capability.C5 or not (write.watched or write.updates), f"{write.record}: it cannot be looked at"
    assert not write.updates or len(write.steps) == 1, f"{write.record}: a change is one request"


def check_flows(system: System) -> None:
    """A flow names two known sides, and records that are written or held by name; whoever writes has a flow for it."""
    ids = [flow.id for flow in system.flows]
    assert len(set(ids)) == len(ids)
    told = {record for one in registry.systems() for flow in one.flows if flow.target == system.name for record in flow.records}
    told |= {record for flow in system.flows for record in flow.records}
    for flow in system.flows:
        assert flow.source in registry.NAMES, flow.id
        assert flow.target in ("", *registry.NAMES), flow.id
        assert not flow.entity or f"canonical.{flow.entity}" in record_sources(), flow.id
        assert all(f"command.{record}" in record_sources() for record in flow.records), flow.id
        check_due(flow)
    assert {write.record for write in system.writes} <= told, "a write that no flow uses"
    check_side_by_side(system)
    for table, columns in system.crosswalk_tables.items():
        assert len(set(columns)) == len(columns) >= 2, f"{table}: a key and what it stands for"
    tables = registry.crosswalk_tables(system.name)
    asked = {table for of_flow in system.tables_of.values() for table in of_flow}
    assert system.tables_of.keys() <= set(ids)
    assert system.flows == () or system.crosswalk_tables.keys() <= asked <= tables.keys(), "tables_of"
    for table, rows in demo_of(system).crosswalk().items():
        assert all(set(row) <= set(tables[table]) for row in rows), f"demo.py: columns of {table}"


def check_due(flow: Flow) -> None:
    """What moves money is due in a known way, from a first day on: the posting date is a day or an instant of the canonical record."""
    assert flow.due in DUE, flow.id
    if flow.entity and flow.records and (flow.moves_money or flow.posting_date):
        dates = {name for name, spec in fields_of(record_sources()[f"canonical.{flow.entity}"]).items() if spec["type"] in DATES}
        assert flow.date_field in dates, f"{flow.id}: {flow.date_field or 'no field'} is not a date of canonical.{flow.entity}"


def check_side_by_side(system: System) -> None:
    """Flows that exclude each other are known, with the reason, and at most one of them runs where nothing is said."""
    known = {flow.id: flow for flow in system.flows}
    for flow in system.flows:
        assert set(flow.excludes) <= set(known) - {flow.id}, f"{flow.id} excludes {sorted(flow.excludes)}"
        assert all(flow.excludes.values()), f"{flow.id} does not say why"
        both = [other for other in flow.excludes if not flow.off_by_default and not known[other].off_by_default]
        assert both == [], f"{flow.id} and {both} run by default and exclude each other"


def check_simulator(system: System, folder: Path) -> None:
    """The simulator builds, knows its name, and says in its ready line what a connection to it needs."""
    simulator = simulator_of(system, folder, VirtualClock())
    assert simulator.system == system.name
    assert isinstance(simulator.app, web.Application)
    own, quota, secrets = demo_of(system).section("http://127.0.0.1:1", simulator.credentials)
    system.settings.model_validate(own)
    system.credentials.model_validate(secrets)
    assert {"group", "calls"} <= set(quota)
    simulator.store.close()


def check_system_md(system: System) -> None:
    """The headings that all have, what is assumed, and a quality sheet whose every line says done, exempt and why, or a measurement."""
    text = (examples.folder(system.name) / "SYSTEM.md").read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    missing = [wanted for wanted in HEADINGS if wanted not in headings]
    assert missing == [], f"systems/{system.name}/SYSTEM.md has no heading {missing}"
    assert any("assumed" in heading.lower() for heading in headings), "what is assumed has no heading"
    doubled = sorted({one for one in headings if headings.count(one) > 1 and text.count(f"\n## {one}\n") > 1})
    assert doubled == [], f"two sections {doubled}"
    sheet = re.findall(r"^\| (.+?) \| (.+?) \|$", text.partition("\n## Quality sheet\n")[2], re.MULTILINE)[2:]
    assert sheet, "the quality sheet is empty"
    assert [line for line, state in sheet if not STATE.match(state)] == []


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_role_has_its_file(name: str) -> None:
    check_roles(registry.system(name))


@pytest.mark.parametrize("name", SYSTEMS)
def test_settings_and_credentials_are_described(name: str) -> None:
    check_settings(registry.system(name))


@pytest.mark.parametrize("name", SYSTEMS)
def test_feeds_show_what_the_schemas_know(name: str) -> None:
    check_feeds(registry.system(name))


@pytest.mark.parametrize("name", SYSTEMS)
def test_writes_are_complete(name: str) -> None:
    check_writes(registry.system(name))


@pytest.mark.parametrize("name", SYSTEMS)
def test_flows_name_what_is_written_or_held(name: str) -> None:
    check_flows(registry.system(name))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_simulator_builds_and_says_how_to_sign_in(name: str, tmp_path: Path) -> None:
    check_simulator(registry.system(name), tmp_path)


@pytest.mark.parametrize("name", SYSTEMS)
def test_system_md_says_what_all_say(name: str) -> None:
    check_system_md(registry.system(name))


def test_every_declared_module_can_be_imported() -> None:
    for system in registry.systems():
        assert import_module(system.demo).DEMO
        assert import_module(system.simulator).build
