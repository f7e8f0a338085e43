"""The documents that SYSPRO keeps for us: the XML of the business objects that make them, and the keys by which they are found. Pure.

Sources: classes generated from the XSDs of SYSPRO 7 (order of elements, enumerations); recorded exchanges. Our ref (23 characters) is the
TransactionReference of an AP invoice (column Reference, 30 characters) and the Reference of a stock movement (30). In an order it is part of
CustomerPoNumber (30), after the id of the field-service order. Widths of notations are assumed, and so is that a supplier with GrnMatchReqd takes no
invoices without goods received notes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import CommandEnvelope, PostingLine
from systems.syspro.allocation import INVOICE_NUMBER, NOTATION, supplier_code
from systems.syspro.keys import MARK, order_reference
from systems.syspro.mapping_goods import PRICE_PLACES
from systems.syspro.mapping_invoice import BRANCH, SUPPLIER
from systems.syspro.models import SYSTEM
from systems.syspro.settings import Settings
from systems.syspro.wire import Field, document, fitted
from systems.values.numbers import cents_of

_NUMBERED = re.compile(r"\|correct\|\d+$")


@dataclass(frozen=True)
class Posting:
    """What is sent for a step: the operation, the business object, its parameters and its document. `trial` are the parameters that only validate (""
    if there is no trial)."""

    path: str
    name: str
    root: str
    parameters: str
    xml: str
    trial: str = ""


def posting(name: str, root: str, parameters: Sequence[Field], body: Sequence[Field], path: str = "Transaction/Post") -> Posting:
    """The posting of a business object. Its trial has the same parameters plus ValidateOnly."""

    def told(is_trial: bool) -> str:
        own = [(key, "Y" if is_trial else "N") if key == "ValidateOnly" else (key, one) for key, one in parameters]
        return document(root, f"{name}.XSD", [("Parameters", own)])

    return Posting(path, name, root, told(is_trial=False), document(root, f"{name}DOC.XSD", body), told(is_trial=True))


def fields(command: CommandEnvelope) -> dict[str, Any]:
    """The command with its record's own fields."""
    return cast("dict[str, Any]", command)


cents = partial(cents_of, SYSTEM)
"""An amount with two places. Raises `Malformed` if it has more."""


def places(value: Decimal, most: int) -> Decimal:
    """A quantity or price without trailing zeros. Raises `Refused` if SYSPRO keeps fewer places."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > most:
        raise Refused(f"{SYSTEM}: {value} has more than {most} decimals")
    return Decimal(format(plain, "f"))


# --- AP invoices ------------------------------------------------------------------------------------------------------


def supplier_of(command: CommandEnvelope) -> str:
    """The supplier of an AP invoice. Raises `Refused` if the command names none."""
    found = str(fields(command)["dimensions"].get(SUPPLIER, ""))
    if not found:
        raise Refused(f"{SYSTEM} {command['ref']}: the command names no supplier")
    return found


def invoice_number(command: CommandEnvelope) -> str:
    """The number of an AP invoice, which SYSPRO accepts once per supplier. It is the source's own number. For a correction, or if that number does
    not fit, it is the first 20 characters of the ref (collision bound 1e-16 of ten million)."""
    own = str(fields(command)["human_number"])
    shown = fitted(own, INVOICE_NUMBER)
    if shown.text and not shown.is_changed and not _NUMBERED.search(command["op_key"]):
        return shown.text
    return command["ref"].removeprefix("ST-")[:INVOICE_NUMBER]


@dataclass(frozen=True)
class Entry:
    """An entry on a supplier's account: code I for an invoice or C for a credit of one, its number, our ref, and its posting period."""

    code: str
    supplier: str
    number: str
    ref: str
    on: date | None
    period: str
    note: str


