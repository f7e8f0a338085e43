"""Writes the example pairs anew: canonical record -> drafts -> the XML that is sent. Read the difference before committing it.

`python -m tests.systems.syspro.write_examples`
"""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from systems.contract import Element, Role
from systems.mapped import Draft
from systems.parents import parent_id
from systems.syspro import documents
from systems.syspro.documents import Entry, Posting
from systems.syspro.goods import received
from systems.syspro.mapping import to_canonical
from systems.syspro.system import SYSTEM
from tests.contract.examples import canonical, normalised, raw
from tests.contract.ground import is_written
from tests.systems.field_service import drafted, invoice, invoice_line, shown
from tests.systems.syspro import mapping_ground as ground
from tests.systems.syspro.goods_ground import adjustment, goods_line, order_line, purchase_order, receipt, vendor
from tests.systems.syspro.ground import walked
from tests.systems.syspro.writing import Books, books, costly


def _cost(amount: str, line_id: str = "1", **more: Any) -> dict[str, Any]:
    return invoice_line("100.00", line_id, cost=Decimal(amount), **more)


def _of_goods() -> dict[str, dict[str, Any]]:
    came = [goods_line("0.01", "28.65", order_line_id="1", sku_code="MAT-R410A", sku_id="24")]
    return {
        "receipt.of_a_line_of_an_order": receipt(came),
        "receipt.with_tax_and_freight": receipt(
            came,
            source_id="603",
            number="N603",
            tax=Decimal("0.02"),
            shipping=Decimal("5.00"),
            total=Decimal("5.31"),
        ),
        "receipt.of_a_line_of_no_order": receipt([goods_line("1")], source_id="602", number="N602"),
        "inventory_adjustment.of_two_items": adjustment(
            [goods_line("-0.5"), goods_line("5", "14.22", "2", sku_code="MAT-VALVE", sku_id="22")]
        ),
        "inventory_adjustment.that_a_job_costed": adjustment([goods_line("-3")], source_id="502", number="N502", kind="Job"),
        "inventory_adjustment.of_a_transfer": adjustment(
            [goods_line("0.25")], source_id="503", number="N503", to_location_id="9002"
        ),
        "inventory_adjustment.in_dozens": adjustment(
            [goods_line("24", "1.425", sku_code="MAT-FILTER", sku_id="23")], source_id="504", number="N504"
        ),
    }


def situations() -> dict[str, dict[str, Any]]:
    """Every situation by name; the part before the dot is the entity."""
    two = [
        _cost("40.00", dimensions={"technicianId": "7711"}),
        _cost("28.44", "2", kind="Material", sku_code="MAT-VALVE", sku_id="22"),
        _cost("9.87", "3", kind="Material", sku_code="PIPE-34", sku_id="21", order_vendor_id="3041"),
    ]
    own_unit = {"business_unit_name": "HVAC - Install", "business_unit_id": "2"}
    stock = _cost("12.00", "2", from_inventory=True)
    return {
        "invoice.owed_to_two_suppliers": invoice(two),
        "invoice.of_one_service_line": costly(source_id="102", number="N102"),
        "invoice.with_lines_out_of_the_inventory": invoice([_cost("40.00"), stock], source_id="103", number="N103"),
        "invoice.of_a_line_of_another_business_unit": invoice(
            [_cost("40.00"), _cost("5.00", "2", kind="Material", sku_code="MAT-VALVE", **own_unit)], source_id="104", number="N104"
        ),
        "invoice.that_costs_nothing": invoice([_cost("0.00")], source_id="105", number="N105"),
        "invoice.of_unknown_cost": invoice([invoice_line("100.00")], source_id="106", number="N106"),
        "invoice.of_an_item_without_a_stock_code": invoice(
            [_cost("4.00", sku_code="NEW-1", sku_id="77")], source_id="107", number="N107"
        ),
        "invoice.of_an_unmapped_business_unit": costly(
            source_id="108", number="N108", business_unit_name="Plumbing - East", business_unit_id="9"
        ),
        "invoice.that_adjusts_another": costly("7.00", source_id="109", number="N109", adjustment_to_id="101"),
        "invoice.whose_number_is_too_long": costly(source_id="110", number="2026-000000000000110-A"),
        "invoice.voided": costly(active=False),
        "vendor.with_an_address": vendor("70", name="Robinson Refrigerants"),
        "vendor.whose_name_has_other_letters": vendor("71", name="Łódź Ölhandel Ω", street="12345 " * 9),
        "vendor.inactive": vendor("72", active=False),
        "purchase_order.of_two_lines": purchase_order(),
        "purchase_order.of_one_piece": purchase_order([order_line("1", "67.93")], source_id="90214", number="N90214"),
        "purchase_order.with_tax_and_freight": purchase_order(source_id="90211", number="N90211", tax="3.00", shipping="7.50"),
        "purchase_order.that_does_not_add_up": purchase_order(source_id="90212", number="N90212", total=Decimal("1.00")),
        "purchase_order.canceled": purchase_order(source_id="90213", number="N90213", active=False),
        **_of_goods(),
    }


