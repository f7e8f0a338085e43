"""Amounts that no ledger can keep, that come to nothing, or of which a document tells more than it moves: held by name, or counted whole, in the
books of every ERP that has such documents (accounting.md 10, 17, 18, 33)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from systems import registry
from systems.mapped import Draft, NoCommand, Plan
from tests.systems import field_service
from tests.systems.acumatica import ground as acumatica
from tests.systems.field_service import application, credit_memo, invoice, invoice_line, payment
from tests.systems.netsuite import writing as netsuite
from tests.systems.oracle_fusion import goods as fusion_goods
from tests.systems.oracle_fusion import mapping_ground as fusion
from tests.systems.peoplesoft.mapping import ground as peoplesoft
from tests.systems.syspro import goods_ground
from tests.systems.syspro import mapping_ground as syspro

CENTS_BROKEN = Decimal("50.0050")
CANCELED = {"canceled_on": datetime(2026, 3, 12, 15, tzinfo=UTC)}
LEDGERS: Mapping[str, Mapping[str, Any]] = {
    "peoplesoft": {},
    "oracle_fusion": {"towards": {"invoice": ("J4",), "payment": ("J5",)}},
}
"""Books in which a payment is a journal, with the choices that make it one."""


def plan(erp: str, **choices: Any) -> Plan:
    """A connection of an ERP's examples."""
    made: Mapping[str, Any] = {
        "acumatica": acumatica.plan,
        "netsuite": lambda: netsuite.plan(netsuite.bare_settings()),
        "oracle_fusion": fusion.plan,
        "peoplesoft": peoplesoft.plan,
        "syspro": syspro.plan,
    }
    own: Plan = replace(made[erp](), **choices)
    return own


def mapped(erp: str, record: Mapping[str, Any], own: Plan | None = None) -> list[Draft | NoCommand]:
    return list(registry.system(erp).to_commands(record["entity"], record, own or plan(erp)))


def drafts(erp: str, record: Mapping[str, Any], own: Plan | None = None) -> list[Draft]:
    return [one for one in mapped(erp, record, own) if isinstance(one, Draft)]


def told(found: list[Draft | NoCommand]) -> Decimal:
    """What documents and decisions come to."""
    return sum((one.amount for one in found), Decimal(0))


# --- what is no whole cents -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("erp", ["acumatica", "netsuite", "oracle_fusion"])
def test_a_payment_of_broken_cents_and_its_application_are_held_by_name(erp: str) -> None:
    """The writer cannot send it; where a look-up needs the amount, it stopped the whole connection as if the ERP were away."""
    found = drafts(erp, payment("50.0050", [application("101", "50.0050")]))
    assert [(one.hold, one.amount) for one in found] == [("total_mismatch", CENTS_BROKEN)] * 2


@pytest.mark.parametrize("erp", LEDGERS)
def test_a_payment_of_broken_cents_is_no_journal_either(erp: str) -> None:
    (found, *_) = drafts(erp, payment("50.0050", []), plan(erp, **LEDGERS[erp]))
    assert (found.record, found.hold, found.amount) == ("journal", "total_mismatch", CENTS_BROKEN)


@pytest.mark.parametrize("erp", ["acumatica", "netsuite"])
def test_a_refund_of_broken_cents_is_held_by_name(erp: str) -> None:
    (found,) = drafts(erp, payment("-50.0050", [], refunded_payment_id="200"))
    assert (found.record, found.hold) == ("ar_refund", "total_mismatch")


@pytest.mark.parametrize("erp", ["acumatica", "netsuite", "oracle_fusion"])
def test_an_invoice_of_broken_cents_is_held_where_the_erp_computes_its_tax(erp: str) -> None:
    """Lines and tax agree with the total, so that nothing else finds it."""
    (found,) = [one for one in drafts(erp, invoice(tax=Decimal("8.2575")), plan(erp, tax_mode="erp")) if one.purpose == "sale"]
    assert (found.hold, found.amount) == ("total_mismatch", Decimal("108.2575"))