def payable(entry: Entry, command: CommandEnvelope, settings: Settings) -> Posting:
    """APSTIN: the invoice of a command, or the credit that takes it back, distributed to the same GL codes."""
    own, rules = fields(command), settings.payables
    lines: list[PostingLine] = own["lines"]
    if sum((one["amount"] for one in lines), Decimal(0)) != command["amount"]:
        raise Refused(f"{SYSTEM} {entry.ref}: the lines are not the amount of {command['amount']}")
    parameters: list[Field] = [
        ("PostingPeriod", entry.period),
        ("IgnoreWarnings", rules.ignore_warnings),
        ("ApplyIfEntireDocumentValid", "Y"),
        ("ValidateOnly", "N"),
        ("LedgerDistributionCurrency", "L"),
        ("AutomaticTaxCalculation", "N"),
        ("IgnoreAnalysis", "Y"),
    ]
    item: list[Field] = [
        ("Supplier", entry.supplier),
        ("TransactionCode", entry.code),
        ("Branch", own["dimensions"].get(BRANCH, "")),
        ("Invoice", entry.number),
        ("TransactionValue", cents(command["amount"])),
        ("Notation", fitted(entry.note or own["description"], NOTATION).text),
        ("TransactionReference", entry.ref),
        ("JournalNotation", fitted(f"ServiceTitan {own['human_number']}", NOTATION).text),
        ("InvoiceDate", entry.on),
        ("DueDate", own["due_date"]),
        ("TaxCode", rules.tax_code),
        *(("LedgerDistribution", _distribution(one)) for one in lines),
    ]
    return posting("APSTIN", "PostApInvoice", parameters, [("Item", item)])


def _distribution(one: PostingLine) -> list[Field]:
    if not one["account"]:
        raise Refused(f"{SYSTEM}: line {one['source_line_id']} has no GL code")
    note = fitted(one["description"], NOTATION).text
    return [("LedgerCode", one["account"]), ("LedgerNotation", note), ("LedgerValue", cents(one["amount"]))]


# --- suppliers --------------------------------------------------------------------------------------------------------


def own_mark(command: CommandEnvelope) -> str:
    """The part of our ref that UserField1 (15 characters) keeps: its first 15, which are 60 bits. Two of a million suppliers share them with a
    probability of 4e-7 (birthday bound); the code of a new supplier also contains the vendor's id."""
    return command["ref"][:MARK]


def new_supplier_code(command: CommandEnvelope, settings: Settings) -> str:
    """The code of a supplier that we create. Raises `Refused` if it is too long."""
    code = supplier_code(f"{settings.suppliers.code_prefix}{command['source_id']}".upper(), settings)
    if len(code) > 15:
        raise Refused(f"{SYSTEM} {command['ref']}: the supplier code {code} has more than 15 characters")
    return code


def supplier(command: CommandEnvelope, code: str, settings: Settings, *, is_new: bool) -> Posting:
    """APSSSP: a new supplier with all fields, or an update of the fields that the field-service side owns."""
    own, rules = fields(command), settings.suppliers
    contact: list[Field] = [("Telephone", own["phone"])]
    if is_new:
        item: list[Field] = [
            ("Key", [("Supplier", code)]),
            ("SupplierName", own["name"]),
            *contact,
            ("Branch", rules.branch),
            ("TermsCode", own["terms"] or rules.terms_code),
            ("Bank", rules.bank),
            ("SupAddr1", own["street"]),
            ("SupAddr2", own["unit"]),
            ("SupAddr3", own["city"]),
            ("SupAddr4", own["state"]),
            ("SupAddr5", own["country"]),
            ("SupPostalCode", own["zip"]),
            ("SupplierClass", own["vendor_class"]),
            ("UserField1", own_mark(command)),
            ("PurchOrdAllowed", "Y"),
            ("GrnMatchReqd", "N"),
            ("Email", own["email"]),
        ]
    else:
        item = [("Key", [("Supplier", code)]), *contact, ("Email", own["email"])]
    parameters: list[Field] = [("IgnoreWarnings", "N"), ("ApplyIfEntireDocumentValid", "Y"), ("ValidateOnly", "N")]
    return posting("APSSSP", "SetupApSupplier", parameters, [("Item", item)], "Setup/Add" if is_new else "Setup/Update")


