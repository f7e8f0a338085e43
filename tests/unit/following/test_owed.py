"""What `check` says of job invoices that become payables: last month's figures, as the hop maps them, on a cluster in memory."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.connections.owed import flows_of, last_month, rows
from console.reading import Cluster as Console
from runtime.clock import clock_from_environment
from systems import registry
from tests.contract import examples
from tests.systems import field_service
from tests.unit.following.console import operator
from tests.unit.following.log import CODEC, Cluster
from topology.configuration import Connected
from topology.topics import object_key


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> None:
    """A person's commands read the cluster in memory."""
    operator(monkeypatch, cluster, tmp_path)


def joined(erp: str = "netsuite") -> Connected:
    return examples.connected(registry.system(erp))


def days(connected: Connected) -> tuple[date, date]:
    return last_month(clock_from_environment().now().astimezone(connected.settings.zone).date())


def put(cluster: Cluster, source_id: str, cost: str, day: date, **line: Any) -> None:
    lines = [field_service.invoice_line("100.00", cost=Decimal(cost), **line)]
    record = field_service.invoice(lines, source_id=source_id, invoice_date=day)
    key = object_key("acme", record["system"], "invoice", source_id)
    cluster.put("canonical.invoice", key.encode(), CODEC.encode("canonical.invoice", "canonical.invoice", record))


def test_last_month_is_told_with_what_was_sold_owed_held_and_excluded(cluster: Cluster) -> None:
    connected = joined()
    first, last = days(connected)
    put(cluster, "1", "40.00", first)
    put(cluster, "2", "12.50", last, sku_code="PIPE")
    put(cluster, "3", "9.00", last, from_inventory=True)
    put(cluster, "4", "500.00", first - timedelta(days=1))
    put(cluster, "5", "700.00", last + timedelta(days=1))
    (told,) = rows(Console(), connected)
    assert (told["level"], told["subject"], told["count"], told["amount"]) == ("warning", "payables", 2, "52.50")
    assert f"in {first:%Y-%m} 3 job invoices, sold for 324.75 USD" in told["says"]
    assert "2 documents of 2 vendors at cost, 52.50 USD" in told["says"]
    assert "9.00 of 1 more is excluded" in told["says"]
    assert "held" not in told["says"]


def test_the_newest_state_of_an_invoice_counts_once(cluster: Cluster) -> None:
    connected = joined()
    put(cluster, "1", "40.00", days(connected)[0])
    put(cluster, "1", "41.00", days(connected)[0])
    (told,) = rows(Console(), connected)
    assert (told["count"], told["amount"]) == (1, "41.00")


def test_what_would_be_held_is_told(cluster: Cluster) -> None:
    connected = joined()
    put(cluster, "1", "40.00", days(connected)[0])
    lines = [field_service.invoice_line("100.00", cost=Decimal("7.00")), field_service.invoice_line("5.00", "2")]
    record = field_service.invoice(lines, source_id="2", invoice_date=days(connected)[0])
    key = object_key("acme", record["system"], "invoice", "2")
    cluster.put("canonical.invoice", key.encode(), CODEC.encode("canonical.invoice", "canonical.invoice", record))
    (told,) = rows(Console(), connected)
    assert told["count"] == 2
    assert "1 of them, 12.00, would be held" in told["says"]  # the line that has no cost yet counts with its price


def test_a_profile_of_journals_says_nothing(cluster: Cluster) -> None:
    connected = joined("peoplesoft")
    put(cluster, "1", "40.00", days(connected)[0])
    assert [flow.id for flow in flows_of(connected)] == ["P1"]
    assert list(rows(Console(), connected)) == []


def test_nothing_is_said_where_no_invoice_becomes_a_payable(cluster: Cluster) -> None:
    connected = joined("acumatica")
    put(cluster, "1", "40.00", days(connected)[0])
    assert flows_of(connected) == []
    assert list(rows(Console(), connected)) == []


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 3, 31), date(2026, 2, 1), date(2026, 2, 28)),
        (date(2028, 3, 1), date(2028, 2, 1), date(2028, 2, 29)),
        (date(2026, 1, 1), date(2025, 12, 1), date(2025, 12, 31)),
    ],
)
def test_last_month_is_the_whole_month_before(today: date, first: date, last: date) -> None:
    assert last_month(today) == (first, last)
