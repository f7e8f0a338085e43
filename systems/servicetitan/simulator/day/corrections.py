"""The corrections of a day. `few`: of the day's own documents; `all`: every kind, each on documents that the day makes for it first.

A kind is counted once for each correction, at the step that decides it. Amounts are fixed, so that the random values elsewhere in the day stay the
same.
"""

from __future__ import annotations

from typing import Any

from systems.servicetitan.simulator.day.corrected import Corrected
from systems.servicetitan.simulator.day.sales import Sale
from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Steps
from systems.servicetitan.simulator.seed.catalogue import MATERIALS

_LABOR = "SVC-HOUR"
Members = dict[str, Any]


def own_of(options: DayOptions, sales: list[Sale]) -> list[Sale]:
    """The day's own sales that are corrected, the last posted one first. Of each three, one is adjusted, one voided, one unposted."""
    posted = [sale for sale in reversed(sales) if sale.posted_s and sale.subtotal > 0]
    return posted[: 3 * min(options.corrections, len(posted) // 4)]


def plan_few(steps: Steps, options: DayOptions, morning: Morning, sales: list[Sale]) -> None:
    """Adjustments, voids, unpostings and merges of the day's own documents."""
    chosen = own_of(options, sales)
    late = options.seconds * 0.995
    for number in range(len(chosen) // 3):
        adjusted, voided, unposted = chosen[number * 3 : number * 3 + 3]
        price, kind = (("-40.00", "adjustment_negative"), ("65.00", "adjustment_positive"))[number % 2]
        items = [{"sku": _LABOR, "price": price, "taxable": False}]
        day = morning.day.isoformat()
        steps.correct(late, "adjust", kind, name=f"a{number}", invoice=adjusted.invoice, items=items, date=day)
        steps.correct(late, "post", invoices=[f"@a{number}.invoice"])
        steps.correct(late, "void", "invoice_void", invoice=voided.invoice)
        steps.correct(late, "unpost", "invoice_unposted", invoices=[unposted.invoice])
        if number + 1 < len(morning.places):
            merged, into = morning.places[-1 - number][1], morning.places[0][1]
            steps.correct(late, "merge_customers", "customer_merged", customer=merged, into=into)


def plan_all(steps: Steps, options: DayOptions, morning: Morning, sales: list[Sale]) -> None:
    """Every kind, `options.corrections` times."""
    plan_few(steps, options, morning, sales)
    for number in range(options.corrections):
        for place, plan in enumerate((*_OF_CUSTOMERS, *(_OF_VENDORS if morning.vendors else ()))):
            plan(Corrected(steps, options, morning, number, place))


def _invoices(of: Corrected) -> None:
    """Adjusted after payment, or from before the cut-over; voided with its payment; moved to another day; given other lines."""
    paid = of.sold("adjusted")
    of.paid("adjusted", paid)
    of.adjusted("adjustment_of_paid", paid, "-35.50")
    of.adjusted("adjustment_before_cutover", of.sold("older", date=of.morning.before_cutover(9)), "-21.25")
    void = of.sold("void")
    of.paid("void", void)
    of.correct("void", "invoice_void_paid", invoice=void, unapply=True)
    redated = of.sold("redated")
    of.correct("unpost", invoices=[redated])
    of.correct("edit_invoice", invoice=redated, date=of.yesterday)
    of.correct("post", "invoice_redated", invoices=[redated])
    changed = of.sold("changed")
    of.correct("unpost", invoices=[changed])
    of.correct("add_items", invoice=changed, items=[{"sku": _LABOR, "quantity": "2"}, {"sku": "MAT-CAP"}], replace=True)
    of.correct("post", "invoice_changed", invoices=[changed])


def _credit_memos(of: Corrected) -> None:
    """Applied at once, later, or partly; taken back; voided."""
    lines = [{"sku": "MAT-FLTR", "quantity": "2"}, {"sku": _LABOR, "quantity": "0.5"}]
    whole: Members = {"customer": of.customer, "location": of.location, "business_unit": of.unit, "items": lines, "date": of.day}
    of.correct("credit_memo", "credit_memo_applied", invoice=of.sold("memo"), **whole)
    of.correct("credit_memo", "credit_memo_open", **whole)
    of.add("credit_memo", name=of.name("later"), **whole)
    later: Members = {"credit_memo": of.ref("later"), "invoice": of.sold("memo-later"), "amount": "60.00"}
    of.correct("apply_credit_memo", "credit_memo_applied_later", **later)
    settled = of.sold("memo-back")
    of.add("credit_memo", name=of.name("back"), invoice=settled, **whole)
    of.correct("unapply_credit_memo", "credit_memo_unapplied", credit_memo=of.ref("back"), invoice=settled)
    of.add("credit_memo", name=of.name("gone"), invoice=of.sold("memo-gone"), **whole)
    of.correct("void_credit_memo", "credit_memo_void", credit_memo=of.ref("gone"))


def _payments(of: Corrected) -> None:
    """Un-applied, applied to another invoice, voided, bounced, applied later, deposited at the bank."""
    first = of.sold("unapplied")
    of.correct("unapply", "payment_unapplied", payment=of.paid("unapplied", first), invoice=first)
    wrong, right = of.sold("wrong"), of.sold("right")
    moved = of.paid("moved", wrong)
    of.correct("unapply", payment=moved, invoice=wrong)
    of.correct("apply", "payment_reapplied", payment=moved, invoice=right)
    of.correct("void_payment", "payment_void", payment=of.paid("void-payment", of.sold("void-paid"), kind="ACH"))
    fee = {"sku": "FEE-NSF"}
    of.correct("bounce", "check_bounced", payment=of.paid("bounced", of.sold("bounced")), fee=fee, date=of.day)
    ahead = of.on_account("ahead", "400.00")
    of.correct("apply", "deposit_applied_later", payment=ahead, invoice=of.sold("after"))
    taken = [of.paid(f"card{n}", of.sold(f"card{n}"), kind="Credit Card") for n in range(2)]
    of.correct("deposit", "bank_deposit", payments=taken, fees="9.83", date=of.day)


def _refunds(of: Corrected) -> None:
    """Refunds of an invoice (an adjustment with a payment of type Refund), and of the unapplied rest of a payment."""
    refunded = of.sold("refunded")
    of.paid("refunded", refunded)
    items = [{"sku": _LABOR, "price": "-52.40"}]
    of.correct("refund_invoice", "refund_manual", name=of.name("refund"), invoice=refunded, items=items, date=of.day)
    of.correct("refund", "refund_of_payment", name=of.name("back"), payment=of.on_account("twice", "88.00"), date=of.day)
    of.correct("post_payments", payments=[of.ref("back")])


def _agreements(of: Corrected) -> None:
    """Memberships billed in advance, projects with retainage, interest: amounts that are not revenue of today."""
    place: Members = {"location": of.location, "business_unit": of.unit, "date": of.day}
    of.add("sell_membership", "membership_sold", name=of.name("member"), **place)
    items = [{"sku": "MBR-GOLD", "price": "-114.00"}]
    of.correct("adjust", "membership_canceled", name=of.name("member-back"), invoice=of.ref("member"), items=items, date=of.day)
    of.correct("post", invoices=[of.ref("member-back")])
    of.add("open_project", name=of.name("project"), **place)
    project: Members = {"project": of.ref("project"), "date": of.day}
    of.add("bill_project", "retainage_held", name=of.name("progress"), amount="4200.00", retained="0.1", **project)
    of.correct("release_retainage", "retainage_released", amount="420.00", **project)
    of.correct("charge_interest", "interest_charged", amount="18.75", **place)


def _bills(of: Corrected) -> None:
    """Canceled, changed, blocked for payment, paid, paid with the payment stopped."""
    of.correct("cancel_bill", "bill_canceled", bill=of.billed("canceled"))
    changed = of.billed("changed")
    of.correct("unpost_bills", bills=[changed])
    of.correct("change_bill", bill=changed, expenses=[{"amount": "77.10", "description": "Fuel"}])
    of.correct("post_bills", "bill_changed", bills=[changed])
    of.correct("change_bill", "bill_not_to_be_paid", bill=of.billed("held"), do_not_pay=True)
    paid, stopped = of.billed("paid"), of.billed("stopped")
    members: Members = {"vendor": of.vendor, "business_unit": of.unit, "date": of.day}
    of.correct("pay_bills", "bill_paid", bills=[{"bill": paid}], **members)
    of.add("pay_bills", name=of.name("stop"), bills=[{"bill": stopped, "amount": "40.00"}], **members)
    of.correct("void_bill_payment", "bill_payment_stopped", ap_payment=of.ref("stop"))


def _vendor_credits(of: Corrected) -> None:
    """Returned parts with their credit, later splits, splits taken back, canceled credits and returns."""
    sku = MATERIALS[of.number % len(MATERIALS)].code
    parts: Members = {"vendor": of.vendor, "business_unit": of.unit, "items": [{"sku": sku, "quantity": "2"}], "date": of.day}
    of.add("return_parts", "parts_returned", name=of.name("return"), **parts)
    of.correct("vendor_credit", "return_credited", date=of.day, **{"return": of.ref("return")})
    of.add("return_parts", name=of.name("kept"), **parts)
    of.correct("cancel_return", "return_canceled", **{"return": of.ref("kept")})
    credit: Members = {"vendor": of.vendor, "business_unit": of.unit, "amount": "31.75", "date": of.day}
    of.add("vendor_credit", name=of.name("open"), **credit)
    of.correct(
        "apply_vendor_credit", "vendor_credit_split_later", credit=of.ref("open"), bill=of.billed("credited"), amount="20.00"
    )
    settled = of.billed("uncredited")
    of.add("vendor_credit", name=of.name("split"), bill=settled, **credit)
    of.correct("unapply_vendor_credit", "vendor_credit_unapplied", credit=of.ref("split"), bill=settled)
    of.add("vendor_credit", name=of.name("gone"), **credit)
    of.correct("cancel_vendor_credit", "vendor_credit_canceled", credit=of.ref("gone"))


_OF_CUSTOMERS = (_invoices, _credit_memos, _payments, _refunds, _agreements)
_OF_VENDORS = (_bills, _vendor_credits)
