"""An order in ServiceTitan: created once, changed with all of its items, read back; what may not be written is held by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from runtime.errors import Refused, Transient
from runtime.exchange import Response, response
from services.sinks import entry as e
from systems.contract import Capability, Pair, Verdict
from systems.flow import no_orders
from systems.servicetitan.settings import Orders, Settings
from systems.servicetitan.system import WRITES
from tests.contract.protocol import Run
from tests.systems.servicetitan.orders.world import EXAMPLE, World

ORDER = "300100111"
JSON = {"Content-Type": "application/json"}


async def test_the_order_is_created_with_every_required_member_and_its_lines_are_paired(world: World) -> None:
    case = await world.case()
    made = await world.written(case)
    (body,) = world.sent("POST")
    assert body["items"][0] == {
        "skuId": 10002, "description": "VALVE-34 of Ferris", "vendorPartNumber": "F-VALVE-34", "quantity": 10, "cost": 14.22,
    }  # fmt: skip
    assert {name: body[name] for name in ("typeId", "businessUnitId", "inventoryLocationId", "tax", "shipping", "date", "requiredOn")} == {
        "typeId": 2001, "businessUnitId": 901, "inventoryLocationId": 801, "tax": 17.2, "shipping": 12, "date": "2026-03-02T00:00:00Z",
        "requiredOn": "2026-03-09T00:00:00Z",
    }  # fmt: skip
    assert "status" not in body
    assert [pair for pair in made.pairs if pair.entity == "purchase_order"] == [Pair("purchase_order", ORDER, made.erp_id)]
    held = (await world.held())[0]["lines"]
    assert [(one.source_id, one.target_id) for one in made.pairs if one.entity == "order_line"] == [
        (f"{ORDER}/1/1", str(held[0]["id"])),
        (f"{ORDER}/2/1", str(held[1]["id"])),
    ]


async def test_a_change_sends_all_items_with_their_ids_and_leaves_none_behind(world: World) -> None:
    made = await world.written(await world.case())
    ids = [pair.target_id for pair in made.pairs[1:]]
    changed = await world.on.case("purchase_order", "", EXAMPLE, lines=_lines(quantity="12", more=True), total=Decimal("279.40"))
    seen = await world.seen(changed, made.erp_id)
    assert seen.differences[:2] == (f"line {ORDER}/1/1 quantity: 10, 12", f"line {ORDER}/3/1: none, 1 of sku 10004")
    after = await world.written(changed, seen)
    (body,) = world.sent("PATCH")
    assert [item["id"] for item in body["items"]] == [int(ids[0]), int(ids[1]), 0]
    held = (await world.held())[0]
    assert [Decimal(one["quantity"]) for one in held["lines"]] == [12, 6, 1]
    assert [pair.target_id for pair in after.pairs[1:3]] == ids, "the lines that were there keep their items"


def _lines(quantity: str, more: bool = False) -> list[dict[str, Any]]:
    from tests.contract import examples

    first, second = examples.canonical("servicetitan", EXAMPLE)["lines"]
    first = {**first, "quantity": Decimal(quantity), "amount": Decimal(quantity) * first["unit_cost"]}
    third = {**second, "line_id": f"{ORDER}/3/1", "sku_code": "CAP-45", "unit": "Bx", "quantity": Decimal("0.2")}
    third |= {"unit_cost": Decimal("66.30"), "amount": Decimal("13.26")}
    return [first, second, third] if more else [first, second]


async def test_a_line_that_is_taken_away_goes_and_what_was_received_of_it_keeps_the_order_for_a_person(world: World) -> None:
    made = await world.written(await world.case())
    await world.do(do="receive", purchase_order=int(made.erp_id), shares=["0", "2"])
    (first, _) = _lines(quantity="10")
    shorter = await world.on.case("purchase_order", "", EXAMPLE, lines=[first], total=Decimal("171.40"))
    answer = await world.write(shorter, await world.seen(shorter, made.erp_id))
    assert (answer.verdict, "received and cannot be removed" in answer.words) == (Verdict.REJECT, True)
    assert len((await world.held())[0]["lines"]) == 2


# --- what is refused --------------------------------------------------------------------------------------------------


async def test_an_exported_order_is_not_edited_and_is_held_by_name(world: World) -> None:
    made = await world.written(await world.case())
    await world.do(do="receive", purchase_order=int(made.erp_id))
    await world.do(do="export_orders", purchase_orders=[int(made.erp_id)])
    changed = await world.on.case("purchase_order", "", EXAMPLE, lines=_lines(quantity="12"), total=Decimal("266.14"))
    seen = await world.seen(changed, made.erp_id)
    assert (seen.refusal_reason, "is exported and not edited any more" in seen.refusal) == ("order_exported", True)
    run = Run(world.on, changed)
    run.key = run.key.but(entry=e.change(run.key.entry, world.on.clock.now(), erp_id=made.erp_id))
    entry = await run.to_the_end()
    assert (entry["state"], entry["reason"]) == (e.HELD, "order_exported")
    assert world.sent("PATCH") == []
    assert (await world.write(changed, made)).verdict is Verdict.REJECT, "nor is it sent by whoever did not look"
    assert world.sent("PATCH") == []


async def test_a_status_that_an_exported_order_cannot_show_is_told_and_holds_nothing(world: World) -> None:
    made = await world.written(await world.case())
    await world.do(do="receive", purchase_order=int(made.erp_id))
    await world.do(do="export_orders", purchase_orders=[int(made.erp_id)])
    seen = await world.seen(await world.case(memo="PO 4711: CLOSED"), made.erp_id)
    assert (seen.refusal, seen.differences, seen.steps_done) == ("", (), ("write",))
    assert seen.overruled == ("status line: PO PO-4711: OPEN, received 0 of 16, billed 0 of 16, PO 4711: CLOSED",)


async def test_an_order_that_a_person_canceled_there_is_held_when_the_erp_goes_on_with_it(world: World) -> None:
    from runtime.exchange import Request

    made = await world.written(await world.case())
    await world.on.seam.inner.send(Request("GET", f"{world.on.url}/__sim__/settings"), 5)
    client = world.on.writer.client  # type: ignore[attr-defined]  # to act as another user of the API
    path = f"/inventory/v2/tenant/{client.settings.tenant_id}/purchase-orders/{made.erp_id}/cancellation"
    request = Request(
        "PATCH", f"{client.settings.api}{path}", {"Content-Type": "application/json"}, b'{"canceledReason": "Duplicate"}'
    )
    assert (await client.calls.write(request)).status == 200
    seen = await world.seen(await world.case(memo="PO 4711: RECEIVED"), made.erp_id)
    assert (seen.refusal_reason, seen.pairs) == ("order_canceled", ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "2002"}, "order type 2002 receives its orders by itself"),
        ({"kind": "2999"}, "order type 2999 is not there or not active"),
    ],
)
async def test_a_type_that_receives_by_itself_or_is_not_there_is_refused_before_anything_is_sent(
    world: World, change: dict[str, Any], words: str
) -> None:
    case = await world.case(**change)
    found = await world.find(case)
    assert (found.refusal_reason, words in found.refusal) == ("self_receiving_type", True)
    entry = await Run(world.on, case).to_the_end()
    assert (entry["state"], entry["reason"], world.sent("POST")) == (e.HELD, "self_receiving_type", [])


async def test_a_type_that_the_settings_name_is_refused_at_the_write_as_well(world: World) -> None:
    answer = await world.write(await world.case(kind="2002"))
    assert (answer.verdict, "receives its orders by itself" in answer.words, world.sent("POST")) == (Verdict.REJECT, True, [])


def test_the_flow_is_unavailable_for_settings_that_name_no_type_or_one_that_receives_by_itself() -> None:
    def told(**orders: Any) -> str:
        return no_orders(
            Settings(environment="test", tenant_id="1"), Settings(environment="test", tenant_id="1", orders=Orders(**orders))
        )

    assert told() == "orders.type_id of the field-service side names no order type"
    assert "receives its orders by itself" in told(type_id="2002", self_receiving_types=frozenset({"2002"}))
    assert told(type_id="2001", self_receiving_types=frozenset({"2002"})) == ""
    assert no_orders(Orders(), Orders()) == "the field-service side takes no orders"


async def test_an_unknown_sku_and_a_place_that_is_not_active_are_refused_in_the_vendors_words(world: World) -> None:
    case = await world.case()
    wrong = [{**case.command["lines"][0], "item": "99999"}]  # type: ignore[typeddict-item]  # a field of orders
    for change, words in (
        ({"lines": wrong}, "no active material or equipment"),
        ({"warehouse": "4"}, "no active inventory location"),
    ):
        answer = await world.write(await world.case(**change))
        assert (answer.verdict, words in answer.words) == (Verdict.REJECT, True), answer
    assert await world.held() == []


@pytest.mark.parametrize("change", [{"warehouse": "x1"}, {"kind": ""}, {"dimensions": {}}, {"date": None}])
async def test_what_is_no_id_or_no_day_is_never_sent(world: World, change: dict[str, Any]) -> None:
    answer = await world.write(await world.case(**change))
    assert (answer.verdict, world.sent("POST")) == (Verdict.REJECT, [])


# --- ambiguous lines ----------------------------------------------------------------------------------------------------


async def test_lines_that_nothing_tells_apart_are_held_before_the_order_is_written(world: World) -> None:
    ((draft, _),) = world.on.drafts("purchase_order.equal_lines")
    assert (draft.hold, "300100111/1/1 and 300100111/1/2" in draft.hold_detail) == ("ambiguous_lines", True)


async def test_by_position_they_are_paired_in_the_order_of_their_ids(world: World) -> None:
    other = await world.otherwise(equal_lines="by_position")
    case = await other.case("purchase_order.equal_lines")
    assert case.command["hold"] == ""
    made = await other.written(case)
    ids = [int(pair.target_id) for pair in made.pairs[1:]]
    assert ids == sorted(ids)
    assert len(ids) == 2


async def test_items_that_a_person_made_equal_are_held_and_give_no_pair(world: World) -> None:
    """The quantities were exchanged at the screen: whose receipt would it be?"""
    made = await world.written(await world.case("purchase_order.schedules_of_one_line"))
    await world.do(do="change_order", purchase_order=int(made.erp_id), quantities=["4", "10"])
    case = await world.case("purchase_order.schedules_of_one_line", memo="another")
    seen = await world.seen(case, made.erp_id)
    assert (seen.refusal_reason, seen.pairs) == ("ambiguous_lines", ())
    run = Run(world.on, case)
    run.key = run.key.but(entry=e.change(run.key.entry, world.on.clock.now(), erp_id=made.erp_id))
    entry = await run.to_the_end()
    assert (entry["state"], entry["reason"], run.pairs, world.sent("PATCH")) == (e.HELD, "ambiguous_lines", (), [])


# --- looking for it ------------------------------------------------------------------------------------------------------


async def test_it_is_looked_for_among_what_was_created_since_it_was_first_tried(world: World) -> None:
    case = await world.case()
    made = await world.written(case)
    world.on.seam.forget()
    (found,) = (await world.find(case)).documents
    assert found.erp_id == made.erp_id
    (asked,) = [one.url for one in world.on.seam.requests if "/purchase-orders?" in one.url]
    assert "createdOnOrAfter=2026-03-16T14%3A50%3A00Z" in asked
    late = replace(case, tried_since=world.on.clock.now() + timedelta(hours=1))
    assert (await world.find(late)).documents == ()


async def test_where_nobody_knows_since_when_it_was_tried_it_is_not_taken_to_be_absent(world: World) -> None:
    with pytest.raises(Refused, match="since when it may have been written is not known"):
        await world.find(replace(await world.case(), tried_since=None))


async def test_the_pages_of_the_window_are_read_to_their_end_and_one_that_is_cut_short_tells_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from systems.servicetitan import sink_orders

    monkeypatch.setattr(sink_orders, "PAGE_ROWS", 2)
    vendor = next(row["id"] for row in await world.held("vendors"))
    for _ in range(5):
        await world.do(do="order", vendor=vendor, business_unit=901, items=[{"sku": "MAT-CAP", "quantity": "1"}])
    case = await world.case()
    made = await world.written(case)
    world.on.seam.forget()
    assert (await world.seen(case)).erp_id == made.erp_id
    assert sum("/purchase-orders?" in one.url for one in world.on.seam.requests) == 3

    for lie in (
        _without(b'"hasMore":true', b'"hasMore":false'),
        _without(b'"totalCount":6', b'"totalCount":null'),
        _without(b'"data"', b'"rows"'),
    ):
        world.on.seam.change = lie
        with pytest.raises(Transient):
            await world.find(case)
        world.on.seam.change = None
    monkeypatch.setattr(sink_orders, "MOST_PAGES", 2)
    with pytest.raises(Refused, match="more than 4 orders were created since"):
        await world.find(case)


def _without(old: bytes, new: bytes) -> Callable[[Response], Response]:
    return lambda answer: replace(answer, body=answer.body.replace(old, new))


async def test_a_ref_that_a_person_moved_or_unmarked_still_keeps_a_second_order_from_being_made(world: World) -> None:
    case = await world.case()
    made = await world.written(case)
    for memo, number in (
        (f"was {case.ref}, see Ann", ""),
        ("", case.ref),
        (f"[ml-connector ref] {case.ref}\n[ml-connector ref] {case.ref}x", ""),
    ):
        await world.do(do="change_order", purchase_order=int(made.erp_id), memo=memo, vendor_number=number)
        (found,) = (await world.find(case)).documents
        assert (found.erp_id, any(one.startswith("ref:") for one in found.differences)) == (made.erp_id, True)
    await world.written(case, found)
    assert (await world.seen(case)).differences == ()


async def test_an_order_typed_in_by_hand_is_a_suspect(world: World) -> None:
    case = await world.case()
    vendor = int(next(iter(case.ids.values())))
    typed = {"vendor": vendor, "business_unit": 901, "date": "2026-03-02", "tax": "17.20", "shipping": "12.00"}
    items = [{"sku": "MAT-VALVE", "quantity": "10", "cost": "14.22"}, {"sku": "MAT-PVC2", "quantity": "6", "cost": "11.05"}]
    await world.do(do="order", items=items, **typed)
    entry = await Run(world.on, case).to_the_end()
    assert (entry["state"], entry["reason"], world.sent("POST")) == (e.HELD, "suspect", [])


async def test_what_the_list_does_not_show_yet_is_not_written_again(world: World) -> None:
    """The answer is lost and the list lags: C4 waits and looks twice."""
    (write,) = [one for one in WRITES if one.record == "purchase_order"]
    assert (write.capability, write.v_max > timedelta(0)) == (Capability.C4, True)
    case = await world.case()
    await world.set(lookup_lag_s=write.v_max.total_seconds() - 1)
    world.on.simulator.faults.plan([{"kind": "lost_answer", "method": "POST", "path": "/purchase-orders"}])
    entry = await Run(world.on, case).to_the_end()
    assert (entry["state"], len(world.sent("POST")), len(await world.held())) == (e.POSTED, 1, 1)


# --- odd answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (response(200, b'{"id": 0}'), Verdict.AMBIGUOUS),
        (response(200, b'{"id": "3071000001"}'), Verdict.AMBIGUOUS),
        (response(200, b'{"id": 1, "id": 2}'), Verdict.AMBIGUOUS),
        (response(200, b'{"id": 30710'), Verdict.AMBIGUOUS),
        (response(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}), Verdict.AMBIGUOUS),
        (response(302, b"", {"Location": "http://169.254.169.254/"}), Verdict.AMBIGUOUS),
        (response(409, b'{"title": "Conflict", "status": 409, "errors": {}}', JSON), Verdict.REJECT),
        (response(409, b"<html>409</html>", {"Content-Type": "text/html"}), Verdict.AMBIGUOUS),
        (response(404, b'{"title": "No such order", "status": 404, "errors": {}}', JSON), Verdict.REJECT),
        (response(403, b""), Verdict.DEFINITE_NO),
    ],
)
async def test_an_odd_answer_is_never_a_yes(world: World, answer: Response, verdict: Verdict) -> None:
    async def twist(*_: Any) -> Response:
        return answer

    case = await world.case()
    world.on.seam.twist = twist
    assert (await world.write(case)).verdict is verdict
    assert world.on.seam.met == 1


async def test_an_answer_that_names_another_order_proves_nothing(world: World) -> None:
    first = await world.written(await world.case())

    async def twist(request: Any, deliver: Any) -> Response:
        await deliver(request)
        return response(200, f'{{"id": {first.erp_id}}}'.encode())

    case = await world.on.case("purchase_order", "2", EXAMPLE)
    world.on.seam.twist = twist
    answer = await world.write(case)
    assert answer.verdict is Verdict.AMBIGUOUS
    assert (await world.seen(case)).erp_id != first.erp_id


async def test_a_member_that_is_dropped_silently_is_noticed_when_the_order_is_read_back(world: World) -> None:
    await world.set(unknown_members="drop")
    world.on.simulator.faults.plan(
        [{"kind": "altered", "method": "GET", "path": "/purchase-orders/", "find": '"shipping":12.00', "text": '"shipping":0'}]
    )
    answer = await world.write(await world.case())
    assert (answer.verdict, "shipping: 0, 12" in answer.words) == (Verdict.AMBIGUOUS, True)


@pytest.mark.parametrize("bad", ['"quantity":"1e3"', '"quantity":"1,000"', '"quantity":true', '"quantity":null'])
async def test_a_quantity_that_is_no_number_makes_the_look_up_fail_and_nothing_else(world: World, bad: str) -> None:
    case = await world.case()
    await world.written(case)
    world.on.simulator.faults.plan(
        [{"kind": "altered", "method": "GET", "path": "/purchase-orders", "find": '"quantity":10', "text": bad}]
    )
    with pytest.raises(Transient):
        await world.find(case)