@pytest.mark.parametrize("charge", ["tax", "shipping"])
def test_an_order_of_broken_cents_is_held_by_name(charge: str) -> None:
    own: dict[str, Any] = {charge: "8.2575"}
    (found,) = drafts("syspro", goods_ground.purchase_order(**own))
    assert (found.hold, found.amount) == ("total_mismatch", Decimal("76.1775"))
    assert "money has cents" in found.hold_detail


# --- what comes to nothing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("erp", ["acumatica", "netsuite", "oracle_fusion", "peoplesoft"])
def test_a_refund_of_nothing_is_counted_and_no_hold_of_0_00(erp: str) -> None:
    first, milestone = mapped(erp, payment("0.00", [], refunded_payment_id="200"))[:2]
    assert isinstance(first, NoCommand)
    assert isinstance(milestone, Draft)
    assert (first.decision, milestone.action, milestone.hold) == ("excluded", "nothing", "")


def cost(amount: str, line_id: str, **more: Any) -> dict[str, Any]:
    return invoice_line("0.00", line_id, kind="Material", sku_code="PIPE-34", cost=Decimal(amount)) | more


@pytest.mark.parametrize("erp", ["netsuite", "syspro"])
def test_costs_of_a_vendor_that_take_each_other_back_are_counted(erp: str) -> None:
    """SYSPRO refuses an invoice of 0.00, which then was a hold of 0.00; NetSuite got an order and a bill of nothing."""
    found = mapped(erp, invoice([cost("61.37", "1"), cost("-61.37", "2", quantity=Decimal(-1))]))
    payables = [one for one in found if not isinstance(one, Draft) or one.purpose == "payable"]
    assert [getattr(one, "decision", "") or getattr(one, "action", "") for one in payables] == ["excluded", "nothing"]
    assert told(payables) == 0


def test_a_cost_that_moves_between_accounts_is_held_with_what_moves() -> None:
    """SYSPRO takes no invoice of 0.00, and the two GL codes are wrong until somebody books it."""
    lines = [cost("61.37", "1"), cost("-61.37", "2", kind="Service", quantity=Decimal(-1))]
    (found,) = drafts("syspro", invoice(lines))
    assert (found.hold, found.amount) == ("invoice_of_nothing", Decimal(0))
    assert "a journal of 61.37 on 5000-10 and -61.37 on 5100-10" in found.hold_detail
    (bill,) = [one for one in drafts("netsuite", invoice(lines)) if one.purpose == "payable"]
    assert (bill.record, bill.hold, len(bill.body["lines"])) == ("ap_bill", "", 2)


@pytest.mark.parametrize("erp", ["netsuite", "syspro"])
def test_what_is_taken_back_without_a_cost_is_held_as_what_is_sold_without_one(erp: str) -> None:
    """It was counted as worth nothing, and the vendor stayed owed for what went back."""
    back: dict[str, Any] = {"quantity": Decimal(-1), "unit_price": Decimal("250.00")}
    (found,) = [
        one for one in drafts(erp, invoice([invoice_line("-250.00", **back)], adjustment_to_id="90")) if one.record[:2] == "ap"
    ]
    assert any(one.startswith("cost=") for one in found.unresolved)
    discount = [invoice_line("-25.00", **back, kind="PriceModifier"), invoice_line("-5.00", "2")]
    given = [
        one for one in mapped(erp, invoice(discount, adjustment_to_id="90")) if getattr(one, "purpose", "payable") == "payable"
    ]
    assert [getattr(one, "action", "counted") for one in given] == ["counted", "nothing"]


def test_costs_of_two_vendors_that_nobody_knows_do_not_take_each_other_back() -> None:
    """They lie in one part until a row says whose they are; 61.37 was counted as nothing, and owed to a vendor once the rows were there."""
    units = {name: {**row, "clearing_vendor": ""} for name, row in syspro.TABLES["business_unit"].items()}
    own = replace(plan("syspro"), crosswalk=field_service.crosswalk({**syspro.TABLES, "business_unit": units, "sku_vendor": {}}))
    lines = [
        invoice_line("99.00", "1", quantity=Decimal(1), cost=Decimal("61.37"), sku_code="ODD-1"),
        invoice_line("-99.00", "2", quantity=Decimal(-1), cost=Decimal("-61.37"), sku_code="ODD-2"),
    ]
    (one,) = drafts("syspro", invoice(lines, tax=Decimal(0), total=Decimal(0)), own)
    assert (one.action, one.part) == ("create", "")
    assert {"sku_vendor=ODD-1", "sku_vendor=ODD-2"} <= {name.partition(" ")[0] for name in one.unresolved}


