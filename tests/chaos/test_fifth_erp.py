"""The same day with an ERP of distribution that writes by GET: job invoices at cost in its payables, suppliers and orders both ways."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from console.demo.accounts import is_ok
from console.demo.joined import CUTOVER, Joined
from tests.acceptance.stage import shown
from tests.chaos.conftest import Played

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]
ERP = "syspro"
WRITES = ("S1", "S2", "S2V", "S3", "S3W", "S3R")
READS = ("S4L", "S5")


def fifth(played: Played) -> Joined:
    """The connection with this ERP."""
    return next(one for one in played.stage.day.joined if one.erp == ERP)


def asked(played: Played, path: str) -> Any:
    return played.stage.work(lambda _: fifth(played).ask(ERP, path))


def documents(played: Played, kind: str) -> list[dict[str, Any]]:
    return list(asked(played, f"documents?kind={kind}")["documents"])


def test_every_flow_agrees_by_count_and_to_the_cent(played: Played) -> None:
    rows = [row for row in played.rows if row.connection == fifth(played).id]
    assert is_ok(rows), ([note for row in rows for note in row.notes], shown(rows))
    flows = shown(rows)
    assert {flow for flow in WRITES if flows[flow]["erp"]["count"] == 0} == set(), flows
    assert {flow for flow in ("M0", *READS) if flows[flow]["erp"]["count"] < 20} == set(), flows


def test_the_planned_faults_were_met(played: Played) -> None:
    hits = asked(played, "faults")["hits"]
    assert hits.get("refuse", 0) >= 50, hits
    assert sum(count for kind, count in hits.items() if kind != "refuse") >= 3, hits


def test_each_invoice_was_written_once_and_after_the_cut_over(played: Played) -> None:
    """(Supplier, Invoice) is the company's own key; our ref stands once beside it, and belongs to a document of the ledger."""
    found = [row for row in documents(played, "ApInvoice") if row["ref"]]
    refs = Counter(row["ref"] for row in found)
    known = {one["ref"] for one in played.stage.entries() if one["connection"] == fifth(played).id}
    assert len(found) >= 20
    assert [ref for ref, count in refs.items() if count > 1] == []
    assert set(refs) <= known
    assert all(row["date"] >= CUTOVER for row in found)


def test_ten_more_cycles_of_polling_both_ways_add_nothing(played: Played) -> None:
    assert played.outcome.added == 0
