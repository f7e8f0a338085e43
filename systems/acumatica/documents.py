"""The documents that Acumatica keeps for us: which entity and fields each command becomes, and the bodies of its requests. Pure.

Source: OpenAPI Default 24.200.001 (entities, fields, actions), endpoint field mapping (CustomerOrder = ARInvoice.InvoiceNbr, VendorRef =
APInvoice.InvoiceNbr, AccountRef = BAccount.AcctReferenceNbr). Detail rows without id are appended, so rows are sent once (guide).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import Application, CommandEnvelope, PostingLine
from systems.acumatica.settings import Settings
from systems.acumatica.wire import body, cents, wrapped
from systems.parents import parent_id

Ids = Mapping[str, str]
DESCRIPTION = 255
_COUNTRIES = {"USA": "US", "UNITED STATES": "US", "CAN": "CA", "CANADA": "CA"}


@dataclass(frozen=True)
class Kind:
    """One kind of document: entity, types, the fields of total, party and date, its action, and what a line's price is called."""

    entity: str
    types: tuple[str, ...]
    total: str
    party: str
    party_role: str
    day: str
    release: str
    price: str = ""
    extended: str = ""
    currency: str = ""
    sign: int = 1
    """-1 for a document that Acumatica keeps with the opposite sign of its command: a credit memo of 30.00 is -30.00 at the source."""

    def amount(self, ours: Decimal) -> Decimal:
        """An amount of ours as the document has it, and the other way round."""
        return ours * self.sign


KINDS: Mapping[str, Kind] = {
    "ar_invoice": Kind(
        "Invoice", ("Invoice",), "Amount", "Customer", "customer", "Date", "ReleaseInvoice", "UnitPrice", "ExtendedPrice"
    ),
    "ar_credit_memo": Kind(
        "Invoice",
        ("Credit Memo",),
        "Amount",
        "Customer",
        "customer",
        "Date",
        "ReleaseInvoice",
        "UnitPrice",
        "ExtendedPrice",
        sign=-1,
    ),
    "ar_receipt": Kind(
        "Payment",
        ("Payment", "Prepayment"),
        "PaymentAmount",
        "CustomerID",
        "customer",
        "ApplicationDate",
        "ReleasePayment",
        currency="CurrencyID",
    ),
    "ap_bill": Kind(
        "Bill", ("Bill",), "Amount", "Vendor", "vendor", "Date", "ReleaseBill", "UnitCost", "ExtendedCost", "CurrencyID"
    ),
    "ap_credit": Kind(
        "Bill",
        ("Debit Adj.",),
        "Amount",
        "Vendor",
        "vendor",
        "Date",
        "ReleaseBill",
        "UnitCost",
        "ExtendedCost",
        "CurrencyID",
    ),
}
MASTERS: Mapping[str, str] = {"customer": "Customer", "vendor": "Vendor"}


def fields(command: CommandEnvelope) -> dict[str, Any]:
    """The command with its record's own fields."""
    return cast("dict[str, Any]", command)


def party(kind: Kind, command: CommandEnvelope, ids: Ids) -> str:
    """Customer or vendor of the document: the crosswalk's own, else the resolved link."""
    named = fields(command)["dimensions"].get(kind.party_role.capitalize(), "")
    return str(named) or parent_id(command, kind.party_role, ids)


def description(command: CommandEnvelope, settings: Settings) -> str:
    """Header text; it begins with our ref unless a user field keeps it."""
    text = str(fields(command).get("description", ""))
    return (text if settings.custom_ref else f"{command['ref']} {text}".strip())[:DESCRIPTION]


def is_taxed_by_erp(command: CommandEnvelope) -> bool:
    """Whether Acumatica computes the tax of this document (tax_mode erp)."""
    return bool(fields(command).get("tax_zone"))


def create_body(record: str, command: CommandEnvelope, ids: Ids, settings: Settings) -> dict[str, Any]:
    """The body that creates the command's document or master record."""
    if record in MASTERS:
        return _master(record, command)
    kind, own = KINDS[record], fields(command)
    made = _HEADERS[record](own)
    made |= body(**{kind.party: party(kind, command, ids), kind.day: own["date"], "Description": description(command, settings)})
    made["Hold"] = wrapped(settings.create_on_hold)
    if not is_taxed_by_erp(command):
        made[kind.total] = wrapped(cents(kind.amount(command["amount"])))
    if kind.extended:
        made["Details"] = [_line(one, kind) for one in own["lines"]]
    if settings.custom_ref:
        view, _, name = settings.custom_ref.partition(".")
        made["custom"] = {view: {name: {"type": "CustomStringField", "value": command["ref"]}}}
    return made


def _invoice(own: Mapping[str, Any]) -> dict[str, Any]:
    return body(
        Type="Invoice",
        CustomerOrder=own["human_number"][:40],
        DueDate=own["due_date"],
        Terms=own["terms"],
        LinkBranch=own["dimensions"].get("Branch"),
    )


