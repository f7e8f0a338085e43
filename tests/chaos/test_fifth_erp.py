"""The same day with an ERP of distribution that writes by GET: job invoices at cost in its payables, suppliers and orders both ways."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

import pytest

from console.demo.joined import CUTOVER
from tests.chaos.conftest import Played
from topology.topics import topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]
ERP = "syspro"
WRITES = ("S1", "S2", "S2V", "S3", "S3W", "S3R", "S4")
READS = ("S4L", "S5")


def test_every_flow_agrees_by_count_and_to_the_cent(played: Played) -> None:
    flows = played.agreed(ERP)
    assert {flow for flow in WRITES if flows[flow]["erp"]["count"] == 0} == set(), flows
    assert {flow for flow in ("M0", *READS) if flows[flow]["erp"]["count"] < 20} == set(), flows


def test_the_planned_faults_were_met(played: Played) -> None:
    played.met_planned_faults(ERP)


def test_each_invoice_was_written_once_and_after_the_cut_over(played: Played) -> None:
    """(Supplier, Invoice) is the company's own key; our ref stands once beside it, and belongs to a document of the ledger."""
    found = [row for row in played.documents(ERP, "ApInvoice") if row["ref"]]
    refs = Counter(row["ref"] for row in found)
    known = {one["ref"] for one in played.entries(ERP)}
    assert len(found) >= 20
    assert [ref for ref, count in refs.items() if count > 1] == []
    assert set(refs) <= known
    assert all(row["date"] >= CUTOVER for row in found)


def test_what_people_counted_in_the_erp_is_the_list_of_work_at_the_source(played: Played) -> None:
    """Our own receipts and adjustments moved the same stock, and are no work."""
    counted: Counter[tuple[str, str]] = Counter()
    moved = played.documents(ERP, "InvMovements")
    for row in moved:
        if row["Reference"] == "Shelf count":
            counted[row["StockCode"], row["Warehouse"]] += int(Decimal(row["TrnQty"]))
    assert sum(1 for row in moved if row["Reference"] != "Shelf count") > len(counted) > 0
    told = played.stage.cli("status", "--connection", played.joined(ERP).id, "--stock", "-")
    assert told.returncode == 0, told.stderr
    listed = {(row["item"], row["place"]): int(row["to_adjust"].lstrip("'")) for row in csv.DictReader(io.StringIO(told.stdout))}
    assert listed == {place: count for place, count in counted.items() if count}


def test_ten_more_cycles_of_polling_both_ways_add_nothing(played: Played) -> None:
    assert played.outcome.added == 0


# --- secrets ----------------------------------------------------------------------------------------------------------

ADDRESSES = re.compile(rb"[?&](OperatorPassword|CompanyPassword|UserId|XmlIn|XmlParameters)=")
"""What an address of e.net has in it."""
SESSION = re.compile(rb"[0-9A-F]{34}")
"""The form of a session id. Keys of Oracle Fusion's rows have it too, so it is not looked for in what belongs to another connection."""


def secrets(played: Played) -> list[bytes]:
    """Every password of the company, as it is and as an address has it."""
    told = played.stage.processes.simulators[played.joined(ERP).simulator(ERP)]["credentials"]
    words = {told["company_password"], *(one["operator_password"] for one in told["roles"].values())}
    return [form.encode() for word in words for form in {word, quote(word, safe="")}]


def said(played: Played) -> Iterator[tuple[str, bytes]]:
    """Everything that our services said or wrote, and what the command line tells of it: where, and its bytes."""
    simulators = set(played.stage.processes.simulators)
    for path in played.stage.processes.folder.glob("*.log"):
        if path.stem not in simulators:
            for line in path.read_bytes().splitlines():
                yield path.name, line
    for message in played.stage.reading.messages(sorted(topics()), quiet=True):
        headers = dict(message.headers() or {})
        told = [value if isinstance(value, bytes) else (value or "").encode() for value in headers.values()]
        yield message.topic() or "", b" ".join((message.key() or b"", message.value() or b"", *told))
    own = played.entries(ERP)
    for one in [next(one for one in own if one["record"] == record) for record in sorted({one["record"] for one in own})]:
        asked = played.stage.cli("explain", one["ref"], "--connection", played.joined(ERP).id, "--full", "--output", "json")
        assert asked.returncode == 0, asked.stderr
        yield f"explain {one['record']}", asked.stdout.encode() + asked.stderr.encode()


def leaks(where: str, body: bytes, words: list[bytes], others: list[bytes]) -> list[str]:
    found = [word for word in words if word in body] + [one[0] for one in ADDRESSES.finditer(body)]
    if not any(other in body for other in others):
        found += [one[0] for one in SESSION.finditer(body)]
    return [f"{where}: {one!r}" for one in found]


@pytest.mark.chaos
def test_no_password_no_session_and_no_address_is_in_any_log_topic_or_error(played: Played) -> None:
    """Credentials, documents and sessions of SYSPRO stand in addresses, and a day has outages, dropped sessions, cut and lost answers."""
    words = secrets(played)
    others = [one.id.encode() for one in played.stage.day.joined if one is not played.joined(ERP)]
    assert (
        len(leaks("a made-up error", b"GET /Logon?Operator=A&OperatorPassword=" + words[0] + b" " + b"0A" * 17, words, others)) == 3
    )
    seen: Counter[str] = Counter()
    found: list[str] = []
    for where, body in said(played):
        seen[where.rpartition(".")[2] if where.endswith(".log") else where.partition(" ")[0]] += 1
        found += leaks(where, body, words, others)
    assert found == []
    assert seen["log"] >= 4
    assert seen["explain"] >= 4
    assert sum(seen.values()) > 1000, seen