# --- orders -----------------------------------------------------------------------------------------------------------


_ORDER_PARAMETERS: tuple[Field, ...] = (
    ("ValidateOnly", "N"),
    ("IgnoreWarnings", "N"),
    ("AllowNonStockItems", "N"),
    ("AllowZeroPrice", "Y"),
    ("AllowPoWhenBlanketPo", "N"),
    ("AllowBlankLedgerCode", "Y"),
)


def order(command: CommandEnvelope, supplier_id: str, settings: Settings) -> Posting:
    """PORTOI: a new order with its lines; shipping is a freight line, tax a charge."""
    own = fields(command)
    header: list[Field] = [
        ("OrderActionType", "A"),
        ("Supplier", supplier_id),
        ("OrderType", "L"),
        ("CustomerPoNumber", order_reference(command["source_id"], command["ref"])),
        ("ShippingInstrs", fitted(f"ServiceTitan PO {own['human_number']}", 50).text),
        ("OrderDate", own["date"]),
        ("DueDate", own["required_on"]),
        ("ApplyDueDateToLines", "A"),
        ("Buyer", settings.orders.buyer),
        ("DeliveryName", fitted(own["ship_to_name"], 50).text),
        ("DeliveryAddr1", fitted(own["street"], 40).text),
        ("DeliveryAddr2", fitted(own["unit"], 40).text),
        ("DeliveryAddr3", fitted(own["city"], 40).text),
        ("DeliveryAddr4", fitted(own["state"], 40).text),
        ("DeliveryAddr5", fitted(own["country"], 40).text),
        ("PostalCode", fitted(own["zip"], 10).text),
        ("Warehouse", own["warehouse"]),
    ]
    details: list[Field] = [("StockLine", _ordered(one, number, settings)) for number, one in enumerate(own["lines"], 1)]
    number = len(own["lines"])
    if own["tax_total"]:
        number += 1
        charge = ("MiscChargeValue", cents(own["tax_total"]))
        details.append(
            ("MiscChargeLine", [("PurchaseOrderLine", str(number)), ("LineActionType", "A"), charge, ("MiscDescription", "Tax")])
        )
    if own["shipping_total"]:
        value = ("FreightValue", cents(own["shipping_total"]))
        details.append(("FreightLine", [("PurchaseOrderLine", str(number + 1)), ("LineActionType", "A"), value]))
    parameters = [*_ORDER_PARAMETERS, ("Status", settings.orders.status)]
    return posting("PORTOI", "PostPurchaseOrders", parameters, [("Orders", [("OrderHeader", header), ("OrderDetails", details)])])


def _ordered(one: Mapping[str, Any], number: int, settings: Settings) -> list[Field]:
    return [
        ("PurchaseOrderLine", str(number)),
        ("LineActionType", "A"),
        ("StockCode", one["item"]),
        ("StockDescription", one["description"]),
        ("Warehouse", one["warehouse"]),
        ("SupCatalogue", one["vendor_part_number"]),
        ("OrderQty", places(one["quantity"], 6)),
        ("OrderUom", one["unit"]),
        ("PriceMethod", settings.orders.price_method),
        ("Price", places(one["unit_cost"], PRICE_PLACES)),
        ("LatestDueDate", one["required_on"]),
    ]


def cancellation(purchase_order: str, supplier_id: str, reference: str) -> Posting:
    """PORTOI: an order gets the reference of its reversal (action C) and is cancelled (D), which leaves it with status `*`. Both happen or neither,
    because a document is accepted or refused as a whole (assumed)."""
    told: Field = ("CustomerPoNumber", reference)
    marked: list[Field] = [("OrderActionType", "C"), ("Supplier", supplier_id), told, ("PurchaseOrder", purchase_order)]
    ended: list[Field] = [("OrderActionType", "D"), ("Supplier", supplier_id), ("PurchaseOrder", purchase_order)]
    orders: list[Field] = [("Orders", [("OrderHeader", header)]) for header in (marked, ended)]
    return posting("PORTOI", "PostPurchaseOrders", _ORDER_PARAMETERS, orders)


