"""From observing over shadow to live: what was observed is posted, and nothing is written before a person says so."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Live
from tests.acceptance.stage import ERP

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_an_observed_flow_decides_and_writes_nothing(live: Live) -> None:
    assert live.decided_in_observe.count("observed") >= 1
    assert live.journal_in_observe == []


def test_shadow_does_everything_but_the_write(live: Live) -> None:
    assert live.entry_in_shadow["state"] == "WAITING"
    assert "would be created" in live.entry_in_shadow["detail"], live.entry_in_shadow
    assert live.journal_in_shadow == []


def test_an_invoice_posted_while_the_flow_only_observed_is_posted_after_going_live(live: Live) -> None:
    """It had no command: hop 2 had decided `observed`, and nothing mapped it again when the connection went live."""
    entry = live.posted(live.invoice["invoice"])
    written = [row["operation"] for row in live.stage.journal(("Invoice",)) if row["ref"] == entry["ref"]]
    assert (written.count("create"), written.count("release")) == (1, 1), written


def test_a_new_customer_is_created_before_its_invoice(live: Live) -> None:
    customer = live.stage.events({"do": "create_customer", "name": "Quillon Abernathy-Voss", "street": "77 Zephyr Lane"})[0]
    entry = live.posted(live.sold(customer["customer"])["invoice"])
    party = live.posted(customer["customer"], "customer")
    created = {row["ref"]: row["seq"] for row in live.stage.journal() if row["operation"] == "create"}
    assert created[party["ref"]] < created[entry["ref"]]


def test_a_document_typed_by_hand_is_a_suspect_until_a_person_releases_it(live: Live, typed: object) -> None:
    """Same party, date and amount without our ref: held for a person, never merged, never written twice by itself."""
    assert callable(typed)
    made = live.sold(live.customers[1], price="123.45")
    first = live.posted(made["invoice"])
    document = next(row for row in live.stage.ask(ERP, "documents?kind=Invoice")["documents"] if row["ref"] == first["ref"])
    typed(document["party"], document["date"], "678.90")
    entry = live.entry(live.sold(live.customers[1], price="678.90")["invoice"], "HELD")
    assert entry["reason"] == "suspect", entry
    assert [row for row in live.stage.journal() if row["ref"] == entry["ref"]] == []
    said = live.stage.cli("held", "release", entry["ref"], "--reason", "another visit of the same day", "--actor", "Ada")
    assert said.returncode == 0, said.stderr
    live.posted(int(entry["source_id"]))
    created = [row for row in live.stage.journal() if row["ref"] == entry["ref"] and row["operation"] == "create"]
    assert len(created) == 1
