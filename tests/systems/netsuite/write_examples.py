"""Writes the example pairs anew: canonical record -> drafts -> NetSuite's JSON. Read the difference before committing it.

`python -m tests.systems.netsuite.write_examples`
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from runtime.wire import dumps
from systems import registry
from systems.contract import ResolvedCommand
from systems.mapped import Draft, Plan
from systems.netsuite import documents as d
from systems.netsuite.masters import master_body
from systems.netsuite.settings import Settings
from tests.contract import examples
from tests.contract.ground import is_written
from tests.systems.field_service import (
    application,
    bill,
    credit_memo,
    customer,
    drafted,
    invoice,
    invoice_line,
    payment,
    shown,
    vendor,
)
from tests.systems.netsuite.writing import command_of, labor, labor_entry, material

NAME = "netsuite"
FOLDER = examples.folder(NAME) / "examples"


def situations() -> dict[str, dict[str, Any]]:
    """Every situation by name; the part before the dot is the entity."""
    line = invoice_line
    sold: dict[str, Any] = {"cost": Decimal(0)}
    parts = [labor("40.00"), material("12.50"), material("7.25", "3", order_vendor_id="800")]
    adjusted: dict[str, Any] = {"source_id": "105", "number": "N105", "adjustment_to_id": "101"}
    later = [application("101", "60.00"), application("101", "8.25", "3")]
    return {
        "invoice.materials_and_labor_of_three_vendors": invoice(parts, job_type="Service call"),
        "invoice.of_a_job_type_with_its_own_department": invoice([labor("33.40")], job_type="Solar Install"),
        "invoice.of_an_unmapped_business_unit": invoice(
            [labor("40.00")], source_id="102", number="N102", business_unit_name="Plumbing - East", business_unit_id="9"
        ),
        "invoice.out_of_the_inventory": invoice([labor("40.00"), material("12.00", from_inventory=True)], source_id="103"),
        "invoice.that_gives_a_cost_back": invoice(
            [labor("-15.00", amount=Decimal("-15.00"), unit_price=Decimal("-15.00"))], tax=Decimal(0), **adjusted
        ),
        "invoice.of_no_cost_to_be_paid": invoice([line("100.00", **sold)], source_id="104"),
        "invoice.of_no_amount": invoice([], tax=Decimal(0), source_id="106"),
        "invoice.three_cents_of_rounding": invoice([line("100.00", **sold)], source_id="107", total=Decimal("108.28")),
        "invoice.total_that_does_not_add_up": invoice([line("100.00", **sold)], source_id="108", total=Decimal("150.00")),
        "invoice.taxed_by_the_erp": invoice([line("100.00", **sold)], source_id="109"),
        "invoice.voided": invoice([labor("40.00")], active=False),
        "payment.applied_as_a_whole": payment(source_id="207", number="N207"),
        "payment.applied_in_two_parts": payment("68.25", later, source_id="206", number="N206"),
        "payment.deposit_not_applied": payment("500.00", [], source_id="202", unapplied=Decimal("500.00"), type_name="Card"),
        "payment.of_an_invoice_from_before_the_cut_over": payment("75.00", [application("900", "75.00")], source_id="203"),
        "payment.of_an_unmapped_type": payment(type_name="Crypto", source_id="204"),
        "payment.by_journal": payment(source_id="208", number="N208"),
        "payment.refund": payment("-20.00", [], source_id="205", refunded_payment_id="207"),
        "credit_memo.with_lines_and_tax": credit_memo(),
        "labor_entry.two_and_a_half_hours": labor_entry(),
        "labor_entry.of_a_payroll_that_is_open": labor_entry(payroll_status="Pending", source_id="902"),
        "bill.of_a_received_order": bill(),
        "bill.of_no_order": bill(purchase_order_id="", source_id="302"),
        "customer.new": customer(),
        "customer.merged": customer(merged_to_id="501", source_id="502"),
        "vendor.new": vendor(memo="Counter 3"),
    }


class _Ids(dict[str, str]):
    """Ids of whatever a command waits for."""

    def get(self, name: str, default: Any = "") -> Any:
        entity = name.rpartition("|")[0].partition("|")[2] or name
        kind = {"invoice": "invoice/1101", "payment": "customerPayment/1201", "vendor": "1021", "customer": "1001"}
        return kind.get(entity.partition("/")[0].rpartition("|")[2], "creditMemo/1301")


def requests(record: Mapping[str, Any], made: Plan) -> list[Any]:
    """The bodies that are sent for what is not held; of an application the one that a payment without others gets."""
    own = made.settings
    assert isinstance(own, Settings)
    found: list[Any] = []
    for one in _drafts(record, made):
        if isinstance(one, Draft) and is_written(one):
            found += _bodies(ResolvedCommand(one.record, command_of(one, record), _Ids()), own)
    return [json.loads(dumps(one)) for one in found]


def _bodies(resolved: ResolvedCommand, own: Settings) -> list[Any]:
    record = resolved.record
    if record in d.MASTERS:
        return [master_body(record, resolved.command, own)]
    if record == "ap_bill":
        return [d.order_body(resolved), d.bill_body(resolved, own)]
    makers: dict[str, Any] = {
        "ap_credit": lambda: d.credit_body(resolved, own, {"1101": -resolved.command["amount"]}),
        "ar_invoice": lambda: d.sale_body(resolved, own),
        "ar_credit_memo": lambda: d.memo_body(resolved, own, {}),
        "ar_receipt": lambda: d.receipt_body(resolved, own),
        "ar_refund": lambda: d.refund_body(resolved, own),
        "journal": lambda: d.journal_body(resolved),
    }
    return [makers[record]()] if record in makers else []


def _drafts(record: Mapping[str, Any], made: Plan) -> list[Any]:
    return list(registry.system(NAME).to_commands(record["entity"], record, made))


def main() -> None:
    """Write every file."""
    on = examples.connected(registry.system(NAME))
    for name, record in situations().items():
        made = examples.plan(on, NAME, name)
        _write(name, "canonical", shown(record))
        again = examples.canonical(NAME, name)
        _write(name, "commands", [drafted(one) for one in _drafts(again, made)])
        _write(name, "requests", requests(again, made))


def _write(name: str, kind: str, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (FOLDER / f"{name}.{kind}.json").write_text(text)


if __name__ == "__main__":
    main()
