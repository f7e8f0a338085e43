"""The same day with an ERP that is told what jobs cost: a payable for each vendor beside the sale, a default where a department is missing, and
orders that are received in the field service and billed there."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from console.demo.joined import CUTOVER
from tests.acceptance.stage import SOURCE
from tests.chaos.conftest import Played

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]
ERP = "netsuite"
WRITES = ("N1", "N1S", "N2", "N3", "N4", "N7")
DOCUMENTS = ("purchaseOrder", "vendorBill", "vendorCredit", "invoice", "creditMemo", "customerPayment", "customerRefund")
UNKNOWN_DEPARTMENT, DEFAULT_DEPARTMENT = "99", "8"


def test_every_flow_agrees_by_count_and_to_the_cent(played: Played) -> None:
    flows = played.agreed(ERP)
    assert {flow for flow in WRITES if flows[flow]["erp"]["count"] == 0} == set(), flows
    assert flows["M0"]["erp"]["count"] > 20
    assert flows["N6"]["erp"]["count"] > 20


def test_the_planned_faults_were_met(played: Played) -> None:
    played.met_planned_faults(ERP)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_each_document_was_written_once_and_after_the_cut_over(played: Played, kind: str) -> None:
    """An order has the external id of its bill with an ending, and what reverses has another, so that each is there once."""
    found = [row for row in played.documents(ERP, kind) if row["ref"]]
    assert [ref for ref, count in Counter(row["ref"] for row in found).items() if count > 1] == []
    assert all(row["date"] >= CUTOVER for row in found if row["ref"].startswith("ST-"))


def test_a_department_that_does_not_exist_or_has_no_row_is_the_default_and_counted(played: Played) -> None:
    lines = [
        line for kind in ("vendorBill", "invoice") for row in played.documents(ERP, kind) if row["ref"] for line in row["lines"]
    ]
    used = Counter(line["department"] for line in lines if line.get("department"))
    assert used[UNKNOWN_DEPARTMENT] == 0
    assert used[DEFAULT_DEPARTMENT] > 0
    told = [one.record for one in played.stage.reading.scan(["audit"], quiet=True) if one.record]
    counted = [one for one in told if one["connection"] == played.joined(ERP).id and one["decision"] == "defaulted"]
    assert counted
    assert all(one["amount"] is not None for one in counted)


def test_what_came_out_of_the_inventory_is_no_second_payable(played: Played) -> None:
    """The double-cost case of accounting.md 11: what a receipt brought into the inventory is owed by the vendor's own bill, and a job that used it
    owes the rest alone. What is left out is on record with its amount."""
    told = [one.record for one in played.stage.reading.scan(["audit"], quiet=True) if one.record]
    excluded = [one for one in told if one["connection"] == played.joined(ERP).id and "out of the inventory" in one["detail"]]
    assert sum(one["amount"] for one in excluded) > 0
    there = {str(row["id"]): row for row in played.asked(ERP, "holdings?entity=invoices", SOURCE)["holdings"]}
    first = {one["source_id"]: one for one in played.entries(ERP) if (one["purpose"], one["action"]) == ("payable", "create")}
    posted = [
        one for one in first.values() if one["state"] == "POSTED" and any(x["inventory"] for x in there[one["source_id"]]["lines"])
    ]
    assert len(posted) > 0
    for one in posted:
        lines = there[one["source_id"]]["lines"]
        used = sum(Decimal(str(line["cost"])) for line in lines if line["inventory"])
        assert one["amount"] <= sum(Decimal(str(line["cost"])) for line in lines) - used, one["source_number"]


def test_an_order_of_the_erp_is_received_in_the_field_service_whose_bill_is_read_and_never_written(played: Played) -> None:
    ours = {
        row["id"] for row in played.asked(ERP, "holdings?entity=orders", SOURCE)["holdings"] if "[ml-connector ref]" in row["memo"]
    }
    bills = [row for row in played.asked(ERP, "holdings?entity=bills", SOURCE)["holdings"] if row["purchase_order_id"] in ours]
    assert len(ours) > 0
    assert len(bills) > 0
    written = [one for one in played.entries(ERP) if one["source_entity"] == "bill" and one["state"] in ("POSTED", "ADOPTED")]
    assert written == []


def test_what_met_a_locked_period_was_held_and_went_on_when_it_was_unlocked(played: Played) -> None:
    """It is locked in payables, so that what a job cost waits, and what it was sold for does not."""
    assert played.met_closed_period(ERP) == {"payable"}


def test_ten_more_cycles_of_polling_both_ways_add_nothing(played: Played) -> None:
    assert played.outcome.added == 0
