"""Cancelled receipts and returns: a correction of each line, processed later, refused line by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.exchange import Request, Response, Unanswered
from runtime.json import parse
from systems.contract import Original, ResolvedCommand, Verdict
from systems.mapped import Draft
from tests.contract.seam import Deliver
from tests.systems.oracle_fusion import mapping_ground
from tests.systems.oracle_fusion.goods import goods_line, receipt, returned
from tests.systems.oracle_fusion.test_goods import pipes, received
from tests.systems.oracle_fusion.test_taking_back import correction, original_of, void
from tests.systems.oracle_fusion.test_writer import Books, books

ON = date(2026, 3, 12)


async def processed(held: Books, record: dict[str, Any]) -> Original:
    """Goods that moved, as they were written and processed."""
    made = held.resolved(record)
    await held.written(made, "create")
    held.site.clock.move(61)
    (document,) = (await held.find(made)).documents
    held.ids |= {f"receipt_line/{pair.source_id}": pair.target_id for pair in document.pairs}
    return original_of(made, document)


async def taken(held: Books, order: Any) -> list[str]:
    """What of each line of an order is received."""
    rows = (await held.site.ask("documents?kind=purchaseOrders"))["documents"]
    found = next(row for row in rows if row["POHeaderId"] == order["POHeaderId"])
    return [line["schedules"][0]["received"] for line in found["lines"]]


async def test_a_cancelled_receipt_is_corrected_line_by_line_in_one_request(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        original = await processed(held, received("3", "4"))
        assert await taken(held, order) == ["3", "4"]
        made = void(original, ON)
        assert (await held.find(made)).documents == ()
        document = await held.written(made, "correct")
        assert document.steps_done == ("correct",), "201 is not corrected"
        (sent,) = [one for one in held.wire.of(method="POST") if "batch" in one.headers["Content-Type"]]
        parts = [one["payload"] for one in parse(sent.body)["parts"]]
        assert [(one["TransactionType"], one["Quantity"]) for one in parts] == [("CORRECT", -3), ("CORRECT", -4)]
        held.site.clock.move(61)
        (done,) = (await held.find(made)).documents
        assert (done.steps_done, done.differences, done.refusal) == (("correct", "corrected"), (), "")
        assert await taken(held, order) == ["0", "0"]


async def test_a_receipt_of_one_line_is_corrected_by_one_plain_request(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        original = await processed(held, receipt([goods_line("3", sku_id="99", sku_code="P")]))
        await held.written(void(original, ON), "correct")
        (sent,) = held.posted("receivingReceiptTransactionRequests")
        assert parse(sent.body)["Quantity"] == -3


async def test_what_was_returned_already_cannot_be_corrected_and_says_which_line(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        original = await processed(held, received("3", "4"))
        await processed(held, returned([goods_line("2", receipt_line_id="1", sku_id="99")]))
        document = await held.written(void(original, ON), "correct")
        assert document.refusal.startswith("line 1: RCV_TOO_MUCH")
        assert document.refusal_reason == "receiving_error"
        assert await taken(held, order) == ["1", "4"]


async def test_a_line_that_fails_in_the_processor_later_refuses_the_correction(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        original = await processed(held, received("3", "4"))
        made = void(original, ON)
        await held.written(made, "correct")
        await held.site.tell("periods", period="Mar-26", status="Closed", application="PO")
        held.site.clock.move(61)
        (document,) = (await held.find(made)).documents
        assert document.steps_done == ("correct",)
        assert document.refusal.startswith("line 1: RCV_CLOSED_PERIOD")
        assert await taken(held, order) == ["3", "4"]


async def test_a_lost_answer_of_a_batch_is_found_whole(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        made = void(await processed(held, received("3", "4")), ON)

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            if request.method == "POST" and request.url.endswith("11.13.18.05/"):
                raise Unanswered("the connection died")
            return answer

        held.wire.twist = twist
        assert (await held.perform("correct", made)).verdict is Verdict.AMBIGUOUS
        held.wire.twist = None
        (found,) = (await held.find(made)).documents
        assert found.differences == ()


async def test_half_of_the_lines_is_a_difference(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        original = await processed(held, received("3", "4"))
        made = void(original, ON)
        await held.written(made, "correct")

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            return replace(answer, body=answer.body.replace(f"{made.command['ref']}/2".encode(), b"by hand"))

        held.wire.twist = twist
        (found,) = (await held.find(made)).documents
        assert "lines: 1, 2" in found.differences


async def test_what_is_not_processed_yet_is_not_corrected(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        await pipes(held)
        made = held.resolved(received("3", "4"))
        original = original_of(made, await held.written(made, "create"))
        answer = await held.perform("correct", void(original, ON))
        assert answer.verdict is Verdict.DEFINITE_NO
        assert "not shown as processed yet" in answer.words


async def test_a_cancelled_return_brings_the_goods_back(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        await processed(held, received("3", "4"))
        back = await processed(held, returned([goods_line("2", receipt_line_id="1", sku_id="99")]))
        assert await taken(held, order) == ["1", "4"]
        made = void(back, ON)
        await held.written(made, "correct")
        held.site.clock.move(61)
        (done,) = (await held.find(made)).documents
        assert done.steps_done == ("correct", "corrected")
        assert await taken(held, order) == ["3", "4"]


async def changed(held: Books, original: Original, record: dict[str, Any]) -> tuple[ResolvedCommand, list[tuple[str, ...]]]:
    """What takes goods back and moves them anew, and how far it was seen after each step and after each run of the processor."""
    made, seen = correction(original, held.resolved(record)), []
    for step in ("correct", "create"):
        (before,) = (await held.find(made)).documents or (None,)
        await held.written(made, step) if before is None else await held.perform(step, made, before)
        for _ in range(2):
            (document,) = (await held.find(made)).documents
            assert (document.differences, document.refusal) == ((), "")
            seen.append(document.steps_done)
            held.site.clock.move(61)
    return made, seen


async def test_a_receipt_that_is_changed_is_corrected_and_then_received_anew(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        original = await processed(held, received("3", "4"))
        made, seen = await changed(held, original, received("2", "3"))
        done = ("correct", "corrected", "create", "received")
        assert seen == [done[:1], done[:2], done[:3], done]
        assert await taken(held, order) == ["2", "3"]
        (document,) = (await held.find(made)).documents
        assert document.number.startswith(f"{original.command['human_number']}-C")  # type: ignore[typeddict-item]  # of a receipt
        assert {pair.source_id: pair.target_id for pair in document.pairs} == {one: f"{made.command['ref']}/{one}" for one in "12"}


async def test_what_was_received_anew_can_be_returned_changed_again_and_cancelled(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        made, _ = await changed(held, await processed(held, received("3", "4")), received("2", "3"))
        (document,) = (await held.find(made)).documents
        held.ids |= {f"receipt_line/{pair.source_id}": pair.target_id for pair in document.pairs}
        back = await processed(held, returned([goods_line("1", receipt_line_id="2", sku_id="99")]))
        assert await taken(held, order) == ["2", "2"]
        await changed(held, back, returned([goods_line("2", receipt_line_id="2", sku_id="99")]))
        assert await taken(held, order) == ["2", "1"]


async def test_a_receipt_that_was_changed_is_cancelled_as_it_is_now(tmp_path: Path) -> None:
    async with books(tmp_path, receiving_s=60) as held:
        order = await pipes(held)
        made, _ = await changed(held, await processed(held, received("3", "4")), received("2", "3"))
        (document,) = (await held.find(made)).documents
        await held.written(void(original_of(made, document), ON), "correct")
        held.site.clock.move(61)
        await held.find(made)
        assert await taken(held, order) == ["0", "0"]


@pytest.mark.parametrize("count", [1, 2])
def test_a_cancelled_return_is_a_reversal_of_each_of_its_parts(count: int) -> None:
    lines = [goods_line("4", str(number), receipt_line_id=str(number)) for number in range(1, count + 1)]
    found = [one for one in mapping_ground.drafts(returned(lines, active=False)) if isinstance(one, Draft)]
    assert [(one.record, one.part, one.amount, one.parted) for one in found] == [
        ("reversal", str(number), Decimal("8.00"), True) for number in range(1, count + 1)
    ]
