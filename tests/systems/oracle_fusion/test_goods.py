"""Receipts and returns: paired lines, units, what the receiving processor makes of them, and errors of single lines."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.json import parse
from systems.contract import Verdict
from systems.mapped import Draft
from tests.systems.field_service import crosswalk
from tests.systems.oracle_fusion import mapping_ground
from tests.systems.oracle_fusion.goods import goods_line, receipt, returned
from tests.systems.oracle_fusion.test_writer import Books, books


async def ordered(held: Books, *lines: dict[str, Any]) -> Any:
    """An order whose lines are paired with 801, 802, ... at the other side."""
    made = await held.site.tell("orders", lines=list(lines))
    for number, line in enumerate(made["lines"], 1):
        key = f"{made['POHeaderId']}/{line['POLineId']}/{line['schedules'][0]['LineLocationId']}"
        held.ids[f"order_line/80{number}"] = key
    return made


async def pipes(held: Books) -> Any:
    """An order of two items, the first in boxes of four."""
    return await ordered(
        held,
        {"item": "", "description": "Pipe", "quantity": 5, "price": "8.00", "unit": "BX"},
        {"item": "", "description": "V", "quantity": 4, "price": "2.00"},
    )


def received(*quantities: str) -> dict[str, Any]:
    """A receipt of the two lines, in single pieces."""
    first, second = quantities
    return receipt([goods_line(first, sku_id="99", sku_code="P"), goods_line(second, "2", sku_id="12", sku_code="V")])


async def test_a_receipt_names_order_line_and_schedule_and_is_received_when_it_is_processed(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        made = held.resolved(received("3", "4"))
        document = await held.written(made, "create")
        assert document.steps_done == ("create",), "201 is not received"
        sent = parse(held.posted("receivingReceiptRequests")[0].body)
        assert [(one["DocumentNumber"], one["DocumentLineNumber"], one["Quantity"]) for one in sent["lines"]] == [
            (order["OrderNumber"], 1, 3),
            (order["OrderNumber"], 2, 4),
        ]
        held.site.clock.move(61)
        (after,) = (await held.find(made)).documents
        assert after.steps_done == ("create", "received")
        assert after.refusal == ""
        assert [pair.source_id for pair in after.pairs] == ["1", "2"]


async def test_a_receipt_of_more_lines_than_one_answer_shows_is_received_and_read_back(tmp_path: Path) -> None:
    """Lines beyond the first 25 of an order came without their schedules, and the receipt could not be sent."""
    async with books(tmp_path, receiving_s=60) as held:
        await ordered(held, *({"item": "", "description": f"Part {n}", "quantity": 2, "price": "2.00"} for n in range(28)))
        lines = [goods_line("2", str(n), sku_id="12", sku_code="V") for n in range(1, 29)]
        made = held.resolved(receipt(lines))
        await held.written(made, "create")
        held.site.clock.move(61)
        (after,) = (await held.find(made)).documents
        assert (after.steps_done, after.refusal, len(after.pairs)) == (("create", "received"), "", 28)


async def test_a_line_that_is_in_error_refuses_the_receipt_with_its_own_words(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        made = held.resolved(received("3", "9"))
        document = await held.written(made, "create")
        assert document.refusal.startswith("line 2: RCV_OVER_RECEIPT"), "the other line may be received all the same"
        held.site.clock.move(61)
        (after,) = (await held.find(made)).documents
        assert after.steps_done == ("create",)
        assert after.refusal.startswith("line 2: RCV_OVER_RECEIPT")


async def test_a_line_that_fails_in_the_processor_is_told_and_the_other_is_received(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        made = held.resolved(received("3", "4"))
        await held.written(made, "create")
        await held.site.tell("faults", faults=[{"kind": "receiving_fails", "count": 1, "skip": 1}])
        held.site.clock.move(61)
        (after,) = (await held.find(made)).documents
        assert "RCV_PROCESSING_ERROR" in after.refusal
        assert after.steps_done == ("create",)


async def test_a_line_that_is_not_paired_is_never_sent(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await pipes(held)
        held.ids["order_line/802"] = "7"
        answer = await held.perform("create", held.resolved(received("3", "4")))
        assert answer.verdict is Verdict.REJECT
        assert "not paired" in answer.words
        assert not held.posted("receiving")


async def test_a_receipt_of_two_orders_is_held(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await pipes(held)
        first = dict(held.ids)
        await pipes(held)
        held.ids["order_line/801"] = first["order_line/801"]
        answer = await held.perform("create", held.resolved(received("1", "1")))
        assert "2 orders" in answer.words


async def test_a_return_takes_back_what_a_receipt_delivered(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        made = held.resolved(received("3", "4"))
        await held.written(made, "create")
        held.site.clock.move(61)
        (after,) = (await held.find(made)).documents
        held.ids |= {f"receipt_line/{pair.source_id}": pair.target_id for pair in after.pairs}
        back = held.resolved(returned([goods_line("2", receipt_line_id="1", sku_id="99")]))
        document = await held.written(back, "create")
        assert document.steps_done == ("create",)
        held.site.clock.move(61)
        (done,) = (await held.find(back)).documents
        assert done.steps_done == ("create", "returned")
        sent = parse(held.posted("receivingReceiptTransactionRequests")[0].body)
        assert (sent["TransactionType"], sent["Quantity"]) == ("RETURN TO VENDOR", 2)


async def test_a_return_of_more_than_came_is_refused_in_fusions_words(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        made = held.resolved(received("3", "4"))
        await held.written(made, "create")
        held.site.clock.move(61)
        (after,) = (await held.find(made)).documents
        held.ids |= {f"receipt_line/{pair.source_id}": pair.target_id for pair in after.pairs}
        back = held.resolved(returned([goods_line("4", receipt_line_id="1", sku_id="99")]))
        document = await held.written(back, "create")
        assert "RCV_TOO_MUCH" in document.refusal
        assert document.refusal_reason == "receiving_error"


# --- the mapping -------------------------------------------------------------------------------------------------------


def test_pieces_become_boxes_by_the_row_that_led_to_their_sku() -> None:
    one = mapping_ground.draft(receipt([goods_line("8")]))
    (line,) = one.body["lines"]
    assert (line["quantity"], line["unit"], line["unit_cost"]) == (Decimal(2), "Box", Decimal("8.00"))


def test_pieces_that_are_no_whole_boxes_to_six_places_are_held() -> None:
    tables = {**mapping_ground.TABLES, "order_item": {"PIPE-34": {"sku_id": "11", "unit": "Box", "factor": "3"}}}
    one = mapping_ground.draft(receipt([goods_line("8")]), mapping_ground.plan(crosswalk=crosswalk(tables)))
    assert any("no exact number" in text for text in one.unresolved)


def test_a_sku_that_two_items_lead_to_by_different_factors_is_held() -> None:
    rows = {"A": {"sku_id": "11", "unit": "Box", "factor": "4"}, "B": {"sku_id": "11", "unit": "Crate", "factor": "9"}}
    one = mapping_ground.draft(
        receipt([goods_line("8")]), mapping_ground.plan(crosswalk=crosswalk({**mapping_ground.TABLES, "order_item": rows}))
    )
    assert any("different factors" in text for text in one.unresolved)


def test_a_place_without_a_row_holds_its_receipts() -> None:
    one = mapping_ground.draft(receipt(inventory_location="Truck 9", inventory_location_id="77"))
    assert one.unresolved == ("receiving_place=Truck 9",)


def test_a_line_that_names_no_line_of_an_order_is_held_by_name() -> None:
    one = mapping_ground.draft(receipt([goods_line("8", order_line_id="")]))
    assert one.hold == "no_order_line"


def test_a_return_is_a_document_for_each_line_of_its_own_amount() -> None:
    lines = [goods_line("4", receipt_line_id="1"), goods_line("8", "2", receipt_line_id="2")]
    found = [one for one in mapping_ground.drafts(returned(lines)) if isinstance(one, Draft)]
    assert [(one.part, one.amount, one.parted) for one in found] == [("1", Decimal("8.00"), True), ("2", Decimal("16.00"), True)]
    assert all(len(one.parents) == 1 for one in found)


@pytest.mark.parametrize("entity", ["receipt", "return"])
def test_what_moved_nothing_is_counted(entity: str) -> None:
    made = receipt([goods_line("0")]) if entity == "receipt" else returned([goods_line("0")])
    assert [type(one).__name__ for one in mapping_ground.drafts(made)] == ["NoCommand", "Draft"]
