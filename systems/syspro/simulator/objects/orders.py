"""PORTOI: purchase orders, added, changed and cancelled, with their lines.

Sources: element trees with their actions and defaults (ValidateOnly is Y if it is left out); order status 1 open, 4 ready to print, 9 complete, `*`
cancelled; line type 1 stocked. Assumed: the number comes from the company; the key of the answer; the other line types (4 freight, 5 miscellaneous
charge, 6 comment, 7 not stocked); a change cannot take back received goods; a price needs no price method; a supplier on hold is a warning. Not
simulated: other currencies, contracts, blanket orders, sub-contracting, discounts, attached comments, and units other than the stocking unit.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.simulator.records import Row
from systems.syspro.simulator.company import Company, money, new_row
from systems.syspro.simulator.objects.fields import all_fit, date_of
from systems.syspro.simulator.objects.order_lines import LINES, lines_of, on_order, take_line
from systems.syspro.simulator.posting import Object, Outcome, Work
from systems.syspro.simulator.reading import Part

CANCELLED, COMPLETE = "*", "9"
_SENT = (
    "Customer",
    "TaxStatus",
    "PaymentTerms",
    "CustomerPoNumber",
    "ShippingInstrs",
    "Buyer",
    "DeliveryName",
    *(f"DeliveryAddr{place}" for place in range(1, 6)),
    "PostalCode",
    "Warehouse",
)
_DATES = {"OrderDate": "OrderEntryDate", "DueDate": "OrderDueDate", "MemoDate": "MemoDate"}


@dataclass
class Order:
    """An order that is being taken: its header as it will be, and the errors so far."""

    work: Work
    outcome: Outcome
    header: Row
    is_new: bool


def take_order(work: Work, item: Part) -> Outcome:
    """One element `Orders` of the document."""
    head = item.one("OrderHeader")
    outcome = Outcome(errors=list(head.errors))
    if not item.some("OrderHeader"):
        outcome.blank("OrderHeader")
        return outcome
    action = head["OrderActionType"] or "A"
    held = _held(work, outcome, head, action)
    if outcome.errors or (held is None and action != "A"):
        return outcome
    order = Order(work, outcome, held or _begun(work, outcome, head), held is None)
    if action == "D":
        _cancel(order)
    else:
        _change(order, head, item.one("OrderDetails"))
    if not outcome.errors:
        work.put("PorMasterHdr", order.header, "create" if order.is_new else "update", f"PORTOI {action}")
        outcome.key = [("PurchaseOrder", order.header["PurchaseOrder"])]
    return outcome


def _held(work: Work, outcome: Outcome, head: Part, action: str) -> Row | None:
    """The order that is changed or cancelled."""
    number = head["PurchaseOrder"]
    if action == "A":
        if number:
            outcome.wrong("PurchaseOrder", number, 160002, "Purchase order numbers are given by the system")
        return None
    found = work.row("PorMasterHdr", number) if number else None
    if not number:
        outcome.blank("PurchaseOrder")
    elif found is None:
        outcome.wrong("PurchaseOrder", number, 160001, f"Purchase order '{number}' not found")
    elif found["OrderStatus"] in (CANCELLED, COMPLETE):
        state = "cancelled" if found["OrderStatus"] == CANCELLED else "complete"
        outcome.wrong("PurchaseOrder", number, 160003, f"Purchase order '{number}' is {state}")
    elif head["Supplier"] and head["Supplier"] != found["Supplier"]:
        outcome.wrong("Supplier", head["Supplier"], 160004, f"Supplier of purchase order '{number}' cannot be changed")
    return found


def _begun(work: Work, outcome: Outcome, head: Part) -> Row:
    code = head["Supplier"]
    supplier = work.row("ApSupplier", code) if code else None
    if not code:
        outcome.blank("Supplier")
    elif supplier is None:
        outcome.wrong("Supplier", code, 110001, f"Supplier '{code}' not found")
    elif supplier["PurchOrdAllowed"] != "Y":
        outcome.wrong("Supplier", code, 160005, f"Purchase orders are not allowed for supplier '{code}'")
    elif supplier["Currency"] != "USD":
        outcome.wrong(
            "Supplier", code, 110008, f"Supplier '{code}' has the currency {supplier['Currency']}, which needs an exchange rate"
        )
    elif supplier["OnHold"] == "Y":
        outcome.warnings.append(f"Supplier '{code}' is on hold")
    return new_row(
        "PorMasterHdr",
        PurchaseOrder=_number(work) if not outcome.errors else "",
        NextDetailLine="1",
        OrderStatus=work.parameters["Status"] or "1",
        ActiveFlag="Y",
        CancelledFlag="N",
        Supplier=code,
        OrderType="L",
        Currency="USD",
        ExchangeRate="1.000000",
        TermsCode=(supplier or {}).get("TermsCode", ""),
        IncludeInMrp="Y",
    )


def _number(work: Work) -> str:
    """The number of a new order. A document that is only validated uses no number."""
    if work.parameters["ValidateOnly"] == "Y":
        return ""
    return next_order(work.company)


def next_order(company: Company) -> str:
    """The next number of purchase orders."""
    return company.number("order", company.settings.order_length, first=2001)


def _change(order: Order, head: Part, details: Part) -> None:
    outcome, work, header = order.outcome, order.work, order.header
    all_fit(outcome, head, "PorMasterHdr")
    sent = {name: head[name] for name in _SENT if order.is_new or name in head.sent}
    today = work.company.today()
    for element, column in _DATES.items():
        if order.is_new or element in head.sent:
            sent[column] = date_of(outcome, head, element, today).isoformat()
    order.header = header = header | sent
    if not header["Warehouse"]:
        outcome.blank("Warehouse")
    elif work.row("InvWhControl", header["Warehouse"]) is None:
        outcome.wrong("Warehouse", header["Warehouse"], 240005, f"Warehouse '{header['Warehouse']}' not found")
    if head["ChgPOStatToReadyToPrint"] == "Y":
        order.header["OrderStatus"] = "4"
    for kind in LINES:
        for part in details.some(kind):
            take_line(work, outcome, order.header, kind, part)
    if order.is_new and not any(details.some(kind) for kind in LINES):
        outcome.wrong("OrderDetails", "", 160006, "A purchase order needs at least one line")


def _cancel(order: Order) -> None:
    work, header = order.work, order.header
    lines = lines_of(work, header["PurchaseOrder"])
    if any(money(line["MReceivedQty"]) for line in lines):
        number = header["PurchaseOrder"]
        order.outcome.wrong("PurchaseOrder", number, 160007, f"Goods were received for purchase order '{number}'")
        return
    for line in lines:
        on_order(work, line, -money(line["MOrderQty"]))
        work.put("PorMasterDetail", line | {"OrderLineStatus": CANCELLED}, "")
    order.header = header | {"OrderStatus": CANCELLED, "CancelledFlag": "Y", "ActiveFlag": "N"}


ORDERS = Object("PORTOI", "7.0.052", "Orders", take_order, shown_as="Order")
