"""Writes the example pairs anew: canonical record -> drafts -> the vendor's JSON. Read the difference before committing it.

`python -m tests.systems.oracle_fusion.write_examples`
"""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runtime.wire import dumps
from systems.contract import Element, Role
from systems.mapped import Draft
from systems.oracle_fusion.documents import FORMS, receipt_body, transaction_body
from systems.oracle_fusion.finder import open_finder
from systems.oracle_fusion.journal_file import import_body
from systems.oracle_fusion.mapping import to_canonical
from systems.oracle_fusion.spec import gl_interface_columns
from systems.oracle_fusion.system import SYSTEM
from tests.contract.examples import canonical, normalised, raw
from tests.contract.ground import is_written
from tests.systems.field_service import application, drafted, invoice, invoice_line, payment, shown
from tests.systems.oracle_fusion import mapping_ground as ground
from tests.systems.oracle_fusion.goods import goods_line, receipt, returned
from tests.systems.oracle_fusion.ground import walked
from tests.systems.oracle_fusion.test_reader import with_sites
from tests.systems.oracle_fusion.test_writer import Books, books


def situations() -> dict[str, dict[str, Any]]:
    """Every situation by name; the part before the dot is the entity."""
    line = invoice_line
    other_unit = line("50.00", "2", kind="Material", business_unit_name="HVAC - Install", business_unit_id="2")
    mixed = [line("120.00", sku_code="MEMBER"), other_unit, line("-20.00", "3", kind="PriceModifier", sku_code="COUPON")]
    later = [application("101", "60.00"), application("102", "40.00", "2"), application("101", "8.25", "3")]
    return {
        "invoice.one_service_line_with_tax": invoice(),
        "invoice.second_of_the_same_customer": invoice([line("40.00")], source_id="102", number="N102"),
        "invoice.two_business_units_and_a_discount": invoice(mixed),
        "invoice.tax_shared_by_city_and_state": invoice(tax=Decimal("10.00"), tax_zone_id="88"),
        "invoice.three_cents_of_rounding": invoice(total=Decimal("108.28")),
        "invoice.total_that_does_not_add_up": invoice(total=Decimal("150.00")),
        "invoice.of_an_unmapped_business_unit": invoice(business_unit_name="Plumbing - East", business_unit_id="9"),
        "invoice.of_no_amount": invoice([], tax=Decimal(0)),
        "invoice.that_is_a_credit": invoice(
            [line("-100.00"), line("20.00", "2", kind="Material")], source_id="104", number="N104", tax=Decimal("-6.60")
        ),
        "invoice.that_adjusts_another": invoice(
            [line("-30.00")], source_id="105", number="N105", tax=Decimal(0), adjustment_to_id="101"
        ),
        "invoice.taxed_by_the_erp": invoice(source_id="106", number="N106"),
        "invoice.of_a_summary_customer": invoice(source_id="107", number="N107"),
        "invoice.voided": invoice(active=False),
        "payment.applied_as_a_whole": payment(),
        "payment.applied_in_three_parts": payment("108.25", later, source_id="206", number="N206"),
        "payment.deposit_not_applied": payment("500.00", [], source_id="202", unapplied=Decimal("500.00")),
        "payment.of_an_invoice_from_before_the_cut_over": payment("75.00", [application("900", "75.00")], source_id="203"),
        "payment.of_an_unmapped_type": payment(type_name="Crypto", source_id="204"),
        "payment.refund": payment("-20.00", [], source_id="205", refunded_payment_id="190"),
        "receipt.of_two_lines_of_an_order": receipt([_faucet("0.2"), _pipe("0.1")]),
        "receipt.canceled": receipt(active=False, source_id="603", number="N603"),
        "receipt.of_a_line_of_no_order": receipt([goods_line("4", order_line_id="", sku_id="12")], source_id="604", number="N604"),
        "invoice.booked_as_a_journal": invoice(source_id="108", number="N108"),
        "invoice.of_two_units_booked_as_a_journal": invoice(mixed, source_id="109", number="N109"),
        "payment.booked_as_a_journal": payment(source_id="208", number="N208"),
        "return.canceled": returned([_faucet("0.001", receipt_line_id="1")], active=False, source_id="653", number="N653"),
        "return.of_what_a_receipt_brought": returned([_faucet("0.001", receipt_line_id="1")]),
    }