def _memo(own: Mapping[str, Any]) -> dict[str, Any]:
    return body(Type="Credit Memo", CustomerOrder=own["human_number"][:40], LinkBranch=own["dimensions"].get("Branch"))


def _receipt(own: Mapping[str, Any]) -> dict[str, Any]:
    return body(
        Type="Prepayment" if own["kind"] == "deposit" else "Payment",
        PaymentMethod=own["payment_method"],
        CashAccount=own["cash_account"],
        PaymentRef=own["payment_ref"][:40],
        ExternalRef=own["human_number"][:40],
        BranchID=own["dimensions"].get("Branch"),
    )


def _bill(own: Mapping[str, Any]) -> dict[str, Any]:
    made = body(
        Type="Bill",
        VendorRef=own["human_number"][:40],
        DueDate=own["due_date"],
        Terms=own["terms"],
        BranchID=own["dimensions"].get("Branch"),
    )
    if own["pay_hold"]:
        made["ApprovedForPayment"] = wrapped(value=False)
    return made


def _credit(own: Mapping[str, Any]) -> dict[str, Any]:
    return body(Type="Debit Adj.", VendorRef=own["human_number"][:40], BranchID=own["dimensions"].get("Branch"))


_HEADERS = {"ar_invoice": _invoice, "ar_credit_memo": _memo, "ar_receipt": _receipt, "ap_bill": _bill, "ap_credit": _credit}


def _line(one: PostingLine, kind: Kind) -> dict[str, Any]:
    return body(
        Branch=one["dimensions"].get("Branch"),
        InventoryID=one["item"],
        Account=one["account"],
        Subaccount=one["subaccount"],
        TransactionDescription=one["description"][:DESCRIPTION],
        Qty=one["quantity"],
        TaxCategory=one["tax_code"],
        **{kind.price: kind.amount(one["unit_price"]), kind.extended: cents(kind.amount(one["amount"]))},
    )


def _master(record: str, command: CommandEnvelope) -> dict[str, Any]:
    own = fields(command)
    country = own["country"].strip()
    address = body(
        AddressLine1=own["street"],
        AddressLine2=own["unit"],
        City=own["city"],
        State=own["state"],
        PostalCode=own["zip"],
        Country=_COUNTRIES.get(country.upper(), country if len(country) == 2 else None),
    )
    contact = body(Email=own["email"], Phone1=own["phone"]) | ({"Address": address} if address else {})
    names = {"customer": ("CustomerName", "CustomerClass"), "vendor": ("VendorName", "VendorClass")}[record]
    made = body(**{names[0]: own["name"], names[1]: own[f"{record}_class"]}, AccountRef=command["ref"], Terms=own["terms"])
    if record == "customer":
        made |= body(TaxZone=own["tax_zone"])
    return made | ({"MainContact": contact} if contact else {})


def keys_of(erp_id: str) -> dict[str, Any]:
    """Type and number of a document's id, as value objects."""
    kind, _, number = erp_id.partition("/")
    return body(Type=kind, ReferenceNbr=number)


def unhold_body(erp_id: str) -> dict[str, Any]:
    """Takes a document off hold."""
    return keys_of(erp_id) | {"Hold": wrapped(value=False)}


def settled_id(one: Application, ids: Ids, entity: str) -> str:
    """Id of the document that an application settles: the resolved link, else the number that the opening balances gave it."""
    found = ids.get(f"{entity}/{one['document_id']}", "") or one["document_number"]
    if not found:
        raise Refused(f"acumatica: {entity} {one['document_id']} has no id here; link it first")
    return found if "/" in found else f"{'Invoice' if entity == 'invoice' else 'Bill'}/{found}"


def application_body(command: CommandEnvelope, ids: Ids) -> dict[str, Any]:
    """Appends one application to a payment that Acumatica keeps, on its own day: ApplicationDate is the date of what is applied next (AdjDate),
    and release refuses one before the invoice's; without it the application would be booked on the day of the payment."""
    own, keys = fields(command), keys_of(parent_id(command, "payment", ids))
    one = own["applications"][-1]
    return keys | body(ApplicationDate=own["date"]) | {"DocumentsToApply": [_row(one, settled_id(one, ids, "invoice"))]}


def credit_applications_body(erp_id: str, applications: Sequence[Application], ids: Ids) -> dict[str, Any]:
    """Appends a debit adjustment's applications."""
    return keys_of(erp_id) | {"Applications": [_row(one, settled_id(one, ids, "bill")) for one in applications]}


def _row(one: Application, target: str) -> dict[str, Any]:
    kind, _, number = target.partition("/")
    return body(DocType=kind, ReferenceNbr=number, AmountPaid=cents(one["amount"]))
