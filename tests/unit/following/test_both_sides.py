"""`reconcile` and `crosswalk export` as commands, on a cluster in memory: the form of their results and their exit codes."""

from __future__ import annotations

import json
from csv import DictReader
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console.cli.main import app
from console.connections.applying import applied, in_force
from console.connections.consent import Consent
from console.connections.observed import coverage_rows, observed
from console.output import WIDTH
from console.reading import Cluster as Console
from console.tables.folder import read_tables
from runtime.errors import Broken
from systems import registry
from tests.integration.console.files import written
from tests.systems import field_service
from tests.unit.following.console import operator
from tests.unit.following.log import CODEC, Cluster
from topology.configuration import Connected
from topology.topics import object_key

UNIT, MARCH = "Plumbing - Service", ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> Path:
    """The connection `acme` in force, with one business unit; every group has read everything."""
    operator(monkeypatch, cluster, tmp_path)
    monkeypatch.setattr(Console, "unread", lambda *_: {})
    path = written(tmp_path, "acme", mode="live")
    (tmp_path / "crosswalk" / "business_unit.csv").write_text(f"business_unit,subaccount,sales_account\n{UNIT},PLB-000,40100\n")
    (tmp_path / "crosswalk" / "tax_zone.csv").write_text("tax_zone,account\n77,22000\n")
    assert applied(path, "pat", "start", Consent(amount=Decimal(0)))[1] == []
    return path


def put(cluster: Cluster, record: dict[str, Any]) -> None:
    topic = f"canonical.{record['entity']}"
    key = object_key("acme", record["system"], record["entity"], record["source_id"])
    cluster.put(topic, key.encode(), CODEC.encode(topic, topic, record))


def in_the_erp(ref: str, **more: Any) -> dict[str, Any]:
    lines = [
        field_service.invoice_line("100.00") | {"gl_account": "40100", "dimensions": {"Subaccount": "PLB-000"}},
        field_service.invoice_line("8.25", "2") | {"gl_account": "22000", "dimensions": {"Subaccount": "PLB-000"}},
    ]
    own = {"system": "acumatica", "source_id": "Invoice/000001", "origin_ref": ref, "tax": Decimal(0), "total": Decimal("108.25")}
    return field_service.invoice(lines) | own | more


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def ref_of_invoice(source_id: str = "101") -> str:
    from topology.rules.identity import op_key, ref_of

    return ref_of(op_key(connected().books, "sale", ("invoice", source_id), "", "create"))


def connected() -> Connected:
    return in_force(Console()).connections["acme"]


def test_both_sides_agree_and_the_command_ends_with_0(cluster: Cluster) -> None:
    put(cluster, field_service.invoice())
    put(cluster, in_the_erp(ref_of_invoice()))
    said = invoked("reconcile", "acme", *MARCH, "--output", "json")
    shown = json.loads(said.stdout)
    assert said.exit_code == 0, shown
    side = {"count": 1, "amount": "108.25"}
    assert shown["rows"] == [
        {
            "flow": "A1", "group": "A1", "currency": "USD", "source": side, "erp": side, "difference": "0.00", "classes": {},
            "unexplained": {"count": 0, "amount": "0.00"},
        }
    ]  # fmt: skip
    assert (shown["unexplained"], shown["documents"]) == ("0.00", [])


def test_what_is_not_explained_ends_with_1_and_is_listed(cluster: Cluster) -> None:
    put(cluster, field_service.invoice())
    put(cluster, field_service.invoice(source_id="102", number="N102", status="Pending"))
    put(cluster, in_the_erp(ref_of_invoice(), total=Decimal("100.00")))
    said = invoked("reconcile", "acme", "--by", "customer", "--output", "json")
    shown = json.loads(said.stdout)
    assert (said.exit_code, shown["unexplained"], shown["unexplained_count"]) == (1, "8.25", 1)
    (document,) = shown["documents"]
    assert (document["class"], document["number"], document["document"]) == ("edited_in_erp", "N101", "Invoice/000001")
    assert document["words"] == "the ERP has 100.00, the source 108.25"
    assert shown["rows"][0]["classes"]["not_due"] == {"count": 1, "amount": "108.25", "difference": "108.25"}
    table = invoked("reconcile", "acme", "--by", "customer")
    assert table.exit_code == 1
    assert all(len(line) <= WIDTH for line in table.stdout.splitlines())
    assert "unexplained: 1 differences, 8.25" in table.stdout
    assert "edited_in_erp: A1 N101, 2026-03-10, Ana Lopez, 8.25 USD (Invoice/000001)" in table.stdout
    csv = invoked("reconcile", "acme", "--output", "csv")
    assert "edited_in_erp_count" in csv.stdout.splitlines()[0]


