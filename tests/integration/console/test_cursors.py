"""`cursors list|reset`: one feed is set back with a record of who and why, and what cannot be meant is refused in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli.main import app
from console.connections.applying import applied
from console.reading import Cluster
from runtime.errors import Broken
from services.ingress.writing import RESET
from systems import registry
from tests.integration.console.files import written

pytestmark = pytest.mark.kafka


INVOICES = f"{registry.FIELD_SERVICE}.invoices"


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["cursors", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def connection(tmp_path: Path) -> str:
    applied(written(tmp_path, "acme"), "pat", "start")
    return "acme"


def newest(feed: str) -> dict[str, object]:
    rows = [seen.record for seen in Cluster().scan(["cursors"], quiet=True) if seen.record.get("feed") == feed]
    return rows[-1]


def test_a_feed_is_reset_to_a_day_or_its_start_and_who_did_it_is_on_record(connection: str) -> None:
    rows = json.loads(said("list", connection, "--output", "json"))
    feeds = [row["feed"] for row in rows]
    assert INVOICES in feeds
    assert "read again from 2026-03-01" in said(
        "reset", connection, INVOICES, "--to", "2026-03-01", "--reason", "gap", "--actor", "kim"
    )
    moved = newest(INVOICES)
    assert (moved["page_digest"], "2026-03-01" in str(moved["position"])) == (RESET, True)
    said("reset", connection, INVOICES, "--actor", "kim", "--reason", "all of it")
    assert newest(INVOICES)["position"] == ""
    decisions = [seen.record for seen in Cluster().scan(["audit"], quiet=True) if seen.record.get("stage") == "cursors"]
    assert [("kim: gap" in one["detail"], one["decision"]) for one in decisions[:1]] == [(True, "replayed")]
    assert "kim: all of it" in decisions[1]["detail"]
    assert decisions[1]["connection"] == connection


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((INVOICES, "--to", "yesterday"), "is not a day"),
        ((INVOICES, "--to", (datetime.now(UTC) + timedelta(days=3)).date().isoformat()), "future"),
        ((INVOICES, "--to", "0001-01-01"), "before 1990"),
        (("planets",), "no feed 'planets'"),
        (("invoices",), "has 2 feeds 'invoices'"),
    ],
)
def test_what_cannot_be_meant_is_refused(connection: str, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(Broken, match=words):
        said("reset", connection, *arguments)


def test_an_unknown_connection_is_named(connection: str) -> None:
    with pytest.raises(Broken, match="'nobody' is not an applied connection"):
        said("reset", "nobody", "invoices")
