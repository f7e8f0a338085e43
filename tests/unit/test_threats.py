"""docs/threats.md: the tests that it names are there, its links lead somewhere, its commands and metrics exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer.main

from console.cli.main import app
from runtime import metrics
from tests.named import NAMED, is_there
from topology.topics import topics

ROOT = Path(__file__).parents[2]
PAGES = ("docs/threats.md", "SECURITY.md", "docs/decisions/2026-11-29-signed-configuration.md")


def test_every_test_that_is_named_exists() -> None:
    named = [name for page in PAGES for name in NAMED.findall((ROOT / page).read_text())]
    assert len(named) >= 7
    assert [name for name in named if not is_there(name)] == []


def test_every_command_and_metric_that_is_named_exists() -> None:
    verbs: Any = typer.main.get_command(app)
    keys = verbs.get_command(None, "keys").commands
    for page in PAGES:
        text = (ROOT / page).read_text()
        assert set(re.findall(r"`?keys (new|rotate|export|verify-only|\w+-\w+)\b", text)) <= set(keys)
        for name in re.findall(r"`(ml_connector_\w+)`", text):
            assert name.encode() in metrics.exposition()


def test_the_users_of_kafka_together_may_write_every_topic() -> None:
    """A topic that no row names would be one that nobody may write, or everybody."""
    text = (ROOT / "docs/threats.md").read_text().partition("| user of | may write |")[2].partition("\n\n")[0]
    named = [re.escape(one).replace(r"\*", ".*") for row in text.splitlines()[2:] for one in re.findall(r"`([a-z.*]+)`", row)]
    assert [name for name in topics() if not any(re.fullmatch(one, name) for one in named)] == []
