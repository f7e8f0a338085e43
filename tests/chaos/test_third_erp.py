"""The same day with an ERP that orders: what is ordered there is received in the field service and comes back as a receipt, and invoices and receipts
of customers go where customers are only matched."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from console.demo.joined import CUTOVER
from tests.acceptance.stage import SOURCE
from tests.chaos.conftest import Played

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]
ERP = "oracle_fusion"
WRITES = ("F1", "F2", "F3", "F4", "F5")
DOCUMENTS = ("receivablesInvoices", "receivablesCreditMemos", "standardReceipts", "receivingReceiptRequests")


def test_every_flow_agrees_by_count_and_to_the_cent(played: Played) -> None:
    flows = played.agreed(ERP)
    assert {flow for flow in WRITES if flows[flow]["erp"]["count"] == 0} == set(), flows
    assert flows["M0"]["erp"]["count"] > 20
    assert flows["F6"]["erp"]["count"] > 20


def test_the_planned_faults_were_met(played: Played) -> None:
    played.met_planned_faults(ERP)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_each_document_was_written_once_and_after_the_cut_over(played: Played, kind: str) -> None:
    """What takes a document back is of the other kind, so that a ref is there once of each."""
    found = [row for row in played.documents(ERP, kind) if row["ref"]]
    refs = Counter(row["ref"] for row in found)
    known = {one["ref"] for one in played.entries(ERP)}
    assert [ref for ref, count in refs.items() if count > 1] == []
    assert set(refs) <= known
    assert all(row["date"] >= CUTOVER for row in found)


def test_an_order_of_the_erp_is_received_in_the_field_service_and_matched_to_its_receipt(played: Played) -> None:
    """Every receipt of the pod is of its own order, by line and price, as the field service received it."""
    orders = {row["OrderNumber"]: row for row in played.documents(ERP, "purchaseOrders")}
    received = {row["ref"]: row for row in played.documents(ERP, "receivingReceiptRequests") if row["done"]}
    there = {str(row["id"]): row for row in played.asked(ERP, "holdings?entity=receipts", SOURCE)["holdings"]}
    posted = [one for one in played.entries(ERP) if one["record"] == "receipt" and one["state"] == "POSTED"]
    assert len(posted) >= 5
    for one in posted:
        row = received[one["ref"]]
        assert Decimal(row["amount"]) == Decimal(str(there[one["source_id"]]["amount"])) == one["amount"], row
        assert {line["DocumentNumber"] for line in row["lines"]} <= set(orders)


def test_the_bill_of_an_order_of_the_erp_is_never_entered_there_a_second_time(played: Played) -> None:
    """The double-cost case of accounting.md 11: the field service makes an inventory bill of what it receives, and the ERP's own payables bill the
    order. The first is held by name with its amount, and no payable of ours is written."""
    ours = {
        row["id"] for row in played.asked(ERP, "holdings?entity=orders", SOURCE)["holdings"] if "[ml-connector ref]" in row["memo"]
    }
    bills = [row for row in played.asked(ERP, "holdings?entity=bills", SOURCE)["holdings"] if row["purchase_order_id"] in ours]
    posted = [row for row in bills if row["status"] == "Posted"]
    entered = {one["source_id"]: one for one in played.entries(ERP) if one["source_entity"] == "bill"}
    assert len(posted) >= 5
    for bill in posted:
        entry = entered[str(bill["id"])]
        assert (entry["state"], entry["reason"], entry["amount"]) == ("HELD", "no_flow", Decimal(str(bill["amount"])))
        assert "its own payables bill that" in entry["detail"]
    assert {
        one["record"] for one in played.entries(ERP) if one["state"] in ("POSTED", "ADOPTED") and one["purpose"] == "payable"
    } == set()


def test_what_met_a_closed_period_was_held_and_went_on_when_it_was_opened(played: Played) -> None:
    played.met_closed_period(ERP)


def test_ten_more_cycles_of_polling_both_ways_add_nothing(played: Played) -> None:
    assert played.outcome.added == 0