def test_days_are_those_of_both_sides(cluster: Cluster) -> None:
    put(cluster, field_service.invoice())
    put(cluster, in_the_erp(ref_of_invoice(), invoice_date=date(2026, 4, 1)))
    april = json.loads(invoked("reconcile", "acme", "--from", "2026-04-01", "--output", "json").stdout)
    assert april["rows"][0]["difference"] == "-108.25"
    assert list(april["rows"][0]["classes"]) == ["wrong_period"]
    none = invoked("reconcile", "acme", "--from", "2026-05-01")
    assert (none.exit_code, none.stdout.strip()) == (0, "nothing to compare in these days")


@pytest.mark.parametrize(
    "arguments", [("--from", "1 March"), ("--from", "2026-04-01", "--to", "2026-03-01"), ("--to", "2026-02-30")]
)
def test_a_range_that_is_none_is_refused_in_one_line(arguments: tuple[str, ...]) -> None:
    with pytest.raises(Broken, match=r"is not a day|is after"):
        invoked("reconcile", "acme", *arguments)


def test_groups_that_do_not_exist_are_a_wrong_command_line(cluster: Cluster) -> None:
    assert invoked("reconcile", "acme", "--by", "colour").exit_code == 2


def test_the_exported_tables_have_a_line_for_what_was_seen_and_are_read_again(cluster: Cluster, tmp_path: Path) -> None:
    put(cluster, field_service.invoice())
    put(cluster, field_service.invoice(source_id="102", business_unit_name="Plumbing - East", business_unit_id="9"))
    put(cluster, field_service.invoice(source_id="103", invoice_date=date(2025, 6, 1)))
    (tmp_path / "out").mkdir()
    said = invoked("crosswalk", "export", "acme", str(tmp_path / "out" / "tables.xlsx"))
    assert said.exit_code == 0, said.output
    assert "2 rows of" in said.stdout
    assert "lines for other values that were seen" in said.stdout
    found = read_tables(tmp_path / "out", tmp_path, registry.crosswalk_tables("acumatica"))
    assert {(row.table, row.key) for row in found.rows} == {("business_unit", UNIT), ("tax_zone", "77")}
    folder = tmp_path / "csv"
    assert invoked("crosswalk", "export", "acme", str(folder)).exit_code == 0
    with (folder / "business_unit.csv").open(encoding="utf-8-sig") as file:
        units = [
            (row["business_unit"], row["sales_account"], row["documents_seen"], row["amount_seen"]) for row in DictReader(file)
        ]
    assert units == [
        (UNIT, "40100", "2", "216.50"),  # also from before the cut-over
        ("Plumbing - East", "", "1", "108.25"),  # the unit's id would do as well, and has no line of its own
    ]
    plain = invoked("crosswalk", "export", "acme", str(tmp_path / "plain"), "--rows-only")
    assert plain.stdout.startswith("2 rows of 2 tables written")


@pytest.mark.parametrize("name", ["tables.csv", "Tables.XLS", "tables.ods", "t.json", "t.yaml", "t.numbers", "t.xltx"])
def test_tables_are_not_exported_into_a_folder_that_is_named_like_a_file(tmp_path: Path, name: str) -> None:
    """`tables.csv` became a folder of that name, which no spreadsheet opens."""
    with pytest.raises(Broken, match=r"not written in this form\. Name an \.xlsx file, or a folder"):
        invoked("crosswalk", "export", "acme", str(tmp_path / name))
    assert not (tmp_path / name).exists()


def test_tables_are_exported_into_a_folder_that_there_is_whatever_its_name(cluster: Cluster, tmp_path: Path) -> None:
    put(cluster, field_service.invoice())
    (tmp_path / "acme.2026").mkdir()
    assert invoked("crosswalk", "export", "acme", str(tmp_path / "acme.2026")).exit_code == 0
    assert (tmp_path / "acme.2026" / "business_unit.csv").exists()


def test_coverage_names_what_would_hold_the_documents_of_the_last_days(cluster: Cluster) -> None:
    put(cluster, field_service.invoice(source_id="102", business_unit_name="Plumbing - East", business_unit_id="9"))
    rows = coverage_rows("acme", observed(Console(), connected(), 3650))
    first = rows[0]
    assert (first["level"], first["kind"], first["table"], first["value"]) == (
        "error",
        "unmapped",
        "business_unit",
        "Plumbing - East",
    )