def _faucet(quantity: str, **more: Any) -> dict[str, Any]:
    return _goods(quantity, "118.05", "1", sku_id="21", sku_code="MAT-FAUCET", **more)


def _pipe(quantity: str) -> dict[str, Any]:
    return _goods(quantity, "9.87", "2", sku_id="22", sku_code="MAT-PVC2")


def _goods(quantity: str, cost: str, line_id: str, **more: Any) -> dict[str, Any]:
    amount = (Decimal(quantity) * Decimal(cost)).quantize(Decimal("0.01"))
    return goods_line(quantity, line_id, unit_cost=Decimal(cost), amount=amount, **more)


def requests(record: dict[str, Any], plan: Any) -> list[Any]:
    """The bodies that are sent for what is not held."""
    found: list[Any] = []
    for one in ground.drafts(record, plan):
        if not isinstance(one, Draft) or not is_written(one):
            continue
        made = ground.resolved(one, record)
        if one.record in FORMS:
            found.append(transaction_body(made, plan.settings))
        elif one.record == "ar_receipt":
            found.append(receipt_body(made))
        elif one.record == "journal":
            sent = import_body(made, plan.settings, "1773144000000")
            found.append({**sent, "DocumentContent": _lines(sent["DocumentContent"])})
    return [json.loads(dumps(one)) for one in found]


def _lines(content: str) -> list[dict[str, str]]:
    """The lines of an import file, without the columns that are empty."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(content))) as packed:
        rows = csv.reader(io.StringIO(packed.read("GlInterface.csv").decode()))
        return [{name: value for name, value in zip((*gl_interface_columns(), "END"), row, strict=True) if value} for row in rows]


def main() -> None:
    """Write every file."""
    for name, record in situations().items():
        over = ground.CONNECTION["otherwise"].get(name, {})
        plan = ground.plan(over.get("settings"), **over.get("choices", {}))
        _write(name, "canonical", shown(record))
        again = canonical("oracle_fusion", name)
        _write(name, "commands", [drafted(one) for one in ground.drafts(again, plan)])
        _write(name, "requests", requests(again, plan))
    asyncio.run(_seen())


async def _seen() -> None:
    """What the simulator shows of each entity, as a raw record, and what that becomes."""
    for path in (*ground.EXAMPLES.glob("*.raw*.json"), *ground.EXAMPLES.glob("*.expected.json")):
        path.unlink()
    with TemporaryDirectory(prefix="fcli-") as folder:
        async with books(Path(folder), suppliers=1, orders=1, child_page=2) as held:
            await held.invoice()
            await held.written(held.resolved(situations()["invoice.that_is_a_credit"]), "create")
            await held.written(held.resolved(payment()), "create")
            await with_sites(held.site, 3)
            for name, (feed, place) in SEEN.items():
                await _raw(held, name, feed, place)
            finder = open_finder(held.site.access(Role.CHECK)[0])
            (one,) = (await finder.find("customer", "", ["1001"])).elements
            _of(held, "customer.of_an_account_and_site", one)


SEEN = {
    "vendor.with_one_site": ("vendors", 0),
    "vendor.whose_sites_were_cut": ("vendors", -1),
    "purchase_order.open": ("purchase_orders", 0),
    "invoice.that_we_wrote": ("invoices", 0),
    "credit_memo.that_we_wrote": ("credit_memos", 0),
    "payment.that_we_wrote": ("payments", 0),
    "period.of_the_ledger": ("periods", 0),
}
"""Situation -> the feed that shows it, and which of its elements."""


async def _raw(held: Books, name: str, feed: str, place: int) -> None:
    found, _ = await walked(held.site.access(Role.POLLER)[0], feed)
    one = found[place]
    if feed == "periods":
        one = next(row for row in found if b'"Mar-26"' in row.body and row.source_id.startswith("222/"))
    _of(held, name, one)


def _of(held: Books, name: str, one: Element) -> None:
    for number, body in enumerate((one.body, *one.further), 1):
        (ground.EXAMPLES / f"{name}.raw{'' if number == 1 else f'.{number}'}.json").write_bytes(body)
    made = to_canonical(raw(SYSTEM, name), ground.reading())
    _write(name, "expected", next(normalised(one) for one in made))


def _write(name: str, kind: str, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (ground.EXAMPLES / f"{name}.{kind}.json").write_text(text)


if __name__ == "__main__":
    main()
