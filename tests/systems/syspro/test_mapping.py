"""The mapping of invoices as payables at cost, the shape of what is sent, characters, and what an answer is taken for."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from runtime.errors import Malformed, Refused
from runtime.exchange import Request
from systems import registry
from systems.contract import Element
from systems.mapped import Canonical, Draft, NoCommand
from systems.raw import How, Where, raw_record
from systems.servicetitan.mapping import to_canonical as from_field
from systems.syspro import documents, soap
from systems.syspro.allocation import supplier_code
from systems.syspro.documents import Entry, places
from systems.syspro.models import amount, day, outcome, text_of, xml_of
from systems.syspro.sink import is_write
from systems.syspro.spec import shapes
from systems.syspro.wire import address, document, fitted
from systems.values.codes import visible
from tests.contract import examples
from tests.systems import field_service
from tests.systems.field_service import invoice, invoice_line
from tests.systems.syspro import mapping_ground
from tests.systems.syspro.goods_ground import adjustment, goods_line, order_line, purchase_order, receipt, vendor

field_examples = mapping_ground.EXAMPLES.parents[1] / "servicetitan" / "examples"
DAY_AT = datetime(2026, 3, 16, tzinfo=UTC)
PARTS = {"Service": "5100-10", "Material": "5000-10", "Odd": "5900-10"}


def test_random_invoices_owe_each_supplier_the_cost_of_its_lines_and_nothing_else() -> None:
    draw = random.Random(20260310)
    for number in range(400):
        lines = []
        for place in range(draw.randint(1, 6)):
            cost = Decimal(draw.randint(0, 50_000)) / 100
            sku = draw.choice(["SVC-1", "MAT-VALVE", "PIPE-34"])
            more = {"order_vendor_id": draw.choice(["", "3041"]), "from_inventory": draw.random() < 0.2}
            lines.append(invoice_line("100.00", str(place), kind=draw.choice(list(PARTS)), sku_code=sku, cost=cost, **more))
        found = mapping_ground.drafts(invoice(lines, source_id=str(number)))
        parts = [one for one in found if isinstance(one, Draft) and one.record == "ap_bill"]
        left = [one for one in found if isinstance(one, NoCommand)]
        owed = sum((one["cost"] for one in lines if not one["from_inventory"]), Decimal(0))
        assert sum((one.amount for one in parts), Decimal(0)) == owed
        assert sum((one.amount for one in left), Decimal(0)) == sum(
            (one["cost"] for one in lines if one["from_inventory"]), Decimal(0)
        )
        assert len({one.part for one in parts}) == len(parts)
        for one in parts:
            assert one.body["dimensions"]["Supplier"] == one.part
            assert sum((line["amount"] for line in one.body["lines"]), Decimal(0)) == one.amount
            by_id = {line["line_id"]: line for line in lines}
            for line in one.body["lines"]:
                assert line["account"] == PARTS[by_id[line["source_line_id"]]["kind"]]


def test_one_supplier_of_two_spellings_is_one_invoice() -> None:
    lines = [
        invoice_line("9.00", cost=Decimal("4.00"), sku_code="MAT-VALVE"),
        invoice_line("9.00", "2", cost=Decimal("5.00"), order_vendor_id="3041"),
    ]
    (one,) = mapping_ground.drafts(invoice(lines))
    assert isinstance(one, Draft)
    assert (one.part, one.amount) == ("0000030", Decimal("9.00"))
    assert supplier_code("42", mapping_ground.settings()) == "0000042"
    assert supplier_code("A42", mapping_ground.settings()) == "A42"
    assert supplier_code("42", mapping_ground.settings(suppliers={"code_length": 0})) == "42"


@pytest.mark.parametrize(
    ("line", "over", "unresolved"),
    [
        ({"sku_code": "NEW"}, {}, "stock_code=NEW"),
        ({"sku_code": " ", "sku_id": ""}, {}, ""),  # no row could ever name it
        ({"sku_code": "SVC-1 "}, {}, ""),
        ({"sku_code": "PIPE–34"}, {}, "looks like"),
        ({"sku_code": "NEW"}, {"payables": {"stock_codes": "same"}}, ""),
        ({"sku_code": "Ω-1"}, {"payables": {"stock_codes": "same"}}, "has more than 30 characters"),
        ({"kind": "Odd"}, {"payables": {"cost_gl_code": ""}}, "line_type=SVC-1"),
        ({"business_unit_name": "HVAC - Install", "business_unit_id": "2"}, {}, "sku_vendor=SVC-1"),
    ],
)
def test_what_has_no_row_is_noted_and_never_guessed(line: dict[str, Any], over: dict[str, Any], unresolved: str) -> None:
    made = mapping_ground.draft(invoice([invoice_line("9.00", cost=Decimal("4.00"), **line)]), mapping_ground.plan(over))
    assert any(unresolved in one for one in made.unresolved) if unresolved else made.unresolved == ()


@pytest.mark.parametrize(("vendor_id", "part"), [(" 42 ", "0000042"), ("ACME\u200b", "ACME"), ("0000042", "0000042")])
def test_a_supplier_code_is_taken_without_what_nobody_sees(vendor_id: str, part: str) -> None:
    tables = {**mapping_ground.TABLES, "sku_vendor": {"SVC-1": {"sku": "SVC-1", "vendor_id": vendor_id}}}
    made = mapping_ground.plan(crosswalk=field_service.crosswalk(tables))
    found = mapping_ground.draft(invoice([invoice_line("9.00", cost=Decimal("4.00"))]), made)
    assert (found.part, found.unresolved) == (part, ())


@pytest.mark.parametrize("vendor_id", ["Ω42", "A-SUPPLIER-CODE-16"])
def test_a_supplier_code_that_no_company_can_have_is_held(vendor_id: str) -> None:
    tables = {**mapping_ground.TABLES, "sku_vendor": {"SVC-1": {"sku": "SVC-1", "vendor_id": vendor_id}}}
    found = mapping_ground.draft(
        invoice([invoice_line("9.00", cost=Decimal("4.00"))]), mapping_ground.plan(crosswalk=field_service.crosswalk(tables))
    )
    assert [one.startswith("supplier=") for one in found.unresolved] == [True]


@pytest.mark.parametrize(
    ("told", "number"), [("N101 ", "N101"), ("N 101", "N 101"), ("N\u00a0101", "N 101"), ("", ""), ("x" * 21, ""), ("Ω1", "")]
)
def test_the_number_of_an_invoice_is_what_the_company_will_show(told: str, number: str) -> None:
    record = invoice([invoice_line("9.00", cost=Decimal("4.00"))], number=told, source_id="" if not told else "101")
    command: Any = {**mapping_ground.command(mapping_ground.draft(record), record)}
    own: Any = command | {"human_number": told}
    assert documents.invoice_number(own) == (number or command["ref"].removeprefix("ST-"))


def test_a_line_without_a_technician_says_nothing_of_one_and_one_without_a_row_has_its_id() -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "SERVICE Replace valve"),
        ({"dimensions": {"technicianId": "99"}}, "SERVICE tech 99 Replace valve"),
    )
    for told, said in cases:
        made = mapping_ground.draft(invoice([invoice_line("9.00", cost=Decimal("4.00"), **told)]))
        assert made.body["lines"][0]["description"] == said


# --- what is sent -----------------------------------------------------------------------------------------------------


def in_order(node: etree._Element, shape: Any) -> None:
    """Every element is known, and stands where the schema has it."""
    names = [one.name for one in shape.children]
    places_ = [names.index(str(child.tag)) for child in node]
    assert places_ == sorted(places_), [str(child.tag) for child in node]
    for child in node:
        own = shape.children[names.index(str(child.tag))]
        if len(child):
            in_order(child, own)


def postings() -> dict[str, documents.Posting]:
    own = mapping_ground.settings(payables={"tax_code": "E"}, orders={"buyer": "BRH"})
    bill = invoice([invoice_line("9.00", cost=Decimal("4.00"))])
    made = {}
    for name, record in {
        "bill": bill,
        "vendor": vendor(),
        "order": purchase_order([order_line()], tax="1.00", shipping="2.00"),
        "receipt": receipt([goods_line(order_line_id="1", lot="L1")]),
        "stock": adjustment([goods_line(bin="B1", lot="L1")]),
    }.items():
        command = mapping_ground.command(mapping_ground.draft(record), record)
        made[name] = {
            "bill": lambda c=command: documents.payable(Entry("I", "0000010", "N1", c["ref"], c["posting_date"], "C", ""), c, own),
            "vendor": lambda c=command: documents.supplier(c, "ST1", own, is_new=True),
            "order": lambda c=command: documents.order(c, "0000010", own),
            "receipt": lambda c=command: documents.receipt(c, c["posting_date"], [("1", 1, documents.fields(c)["lines"][0])]),
            "stock": lambda c=command: documents.adjustment(c, c["ref"], c["posting_date"], "C", documents.moves(c)),
        }[name]()
    made["cancellation"] = documents.cancellation("000001", "0000010", "ST-X")
    return made


@pytest.mark.parametrize("name", ["bill", "vendor", "order", "receipt", "stock", "cancellation"])
def test_every_document_keeps_the_order_of_its_schema_and_says_all_that_decides(name: str) -> None:
    made = postings()[name]
    for part, text in (("parameters", made.parameters), ("document", made.xml), ("parameters", made.trial)):
        root = xml_of(text)
        assert root.tag == made.root
        in_order(root, shapes()[made.name, part])
        assert text.startswith('<?xml version="1.0" encoding="Windows-1252"?>\n')
    assert "<ValidateOnly>N</ValidateOnly>" in made.parameters
    assert made.trial == made.parameters.replace("<ValidateOnly>N<", "<ValidateOnly>Y<")


def test_a_trial_is_no_write_and_a_posting_is_one_whichever_way_it_goes() -> None:
    for made in postings().values():
        texts = {"BusinessObject": made.name, "XmlIn": made.xml}
        for parameters, writes in ((made.parameters, True), (made.trial, False), ("", True)):
            told = {**texts, "XmlParameters": parameters}
            assert is_write(Request("GET", address("http://h/Rest", made.path, told))) is writes
            assert is_write(soap.message("http://h/ws", made.path, told)) is writes
    for path in ("Logon", "Logoff", "Query/Query", "GetLogonProfile"):
        assert not is_write(Request("GET", address("http://h/Rest", path, {"XmlIn": "x"})))
    sly = {"XmlParameters": "<A/>", "XmlIn": "<ValidateOnly>Y</ValidateOnly>"}
    assert is_write(Request("GET", address("http://h/Rest", "transaction/post/", sly)))
    assert is_write(soap.message("http://h/ws", "Transaction/Post", sly))


@pytest.mark.parametrize(
    ("text", "width", "made"),
    [
        ("plain", None, "plain"),
        ("Łódź", None, "?ódz"),
        ("Müller €", None, "Müller €"),
        ("日本", None, "??"),
        ("Cafe\u0301", None, "Café"),
        ("a\x00b\r\nc\u200bd", None, "ab cd"),
        ("x" * 9, 4, "xxxx"),
        ("ab  cd", 3, "ab"),
        ("😀", None, "?"),
    ],
)
def test_texts_fit_into_windows_1252_on_one_line(text: str, width: int | None, made: str) -> None:
    found = fitted(text, width)
    assert (found.text, found.is_changed) == (made, made != " ".join(visible(text).split()))
    found.text.encode("cp1252")


def test_markup_in_values_is_escaped_and_controls_never_reach_the_xml() -> None:
    text = document("A", "A.XSD", [("B", "<&>\x0b\"'"), ("C", None), ("D", ""), ("E", [("F", Decimal("1E+2"))])])
    root = xml_of(text)
    assert [(str(one.tag), one.text) for one in root.iter() if not len(one)] == [("B", "<&> \"'"), ("F", "100")]


def test_amounts_that_do_not_fit_are_refused_and_not_rounded() -> None:
    assert places(Decimal("1.500000"), 3) == Decimal("1.5")
    for value, most in ((Decimal("0.1234567"), 6), (Decimal("1.000001"), 5)):
        with pytest.raises(Refused):
            places(value, most)
    with pytest.raises(Malformed):
        documents.cents(Decimal("1.001"))
    record = invoice([invoice_line("9.00", cost=Decimal("4.00"))])
    command: Any = {**mapping_ground.command(mapping_ground.draft(record), record), "amount": Decimal("5.00")}
    with pytest.raises(Refused, match="not the amount"):
        documents.payable(Entry("I", "1", "N", "R", None, "C", ""), command, mapping_ground.settings())


# --- what is read -----------------------------------------------------------------------------------------------------


def test_the_recorded_forms_are_read() -> None:
    """The shapes of the recordings, with values of ours."""
    receipt_ = (
        "<postpurchaseorderreceipts Language='05' OperatorPrimaryRole='   '><Item><Key><PurchaseOrder>Z1</PurchaseOrder><Line>0002</Line></Key>"
        "<ItemNumber>000001</ItemNumber></Item></postpurchaseorderreceipts>"
    )
    found = outcome(xml_of(receipt_))
    assert (found.is_good, found.keys) == (True, ({"purchaseorder": "Z1", "line": "0002"},))
    setup = (
        "<setupinvwarehouse><item><key><stockcode>9</stockcode></key><stockcode><Value>9</Value><ErrorNumber>240004</ErrorNumber>"
        "<ErrorDescription>Stock code '9' not found</ErrorDescription></stockcode></item>"
        "<StatusOfItems><RecordsRead>1</RecordsRead><RecordsInvalid>1</RecordsInvalid></StatusOfItems></setupinvwarehouse>"
    )
    found = outcome(xml_of(setup))
    assert [(one.code, one.words, one.value, one.field) for one in found.faults] == [
        ("240004", "Stock code '9' not found", "9", "stockcode")
    ]
    assert found.invalid == 1
    status = "<a><Item><ValidationStatus><Status>Failed</Status><Reason>no stock</Reason></ValidationStatus></Item></a>"
    assert [one.words for one in outcome(xml_of(status)).faults] == ["no stock"]
    assert not outcome(xml_of("<a><ErrorDescription/></a>")).is_good


def test_numbers_and_dates_of_tables_are_read_strictly() -> None:
    assert amount({"A": "   12.30"}, "A") == Decimal("12.30")
    assert (day({"D": "0000-00-00"}, "D"), str(day({"D": "2026-03-01T00:00:00Z"}, "D"))) == (None, "2026-03-01")
    for bad in ("38,400.00", "1e2", "", "-", "12.345", "NaN"):
        with pytest.raises(Malformed):
            amount({"A": bad}, "A")
    with pytest.raises(Malformed):
        day({"D": "31/12/2026"}, "D")


def test_wrapped_texts_are_unwrapped_and_wrong_bytes_are_refused() -> None:
    inner = "<a>é &amp;</a>"
    for body in (
        inner.encode("cp1252"),
        b'"<a>\\u00e9 &amp;</a>"',
        b'<string xmlns="x">&lt;a&gt;\xe9 &amp;amp;&lt;/a&gt;</string>',
        f'<?xml version="1.0" encoding="utf-8"?>{inner}'.encode(),
    ):
        assert xml_of(text_of(body)).text == "é &"
    with pytest.raises(Malformed):
        text_of(b"\x81")


def test_who_did_the_work_comes_from_the_item_of_the_invoice() -> None:
    """The field-service side tells a technician of an item, and an item without one is what it was."""
    body = (field_examples / "invoice.counter_sale_without_job.raw.json").read_bytes()
    seen = []
    for told in (None, 7711):
        row = json.loads(body)
        for item in row["items"]:
            item["technicianId"] = told
        raw = raw_record(
            Where("acme", "servicetitan"), How("invoice", "object", "list"), Element("1", "", json.dumps(row).encode()), DAY_AT
        )
        (made,) = from_field(raw, examples.connected(registry.system("servicetitan")).readings["servicetitan"])
        assert isinstance(made, Canonical)
        seen.append(made.record)
    assert all("dimensions" not in one for one in seen[0]["lines"])
    assert [one["dimensions"] for one in seen[1]["lines"]] == [{"technicianId": "7711"}] * len(seen[1]["lines"])
    assert seen[0]["fingerprint"] == seen[1]["fingerprint"]
