"""What a declaration may say beyond what the first systems needed: each shown on the toy, whose declaration is changed for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from console.connections.checks import refusals
from console.connections.files import ConnectionFiles
from schemas.codec import offline_codec
from systems.connection import ConnectionSettings
from systems.contract import Flow, System
from tests.contract import examples, test_declarations
from tests.contract.conftest import Declare
from tests.contract.toybooks.system import SYSTEM
from topology import canonical_to_command
from topology.batch import Ground, Outcome, Record
from topology.configuration import Snapshot
from topology.topics import records_of_topic

(BILLS,) = SYSTEM.flows
NOW = datetime(2026, 3, 9, tzinfo=UTC)


class Unread:
    """The state of a hop that remembers nothing."""

    def get(self, partition: int, key: str) -> bytes | None:
        raise AssertionError("hop 2 remembers nothing")


def mapped(system: System, **changes: Any) -> Outcome:
    """What hop 2 makes of the toy's bill with these fields changed."""
    record = examples.canonical(system.name, "bill.of_a_vendor") | changes
    topic, codec = "canonical.bill", offline_codec(records_of_topic())
    ground = Ground(Snapshot({"acme": examples.connected(system)}), codec, str, 4, NOW)
    return canonical_to_command.apply([Record(topic, 0, 0, b"k", codec.encode(topic, topic, record), None)], Unread(), ground)


def commands(outcome: Outcome) -> list[dict[str, Any]]:
    """The commands of documents; milestones are none."""
    codec = offline_codec(records_of_topic())
    found = [codec.decode(output.value) for output in outcome.outputs if output.topic.startswith("command.")]
    return [command for name, command in found if name != "command.completion"]


def decided(outcome: Outcome) -> list[str]:
    return [decision.decision for _, decision in outcome.decisions]


def refused(settings: ConnectionSettings, *in_force: ConnectionSettings) -> list[str]:
    """What `plan` and `apply` say against it."""
    return refusals(ConnectionFiles(Path("x.yaml"), settings, ()), {one.connection: one for one in in_force}, loopback=True)


def joined(system: System, **changes: Any) -> ConnectionSettings:
    """The settings of the toy's connection, with these fields otherwise."""
    whole = examples.connected(system).settings.model_dump(mode="json")
    return ConnectionSettings.model_validate(examples.laid(whole, changes))


# --- due --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "changes", "found"),
    [
        (BILLS, {"status": "Pending"}, "not_due"),
        (replace(BILLS, due="at_once"), {"status": "Pending"}, "commanded"),
        (replace(BILLS, due="at_once"), {"status": ""}, "commanded"),
        (replace(BILLS, due="at_once"), {"bill_date": date(2025, 12, 31)}, "before_cutover"),
        (replace(BILLS, due="at_once"), {"origin_ref": "ST-X"}, "own_origin"),
        (replace(BILLS, posting_date="due_date"), {"bill_date": date(2025, 12, 31)}, "commanded"),
        (replace(BILLS, posting_date="due_date"), {"due_date": date(2025, 12, 31)}, "before_cutover"),
        (replace(BILLS, posting_date="created_on"), {"created_on": datetime(2026, 1, 1, 5, 59, tzinfo=UTC)}, "before_cutover"),
        (replace(BILLS, posting_date="created_on"), {"created_on": datetime(2026, 1, 1, 6, 0, tzinfo=UTC)}, "commanded"),
        (replace(BILLS, money=False), {"status": "Pending", "bill_date": date(2025, 12, 31)}, "commanded"),
        (replace(BILLS, money=False), {"origin_ref": "ST-X"}, "own_origin"),
        (replace(BILLS, purpose="master", money=True), {"status": "Pending"}, "not_due"),
    ],
)  # fmt: skip
def test_a_flow_says_what_makes_it_due_its_date_and_whether_it_moves_money(
    declared: Declare, flow: Flow, changes: dict[str, Any], found: str
) -> None:
    """The day of an instant is the tenant's (America/Chicago): 05:59 UTC of the first day is the evening before."""
    outcome = mapped(declared(flows=(flow,)), **changes)
    assert [*decided(outcome), *("commanded" for _ in commands(outcome))] == [found]


def test_what_moves_no_money_needs_no_first_day(declared: Declare) -> None:
    settings = joined(declared(flows=(replace(BILLS, money=False),)), flows={"T1": {"cutover_date": None}})
    assert (settings.flows["T1"].cutover_date, refused(settings)) == (None, [])
    with pytest.raises(ValueError, match="cutover_date is required"):
        joined(declared(flows=(replace(BILLS, due="at_once"),)), flows={"T1": {"cutover_date": None}})


def test_what_is_due_at_once_waits_for_no_job(declared: Declare) -> None:
    system = declared(flows=(replace(BILLS, due="at_once"),))
    (line,) = refused(joined(system, flows={"T1": {"post_when": "job_completed"}}))
    assert line.startswith("flows.T1.post_when: bills are due at once")
    assert refused(joined(system)) == []
    assert refused(joined(system, flows={"T1": {"enabled": False, "post_when": "job_completed"}})) == []


@pytest.mark.parametrize(
    "flow",
    [
        replace(BILLS, due="sometime"),
        replace(BILLS, posting_date="summary"),
        replace(BILLS, posting_date="no_such_field"),
        replace(BILLS, entity="job"),
    ],
)
def test_a_flow_without_a_date_or_a_known_way_of_being_due_is_no_declaration(declared: Declare, flow: Flow) -> None:
    with pytest.raises(AssertionError):
        test_declarations.check_due(flow)
    test_declarations.check_flows(declared())
