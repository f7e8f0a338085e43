"""The verbs of `POST /__sim__/events`: `{"events": [{"do": verb, "as": name?, ...}]}`, carried out in order.

Each answers the ids that it made. `as` names the answer: later events refer to it by `"@name"` (its first id) or `"@name.invoice"`.
The members of each verb stand in the docstring of its function:

    person (a person of the seed: `index`, made where there is none)                         seed/masters.py
    create_customer create_location change_customer change_balance merge_customers           books/customers.py
    book_job start_job complete_job cancel_job                                               books/jobs.py
    add_items edit_invoice touch_invoice post unpost adjust void import_balance              books/invoices.py
    pay apply refund void_payment post_payments                                              books/payments.py
    order receive enter_bill post_bills cancel_bill vendor_credit                            books/purchases.py
    rename_business_unit change_vendor credit_memo                                           books/masters.py

Example: `{"do": "book_job", "customer": 3010000001, "business_unit": 901, "as": "j"}`, then
`{"do": "add_items", "invoice": "@j.invoice", "items": [{"sku": "SVC-DIAG"}]}` and `{"do": "post", "invoices": ["@j.invoice"]}`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from systems.servicetitan.simulator.books import customers, invoices, jobs, masters, payments, purchases
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
    "pay": payments.take_payment,
    "apply": payments.apply_payment,
    "refund": payments.refund_payment,
    "void_payment": payments.void_payment,
    "post_payments": payments.post_payments,
    "order": purchases.order,
    "receive": purchases.receive,
    "enter_bill": purchases.enter_bill,
    "post_bills": purchases.post_bills,
    "cancel_bill": purchases.cancel_bill,
    "vendor_credit": purchases.vendor_credit,
    "rename_business_unit": masters.rename_business_unit,
    "change_vendor": masters.change_vendor,
    "credit_memo": masters.credit_memo,
}


def perform(tenant: Tenant, event: Event, names: Names) -> Row:
    """Carry out one event, all of it or nothing. Raises ValueError or KeyError with the words of what is wrong in it."""
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
    """A value with its references to earlier answers replaced."""
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
