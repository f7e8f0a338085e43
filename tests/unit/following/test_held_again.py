"""A hold that is tried again stays on the accountant's list until it is in the ERP, on a cluster in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from console.cli.main import app
from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.entry import result_of
from tests.unit.console.entries import entry
from tests.unit.following import console
from tests.unit.following.log import CODEC, Cluster

AT = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> Path:
    return console.in_force(monkeypatch, cluster, tmp_path)


def recorded(cluster: Cluster, made: Ledger) -> Ledger:
    """The state, with the result that follows from it, as a sink records them."""
    key, result = made["op_key"].encode(), result_of(made)
    cluster.put("ledger.acumatica", key, CODEC.encode("ledger.acumatica", "result.ledger", made))
    if result is not None:
        cluster.put("result.acumatica", key, CODEC.encode("result.acumatica", "result.result", result))
    return made


def of(number: str, amount: str) -> Ledger:
    return cast("Ledger", entry("invoice", number, "NEW", amount=amount))


def held_list(*options: str) -> Result:
    return CliRunner().invoke(app, ["held", "list", *options], catch_exceptions=False)


def rows() -> list[tuple[Any, ...]]:
    return [(one["number"], one["amount"], one["state"], one["reason"]) for one in json.loads(held_list("--output", "json").stdout)]


def test_a_hold_that_is_tried_again_stays_on_the_list_with_its_amount_and_old_reason(cluster: Cluster) -> None:
    """A person released it while the connection was paused: it was neither held nor posted, and the accountant's list had lost it."""
    first = recorded(cluster, e.held(of("1", "108.25"), AT, reasons.UNMAPPED, "business_unit=West"))
    recorded(cluster, e.held(of("2", "40.00"), AT, reasons.REFUSED, "no"))
    recorded(cluster, e.waits(of("3", "9.00"), AT, reasons.PAUSED))
    assert rows() == [("N1", "108.25", "held", "unmapped"), ("N2", "40.00", "held", "refused")]
    waiting = recorded(cluster, e.waits(first, AT, reasons.PAUSED))
    assert rows() == [("N1", "108.25", "tried again", "unmapped"), ("N2", "40.00", "held", "refused")]
    shown = " ".join(held_list().stdout.split())
    assert f"acme: is tried again: {reasons.WAITING['paused']}; it was held for unmapped: business_unit=West" in shown
    assert shown.endswith("1 held, 40.00 USD 1 tried again and not in the ERP yet, 108.25 USD")
    again = recorded(cluster, e.held(waiting, AT, reasons.PERIOD_CLOSED, "March"))
    assert rows()[0] == ("N1", "108.25", "held", "period_closed")
    recorded(cluster, e.change(again, AT, state=e.POSTED, reason="", detail=""))
    assert rows() == [("N2", "40.00", "held", "refused")]