# --- what its payment type leaves open --------------------------------------------------------------------------------

PAID_BY: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "acumatica": ("payment_method", "ar_receipt", {"cash_account": "10200"}),
    "netsuite": ("refund_account", "ar_refund", {"payment_method": "2"}),
    "oracle_fusion": ("bank_account", "ar_receipt", {"receipt_method": "Manual"}),
    "peoplesoft": ("account", "journal", {"department": "100"}),
}
"""The column without which each ERP refuses a payment or refund, that document, and a row without the column."""


@pytest.mark.parametrize("erp", PAID_BY)
def test_a_payment_type_without_its_account_holds_by_name_and_goes_on_with_it(erp: str) -> None:
    """NetSuite paid a refund from whatever bank account it came upon first; Fusion refused a receipt without a bank account, which was held as
    `refused` whatever the row said later."""
    column, record, row = PAID_BY[erp]
    own = {"acumatica": acumatica, "netsuite": netsuite, "oracle_fusion": fusion, "peoplesoft": peoplesoft}[erp]
    source = payment("-50.00", [], refunded_payment_id="190") if record == "ar_refund" else payment("50.00", [])

    def typed(cells: Mapping[str, str]) -> Draft:
        made = replace(plan(erp), crosswalk=field_service.crosswalk({**own.TABLES, "payment_type": {"Check": dict(cells)}}))
        return next(one for one in drafts(erp, source, made) if one.record == record)

    assert (typed(row).unresolved, typed(row).amount) == ((f"payment_type.{column}=Check",), source["total"])
    assert typed({**row, column: "12"}).unresolved == ()


# --- more than there is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("erp", ["acumatica", "netsuite", "oracle_fusion"])
def test_an_application_beyond_its_payment_is_held_and_those_before_it_are_not(erp: str) -> None:
    found = drafts(erp, payment("50.00", [application("101", "30.00", "1"), application("102", "20.01", "2")]))
    assert [one.hold for one in found] == ["", "", "overapplied"]
    assert "come to 50.01, the payment is 50.00" in found[2].hold_detail
    back = [application("101", "30.00", "1"), application("101", "-30.00", "2"), application("102", "50.00", "3")]
    assert not any(one.hold for one in drafts(erp, payment("50.00", back)))


@pytest.mark.parametrize("erp", ["acumatica", "netsuite", "oracle_fusion"])
@pytest.mark.parametrize("more", [{}, {"refunded_payment_id": "77"}], ids=["payment", "refund"])
def test_a_payment_of_nothing_that_settles_something_is_a_persons_by_what_it_settles(erp: str, more: dict[str, Any]) -> None:
    """It was counted as a zero document, and its applications were in no list."""
    moves = payment("0.00", [application("101", "40.00", "1"), application("102", "-40.00", "2")], **more)
    found = [one for one in drafts(erp, moves) if one.action == "apply"]
    assert [(one.hold, one.amount) for one in found] == [
        ("unapplication_unmatched" if one.amount < 0 else "overapplied", one.amount) for one in found
    ]
    assert sorted(one.amount for one in found) == [Decimal("-40.00"), Decimal("40.00")]
    beyond = [one for one in drafts(erp, payment("0.00", [application("101", "40.00")])) if one.action == "apply"]
    assert [(one.hold, one.amount) for one in beyond] == [("overapplied", Decimal("40.00"))]


@pytest.mark.parametrize("erp", ["acumatica", "netsuite", "oracle_fusion"])
def test_what_has_room_once_a_person_took_something_back_says_so(erp: str) -> None:
    """The source is right: 50.00 on one invoice, of which 20.00 went to another one later."""
    moved = [application("101", "50.00", "1"), application("101", "-20.00", "2"), application("102", "20.00", "3")]
    found = [one for one in drafts(erp, payment("50.00", moved)) if one.action == "apply"]
    held = {one.amount: (one.hold, one.hold_detail) for one in found}
    assert held[Decimal("50.00")] == ("", "")
    assert held[Decimal("20.00")][0] == held[Decimal("-20.00")][0] == "unapplication_unmatched"
    assert "room for it once 20.00 of the payment is taken back" in held[Decimal("20.00")][1]


