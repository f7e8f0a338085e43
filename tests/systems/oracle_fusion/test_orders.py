"""Orders of Fusion as we read them: lines, schedules, what was received and billed, re-reads, and long lists that the server cuts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Malformed, Transient
from runtime.exchange import Request, Response, response
from systems.mapped import Filtered
from systems.oracle_fusion.mapping import to_canonical
from systems.oracle_fusion.poller import open_reader
from tests.contract.seam import Deliver
from tests.systems.oracle_fusion.ground import Site, feed, pod, raw_of, records, walked


async def ordered(site: Site, *lines: dict[str, Any]) -> Any:
    """An order with these lines."""
    return await site.tell("orders", lines=list(lines))


async def read(site: Site, number: str, name: str = "purchase_orders", **settings: Any) -> Any:
    """The canonical record of an order."""
    found, _ = await walked(site.access(**settings)[0], name)
    made = records("purchase_order", list({one.source_id: one for one in found}.values()), site.reading())
    return next(one for one in made if one["number"] == number)


async def test_an_order_has_a_line_for_each_schedule_with_its_ids_price_and_quantity(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=0) as site:
        made = await ordered(
            site, {"item": "PIPE-34", "quantities": [4, 6], "price": "2.50"}, {"description": "Crane", "price": "120.00"}
        )
        one = await read(site, made["OrderNumber"])
        assert [(line["line_number"], line["schedule_number"], line["quantity"]) for line in one["lines"][:2]] == [
            ("1", "1", Decimal(4)),
            ("1", "2", Decimal(6)),
        ]
        assert [line["amount"] for line in one["lines"][:2]] == [Decimal("10.00"), Decimal("15.00")]
        header, line, schedule = one["lines"][0]["line_id"].split("/")
        assert (header, line) == (str(made["POHeaderId"]), str(made["lines"][0]["POLineId"]))
        assert schedule == str(made["lines"][0]["schedules"][0]["LineLocationId"])
        assert one["vendor_id"] == str(made["SupplierId"])
        assert sum(line["amount"] for line in one["lines"]) == one["subtotal"]
        assert one["total"] == one["subtotal"] + one["tax"]


async def test_what_is_billed_comes_from_the_life_cycle_and_changes_the_fingerprint(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=0) as site:
        made = await ordered(site, {"item": "PIPE-34", "quantity": 5, "price": "2.00"})
        before = await read(site, made["OrderNumber"])
        await site.tell("orders/bill", number=made["OrderNumber"], quantity=3)
        after = await read(site, made["OrderNumber"], "open_orders")
        assert (before["lines"][0]["quantity_billed"], after["lines"][0]["quantity_billed"]) == (0, 3)
        assert before["fingerprint"] != after["fingerprint"], "the memo of the order at the other side tells it"
        assert before["content_hash"] != after["content_hash"]


async def test_a_changed_quantity_or_price_changes_the_fingerprint(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=0) as site:
        made = await ordered(site, {"item": "PIPE-34", "quantity": 5, "price": "2.00"})
        prints = [(await read(site, made["OrderNumber"]))["fingerprint"]]
        for change in ({"quantity": 6}, {"price": "2.10"}):
            site.clock.move(60)
            await site.tell("orders/change", number=made["OrderNumber"], lines=[{"line": 1, **change}])
            prints.append((await read(site, made["OrderNumber"]))["fingerprint"])
        assert len(set(prints)) == 3


async def test_a_canceled_order_is_inactive(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=0) as site:
        made = await ordered(site, {"item": "PIPE-34", "quantity": 5, "price": "2.00"})
        await site.tell("orders/change", number=made["OrderNumber"], status="CANCELED")
        one = await read(site, made["OrderNumber"])
        assert one["active"] is False
        assert one["canceled_on"] is not None


async def test_lines_and_schedules_that_the_server_cuts_are_read_to_their_end(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=0, child_page=2) as site:
        lines = [{"item": f"ITEM-{number}", "quantities": [1, 2, 3], "price": "1.00"} for number in range(5)]
        made = await ordered(site, *lines)
        one = await read(site, made["OrderNumber"], page_size=3)
        assert len(one["lines"]) == 15
        assert sum(line["quantity"] for line in one["lines"]) == 30
        assert all(line["quantity_received"] == 0 for line in one["lines"][:2])


async def test_an_order_whose_lines_were_cut_is_malformed(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=0, child_page=2) as site:
        await ordered(site, *[{"item": f"I{number}", "quantity": 1, "price": "1.00"} for number in range(4)])
        found, _ = await walked(site.access()[0], "purchase_orders")
        with pytest.raises(Malformed, match="cut short"):
            to_canonical(raw_of("purchase_order", replace(found[0], further=())), site.reading())


async def test_a_long_list_that_breaks_in_the_middle_moves_no_cursor(tmp_path: Path) -> None:
    async def twist(request: Request, deliver: Deliver) -> Response:
        answer = await deliver(request)
        return response(200, answer.body[: len(answer.body) // 2], dict(answer.headers)) if "/child/" in request.url else answer

    async with pod(tmp_path, orders=0, child_page=2) as site:
        await ordered(site, *[{"item": f"I{number}", "quantity": 1, "price": "1.00"} for number in range(4)])
        access, wire = site.access()
        wire.twist = twist
        with pytest.raises(Transient):
            await open_reader(access).page(feed("purchase_orders"), "")


async def test_an_order_without_a_life_cycle_says_nothing_of_receipts(tmp_path: Path) -> None:
    async def twist(request: Request, deliver: Deliver) -> Response:
        return response(404, b"", {}) if "LifeCycle" in request.url else await deliver(request)

    async with pod(tmp_path, orders=1) as site:
        access, wire = site.access()
        wire.twist = twist
        found, _ = await walked(access, "purchase_orders")
        (made,) = records("purchase_order", found, site.reading())
        assert all(line["quantity_received"] is None for line in made["lines"])


async def test_an_order_that_is_not_final_is_counted_and_not_passed_on(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=1) as site:
        found, _ = await walked(site.access()[0], "purchase_orders")
        body = found[0].body.replace(b'"StatusCode":"OPEN"', b'"StatusCode":"PENDING APPROVAL"')
        made = to_canonical(raw_of("purchase_order", replace(found[0], body=body)), site.reading())
        assert isinstance(made[0], Filtered)


async def test_seeded_orders_are_read_in_pages_of_any_size(tmp_path: Path) -> None:
    async with pod(tmp_path, orders=11) as site:
        whole = {one.source_id for one in (await walked(site.access()[0], "purchase_orders"))[0]}
        assert len(whole) == 11
        for size in (2, 10, 11):
            assert {one.source_id for one in (await walked(site.access(page_size=size)[0], "purchase_orders"))[0]} == whole
