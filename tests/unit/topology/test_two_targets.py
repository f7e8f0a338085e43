"""Hop 2 writes to either side: by the flow's target, with that side's settings. What carries our ref stays, or waits for its partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from systems import registry
from systems.contract import Flow, System
from systems.mapped import Draft, Plan
from tests import toy
from tests.unit.topology.hops import CODEC, Memory, context, decisions, outputs
from topology import canonical_to_command
from topology.batch import ConsumerRecord, Context, Outcome
from topology.headers import PREVIOUS_STATUS
from topology.topics import object_key

BACK, FORTH = f"command.{toy.SOURCE}", f"command.{toy.TARGET}"


class Choosing(toy.TargetSettings):
    """Books that let vendors of status A travel."""

    def excludes(self, entity: str, record: Mapping[str, Any]) -> str:
        return "" if record["status"] == "A" else f"{entity} of status {record['status']}"


def _vendor(record: Mapping[str, Any], plan: Plan, flow: str) -> Draft:
    settings = f"{plan.target} {type(plan.settings).__name__} from {type(plan.source_settings).__name__}"
    body = {
        **dict.fromkeys(("street", "unit", "city", "state", "zip", "country", "phone", "email"), ""),
        "code": "",
        "vendor_class": "",
    }
    more = {"terms": "", "status": "active" if record["active"] else "inactive", "memo": settings, "create_missing": True}
    return Draft("vendor", {**body, **more, "name": record["name"]}, flow, "master", action="upsert")


def _system(one: System, flows: tuple[Flow, ...] = ()) -> System:
    def commands(entity: str, record: Mapping[str, Any], plan: Plan) -> list[Draft]:
        return [_vendor(record, plan, flow) for flow in plan.towards.get(entity, ())]

    settings = Choosing if one.name == toy.TARGET else one.settings
    return replace(one, to_commands=commands, flows=flows, settings=settings)


FLOWS = (
    Flow("V1", "vendors back", toy.TARGET, toy.SOURCE, "vendor", ("vendor",), "master"),
    Flow("V2", "vendors forth", toy.SOURCE, toy.TARGET, "vendor", ("vendor",), "master"),
    Flow("A1", "invoices", toy.SOURCE, toy.TARGET, "invoice", ("ar_invoice",), "sale"),
)


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Context:
    made = toy.toys()
    systems = {toy.SOURCE: _system(made[toy.SOURCE]), toy.TARGET: _system(made[toy.TARGET], FLOWS)}
    monkeypatch.setattr(registry, "system", systems.__getitem__)
    found = context()
    (connected,) = found.snapshot.connections.values()
    flows = {**connected.settings.flows, **dict.fromkeys(("V1", "V2"), connected.settings.flows["A1"])}
    settings = connected.settings.model_copy(update={"flows": flows})
    return replace(found, snapshot=replace(found.snapshot, connections={"acme": replace(connected, settings=settings)}))


def _mapped(around: Context, system: str, previous: str = "", **changes: Any) -> Outcome:
    value = toy.blank("canonical.vendor") | {
        "connection": "acme",
        "system": system,
        "entity": "vendor",
        "source_id": "7",
        "content_hash": "c",
        "name": "Ferris",
        "status": "A",
        "active": True,
        **changes,
    }
    topic, key = "canonical.vendor", object_key("acme", system, "vendor", "7")
    headers = [(PREVIOUS_STATUS, previous.encode())] if previous else None
    record = ConsumerRecord(topic, 0, 0, key.encode(), CODEC.encode(topic, topic, value), headers)
    return canonical_to_command.apply([record], Memory(), around)


def test_a_record_goes_to_the_side_that_its_flow_names_with_that_sides_settings(around: Context) -> None:
    back, forth = _mapped(around, toy.TARGET), _mapped(around, toy.SOURCE)
    [written], [other] = outputs(back, BACK), outputs(forth, FORTH)
    assert (outputs(back, FORTH), outputs(forth, BACK)) == ([], [])
    assert written["memo"] == f"{toy.SOURCE} SourceSettings from Choosing"
    assert other["memo"] == f"{toy.TARGET} Choosing from SourceSettings"


def test_what_is_written_to_the_field_service_names_it_and_the_erps_books(around: Context) -> None:
    [written], [other] = outputs(_mapped(around, toy.TARGET), BACK), outputs(_mapped(around, toy.SOURCE), FORTH)
    assert written["op_key"] == f"test:t1|{toy.SOURCE}:i1:c1|master|vendor:7||upsert"
    assert other["op_key"] == f"test:t1|{toy.TARGET}:i1:c1|master|vendor:7||upsert"
    assert written["ref"] != other["ref"]
    assert (written["system"], other["system"]) == (toy.SOURCE, toy.TARGET)


def _without(around: Context, flow: str) -> Context:
    (connected,) = around.snapshot.connections.values()
    flows = {name: own for name, own in connected.settings.flows.items() if name != flow}
    settings = connected.settings.model_copy(update={"flows": flows})
    return replace(around, snapshot=replace(around.snapshot, connections={"acme": replace(connected, settings=settings)}))


@pytest.mark.parametrize(("system", "back"), [(toy.SOURCE, "V1"), (toy.TARGET, "V2")])
def test_what_carries_our_ref_goes_nowhere(around: Context, system: str, back: str) -> None:
    outcome = _mapped(_without(around, back), system, origin_ref="ST-AAAAAAAAAAAAAAAAAAAA")
    assert (outcome.outputs, decisions(outcome)) == ([], ["own_origin"])


@pytest.mark.parametrize(("system", "topic"), [(toy.SOURCE, FORTH), (toy.TARGET, BACK)])
def test_a_master_that_comes_from_both_sides_and_carries_our_ref_waits_for_its_partner(
    around: Context, system: str, topic: str
) -> None:
    """A change that people made of it was lost, for our ref kept the whole record at its side."""
    [written] = outputs(_mapped(around, system, origin_ref="ST-AAAAAAAAAAAAAAAAAAAA"), topic)
    [created] = outputs(_mapped(around, system), topic)
    assert [(parent["role"], parent["source_id"]) for parent in written["parents"]] == [("partner", "7")]
    assert (written["op_key"], written["payload_hash"]) == (created["op_key"], created["payload_hash"])


def test_what_its_own_side_keeps_back_is_excluded_in_its_words(around: Context) -> None:
    outcome = _mapped(around, toy.TARGET, status="E")
    assert outcome.outputs == []
    [(_, decision)] = outcome.decisions
    assert (decision.decision, decision.detail) == ("excluded", "V1: vendor of status E")
    assert outputs(_mapped(around, toy.SOURCE, status="E"), FORTH), "the other side keeps nothing back"


def test_a_vendor_that_was_let_through_and_is_deactivated_still_tells_that(around: Context) -> None:
    [written] = outputs(_mapped(around, toy.TARGET, previous="A", status="I", active=False), BACK)
    assert written["status"] == "inactive"
    assert _mapped(around, toy.TARGET, previous="E", status="I", active=False).outputs == []


def test_a_flow_that_is_off_brings_nothing_back(around: Context) -> None:
    outcome = _mapped(_without(around, "V1"), toy.TARGET)
    assert (outcome.outputs, outcome.decisions) == ([], [])
