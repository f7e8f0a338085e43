"""Writes the examples anew: canonical record -> drafts -> properties of the Component Interfaces. Read the difference before committing it.

`python -m tests.systems.peoplesoft.mapping.write_examples`
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from systems.mapped import Draft
from systems.peoplesoft import documents
from systems.peoplesoft.allocation import mapped
from systems.peoplesoft.mapping import to_commands
from tests.systems.field_service import application, command, customer, drafted, invoice, invoice_line, payment, shown, vendor
from tests.systems.peoplesoft.mapping import ground

_ZERO = Decimal(0)


def cost(worth: str, line_id: str = "1", **more: Any) -> dict[str, Any]:
    """A line that cost `worth` and was sold for twice as much."""
    each = Decimal(worth)
    return invoice_line(str(each * 2), line_id, cost=each, unit_cost=each) | more


def journals() -> dict[str, dict[str, Any]]:
    """Invoices that become journals, or are held."""
    install = {"business_unit_name": "HVAC - Install", "business_unit_id": "2"}
    two_units = invoice_line("50.00", "2", kind="Material", sku_code="PIPE", **install)
    mixed = [
        invoice_line("120.00", sku_code="MEMBER"),
        two_units,
        invoice_line("30.00", "3", gl_account="40200", sku_code="", kind="Equipment"),
        invoice_line("-20.00", "4", kind="PriceModifier", sku_code="COUPON"),
        invoice_line("0.00", "5", kind="Material", sku_code="FREE"),
    ]
    elsewhere = invoice_line("50.00", "2", business_unit_name="HVAC - Round Rock", business_unit_id="3")
    nowhere: dict[str, Any] = {"business_unit_name": "Plumbing - East", "business_unit_id": "9"}
    balanced = [invoice_line("100.00"), invoice_line("-100.00", "2", kind="PriceModifier")]
    odd = [invoice_line("100.00", kind="Odd", sku_code="ODD-1")]
    return {
        "invoice.one_service_line_with_tax": invoice(),
        "invoice.second_of_the_same_customer": invoice(source_id="102", number="N102"),
        "invoice.two_business_units_and_a_discount": invoice(mixed),
        "invoice.of_a_location_with_a_department_of_its_own": invoice(location_id="601", location_name="Depot Road"),
        "invoice.tax_shared_by_city_and_state": invoice(tax=Decimal("10.00"), tax_zone_id="88"),
        "invoice.of_an_exempt_customer": invoice(tax=_ZERO, tax_zone_id="", tax_code=""),
        "invoice.three_cents_of_rounding": invoice(total=Decimal("108.28")),
        "invoice.total_that_does_not_add_up": invoice(total=Decimal("150.00")),
        "invoice.given_away_by_a_discount": invoice(balanced, tax=_ZERO),
        "invoice.of_no_amount": invoice([], tax=_ZERO),
        "invoice.of_an_unmapped_business_unit": invoice(**nowhere),
        "invoice.of_a_business_unit_by_default": invoice(**nowhere),
        "invoice.of_an_unmapped_line_type": invoice(odd),
        "invoice.of_a_line_type_on_suspense": invoice(odd),
        "invoice.of_an_unmapped_tax_zone": invoice(tax_zone_id="nowhere", tax_code=""),
        "invoice.of_a_tax_zone_by_default": invoice(tax_zone_id="nowhere", tax_code=""),
        "invoice.of_a_location_without_a_row": invoice(location_id="699", location_name="9 Oak St"),
        "invoice.of_a_location_that_is_held": invoice(location_id="699", location_name="9 Oak St"),
        "invoice.of_two_ledgers": invoice([invoice_line("100.00"), elsewhere]),
        "invoice.in_another_currency": invoice(currency="CAD"),
        "invoice.taxed_by_the_erp": invoice(),
        "invoice.taxed_under_tax_mode_none": invoice(),
        "invoice.that_adjusts_another": invoice([invoice_line("-30.00")], tax=_ZERO, adjustment_to_id="99"),
        "invoice.that_is_a_credit": invoice([invoice_line("-30.00")], tax=_ZERO),
        "invoice.voided": invoice(active=False),
    }


def payables() -> dict[str, dict[str, Any]]:
    """Invoices under profile voucher."""
    fan = cost("12.345", "2", kind="Material", sku_code="FAN", sku_id="12", quantity=Decimal(2), cost=Decimal("24.69"))
    three = [cost("35.00"), fan, cost("80.00", "3", kind="Material", sku_code="PIPE", quantity=Decimal(4), unit_cost=Decimal(20))]
    stock = cost("80.00", "2", kind="Material", sku_code="PIPE", from_inventory=True)
    install = {"business_unit_name": "HVAC - Install", "business_unit_id": "2"}
    unknown = invoice_line("100.00", sku_code="PIPE", kind="Material")
    return {
        "invoice.as_payables_of_two_vendors": invoice(three),
        "invoice.as_payables_with_lines_out_of_the_inventory": invoice([cost("35.00"), stock]),
        "invoice.as_payables_of_an_unknown_vendor": invoice(
            [cost("35.00"), cost("5.00", "2", kind="Material", sku_code="PIPE")], **install
        ),
        "invoice.as_payables_of_unknown_cost": invoice([unknown]),
        "invoice.as_payables_that_cost_nothing": invoice([invoice_line("100.00", cost=_ZERO)]),
        "invoice.as_payables_voided": invoice(three, active=False),
        "invoice.as_payables_at_price": invoice([cost("35.00")]),
    }


def collections() -> dict[str, dict[str, Any]]:
    """Payments, and masters that become nothing here."""
    later = [application("101", "60.00"), application("102", "40.00", "2")]
    return {
        "payment.applied_in_two_parts": payment("108.25", later, unapplied=Decimal("8.25")),
        "payment.deposit_not_applied": payment("500.00", [], source_id="202", number="N202", unapplied=Decimal("500.00")),
        "payment.by_card_with_a_department_of_its_own": payment(
            type_name="Credit Card", type_id="4", check_number="", auth_code="A77"
        ),
        "payment.under_profile_voucher": payment(),
        "payment.of_an_unmapped_type": payment(type_name="Crypto", type_id="9"),
        "payment.of_a_type_on_suspense": payment(type_name="Crypto", type_id="9"),
        "payment.refund": payment("-20.00", [], refunded_payment_id="190"),
        "payment.voided": payment(active=False),
        "payment.of_no_amount": payment("0.00", []),
        "customer.is_named_by_no_journal": customer(),
        "vendor.is_owned_by_the_books": vendor(),
    }


def situations() -> dict[str, dict[str, Any]]:
    """Every situation by name; the part before the dot is the entity."""
    return journals() | payables() | collections()


def commands(name: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    """What the record becomes, as the example file tells it."""
    return [drafted(one) for one in to_commands(name.partition(".")[0], record, ground.plan_of_example(name))]


def requests(name: str, record: dict[str, Any]) -> list[Any]:
    """The properties that are sent for what is not held."""
    plan, found = ground.plan_of_example(name), []
    own = mapped(plan, None).settings
    for one in to_commands(name.partition(".")[0], record, plan):
        if isinstance(one, Draft) and one.record not in ("completion", "reversal") and not one.hold and not one.unresolved:
            made = command(one, record, "peoplesoft")
            tree = documents.journal(made, own) if one.record == documents.JOURNAL else documents.voucher(made, {}, own)
            found.append(shown(tree))
    return found


def main() -> None:
    """Write every file."""
    for name, record in situations().items():
        (ground.EXAMPLES / f"{name}.canonical.json").write_text(pretty(shown(record)))
        (ground.EXAMPLES / f"{name}.commands.json").write_text(pretty(commands(name, ground.read_record(name))))
        (ground.EXAMPLES / f"{name}.requests.json").write_text(pretty(requests(name, ground.read_record(name))))


def pretty(value: Any) -> str:
    """The form of the files."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
