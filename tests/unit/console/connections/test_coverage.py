"""What documents ask of the tables: every key with count and amount, what has no row, and the file that a person completes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from console.connections.coverage import as_if_live, coverage_of, needed_keys, without_posted
from console.connections.observed import coverage_rows, days_of, keys_by_table
from console.connections.remapping import without_flow_of
from console.tables.folder import read_tables
from console.tables.rows import TableRow, sheet_of
from console.tables.write import write_csv, write_xlsx
from runtime.errors import Broken
from systems import registry
from tests.contract import examples
from tests.systems import field_service
from tests.unit.console.recorded import CODEC
from topology.batch import ConsumerRecord, Context
from topology.configuration import Connected, Snapshot
from topology.topics import object_key

ERP = "acumatica"
NASTY = " 0042 ", "=1+1", "@sum", "-5", "+7", "1e5", "TRUE", "00123", "a,b;c", 'say "x"', "=cmd|' /C calc'!A0"


def connected() -> Connected:
    return examples.connected(registry.system(ERP))


def consumed(*records: dict[str, object]) -> Iterator[ConsumerRecord]:
    for offset, record in enumerate(records):
        topic = f"canonical.{record['entity']}"
        key = object_key("acme", "servicetitan", str(record["entity"]), str(record["source_id"])).encode()
        yield ConsumerRecord(topic, 0, offset, key, CODEC.encode(topic, topic, record), [])


def context() -> Context:
    return Context(Snapshot({"acme": connected()}), CODEC, str, 1, examples.AT)


def test_every_key_that_a_document_asks_for_is_counted_with_its_amount() -> None:
    two = [
        field_service.invoice(),
        field_service.invoice(source_id="102", business_unit_name="Plumbing - East", business_unit_id="9"),
    ]
    seen = coverage_of(consumed(*two, field_service.payment(type_name="Crypto")), as_if_live(connected(), None), context())
    keys = keys_by_table(seen)
    assert keys["business_unit"]["Plumbing - Service"] == (2, "216.50"), "one invoice and the payment"
    assert keys["business_unit"]["Plumbing - East"] == (1, "108.25")
    assert keys["payment_type"]["Crypto"] == (1, "108.25")
    assert keys["line_type"]["SVC-1"] == (2, "216.50")
    assert keys["tax_zone"]["77"] == (2, "216.50")


def test_a_job_has_one_line_although_it_is_asked_for_by_number_and_by_id() -> None:
    """The table `project` had two lines for each job, its number and its id, and the table of business units two for each unit."""
    jobs = [field_service.invoice(job_number="J-77", job_id="77001", business_unit_name="East", business_unit_id="9")]
    keys = keys_by_table(coverage_of(consumed(*jobs), as_if_live(connected(), None), context()))
    assert (list(keys["project"]), list(keys["business_unit"])) == (["J-77"], ["East"])
    assert {"SVC-1", "Service"} <= keys["line_type"].keys(), "a sku and its kind are two things"


def test_a_row_by_id_is_the_line_of_its_object() -> None:
    """Who keys a table by ids had a second, empty line for the name of each object."""
    asked = {("project", "J-77"): False, ("project", "77001"): True, ("line_type", "77001"): False}
    assert needed_keys(asked, {"77001": "J-77"}) == [("project", "77001"), ("line_type", "77001")]
    assert needed_keys(asked | {("project", "J-77"): True}, {"77001": "J-77"})[0] == ("project", "J-77")


def test_only_what_is_from_before_the_cut_over_is_asked_for_as_an_opening_balance() -> None:
    """Every invoice that a payment settled had a line to be filled in, and the few that need one were among thousands."""
    invoices = [field_service.invoice(source_id="500", invoice_date=date(2025, 11, 10)), field_service.invoice(source_id="501")]
    paid = [
        field_service.payment(
            source_id=f"9{one['source_id']}", applications=[{"document_id": one["source_id"], "amount": one["total"]}]
        )
        for one in invoices
    ]
    seen = coverage_of(consumed(*invoices, *paid), as_if_live(connected(), date(2025, 1, 1)), context())
    assert set(keys_by_table(seen)["opening_balance"]) == {"500", "501"}
    own = {name: flow.cutover_date for name, flow in connected().settings.flows.items()}
    assert set(keys_by_table(without_posted(seen, own))["opening_balance"]) == {"500"}


def test_lines_of_equal_weight_stand_in_the_order_in_which_they_are_looked_up() -> None:
    """The id of a business unit stood before its name, and nobody knew whose it was."""
    seen = {"Plumbing": (3, "9.00"), "901": (3, "9.00"), "HVAC": (5, "1.00")}
    _, lines = sheet_of("business_unit", ("business_unit", "branch"), [], seen)
    assert [line[0] for line in lines] == ["HVAC", "Plumbing", "901"]


def test_what_has_no_row_is_an_error_and_what_falls_to_a_default_a_warning() -> None:
    own = connected()
    unit = replace(own, settings=own.settings)
    found = [
        field_service.invoice(business_unit_name="Plumbing - East", business_unit_id="9"),
        field_service.invoice(source_id="102", term_name=""),
    ]
    rows = coverage_rows("acme", coverage_of(consumed(*found), as_if_live(unit, None), context()))
    unmapped = next(row for row in rows if row.get("value") == "Plumbing - East")
    assert (unmapped["level"], unmapped["kind"], unmapped["table"], unmapped["count"], unmapped["amount"]) == (
        "error", "unmapped", "business_unit", 1, "108.25",
    )  # fmt: skip
    assert unmapped["says"] == "business unit Plumbing - East has no row: 1 document, 108.25."


def test_documents_from_before_the_cut_over_count_as_well_when_days_are_asked_for() -> None:
    early = field_service.invoice(invoice_date=date(2025, 11, 1))
    assert coverage_of(consumed(early), as_if_live(connected(), None), context()).documents.count == 0
    assert coverage_of(consumed(early), as_if_live(connected(), date(2025, 10, 1)), context()).documents.count == 1


def test_where_everything_has_a_row_this_is_said() -> None:
    (row,) = coverage_rows("acme", coverage_of(consumed(field_service.invoice()), as_if_live(connected(), None), context()))
    assert (row["level"], row["says"]) == ("ok", "1 document, 108.25: every value has a row or a default")


def test_what_no_flow_brings_is_an_error_of_its_entity_with_what_to_do() -> None:
    """A connection of Fusion had a row for everything, and each of its bills was held from the first minute."""
    fusion = examples.connected(registry.system("oracle_fusion"))
    money = without_flow_of(fusion.settings)
    assert {("servicetitan", "bill"), ("servicetitan", "bank_deposit")} <= money
    assert ("servicetitan", "invoice") not in money
    (row,) = coverage_rows(
        "acme", coverage_of(consumed(field_service.bill(purchase_order_id="")), as_if_live(fusion, None), context())
    )
    assert (row["level"], row["kind"], row["value"], row["count"]) == ("error", "held", "bill", 1)
    assert row["says"].startswith("bill is brought by no flow, so that each is entered by hand: 1 document, ")
    assert "--accept-held no_flow=bill" in row["do"]


@pytest.mark.parametrize(
    ("text", "days"), [("90d", 90), ("1", 1), (" 30d ", 30), ("0d", None), ("-1d", None), ("90 days", None), ("", None)]
)
def test_days_are_read_strictly(text: str, days: int | None) -> None:
    if days is None:
        with pytest.raises(Broken, match="90d"):
            days_of(text)
    else:
        assert days_of(text) == days


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_exported_file_is_read_again_unchanged_and_what_is_not_filled_in_is_no_row(tmp_path: Path, form: str) -> None:
    """Keys that run, keep their zeros or look like numbers; the columns for people change nothing."""
    tables = {"line_type": ("line_type", "account", "subaccount")}
    rows = [TableRow("line_type", name.strip(), {"account": "040100"}, None) for name in NASTY]
    seen = dict.fromkeys((*NASTY, "NEW-SKU", "000", "=2"), (3, "1,5"))
    sheet = sheet_of("line_type", tables["line_type"], rows, seen)
    assert sheet[0] == ["line_type", "account", "subaccount", "effective_from", "documents_seen", "amount_seen"]
    assert [line[0] for line in sheet[1][-3:]] == ["NEW-SKU", "000", "=2"]
    if form == "csv":
        write_csv(tmp_path / "line_type.csv", sheet)
    else:
        write_xlsx(tmp_path / "tables.xlsx", {"line_type": sheet})
    found = read_tables(tmp_path, tmp_path, tables).rows
    assert {(row.key, tuple(row.values.items())) for row in found} == {(row.key, tuple(row.values.items())) for row in rows}


def test_a_line_that_was_filled_in_is_a_row_whatever_a_spreadsheet_did_to_the_columns_for_people(tmp_path: Path) -> None:
    (tmp_path / "line_type.csv").write_text(
        "line_type,account,subaccount,effective_from,documents_seen,amount_seen\nNEW,40100,,,1.5E+03,#####\nOLD,,,,7,9.00\n"
    )
    found = read_tables(tmp_path, tmp_path, {"line_type": ("line_type", "account", "subaccount")}).rows
    assert [(row.key, row.values) for row in found] == [("NEW", {"account": "40100"})]
