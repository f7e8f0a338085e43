"""The verbs of `POST /__sim__/events`: `{"events": [{"do": verb, "as": name?, ...}]}`, carried out in order.

Each event answers the ids that it made. `as` names the answer: later events refer to it by `"@name"` (its first id) or `"@name.invoice"`. The
docstring of each verb's function lists the verb's members:

    person (a person of the seed: `index`, made where there is none)                         seed/masters.py
    create_customer create_location change_customer change_balance merge_customers           books/customers.py
    book_job start_job complete_job cancel_job                                               books/jobs.py
    add_items edit_invoice touch_invoice post unpost adjust void import_balance              books/invoices.py
    sell_membership open_project bill_project release_retainage charge_interest              books/agreements.py
    pay apply unapply refund refund_invoice bounce void_payment post_payments                books/payments.py
    credit_memo apply_credit_memo unapply_credit_memo void_credit_memo post_credit_memos     books/credits.py
    deposit                                                                                  books/deposits.py
    order change_order send_order receive receive_ordered cancel_receipt export_orders       books/purchases.py
    enter_bill
    post_bills unpost_bills change_bill cancel_bill pay_bills void_bill_payment              books/bills.py
    return_parts return_received cancel_return vendor_credit apply_vendor_credit unapply_vendor_credit
    cancel_vendor_credit                                                                     books/returns.py
    adjust_stock cancel_adjustment                                                           books/adjustments.py
    rename_business_unit change_vendor                                                       books/masters.py

Example: `{"do": "book_job", "customer": 3010000001, "business_unit": 901, "as": "j"}`, then
`{"do": "add_items", "invoice": "@j.invoice", "items": [{"sku": "SVC-DIAG"}]}` and `{"do": "post", "invoices": ["@j.invoice"]}`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from systems.servicetitan.simulator.books import (
    adjustments,
    agreements,
    bills,
    credits,
    customers,
    deposits,
    invoices,
    jobs,
    masters,
    payments,
    purchases,
    returns,
)
from systems.servicetitan.simulator.seed.masters import person
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant

Event = dict[str, Any]
Names = dict[str, Row]

VERBS: dict[str, Callable[[Tenant, Event], Row]] = {
    "person": person,
    "create_customer": customers.create_customer,
    "create_location": customers.create_location,
    "change_customer": customers.change_customer,
    "change_balance": customers.change_balance,
    "merge_customers": customers.merge_customers,
    "book_job": jobs.book_job,
    "start_job": jobs.start_job,
    "complete_job": jobs.complete_job,
    "cancel_job": jobs.cancel_job,
    "add_items": invoices.add_items,
    "edit_invoice": invoices.edit_invoice,
    "touch_invoice": invoices.touch_invoice,
    "post": invoices.post_invoices,
    "unpost": invoices.unpost_invoices,
    "adjust": invoices.adjust_invoice,
    "void": invoices.void_invoice,
    "import_balance": invoices.import_balance,
    "sell_membership": agreements.sell_membership,
    "open_project": agreements.open_project,
    "bill_project": agreements.bill_project,
    "release_retainage": agreements.release_retainage,
    "charge_interest": agreements.charge_interest,
    "pay": payments.take_payment,
    "apply": payments.apply_payment,
    "unapply": payments.unapply_payment,
    "refund": payments.refund_payment,
    "refund_invoice": payments.refund_invoice,
    "bounce": payments.bounce_payment,
    "void_payment": payments.void_payment,
    "post_payments": payments.post_payments,
    "credit_memo": credits.credit_memo,
    "apply_credit_memo": credits.apply_credit_memo,
    "unapply_credit_memo": credits.unapply_credit_memo,
    "void_credit_memo": credits.void_credit_memo,
    "post_credit_memos": credits.post_credit_memos,
    "deposit": deposits.deposit_payments,
    "order": purchases.order,
    "change_order": purchases.change_order,
    "send_order": purchases.send_order,
    "receive": purchases.receive,
    "receive_ordered": purchases.receive_ordered,
    "cancel_receipt": purchases.cancel_receipt,
    "export_orders": purchases.export_orders,
    "enter_bill": purchases.enter_bill,
    "post_bills": bills.post_bills,
    "unpost_bills": bills.unpost_bills,
    "change_bill": bills.change_bill,
    "cancel_bill": bills.cancel_bill,
    "pay_bills": bills.pay_bills,
    "void_bill_payment": bills.void_bill_payment,
    "return_parts": returns.return_parts,
    "return_received": returns.return_received,
    "cancel_return": returns.cancel_return,
    "vendor_credit": returns.vendor_credit,
    "apply_vendor_credit": returns.apply_vendor_credit,
    "unapply_vendor_credit": returns.unapply_vendor_credit,
    "cancel_vendor_credit": returns.cancel_vendor_credit,
    "adjust_stock": adjustments.adjust_stock,
    "cancel_adjustment": adjustments.cancel_adjustment,
    "rename_business_unit": masters.rename_business_unit,
    "change_vendor": masters.change_vendor,
}


def perform(tenant: Tenant, event: Event, names: Names) -> Row:
    """Carry out one event, completely or not at all. Raises ValueError or KeyError with words about what is wrong in it."""
    verb = VERBS.get(event.get("do", ""))
    if verb is None:
        raise ValueError(f"do: {event.get('do')!r} is not one of {', '.join(VERBS)}")
    meant = {member: _meant(value, names) for member, value in event.items() if member not in ("do", "as")}
    with tenant.changing():
        made = verb(tenant, meant)
    if "as" in event:
        names[str(event["as"])] = made
    return made


def _meant(value: Any, names: Names) -> Any:
    """A value with its references to earlier answers resolved."""
    if isinstance(value, list):
        return [_meant(item, names) for item in value]
    if isinstance(value, dict):
        return {member: _meant(item, names) for member, item in value.items()}
    if not (isinstance(value, str) and value.startswith("@")):
        return value
    name, _, member = value[1:].partition(".")
    if name not in names:
        raise ValueError(f"{value}: no event was named {name!r}")
    found = names[name]
    return found[member] if member else next(iter(found.values()))