# --- goods ------------------------------------------------------------------------------------------------------------


def receipt(command: CommandEnvelope, on: date | None, lines: Sequence[tuple[str, int, Mapping[str, Any]]]) -> Posting:
    """PORTOR: an item for each line, by order and line number; all are accepted or none."""
    own = fields(command)
    items: list[Field] = []
    for purchase_order, number, one in lines:
        got: list[Field] = [
            ("PurchaseOrder", purchase_order),
            ("PurchaseOrderLine", str(number)),
            ("Warehouse", one["warehouse"]),
            ("StockCode", one["item"]),
            ("Quantity", places(one["quantity"], 6)),
            ("UnitOfMeasure", one["unit"]),
            ("DeliveryNote", fitted(own["vendor_number"] or own["human_number"], 30).text),
            ("Reference", command["ref"]),
            ("Lot", one["lot"]),
            ("Notation", fitted(f"ServiceTitan {own['human_number']}", NOTATION).text),
        ]
        items.append(("Item", [("Receipt", got)]))
    parameters: list[Field] = [
        ("TransactionDate", on),
        ("IgnoreWarnings", "N"),
        ("GRNMatchingAction", "A"),
        ("ApplyIfEntireDocumentValid", "Y"),
        ("ValidateOnly", "N"),
    ]
    return posting("PORTOR", "PostPurchaseOrderReceipts", parameters, items)


@dataclass(frozen=True)
class Move:
    """One movement of an adjustment: warehouse, stock code, quantity (negative leaves the warehouse), and GL code."""

    warehouse: str
    item: str
    quantity: Decimal
    unit: str = ""
    bin: str = ""
    lot: str = ""
    account: str = ""


def moves(command: CommandEnvelope, *, is_reversed: bool = False) -> list[Move]:
    """The movements of an adjustment. A line of a transfer leaves one warehouse and enters another."""
    own = fields(command)
    sign = -1 if is_reversed else 1
    made = []
    for one in own["lines"]:
        count = sign * one["quantity"]
        told = (one["item"], one["unit"], one["bin"], one["lot"], one["account"])
        if own["to_warehouse"]:
            count = sign * abs(one["quantity"])
            made.append(_move(one["warehouse"], -count, told))
            made.append(_move(own["to_warehouse"], count, (*told[:2], "", *told[3:])))
        else:
            made.append(_move(one["warehouse"], count, told))
    return made


def _move(warehouse: str, quantity: Decimal, told: Sequence[str]) -> Move:
    item, unit, place, lot, account = told
    return Move(warehouse, item, quantity, unit, place, lot, account)


def adjustment(command: CommandEnvelope, ref: str, on: date | None, period: str, wanted: Sequence[Move]) -> Posting:
    """INVTMA: an item for each movement; all are accepted or none."""
    own = fields(command)
    note = fitted(own.get("description") or f"ServiceTitan {own.get('human_number', '')}", NOTATION).text
    items: list[Field] = [
        (
            "Item",
            [
                ("Warehouse", one.warehouse),
                ("StockCode", one.item),
                ("Quantity", places(one.quantity, 6)),
                ("UnitOfMeasure", one.unit),
                ("BinLocation", one.bin),
                ("Lot", one.lot),
                ("Reference", ref),
                ("Notation", note),
                ("LedgerCode", one.account),
            ],
        )
        for one in wanted
    ]
    parameters: list[Field] = [
        ("TransactionDate", on),
        ("PhysicalCount", "N"),
        ("PostingPeriod", period),
        ("IgnoreWarnings", "N"),
        ("ApplyIfEntireDocumentValid", "Y"),
        ("ValidateOnly", "N"),
        ("IgnoreAnalysis", "Y"),
    ]
    return posting("INVTMA", "PostInvAdjustments", parameters, items)
