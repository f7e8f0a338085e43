"""From an ERP's document to the raw bytes and back, and what a person sees of the whole."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.acceptance.conftest import Live

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
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
    assert "no document with that ref, number or id is known" in said.stdout


@pytest.mark.parametrize("verb", ["status", "open", "journal", "explain", "held"])
def test_an_unknown_connection_is_refused_with_those_there_are(live: Live, verb: str) -> None:
    more = {"explain": ["1"], "held": ["list"]}.get(verb, [])
    said = live.stage.cli(verb, *more, "--connection", "acmee")
    assert (said.returncode, said.stdout) == (78, "")
    assert "'acmee' is not an applied connection; there are: acme." in said.stderr


def test_the_journal_of_the_day_names_the_posted_invoice_its_number_and_its_customer(live: Live) -> None:
    entry = live.posted(live.invoice["invoice"])
    said = live.stage.cli("journal", "--from", "2026-03-01", "--to", "2027-12-31", "--output", "json")
    assert said.returncode == 0, said.stderr
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    (row,) = [row for row in rows if row["ref"] == entry["ref"] and row["event"] == "posted"]
    assert (row["number"], row["erp_number"], row["actor"]) == (live.invoice["number"], entry["erp_number"], "ml-connector")
    assert row["customer"]
    assert row["flow"] == "A1"
    assert max(map(len, live.stage.cli("journal", "--from", "2026-03-01").stdout.splitlines())) <= 100


def test_the_screens_fit_a_hundred_columns(live: Live) -> None:
    entry = live.posted(live.invoice["invoice"])
    reports = (["status"], ["status", "--verbose"], ["open", "--verbose"], ["explain", entry["ref"]], ["held", "list"])
    for arguments in (*reports, ["check", "acme"], ["topics"], ["cursors", "list", "acme"], ["poll", "acme"]):
        said = live.stage.cli(*arguments)
        assert said.returncode == 0, said.stderr
        assert max(map(len, said.stdout.splitlines())) <= 100, arguments


def test_status_tells_programs_documents_lag_cursors_and_dead(live: Live) -> None:
    live.posted(live.invoice["invoice"])
    said = live.stage.cli("status", "--output", "json")
    assert said.returncode == 0, said.stderr
    parts = json.loads(said.stdout)
    assert set(parts) == {"connections", "documents", "lag", "cursors", "dead", "processes", "defaulted", "stock"}
    assert all(parts["processes"].values()), parts["processes"]
    (head,) = parts["connections"]
    assert (head["connection"], head["mode"], head["paused"]) == ("acme", "live", None)
    assert [(side["system"], side["state"]) for side in head["sides"]] == [("servicetitan", "ok"), ("acumatica", "ok")], head
    assert all(side["last_read"] for side in head["sides"])
    assert head["sides"][1]["last_write"]
    assert all(row["words"] for row in parts["documents"] if row["state"] in ("WAITING", "HELD", "INTENT", "NEW"))
    posted = [row for row in parts["documents"] if (row["document"], row["state"]) == ("ar_invoice", "POSTED")]
    assert len(posted) == 1
    assert posted[0]["count"] >= 1
    assert float(posted[0]["amount"]) > 0
    assert {"servicetitan", "acumatica"} == {row["feed"].split(".")[0] for row in parts["cursors"]}
