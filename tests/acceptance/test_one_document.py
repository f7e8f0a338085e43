"""The life of one invoice, with everything that must not make a second document of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.acceptance.conftest import UNIT, Live, entry_of
from tests.acceptance.stage import ERP, SOURCE, Stage, until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
HOPS = {"raw_to_canonical": f"raw.{SOURCE}", "canonical_to_command": "canonical.invoice"}
EDITS = 100


def canonical_of(stage: Stage, source_id: int) -> list[dict[str, Any]]:
    seen = stage.reading.scan(["canonical.invoice"], quiet=True)
    return [one.record for one in seen if one.record["source_id"] == str(source_id) and one.record["system"] == SOURCE]


def commands_of(stage: Stage, source_id: int) -> int:
    seen = stage.reading.scan([f"command.{ERP}"], quiet=True)
    return sum(1 for one in seen if (one.record.get("source_entity"), one.record.get("source_id")) == ("invoice", str(source_id)))


def written(stage: Stage, ref: str) -> list[str]:
    return [row["operation"] for row in stage.journal(("Invoice",)) if row["ref"] == ref]


def test_booked_edited_posted_touched_renamed_and_replayed_it_is_one_document(live: Live) -> None:
    stage = live.stage
    job = stage.events({"do": "book_job", "customer": live.customers[2], "business_unit": UNIT})[0]
    invoice = job["invoice"]
    until("the invoice at $0 to be known", lambda: canonical_of(stage, invoice), lambda states: len(states) >= 1, 90)
    assert entry_of(stage, invoice) == {}, "nothing is due at $0 from booking"
    items: dict[str, Any] = {"do": "add_items", "invoice": invoice}
    stage.events(
        {**items, "items": [{"sku": "SVC-DIAG", "quantity": 1}]}, {"do": "edit_invoice", "invoice": invoice, "summary": "edited"}
    )
    stage.events({**items, "items": [{"sku": "SVC-DRAIN", "quantity": 1, "price": "412.35"}], "replace": True})
    assert entry_of(stage, invoice) == {}
    stage.events({"do": "post", "invoices": [invoice]})
    entry = live.posted(invoice)
    once = written(stage, entry["ref"])
    assert (once.count("create"), once.count("release")) == (1, 1), once

    known = commands_of(stage, invoice)
    touch(stage, invoice)
    last = f"{EDITS}.25"
    until(
        "the last edit to be known",
        lambda: [str(state["balance"]) for state in canonical_of(stage, invoice)][-1:],
        lambda balances: bool(balances) and balances[0].startswith(last),
        90,
    )
    assert commands_of(stage, invoice) >= known
    assert written(stage, entry["ref"]) == once, "edits that no ledger needs reached the ERP"

    rename(stage)
    replay(stage)
    assert written(stage, entry["ref"]) == once
    after = entry_of(stage, invoice)
    assert (after["state"], after["erp_id"], after["ref"]) == (entry["state"], entry["erp_id"], entry["ref"])
    known_as = {one["op_key"] for one in stage.entries() if (one["source_entity"], one["source_id"]) == ("invoice", str(invoice))}
    assert known_as == {entry["op_key"]}, "it got a second identity"
    kept = [row["ref"] for row in stage.ask(ERP, "documents?kind=Invoice")["documents"] if row["human_number"] == job["number"]]
    assert kept == [entry["ref"]]


def touch(stage: Stage, invoice: int) -> None:
    """What people do after posting: balance, sent and review status."""
    states = ({"sent": "Sent"}, {"sent": "Opened"}, {"review": "Invoiced"}, {"review": "Reviewed"})
    edits = [{"do": "touch_invoice", "invoice": invoice, "balance": f"{n}.25", **states[n % 4]} for n in range(1, EDITS + 1)]
    for begin in range(0, EDITS, 20):
        stage.events(*edits[begin : begin + 20])


def rename(stage: Stage) -> None:
    file = yaml.safe_load(stage.connection_file.read_text())
    file["label"] = "Acme Heating and Cooling, renamed"
    stage.connection_file.write_text(yaml.safe_dump(file, sort_keys=False))
    said = stage.cli("apply", str(stage.connection_file), "--reason", "new name", "--actor", "Ada", "--output", "json")
    assert said.returncode == 0, said.stderr
    assert "label" in said.stdout


def replay(stage: Stage) -> None:
    """Everything again from the first byte."""
    for name in ("topology", "sinks"):
        stage.stop_service(name)
    for group, topic in {**HOPS, f"sinks.{ERP}": f"command.{ERP}"}.items():
        said = stage.cluster.kafka_tool(
            "kafka-consumer-groups",
            "--group",
            stage.prefix + group,
            "--topic",
            stage.prefix + topic,
            "--reset-offsets",
            "--to-earliest",
            "--execute",
        )
        assert said.returncode == 0, said.stdout + said.stderr
        assert stage.unread(group, topic) > 0
    for name in ("topology", "sinks"):
        stage.processes.start_service(name)
    for group, topic in HOPS.items():
        stage.has_read(group, topic)
    stage.sinks_have_read()
