"""From an ERP's document to the raw bytes and back, and what a person sees of the whole."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.acceptance.conftest import Live

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]
CHAIN = ["ledger", "result", "command", "canonical", "raw"]


def explained(live: Live, what: str, ref: str) -> list[dict[str, Any]]:
    """Links of the chain of a document, found by one of its names."""
    said = live.stage.cli("explain", what, "--output", "json")
    assert said.returncode == 0, said.stderr
    return list(next(one for one in json.loads(said.stdout) if one["ref"] == ref)["links"])


def stored(live: Live, link: dict[str, Any]) -> dict[str, Any]:
    topic, partition, offset = link["coordinates"].rsplit("/", 2)
    seen = live.stage.reading.one(topic, int(partition), int(offset))
    assert seen is not None, f"nothing at {link['coordinates']}"
    return seen.record


@pytest.mark.parametrize("named_by", ["ref", "source_number", "erp_number"])
def test_the_chain_of_a_document_is_found_by_each_of_its_names(live: Live, named_by: str) -> None:
    entry = live.posted(live.invoice["invoice"])
    links: dict[str, list[dict[str, Any]]] = {}
    for link in explained(live, str(entry[named_by]), entry["ref"]):
        links.setdefault(link["link"], []).append(link)
        assert stored(live, link)
    assert [kind for kind in CHAIN if kind not in links] == []
    assert "POSTED" in links["ledger"][0]["says"]
    assert "POSTED" in links["result"][-1]["says"]
    for link in links["raw"]:
        body = stored(live, link)["body"]
        assert hashlib.sha256(body).hexdigest() in link["says"], "the digest shown is not that of the stored bytes"
        assert live.invoice["number"].encode() in body


def test_a_person_reads_the_chain_as_lines(live: Live) -> None:
    entry = live.posted(live.invoice["invoice"])
    said = live.stage.cli("explain", entry["ref"])
    assert said.returncode == 0
    lines = said.stdout.splitlines()
    assert lines[0].startswith(entry["ref"])
    assert [kind for kind in CHAIN if not any(line.split()[:1] == [kind] for line in lines)] == []


def test_what_is_not_known_is_said(live: Live) -> None:
    said = live.stage.cli("explain", "ST-NEVERHEARDOF")
    assert said.returncode == 1
    assert "no document of that ref, number or id is known" in said.stdout


def test_status_tells_programs_documents_lag_cursors_and_dead(live: Live) -> None:
    live.posted(live.invoice["invoice"])
    said = live.stage.cli("status", "--output", "json")
    assert said.returncode == 0, said.stderr
    parts = json.loads(said.stdout)
    assert set(parts) == {"documents", "lag", "cursors", "dead"}
    posted = [row for row in parts["documents"] if (row["document"], row["state"]) == ("ar_invoice", "POSTED")]
    assert len(posted) == 1
    assert posted[0]["count"] >= 1
    assert float(posted[0]["amount"]) > 0
    assert {"servicetitan", "acumatica"} == {row["feed"].split(".")[0] for row in parts["cursors"]}
