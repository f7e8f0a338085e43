"""Reading: whole lists behind their last key, AP invoices by day, rows that cannot be read, pages that are none, what one service alone gives."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from runtime.errors import Broken, ConnectorError, Malformed, Refused, Transient
from runtime.exchange import Request, Response, response
from systems.contract import Element, Role
from systems.mapped import Fetch
from systems.syspro.mapping import to_canonical
from systems.syspro.poller import open_reader, position_from
from systems.syspro.resources import FEEDS
from tests.contract.seam import Deliver
from tests.systems.syspro import mapping_ground
from tests.systems.syspro.ground import Site, company, feed, raw_of, records, walked
from tests.systems.syspro.writing import SUPPLIER, Books, books, costly

LISTS = ("vendors", "stock_levels", "gl_accounts", "purchase_orders")


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_comes_whole_whatever_the_size_of_its_pages(tmp_path: Path, name: str) -> None:
    async with company(tmp_path, suppliers=7, orders=7) as site:
        whole, _ = await walked(site.access(Role.POLLER)[0], name)
        sizes = (5, 7) if name == "stock_levels" else (2, 3, 7)
        for size in sizes:
            found, page = await walked(site.access(Role.POLLER, page_size=size)[0], name)
            assert {(one.source_id, one.body, one.further) for one in found} == {
                (one.source_id, one.body, one.further) for one in whole
            }
            assert (page.more, page.position) == (False, '{"since":"","until":"","parts":[],"last":""}')
        assert len(whole) > 5


async def invoices(held: Books, count: int) -> None:
    for number in range(count):
        await held.written(
            held.resolved(costly(f"{number + 1}.00", source_id=str(400 + number), number=f"N{400 + number}")), "create"
        )


async def test_invoices_are_read_by_both_days_behind_the_last_key(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await invoices(held, 5)
        access, wire = held.site.access(Role.POLLER, page_size=2)
        found, page = await walked(access, "invoices")
        assert {one.source_id for one in found} == {f"{SUPPLIER}/N{400 + n}" for n in range(5)}
        asked = [parse_qs(urlsplit(one.url).query) for one in wire.of("/ApInvoice")]
        assert asked[0]["$orderby"] == ["Supplier,Invoice"]
        assert asked[1]["$filter"] == ["((Supplier gt '0000010') or (Supplier eq '0000010' and Invoice gt 'N401'))"]
        again, _ = await walked(held.site.access(Role.POLLER)[0], "invoices", page.position)
        assert {one.source_id for one in again} == {one.source_id for one in found}
        _, wire = later = held.site.access(Role.POLLER)
        await walked(later[0], "invoices", page.position)
        filters = [parse_qs(urlsplit(one.url).query)["$filter"][0] for one in wire.of("/ApInvoice")]
        assert filters[0] == "InvoiceDate ge 2026-03-15T00:00:00Z"
        assert any(one.startswith("JournalDate ge 2026-03-15T00:00:00Z") for one in filters)


async def test_a_payment_is_a_hint_and_the_invoice_is_read_again_with_what_is_open(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await invoices(held, 1)
        await held.site.tell("pay", supplier=SUPPLIER, invoice="N400")
        found, _ = await walked(held.site.access(Role.POLLER)[0], "settlements")
        (hint,) = [one for one in found if one.source_id == f"{SUPPLIER}/N400"]
        raw = raw_of("bill", hint)
        assert to_canonical({**raw, "shape": "hint"}, mapping_ground.reading()) == [Fetch("bill", f"{SUPPLIER}/N400", "hint")]
        page = await open_reader(held.site.access(Role.POLLER)[0]).fetch("bill", [hint.source_id, f"{SUPPLIER}/N9", "x"])
        (bill,) = records("bill", list(page.elements), mapping_ground.reading())
        assert (bill["status"], bill["total"], bill["active"], bill["period"]) == ("paid", Decimal("1.00"), True, "2026-03")
        assert bill["origin_ref"] is not None


async def test_single_suppliers_and_orders_are_read_by_key_in_a_session_of_their_own(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=3, orders=2) as site:
        reader = open_reader(site.access(Role.POLLER)[0])
        page = await reader.fetch("vendor", [SUPPLIER, "NOBODY"])
        assert [one.source_id for one in page.elements] == [SUPPLIER]
        assert len(page.elements[0].further) == 1
        order = await reader.fetch("purchase_order", ["002001"])
        assert len(order.elements[0].further) >= 1
        assert await site.sessions() == []
        with pytest.raises(Broken, match="does not read"):
            await reader.fetch("stock_level", ["x"])
        with pytest.raises(Refused, match="is not a key"):
            await reader.fetch("vendor", ["Ω"])


# --- rows and pages that cannot be read -------------------------------------------------------------------------------


def torn(body: bytes) -> bytes:
    """The page with a row that is not XML."""
    return body.replace(b"<SupplierName>", b"<SupplierName>&nosuch;", 1)


async def test_a_row_that_cannot_be_read_stands_alone_and_the_others_are_read(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=4) as site:
        access, wire = site.access(Role.POLLER)
        before, _ = await walked(access, "vendors")

        async def twist(asked: Request, deliver: Deliver) -> Response:
            whole = await deliver(asked)
            return response(200, torn(whole.body), dict(whole.headers))

        wire.twist = twist
        found, _ = await walked(access, "vendors")
        assert [one.source_id for one in found] == ["", *[one.source_id for one in before[1:]]]
        assert b"&nosuch;" in found[0].body
        with pytest.raises(Malformed):
            to_canonical(raw_of("vendor", found[0]), mapping_ground.reading())


async def test_every_cut_of_a_page_is_an_error_and_never_an_empty_page(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=2) as site:
        for name in ("vendors", "invoices"):
            access, wire = site.access(Role.POLLER)
            await walked(access, name)
            length = 0

            async def measured(asked: Request, deliver: Deliver) -> Response:
                nonlocal length
                whole = await deliver(asked)
                length = max(length, len(whole.body) if "Log" not in asked.url else 0)
                return whole

            wire.twist = measured
            await walked(access, name)
            for kept in [*range(0, length, 41), length - 2]:
                await refused_cut(site, name, kept)


async def refused_cut(site: Site, name: str, kept: int) -> None:
    access, wire = site.access(Role.POLLER)

    async def twist(asked: Request, deliver: Deliver) -> Response:
        whole = await deliver(asked)
        is_page = "Query/Query" in asked.url or "/ApInvoice" in asked.url
        return response(200, whole.body[:kept], dict(whole.headers)) if is_page and kept < len(whole.body.rstrip()) else whole

    wire.twist = twist
    try:
        found, _ = await walked(access, name)
    except ConnectorError:
        return
    assert name == "invoices" or len(found) == 3, f"{name} cut after {kept} bytes gave {len(found)} rows"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ERROR: Unable to open table 'ApSupplier' or access to it is denied",
        b"<html><body>login</body></html>",
        b"<ApSupplier><RowsReturned>       0</RowsReturned>",
        b"<ApSupplier></ApSupplier>",
        b"<InvMaster><RowsReturned>       0</RowsReturned></InvMaster>",
        b"<ApSupplier><Row><Supplier>1</Supplier></Row><RowsReturned>       2</RowsReturned></ApSupplier>",
        b"<ApSupplier><Row><Supplier>1</Supplier></Row><RowsReturned>one</RowsReturned></ApSupplier>",
        b"<ApSupplier><ErrorDescription>no</ErrorDescription><RowsReturned>       0</RowsReturned></ApSupplier>",
        b"<!DOCTYPE a><ApSupplier><RowsReturned>       0</RowsReturned></ApSupplier>",
        b"<ApSupplier>\x81<RowsReturned>       0</RowsReturned></ApSupplier>",
        b'"not closed',
        b"[1]",
    ],
)
async def test_an_answer_that_is_no_page_is_never_an_empty_one(tmp_path: Path, body: bytes) -> None:
    async with company(tmp_path, suppliers=2) as site:
        access, wire = site.access(Role.POLLER)

        async def twist(asked: Request, deliver: Deliver) -> Response:
            return response(200, body) if "Query/Query" in asked.url else await deliver(asked)

        wire.twist = twist
        with pytest.raises(ConnectorError):
            await walked(access, "vendors")
        assert await site.sessions() == []


async def test_a_list_that_ignores_the_key_ends_with_an_error(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=4) as site:
        access, wire = site.access(Role.POLLER, page_size=4)
        first: list[Response] = []

        async def twist(asked: Request, deliver: Deliver) -> Response:
            whole = await deliver(asked)
            if "XmlIn" not in asked.url or "ApSupplierAddr" in asked.url:
                return whole
            first.append(whole)
            return first[0]

        wire.twist = twist
        with pytest.raises(Transient):
            await walked(access, "vendors")


# --- one service alone ------------------------------------------------------------------------------------------------


async def test_a_tenant_with_odata_alone_gets_its_invoices_and_nothing_else(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await invoices(held, 2)
        for one in FEEDS:
            access, wire = held.site.access(Role.POLLER, rest_url="")
            found, _ = await walked(access, one.name)
            assert len({element.source_id for element in found}) == (2 if one.name == "invoices" else 0)
            assert not [asked for asked in wire.sent if "/Rest/" in asked.url]
        for one in FEEDS:
            access, wire = held.site.access(Role.POLLER, odata_url="")
            found, _ = await walked(access, one.name)
            assert bool(found) == (one.name not in ("invoices", "settlements", "purchase_orders"))


def test_a_feed_of_days_can_be_read_from_a_day_on() -> None:
    assert position_from(feed("invoices"), date(2026, 1, 5)) == '{"since":"2026-01-05","until":"","parts":[],"last":""}'
    assert position_from(feed("vendors"), date(2026, 1, 5)) is None


async def test_months_are_told_by_the_accounting_date(tmp_path: Path) -> None:
    async with company(tmp_path) as site:
        await site.tell("months", current="2026-01", open=3)
        found, _ = await walked(site.access(Role.POLLER)[0], "periods")
        made = records("period", found, mapping_ground.reading())
        assert [(one["code"], one["open_payable"]) for one in made[:4]] == [
            ("2026-01", True),
            ("2025-12", True),
            ("2025-11", True),
            ("2025-10", False),
        ]
        assert (made[1]["starts_on"], made[1]["ends_on"], len(made)) == (date(2025, 12, 1), date(2025, 12, 31), 15)


def test_what_is_seen_is_told_in_our_words() -> None:
    """Rows of odd content, as sites have them."""
    reading = mapping_ground.reading()

    def told(entity: str, *bodies: bytes) -> dict[str, object]:
        (made,) = records(entity, [Element("x", "", bodies[0], bodies[1:])], reading)
        return dict(made)

    cancelled = (
        b"<Row><PurchaseOrder>000009</PurchaseOrder><OrderStatus>*</OrderStatus><Supplier>1</Supplier>"
        b"<OrderEntryDate>2026-03-02</OrderEntryDate></Row>"
    )
    order = told("purchase_order", cancelled)
    assert (order["active"], order["status"], str(order["canceled_on"])[:10], order["lines"]) == (
        False,
        "Cancelled",
        "2026-03-02",
        [],
    )
    line = (
        b"<Row><PurchaseOrder>000009</PurchaseOrder><Line>   1</Line><LineType>1</LineType><MStockCode>A</MStockCode>"
        b"<MOrderQty>  3.000000</MOrderQty><MPrice> 10.00000</MPrice><MDiscPct1> 10.00</MDiscPct1><MReceivedQty> 1.0</MReceivedQty></Row>"
    )
    one = cast("list[dict[str, Any]]", told("purchase_order", cancelled, line)["lines"])[0]
    assert (one["line_id"], one["unit_cost"], one["amount"]) == ("000009/1", Decimal("9.000000"), Decimal("27.00"))
    paid = (
        b'{"Supplier":"A/B  ","Invoice":"7/8","OrigInvValue":12.50,"MthInvBal1":0,"MthInvBal2":0.00,"MthInvBal3":0,'
        b'"Currency":"$","InvoiceDate":null}'
    )
    bill = told("bill", paid)
    assert (bill["source_id"], bill["status"], bill["currency"], bill["bill_date"]) == ("A%2FB/7/8", "paid", "USD", None)
    back = told("bill", paid.replace(b'"MthInvBal1":0', b'"TotalAdjustments":-12.50,"MthInvBal1":0'))
    assert back["active"] is False
    accented = told("vendor", "<Row><Supplier>7</Supplier><SupplierName>Müller &amp; Söhne</SupplierName></Row>".encode("cp1252"))
    assert accented["name"] == "Müller & Söhne"
    for bad in (
        b"<Row><Supplier>7</Supplier></Row>",
        b"<Row><Supplier/><SupplierName>x</SupplierName></Row>",
        b"[]",
        b"{}",
        b"<Other/>",
    ):
        with pytest.raises(Malformed):
            told("vendor", bad)
    for wrong in (b"1,234.56", b"1e3", b"12.345", b"", b"x"):
        with pytest.raises(Malformed):
            told("bill", paid.replace(b"12.50", b'"' + wrong + b'"'))