def _posting(draft: Draft, record: dict[str, Any], settings: Any) -> Posting:
    made = ground.resolved(draft, record)
    command = made.command
    if draft.record == "ap_bill":
        number, on = documents.invoice_number(command), command["posting_date"]
        return documents.payable(Entry("I", documents.supplier_of(command), number, command["ref"], on, "C", ""), command, settings)
    if draft.record == "vendor":
        return documents.supplier(command, documents.new_supplier_code(command, settings), settings, is_new=True)
    if draft.record == "purchase_order":
        return documents.order(command, parent_id(command, "vendor", made.ids), settings)
    if draft.record == "receipt":
        return documents.receipt(command, command["posting_date"], received(made))
    return documents.adjustment(command, command["ref"], command["posting_date"], "C", documents.moves(command))


def requests(record: dict[str, Any], plan: Any) -> list[Any]:
    """What is sent for what is not held: the operation, the business object, its parameters and its document."""
    found = []
    for one in ground.drafts(record, plan):
        if isinstance(one, Draft) and is_written(one):
            made = _posting(one, record, plan.settings)
            told = {"parameters": made.parameters.splitlines(), "document": made.xml.replace("><", ">\n<").splitlines()}
            found.append({"path": made.path, "object": made.name} | told)
    return found


def main() -> None:
    """Write every file."""
    for path in ground.EXAMPLES.glob("*.json"):
        if path.name != "connection.json":
            path.unlink()
    for name, record in situations().items():
        over = ground.CONNECTION.get("otherwise", {}).get(name, {})
        plan = ground.plan(over.get("settings"), **over.get("choices", {}))
        _write(name, "canonical", shown(record))
        again = canonical("syspro", name)
        _write(name, "commands", [drafted(one) for one in ground.drafts(again, plan)])
        _write(name, "requests", requests(again, plan))
    asyncio.run(_seen())


SEEN = {
    "bill.that_we_wrote": ("invoices", 0),
    "vendor.with_its_address": ("vendors", 0),
    "purchase_order.that_we_entered": ("purchase_orders", 0),
    "stock_level.of_a_warehouse": ("stock_levels", 0),
    "gl_account.of_the_ledger": ("gl_accounts", 0),
    "period.of_the_company": ("periods", 0),
}
"""Situation -> the feed that shows it, and which of its elements."""


async def _seen() -> None:
    """What the simulator shows of each entity, as a raw record, and what that becomes."""
    with TemporaryDirectory(prefix="syspro-") as folder:
        async with books(Path(folder), suppliers=3) as held:
            await held.written(held.resolved(costly()), "create")
            order = held.resolved(purchase_order([order_line()], shipping="7.50"))
            await held.written(order, "create")
            for name, (feed, place) in SEEN.items():
                await _raw(held, name, feed, place)


async def _raw(held: Books, name: str, feed: str, place: int) -> None:
    found, _ = await walked(held.site.access(Role.POLLER)[0], feed)
    _of(name, found[place])


def _of(name: str, one: Element) -> None:
    for number, body in enumerate((one.body, *one.further), 1):
        (ground.EXAMPLES / f"{name}.raw{'' if number == 1 else f'.{number}'}.json").write_bytes(body)
    made = to_canonical(raw(SYSTEM, name), ground.reading())
    told = [normalised(each) for each in made]
    _write(name, "expected", told[0] if len(told) == 1 else told)


def _write(name: str, kind: str, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (ground.EXAMPLES / f"{name}.{kind}.json").write_text(text)


if __name__ == "__main__":
    main()
