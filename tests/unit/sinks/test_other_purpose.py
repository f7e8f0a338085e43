"""A source that was posted for one purpose is held for the other (accounting.md 1): a switched profile books no sale twice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.cases import Cases
from services.sinks.context import SinkContext
from services.sinks.gate import View, gate
from services.sinks.views import Sights
from systems import registry
from tests.unit.sinks.commands import command_at

FLOW = next(flow for flow in registry.system("peoplesoft").flows if flow.id == "P1")
COMMAND = command_at(1, "1", "a", "40.00")
VOUCHER = e.change(e.fresh(COMMAND), COMMAND.at, purpose="payable", record="ap_bill")


def journal(**more: Any) -> Any:
    return e.change(e.fresh(command_at(0, "1", "a", "108.25")), COMMAND.at, purpose="sale", record="journal", **more)


def sights(*entries: Any) -> Sights:
    """The sights of a partition that holds these entries of one source object."""
    known = {str(number): one for number, one in enumerate(entries)}
    cases = SimpleNamespace(of_source=lambda _: known, shown=lambda key: (known[key], False), index={})
    return Sights(cast("SinkContext", SimpleNamespace(system=None)), cast("Cases", cases))


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (journal(state=e.POSTED, erp_id="US001/J1", erp_number="J1"), "journal J1 (sale)"),
        (journal(state=e.INTENT, intent_attempt=1), "sale)"),
        (journal(state=e.HELD, reason="unmapped"), ""),
        (journal(state=e.SUPERSEDED), ""),
        (e.change(journal(state=e.POSTED, erp_id="X"), COMMAND.at, purpose="payable"), ""),
        (e.change(journal(state=e.UNCHANGED, erp_id="X"), COMMAND.at, record="completion"), ""),
    ],
    ids=["posted", "may be there", "held", "superseded", "the same purpose", "a milestone"],
)
def test_what_stands_for_another_purpose_is_seen(entry: Any, found: str) -> None:
    told = sights(entry, VOUCHER)._other_purpose(VOUCHER, FLOW)
    assert (found in told) if found else told == ""


def test_a_document_of_another_purpose_is_held_until_a_person_releases_it() -> None:
    view = View(COMMAND.at, other_purpose="journal J1 (sale)")
    held = gate(VOUCHER, COMMAND.command, view)
    assert held is not None
    assert (held["state"], held["reason"], held["amount"]) == (e.HELD, reasons.OTHER_PURPOSE, VOUCHER["amount"])
    assert "journal J1 (sale)" in held["detail"]
    released = e.change(VOUCHER, COMMAND.at, released=True)
    assert gate(released, COMMAND.command, view) is None
    begun = e.change(VOUCHER, COMMAND.at, intent_attempt=1)
    assert gate(begun, COMMAND.command, view) is None, "what may be there is not held by this"