@pytest.mark.parametrize("erp", ["acumatica", "netsuite"])
def test_an_application_beyond_its_credit_memo_is_held(erp: str) -> None:
    made = credit_memo([invoice_line("10.00")], tax=Decimal(0), total=Decimal("10.00"), applications=[application("101", "40.00")])
    assert [one.hold for one in drafts(erp, made)] == ["", "overapplied"]


# --- more than it moves -----------------------------------------------------------------------------------------------


def of_goods(kind: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A document of goods of 61.37, with tax of 5.06 and freight of 9.90 beside them."""
    about = {"tax": Decimal("5.06"), "shipping": Decimal("9.90"), "total": Decimal("76.33"), **more}
    line: dict[str, Any] = {"amount": Decimal("61.37"), "unit_cost": Decimal("15.3425")}
    if kind == "syspro":
        return "syspro", goods_ground.receipt([goods_ground.goods_line("4", "15.3425", order_line_id="1")], **about)
    if kind == "return":
        return "oracle_fusion", fusion_goods.returned([fusion_goods.goods_line("4", receipt_line_id="1", **line)], **about)
    return "oracle_fusion", fusion_goods.receipt([fusion_goods.goods_line("4", **line)], **about)


@pytest.mark.parametrize("more", [{}, CANCELED], ids=["moved", "taken back"])
@pytest.mark.parametrize("kind", ["receipt", "return", "syspro"])
def test_tax_and_freight_of_goods_are_counted_beside_them(kind: str, more: dict[str, Any]) -> None:
    """A receipt had an amount that Fusion never had, of a return they were lost, and what took goods back told another amount."""
    erp, record = of_goods(kind, **more)
    document, beside = mapped(erp, record)
    assert isinstance(document, Draft)
    assert isinstance(beside, NoCommand)
    assert (document.record, document.amount) == ("reversal" if more else record["entity"], Decimal("61.37"))
    assert (beside.decision, beside.amount) == ("excluded", Decimal("14.96"))


@pytest.mark.parametrize("entity", ["purchase_order", "receipt", "inventory_adjustment"])
def test_goods_of_which_nothing_is_left_are_counted_with_what_they_are_worth(entity: str) -> None:
    """An order of freight alone was counted as 0.00."""
    none: dict[str, Any] = {"amount": Decimal("30.00"), "order_line_id": "1"}
    made = {
        "purchase_order": lambda: goods_ground.purchase_order([goods_ground.order_line("0", "7.50")], shipping="76.33"),
        "receipt": lambda: goods_ground.receipt([goods_ground.goods_line("0", "7.50", **none)], total=Decimal("76.33")),
        "inventory_adjustment": lambda: goods_ground.adjustment([goods_ground.goods_line("0", **none)], total=Decimal("76.33")),
    }
    counted, milestone = mapped("syspro", made[entity]())
    assert isinstance(counted, NoCommand)
    assert isinstance(milestone, Draft)
    assert (counted.decision, counted.amount, milestone.action) == ("excluded", Decimal("76.33"), "nothing")


@pytest.mark.parametrize("more", [{}, CANCELED], ids=["moved", "taken back"])
@pytest.mark.parametrize("kind", ["receipt", "return", "syspro"])
def test_goods_whose_lines_tell_no_cost_are_worth_what_their_document_says(kind: str, more: dict[str, Any]) -> None:
    """The lines of a receipt had no cost: it was held with 0.00, and the whole receipt counted as tax and freight."""
    erp, record = of_goods(kind, **more)
    bare = [{**one, "amount": Decimal(0), "unit_cost": Decimal(0)} for one in record["lines"]]
    document, beside = mapped(erp, {**record, "lines": bare})
    assert (document.amount, beside.amount) == (Decimal("61.37"), Decimal("14.96"))
    several = [{**bare[0], "line_id": str(number), "quantity": Decimal(number)} for number in (1, 2)]
    *documents, beside = mapped(erp, {**record, "lines": several})
    assert [one.amount for one in documents] == ([Decimal("20.46"), Decimal("40.91")] if kind == "return" else [Decimal("61.37")])
    assert beside.amount == Decimal("14.96")


@pytest.mark.parametrize("kind", ["receipt", "return", "syspro"])
def test_goods_of_a_negative_quantity_are_held_before_the_other_lines_are_received(kind: str) -> None:
    """Fusion refused the one line and received the other: the receipt was held when half of it stood in the books."""
    erp, record = of_goods(kind)
    line = record["lines"][0] | {"order_line_id": "1", "receipt_line_id": "1"}
    back = {**line, "line_id": "2", "quantity": Decimal(-1), "amount": Decimal("-15.34")}
    held = drafts(erp, {**record, "lines": [line, back], "total": Decimal("46.03")})
    assert {one.hold for one in held} == {"negative_quantity"}
    assert "line 2 of the" in held[0].hold_detail
    assert told(list(held)) == Decimal("46.03")


@pytest.mark.parametrize("entity", ["receipt", "inventory_adjustment"])
def test_a_hold_of_goods_whose_cost_nobody_tells_says_so(entity: str) -> None:
    """It was 0.00 in the list, as if there were nothing to decide."""
    line = goods_ground.goods_line("4", "0", order_line_id="1")
    nowhere: dict[str, Any] = {"business_unit_name": "Electrical", "business_unit_id": "99"}
    record = (goods_ground.receipt if entity == "receipt" else goods_ground.adjustment)([line], **nowhere)
    (document,) = drafts("syspro", record)
    assert document.unresolved[-1] == "cost=of the goods (the source tells none, so that the amount is not known)"
    assert (document.unresolved[0], document.amount) == ("business_unit=Electrical", Decimal(0))


@pytest.mark.parametrize("erp", ["netsuite", "peoplesoft", "syspro"])
def test_a_line_without_a_cost_is_held_with_its_price(erp: str) -> None:
    """A material sold for 250.00 whose cost ServiceTitan does not tell was held with 0.00."""
    sold_for = [invoice_line("250.00", kind="Material", sku_code="PIPE-34"), cost("61.37", "2")]
    own = replace(plan(erp), settings=peoplesoft.settings(profile="voucher")) if erp == "peoplesoft" else None
    found = [one for one in drafts(erp, invoice(sold_for), own) if one.purpose == "payable"]
    assert told(list(found)) == Decimal("311.37")
    assert all("cost=PIPE-34 (counted with its price until it has one)" in one.unresolved for one in found)


# --- in which currency ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["61.37", "-61.37"])
@pytest.mark.parametrize("erp", ["netsuite", "peoplesoft", "syspro"])
def test_an_adjustment_at_cost_of_a_unit_in_another_currency_is_held_in_it(erp: str, amount: str) -> None:
    """What is decided about an adjustment took the hold of its business unit's currency away."""
    own = {"netsuite": netsuite, "peoplesoft": peoplesoft, "syspro": syspro}[erp]
    unit = {**own.TABLES["business_unit"]["Plumbing - Service"], "currency": "CAD"}
    tables = {**own.TABLES, "business_unit": {**own.TABLES["business_unit"], "Plumbing - Service": unit}}
    made = plan(erp, crosswalk=field_service.crosswalk(tables))
    if erp == "peoplesoft":
        made = replace(made, settings=peoplesoft.settings(profile="voucher"))
    found = [one for one in drafts(erp, invoice([cost(amount, "1")], adjustment_to_id="90"), made) if one.purpose == "payable"]
    assert [(one.currency, one.hold in ("currency", "adjustment_not_built")) for one in found] == [("CAD", True)]
    stock = [one for one in mapped(erp, invoice([cost("10.00", "2", from_inventory=True)]), made) if isinstance(one, NoCommand)]
    assert [(one.amount, one.currency) for one in stock if one.amount] == [(Decimal("10.00"), "CAD")]
