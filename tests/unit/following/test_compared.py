"""`payables` and `load` as commands, on a cluster in memory: what is on both sides, on one only and different, and how far a load is."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console.cli.main import app
from console.compare.loading import feeds
from console.connections.applying import connected, in_force
from console.reading import Cluster as Console
from runtime.clock import clock_from_environment
from runtime.errors import Broken
from services.ingress.writing import RESET
from systems.connection import ConnectionSettings
from tests.systems import field_service
from tests.unit.console.entries import entry, example
from tests.unit.following import console
from tests.unit.following.log import CODEC, Cluster
from topology.topics import object_key

ERP, SOURCE = "acumatica", "servicetitan"


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> Path:
    return console.in_force(monkeypatch, cluster, tmp_path)


def settings() -> ConnectionSettings:
    return connected(in_force(Console()), "acme")


def today() -> date:
    return clock_from_environment().now().astimezone(settings().zone).date()


def put(cluster: Cluster, record: dict[str, Any]) -> None:
    topic = f"canonical.{record['entity']}"
    key = object_key("acme", record["system"], record["entity"], record["source_id"])
    cluster.put(topic, key.encode(), CODEC.encode(topic, topic, record))


def made(entity: str, key: str, **more: Any) -> dict[str, Any]:
    own = {"system": SOURCE, "connection": "acme", "source_id": key, "number": key, "origin_ref": None, "created_on": None}
    return example(f"canonical.{entity}", **{**own, **more})


def link(cluster: Cluster, ours: str, theirs: str) -> None:
    record = example(
        "connection.link",
        connection="acme",
        entity="vendor",
        source_system=SOURCE,
        source_id=ours,
        target_system=ERP,
        target_id=theirs,
    )
    cluster.put("links", f"acme/vendor/{ours}".encode(), CODEC.encode("links", "connection.link", record))


def paid(cluster: Cluster, system: str, key: str, amount: str, **more: Any) -> None:
    put(cluster, made("ap_payment", key, system=system, total=Decimal(amount), check_number="", paid_on=date(2026, 3, 2), **more))


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


# --- payables ---------------------------------------------------------------------------------------------------------


def test_payments_to_vendors_are_compared_with_count_and_amount(cluster: Cluster) -> None:
    link(cluster, "7001", "V1")
    paid(cluster, SOURCE, "1", "100.00", vendor_id="7001")
    paid(cluster, ERP, "a", "100.00", vendor_id="V1", vendor_name="Another spelling")
    paid(cluster, SOURCE, "c9", "50.00", vendor_id="7001", vendor_name="X")
    paid(cluster, ERP, "c9", "55.00", vendor_id="V1", vendor_name="Y")
    paid(cluster, ERP, "b", "9.00", vendor_id="V2", vendor_name="Only there")
    paid(cluster, SOURCE, "d", "7.00", vendor_id="7002", vendor_name="Only here")
    paid(cluster, ERP, "voided", "400.00", vendor_id="V1", active=False)
    said = invoked("payables", "acme", "--output", "json")
    shown = json.loads(said.stdout)
    (sums,) = shown["payments"]
    assert said.exit_code == 1
    assert {name: sums[name] for name in ("both", "different", "source_only", "erp_only")} == {
        "both": {"count": 1, "amount": "100.00"},
        "different": {"count": 1, "amount": "50.00"},
        "source_only": {"count": 1, "amount": "7.00"},
        "erp_only": {"count": 1, "amount": "9.00"},
    }
    assert sums["difference"] == "-7.00"
    assert [(one["found"], one["source_amount"], one["erp_amount"]) for one in shown["documents"]] == [
        ("erp_only", None, "9.00"),
        ("source_only", "7.00", None),
        ("different", "50.00", "55.00"),
    ]
    text = invoked("payables", "acme").stdout
    assert "ERP only: ap payment b, 2026-03-02, Only there: 9.00 USD" in text


def test_bills_of_receipts_are_confirmed_late_awaited_or_missing(cluster: Cluster) -> None:
    day = today()
    for key, ago, bill in (("1", 10, "b1"), ("2", 10, ""), ("3", 1, ""), ("4", 30, ""), ("5", 40, "b5")):
        put(cluster, made("receipt", key, purchase_order_id=f"o{key}", bill_id=bill, received_on=day - timedelta(days=ago)))
    put(cluster, made("bill", "b1", purchase_order_id="o1", bill_date=day - timedelta(days=9)))
    put(cluster, made("bill", "b4", purchase_order_id="o4", bill_date=day - timedelta(days=20), total=Decimal("300.00")))
    put(
        cluster,
        made("bill", "b5", purchase_order_id="o5", bill_date=day - timedelta(days=39), canceled_on=clock_from_environment().now()),
    )
    put(cluster, made("receipt", "6", purchase_order_id="o6", bill_id="", canceled_on=clock_from_environment().now()))
    put(cluster, made("receipt", "7", purchase_order_id="o7", bill_id="", corrects_id="2"))
    said = invoked("payables", "acme", "--output", "json")
    shown = json.loads(said.stdout)
    assert {one["receipt"]: (one["state"], one["days"], one["bill"]) for one in shown["receipts"]} == {
        "1": ("confirmed", 1, "b1"),
        "2": ("missing", 10, ""),
        "3": ("awaited", 1, ""),
        "4": ("late", 10, "b4"),
        "5": ("missing", 40, ""),
    }
    assert {one["state"]: one["count"] for one in shown["bills"]} == {"confirmed": 1, "late": 1, "awaited": 1, "missing": 2}
    assert [one["difference"] for one in shown["receipts"] if one["receipt"] == "4"] == ["-36.75"]
    assert said.exit_code == 1
    text = invoked("payables", "acme").stdout
    assert "missing for 10 days: order 9001-001, receipt 2, Pipe Supply Co.: 336.75 USD" in " ".join(text.split())
    assert "receipt 1," not in text


def test_two_receipts_of_one_order_have_a_bill_each(cluster: Cluster) -> None:
    day = today()
    for key in ("1", "2", "3"):
        put(cluster, made("receipt", key, purchase_order_id="o", bill_id="", received_on=day - timedelta(days=9 - int(key))))
    for key in ("b1", "b2"):
        put(cluster, made("bill", key, purchase_order_id="o", bill_date=day - timedelta(days=6)))
    shown = json.loads(invoked("payables", "acme", "--output", "json").stdout)
    assert [(one["state"], one["bill"]) for one in shown["receipts"]] == [("confirmed", "b1"), ("confirmed", "b2"), ("missing", "")]


def test_it_ends_with_0_where_everything_agrees(cluster: Cluster) -> None:
    assert invoked("payables", "acme").exit_code == 0
    put(cluster, made("receipt", "1", purchase_order_id="o", bill_id="", received_on=today()))
    assert invoked("payables", "acme").exit_code == 0
    assert invoked("payables", "acme", "--allowed", "0").exit_code == 0


# --- load -------------------------------------------------------------------------------------------------------------


def cursor(cluster: Cluster, feed: str, position: str, records: int, **more: Any) -> None:
    own = {"connection": "acme", "feed": f"{ERP}.{feed}", "position": position, "page_digest": "", "records": records}
    record = {**own, "at": clock_from_environment().now(), **more}
    cluster.put("cursors", f"acme/{ERP}.{feed}".encode(), CODEC.encode("cursors", "raw.cursor", record))


OVER, WITHIN = '{"since":"2026-03-02T00:00:00.0000000Z","skip":0}', '{"since":"2025-01-01T00:00:00.0000000Z","skip":200}'


def names() -> list[str]:
    return [feed.name for _, feed in feeds(settings())]


def load(*arguments: str) -> tuple[int, dict[str, Any]]:
    said = invoked("load", "acme", *arguments, "--output", "json")
    return said.exit_code, json.loads(said.stdout[said.stdout.index("{") :])


def test_a_load_sets_every_feed_of_documents_back_and_goes_on_from_the_cursors(cluster: Cluster) -> None:
    for name in names():
        cursor(cluster, name, OVER, 40)
    code, shown = load("--from", "2025-01-01", "--no-wait", "--actor", "kim", "--reason", "audit")
    assert (code, shown["is_over"], shown["from"]) == (1, False, "2025-01-01")
    newest = {seen.record["feed"]: seen.record for seen in Console().scan(["cursors"], quiet=True)}
    assert {newest[f"{ERP}.{name}"]["page_digest"] for name in names()} == {RESET}
    assert all("2025-01-01" in newest[f"{ERP}.{name}"]["position"] for name in names())
    told = [seen.record["detail"] for seen in Console().scan(["audit"], quiet=True) if seen.record.get("stage") == "cursors"]
    assert len(told) == len(names())
    assert all("by kim: history from 2025-01-01 after 40 records; audit" in one for one in told)
    for name in names():
        cursor(cluster, name, WITHIN, 240)
    code, shown = load("--no-wait")
    assert code == 1
    assert {(one["records"], one["is_over"]) for one in shown["feeds"]} == {(200, False)}
    for name in names():
        cursor(cluster, name, OVER, 2040)
    code, shown = load()
    assert (code, shown["is_over"]) == (0, True)
    assert {(one["records"], one["is_over"]) for one in shown["feeds"]} == {(2000, True)}


def test_a_load_ends_in_a_report_of_both_sides(cluster: Cluster) -> None:
    load("--from", "2025-01-01", "--no-wait")
    for name in names():
        cursor(cluster, name, OVER, 3)
    old: dict[str, Any] = {"invoice_date": date(2025, 5, 5), "customer_name": "Ana Lopez"}
    put(cluster, field_service.invoice(source_id="1", number="N1", **old))
    put(cluster, field_service.invoice(source_id="2", number="N2", **old))
    put(cluster, field_service.invoice(source_id="3", number="N3", **{**old, "invoice_date": date(2024, 12, 31)}))
    put(cluster, field_service.invoice(source_id="4", number="N4", **old))
    theirs: dict[str, Any] = {"system": ERP, **old}
    put(cluster, field_service.invoice(source_id="Invoice/1", number="n1 ", **theirs))
    put(cluster, field_service.invoice(source_id="Invoice/2", number="N2", **theirs, tax=Decimal(0), total=Decimal("100.00")))
    put(cluster, field_service.invoice(source_id="Invoice/9", number="N9", **theirs, origin_ref="ST-AAAAAAAAAAAAAAAAAAAA"))
    done = entry("invoice", "4", "POSTED", amount="108.25")
    cluster.put(f"ledger.{ERP}", done["op_key"].encode(), CODEC.encode(f"ledger.{ERP}", "result.ledger", done))
    code, shown = load()
    (row,) = shown["history"]
    assert code == 0
    assert (row["both"]["count"], row["different"]["count"], row["source_only"]["count"], row["erp_only"]["count"]) == (1, 1, 0, 0)
    assert row["difference"] == "8.25"
    assert [(one["number"], one["source_amount"], one["erp_amount"]) for one in shown["documents"]] == [("n2", "108.25", "100.00")]
    assert shown["ours"] == {"invoice": {"count": 1, "amount": "108.25"}}


def test_a_load_posts_nothing_and_begins_only_where_a_day_is_named(cluster: Cluster) -> None:
    with pytest.raises(Broken, match="no load of acme was begun"):
        invoked("load", "acme", "--no-wait")
    with pytest.raises(Broken, match="in the future"):
        invoked("load", "acme", "--from", (today() + timedelta(days=3)).isoformat(), "--no-wait")
    load("--from", "2025-01-01", "--no-wait")
    written_to = {topic for topic, records in cluster.topics.items() if records}
    assert written_to == {"connections", "credentials", "crosswalk", "cursors", "audit"}


def test_a_cursor_that_a_person_sets_back_afterwards_ends_the_load_of_that_feed(cluster: Cluster) -> None:
    load("--from", "2025-01-01", "--no-wait")
    first = names()[0]
    assert invoked("cursors", "reset", "acme", f"{ERP}.{first}", "--to", "2026-01-01").exit_code == 0
    assert first not in [one["feed"] for one in load("--no-wait")[1]["feeds"]]
