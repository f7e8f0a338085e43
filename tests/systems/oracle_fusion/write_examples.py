"""Writes the example pairs anew: canonical record -> drafts -> the vendor's JSON. Read the difference before committing it.

`python -m tests.systems.oracle_fusion.write_examples`
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from systems.mapped import Draft
from systems.oracle_fusion.documents import FORMS, dumps, receipt_body, transaction_body
from tests.contract.ground import is_written
from tests.systems.field_service import application, drafted, invoice, invoice_line, payment, shown
from tests.systems.oracle_fusion import mapping_ground as ground
from tests.systems.oracle_fusion.goods import receipt, returned


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
        "payment.applied_in_three_parts": payment("108.25", later),
        "payment.deposit_not_applied": payment("500.00", [], source_id="202", unapplied=Decimal("500.00")),
        "payment.of_an_invoice_from_before_the_cut_over": payment("75.00", [application("900", "75.00")], source_id="203"),
        "payment.of_an_unmapped_type": payment(type_name="Crypto", source_id="204"),
        "payment.refund": payment("-20.00", [], source_id="205", refunded_payment_id="190"),
        "receipt.of_two_lines_of_an_order": receipt(),
        "return.of_what_a_receipt_brought": returned(),
    }


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
    return [json.loads(dumps(one)) for one in found]


def main() -> None:
    """Write every file."""
    for name, record in situations().items():
        over = ground.CONNECTION["otherwise"].get(name, {})
        plan = ground.plan(over.get("settings"), **over.get("choices", {}))
        found = [drafted(one) for one in ground.drafts(record, plan)]
        for kind, value in (("canonical", shown(record)), ("commands", found), ("requests", requests(record, plan))):
            (ground.EXAMPLES / f"{name}.{kind}.json").write_text(
                json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
            )


if __name__ == "__main__":
    main()
