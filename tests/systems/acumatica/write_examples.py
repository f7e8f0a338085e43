"""Writes the example pairs anew: canonical record -> drafts -> the vendor's JSON. Read the difference before committing it.

`python -m tests.systems.acumatica.write_examples`
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from runtime.wire import dumps
from systems.acumatica import paying
from systems.acumatica.documents import application_body, create_body, credit_application_body
from systems.acumatica.mapping import to_commands
from systems.contract import ResolvedCommand
from systems.mapped import Draft
from tests.contract.ground import is_written
from tests.systems.acumatica import ground

IDS = {
    "customer/500": "C000500",
    "vendor/800": "V000800",
    "invoice/101": "Invoice/000101",
    "invoice/102": "Invoice/000102",
    "invoice/104": "Credit Memo/000104",
    "payment/201": "Payment/000201",
    "payment/202": "Prepayment/000202",
    "payment/205": "Payment/000205",
    "credit_memo/501": "Credit Memo/000501",
    "vendor_credit/401": "Debit Adj./000401",
    "bill/301": "Bill/000301",
}


def situations() -> dict[str, dict[str, Any]]:
    """Every situation by name; the part before the dot is the entity."""
    return sales() | collections() | payables_and_masters()


def sales() -> dict[str, dict[str, Any]]:
    """Invoices and credit memos."""
    line, cents = ground.invoice_line, Decimal("0.03")
    two_units = line("50.00", "2", kind="Material", business_unit_name="HVAC - Install", business_unit_id="2")
    mixed = [line("120.00", sku_code="MEMBER"), two_units, line("-20.00", "3", kind="PriceModifier", sku_code="COUPON")]
    return {
        "invoice.one_service_line_with_tax": ground.invoice(),
        "invoice.second_of_the_same_customer": ground.invoice([line("40.00")], source_id="102", number="N102"),
        "invoice.two_business_units_and_a_discount": ground.invoice(mixed),
        "invoice.tax_shared_by_city_and_state": ground.invoice(tax=Decimal("10.00"), tax_zone_id="88"),
        "invoice.three_cents_of_rounding": ground.invoice(total=Decimal("108.25") + cents),
        "invoice.total_that_does_not_add_up": ground.invoice(total=Decimal("150.00")),
        "invoice.of_an_unmapped_business_unit": ground.invoice(business_unit_name="Plumbing - East", business_unit_id="9"),
        "invoice.of_no_amount": ground.invoice([], tax=Decimal(0)),
        "invoice.that_adjusts_another": ground.invoice(
            [line("-30.00")], source_id="105", number="N105", tax=Decimal(0), adjustment_to_id="101"
        ),
        "invoice.that_adjusts_another_upwards": ground.invoice(
            [line("12.00")], source_id="103", number="N103", adjustment_to_id="101"
        ),
        "invoice.that_is_a_credit": ground.invoice(
            [line("-100.00"), line("20.00", "2", kind="Material")], source_id="104", number="N104", tax=Decimal("-6.60")
        ),
        "invoice.voided": ground.invoice(active=False),
        "credit_memo.with_lines_and_tax": ground.credit_memo(),
        "credit_memo.without_lines": ground.credit_memo([], source_id="502", applications=[]),
    }


def collections() -> dict[str, dict[str, Any]]:
    """Payments and refunds."""
    later = [ground.application("101", "60.00"), ground.application("102", "40.00", "2"), ground.application("101", "8.25", "3")]
    again = [ground.application("101", "60.00"), ground.application("101", "-60.00", "2"), ground.application("102", "40.00", "3")]
    return {
        "payment.applied_in_three_parts": ground.payment("108.25", later),
        "payment.deposit_not_applied": ground.payment("500.00", [], source_id="202", number="N202", unapplied=Decimal("500.00")),
        "payment.taken_back_and_applied_again": ground.payment("60.00", again, source_id="205", number="N205"),
        "payment.of_an_invoice_from_before_the_cut_over": ground.payment("75.00", [ground.application("900", "75.00")]),
        "payment.refund": ground.payment("-20.00", [], source_id="203", number="N203", refunded_payment_id="202"),
        "payment.refund_of_a_credit": ground.payment(
            "-86.60", [ground.application("104", "-86.60")], source_id="204", number="N204"
        ),
        "payment.refund_of_nothing_that_is_told": ground.payment("-20.00", [], source_id="206"),
        "payment.of_an_unmapped_type": ground.payment(type_name="Crypto"),
    }


def payables_and_masters() -> dict[str, dict[str, Any]]:
    """Bills, vendor credits, customers and vendors."""
    return {
        "bill.with_tax_shipping_and_an_expense": ground.bill(
            [
                ground.bill_line("80.00"),
                ground.bill_line("15.00", "2", kind="expense", sku_type="", sku_code="", gl_account="6100"),
            ],
            tax=Decimal("6.60"),
            shipping=Decimal("12.00"),
        ),
        "bill.discrepant_after_it_was_posted": ground.bill(reconciliation="Discrepancy"),
        "bill.not_to_be_paid_yet": ground.bill([ground.bill_line("80.00", inventory_location="Truck 4")], do_not_pay=True),
        "bill.cancelled": ground.bill(canceled_on=datetime(2026, 3, 11, tzinfo=UTC)),
        "vendor_credit.applied_to_its_bill": ground.credit(),
        "customer.new": ground.customer(),
        "customer.merged": ground.customer(merged_to_id="499"),
        "vendor.new": ground.vendor(),
    }


def commands(name: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    """What the record becomes, as the example file tells it."""
    return [ground.drafted(one) for one in to_commands(name.partition(".")[0], record, ground.plan())]


def requests(name: str, record: dict[str, Any]) -> list[Any]:
    """The bodies that are sent for what is not held."""
    found: list[Any] = []
    for one in to_commands(name.partition(".")[0], record, ground.plan()):
        if not isinstance(one, Draft) or not is_written(one):
            continue
        made = ground.command(one, record)
        found.append(json.loads(dumps(body_of(ResolvedCommand(one.record, made, IDS)))))
    return found


def body_of(resolved: ResolvedCommand) -> dict[str, Any]:
    """The body of the first step of a command."""
    if resolved.record == "ar_application":
        return application_body(resolved)
    if resolved.record == "ap_pay_hold":
        return paying.body(IDS["bill/301"], may_be_paid=False)
    return credit_application_body(resolved) if resolved.record == "ap_application" else create_body(resolved, ground.settings())


def main() -> None:
    """Write every file."""
    for name, record in situations().items():
        parts = {"canonical": ground.shown(record)}
        (ground.EXAMPLES / f"{name}.canonical.json").write_text(_pretty(parts["canonical"]))
        again = ground.read_record(name)
        (ground.EXAMPLES / f"{name}.commands.json").write_text(_pretty(commands(name, again)))
        (ground.EXAMPLES / f"{name}.requests.json").write_text(_pretty(requests(name, again)))


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
