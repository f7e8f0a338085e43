"""What was posted to a default, as commands tell it, on a cluster in memory: listed with amounts, and told when its row comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console.books.defaulted import defaulted
from console.cli.main import app
from console.connections.applying import applied
from console.reading import Cluster as Console
from console.reading import StoredRecord
from tests.unit.console.entries import entry, example
from tests.unit.following import console
from tests.unit.following.log import CODEC, Cluster
from topology.headers import DEFAULTED

COMMANDS, LEDGER = "command.acumatica", "ledger.acumatica"


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> Path:
    return console.in_force(monkeypatch, cluster, tmp_path)


def posted(cluster: Cluster, number: str, *defaults: str, state: str = "POSTED", amount: str = "100.00", **more: Any) -> str:
    """A command, and the ledger entry by which it was posted. Returns its op-key."""
    made = entry("invoice", number, state, amount=amount, **more)
    command = example("command.ar_invoice", connection="acme", op_key=made["op_key"], defaulted=list(defaults))
    cluster.put(COMMANDS, b"acme", CODEC.encode(COMMANDS, "command.ar_invoice", command))
    place = {"command_partition": 0, "command_offset": len(cluster.topics[COMMANDS]) - 1}
    cluster.put(LEDGER, made["op_key"].encode(), CODEC.encode(LEDGER, "result.ledger", {**made, **place}))
    return str(made["op_key"])


def invoked(*arguments: str) -> Result:
    said = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert said.exit_code == 0, said.output
    return said


def test_what_was_posted_to_a_default_is_listed_with_its_value_largest_first(cluster: Cluster) -> None:
    posted(cluster, "1", "department=Solar", amount="100.00")
    posted(cluster, "2", "department=Solar", "cost_line=Permit", amount="250.00")
    posted(cluster, "3", amount="900.00")
    posted(cluster, "4", "department=Solar", state="HELD", amount="40.00")
    shown = json.loads(invoked("held", "list", "--defaulted", "--output", "json").stdout)
    assert [(one["number"], one["amount"], one["defaulted"]) for one in shown] == [
        ("N2", "250.00", ["department=Solar", "cost_line=Permit"]),
        ("N1", "100.00", ["department=Solar"]),
    ]
    text = invoked("held", "list", "--defaulted").stdout
    assert "acme: department=Solar: 2, 350.00 USD" in text
    assert "acme: cost_line=Permit: 1, 250.00 USD" in text
    assert "2 posted to a default, 350.00 USD" in text


def test_what_was_taken_back_since_is_not_listed(cluster: Cluster) -> None:
    first = posted(cluster, "1", "department=Solar")
    posted(cluster, "2", action="void", takes_back=first)
    assert json.loads(invoked("held", "list", "--defaulted", "--output", "json").stdout) == []


def test_a_reversal_that_is_held_takes_nothing_back(cluster: Cluster) -> None:
    first = posted(cluster, "1", "department=Solar")
    posted(cluster, "2", state="HELD", action="void", takes_back=first)
    assert len(json.loads(invoked("held", "list", "--defaulted", "--output", "json").stdout)) == 1


def test_another_connections_documents_are_not_told(cluster: Cluster) -> None:
    posted(cluster, "1", "department=Solar")
    command = example("command.ar_invoice", connection="other", defaulted=["department=Solar"])
    cluster.put(COMMANDS, b"other", CODEC.encode(COMMANDS, "command.ar_invoice", command))
    other = entry("invoice", "7", "POSTED", connection="other", command_partition=0, command_offset=1)
    cluster.put(LEDGER, other["op_key"].encode(), CODEC.encode(LEDGER, "result.ledger", other))
    assert len(json.loads(invoked("held", "list", "--defaulted", "--connection", "acme", "--output", "json").stdout)) == 1
    assert len(json.loads(invoked("held", "list", "--defaulted", "--output", "json").stdout)) == 2


def test_status_counts_it_with_its_amount(cluster: Cluster) -> None:
    posted(cluster, "1", "department=Solar", "cost_line=Permit", amount="100.00")
    posted(cluster, "2", "department=Solar", amount="-30.00")
    shown = json.loads(invoked("status", "--output", "json").stdout)
    assert shown["defaulted"] == [{"connection": "acme", "currency": "USD", "count": 2, "amount": "130.00"}]
    assert "2 documents, 130.00 USD, were posted to a default" in " ".join(invoked("status").stdout.split())


def test_a_row_that_is_added_later_tells_what_was_posted_for_want_of_it(cluster: Cluster, connection: Path) -> None:
    posted(cluster, "1", "department=Solar", amount="100.00")
    posted(cluster, "2", "business_unit=Solar", amount="50.00")
    posted(cluster, "3", "line_type=Solar", amount="7.00")
    table = connection.parent / "crosswalk" / "business_unit.csv"
    table.write_text(table.read_text() + "Solar,SOL-000\nRoofing,ROF-000\n")
    told = "2 documents, 150.00 USD, were posted to a default for want of row business_unit Solar"
    planned = " ".join(invoked("plan", str(connection)).stdout.split())
    assert told in planned
    assert "Roofing; they" not in planned
    lines, refused = applied(connection, "pat", "a row")
    assert refused == []
    assert any(told in line for line in lines)


def test_a_command_whose_header_says_that_nothing_went_to_a_default_is_not_decoded(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` decoded every command that was ever written, to count the few that went to a default."""
    posted(cluster, "1", "department=Solar")
    posted(cluster, "2")
    decoded: list[str] = []
    plain = Console.seen

    def seen(own: Console, message: Any) -> StoredRecord:
        decoded.append(message.topic())
        return plain(own, message)

    monkeypatch.setattr(Console, "seen", seen)

    def commands() -> int:
        decoded.clear()
        assert [one.values for one in defaulted(Console(), "acme")] == [("department=Solar",)]
        return sum(topic.endswith(COMMANDS) for topic in decoded)

    assert commands() == 2, "a command of an older version has no such header"
    monkeypatch.setattr("console.books.defaulted.headers_of", lambda one: [(DEFAULTED, b"1" if one.offset() == 0 else b"0")])
    assert commands() == 1
