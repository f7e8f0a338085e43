"""The documents that Acumatica keeps for us: which entity and fields each command becomes, and the bodies of its requests. Pure.

Source: OpenAPI Default 24.200.001 (entities, fields, actions), endpoint field mapping (CustomerOrder = ARInvoice.InvoiceNbr, VendorRef =
APInvoice.InvoiceNbr, AccountRef = BAccount.AcctReferenceNbr). Detail rows without id are appended, so rows are sent once (guide).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import Application, CommandEnvelope, PostingLine
from systems.acumatica.settings import Settings
from systems.acumatica.wire import body, cents, wrapped
from systems.contract import ResolvedCommand
from systems.parents import parent_id
from systems.writing.applying import application_day

Ids = Mapping[str, str]
DESCRIPTION = 255
_CORRECT = "|correct|"
"""The text before the number of a correction in its op-key."""
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
        """Converts an amount between our sign and the document's sign, in either direction."""
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
    "ar_refund": Kind(
        "Payment",
        ("Refund",),
        "PaymentAmount",
        "CustomerID",
        "customer",
        "ApplicationDate",
        "ReleasePayment",
        currency="CurrencyID",
        sign=-1,
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
    """Customer or vendor of the document: the one that the crosswalk names, else the resolved link."""
    named = fields(command)["dimensions"].get(kind.party_role.capitalize(), "")
    return str(named) or parent_id(command, kind.party_role, ids)


def description(command: CommandEnvelope, settings: Settings, post_on: date | None = None) -> str:
    """Header text. It begins with our ref unless a user field keeps the ref, and states the source's own day if the document is posted on another
    day."""
    own = fields(command)
    moved = f" (of {own['date']}, posted {post_on})" if post_on else ""
    whole = str(own.get("description", "")) if settings.custom_ref else f"{command['ref']} {own.get('description', '')}".strip()
    return whole[: DESCRIPTION - len(moved)] + moved


def day_of(kind: Kind, resolved: ResolvedCommand) -> date:
    """The date of a document. A payment has no period field, so its date moves if its period is closed."""
    own: date = fields(resolved.command)["date"]
    return resolved.post_on if resolved.post_on is not None and kind.entity == "Payment" else own


def custom_ref(settings: Settings, ref: str) -> dict[str, Any]:
    """Our ref in a user field, if the settings name one."""
    if not settings.custom_ref:
        return {}
    view, _, name = settings.custom_ref.partition(".")
    return {"custom": {view: {name: {"type": "CustomStringField", "value": ref}}}}


def is_taxed_by_erp(command: CommandEnvelope) -> bool:
    """Whether Acumatica computes the tax of this document (tax_mode erp)."""
    return bool(fields(command).get("tax_zone"))


def create_body(resolved: ResolvedCommand, settings: Settings, period: str = "") -> dict[str, Any]:
    """The body that creates the command's document or master record. `period` is the period to post to, "" = the period of its date."""
    record, command, ids = resolved.record, resolved.command, resolved.ids
    if record in MASTERS:
        return _master(record, command)
    kind, own = KINDS[record], fields(command)
    made = _HEADERS[record](own)
    text = description(command, settings, resolved.post_on)
    made |= body(**{kind.party: party(kind, command, ids), kind.day: day_of(kind, resolved), "Description": text})
    made["Hold"] = wrapped(settings.create_on_hold)
    if not is_taxed_by_erp(command):
        made[kind.total] = wrapped(cents(kind.amount(command["amount"])))
    if kind.extended:
        made["Details"] = [_line(one, kind) for one in own["lines"]]
        made |= body(PostPeriod=period)
    if record == "ar_refund":
        made["DocumentsToApply"] = [_row(one, target) for one, target in paid_out(command, ids)]
    if record in ("ap_bill", "ap_credit") and own["human_number"] and _CORRECT in command["op_key"]:
        made |= body(VendorRef=anew(own["human_number"], command["op_key"]))
    return made | custom_ref(settings, command["ref"])


def anew(number: str, op_key: str) -> str:
    """The vendor's number for a bill or credit that replaces a corrected one. The corrected document keeps the number, and Acumatica may refuse to
    use it twice."""
    _, _, correction = op_key.rpartition(_CORRECT)
    return f"{number[:36]}/{int(correction) + 1}"


def paid_out(command: CommandEnvelope, ids: Ids) -> list[tuple[Application, str]]:
    """What a refund pays out, each item with the id of its document: its credit memos, and the rest of the payment that it gives back."""
    own = fields(command)
    found = [(one, _memo_id(one, ids)) for one in own["applications"]]
    rest = -command["amount"] - sum((one["amount"] for one, _ in found), Decimal(0))
    if rest:
        whole: Application = {
            "application_id": "",
            "document_id": own["payment_id"],
            "document_number": "",
            "amount": rest,
            "applied_on": own["date"],
        }
        found.append((whole, parent_id(command, "payment", ids)))
    return found


def _memo_id(one: Application, ids: Ids) -> str:
    found = settled_id(one, ids, "invoice")
    return found if found == ids.get(f"invoice/{one['document_id']}") else found.replace("Invoice/", "Credit Memo/")


def _invoice(own: Mapping[str, Any]) -> dict[str, Any]:
    return body(
        Type="Invoice",
        CustomerOrder=own["human_number"][:40],
        DueDate=own["due_date"],
        Terms=own["terms"],
        LinkBranch=own["dimensions"].get("Branch"),
        Project=own["dimensions"].get("Project"),
    )


def _memo(own: Mapping[str, Any]) -> dict[str, Any]:
    made = _invoice({**own, "due_date": None, "terms": ""})
    return made | body(Type="Credit Memo")


def _receipt(own: Mapping[str, Any]) -> dict[str, Any]:
    return body(
        Type="Prepayment" if own.get("kind") == "deposit" else "Payment",
        PaymentMethod=own["payment_method"],
        CashAccount=own["cash_account"],
        PaymentRef=own["payment_ref"][:40],
        ExternalRef=own["human_number"][:40],
        BranchID=own["dimensions"].get("Branch"),
    )


def _refund(own: Mapping[str, Any]) -> dict[str, Any]:
    return _receipt(own) | body(Type="Refund")


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


_HEADERS = {
    "ar_invoice": _invoice,
    "ar_credit_memo": _memo,
    "ar_receipt": _receipt,
    "ar_refund": _refund,
    "ap_bill": _bill,
    "ap_credit": _credit,
}


def _line(one: PostingLine, kind: Kind) -> dict[str, Any]:
    return body(
        Branch=one["dimensions"].get("Branch"),
        Project=one["dimensions"].get("Project") if kind.entity == "Bill" else None,
        ProjectTask=one["dimensions"].get("ProjectTask"),
        CostCode=one["dimensions"].get("CostCode"),
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


def pair_of(erp_id: str) -> tuple[str, str]:
    """Type and number of a document's id."""
    kind, _, number = erp_id.partition("/")
    return kind, number


def keys_of(erp_id: str) -> dict[str, Any]:
    """Type and number of a document's id, as value objects."""
    kind, number = pair_of(erp_id)
    return body(Type=kind, ReferenceNbr=number)


def unhold_body(erp_id: str) -> dict[str, Any]:
    """Takes a document off hold."""
    return keys_of(erp_id) | {"Hold": wrapped(value=False)}


def settled_id(one: Application, ids: Ids, entity: str) -> str:
    """Id of the document that an application settles: the resolved link, else the number from the opening balances."""
    found = ids.get(f"{entity}/{one['document_id']}", "") or one["document_number"]
    if not found:
        raise Refused(f"acumatica: {entity} {one['document_id']} has no id here; link it first")
    return found if "/" in found else f"{'Invoice' if entity == 'invoice' else 'Bill'}/{found}"


def application_body(resolved: ResolvedCommand, invoiced_on: date | None = None) -> dict[str, Any]:
    """Appends one application to a payment that Acumatica keeps, on the application's day. ApplicationDate is the date of the next application
    (AdjDate); without it the application would be booked on the day of the payment."""
    keys = keys_of(parent_id(resolved.command, "payment", resolved.ids))
    one, on = fields(resolved.command)["applications"][-1], application_day(resolved, invoiced_on)
    return keys | body(ApplicationDate=on) | {"DocumentsToApply": [_row(one, settled_id(one, resolved.ids, "invoice"))]}


def credit_application_body(resolved: ResolvedCommand) -> dict[str, Any]:
    """Appends one application to a debit adjustment that Acumatica keeps. The endpoint has no date field for it."""
    one, keys = fields(resolved.command)["applications"][-1], keys_of(parent_id(resolved.command, "credit", resolved.ids))
    return keys | {"Applications": [_row(one, settled_id(one, resolved.ids, "bill"))]}


def memo_application_body(memo_id: str, original_id: str, amount: Decimal, on: date) -> dict[str, Any]:
    """Applies a credit memo to the document that it adjusts."""
    kind, number = original_id.split("/", 1)
    row = body(DocType=kind, ReferenceNbr=number, AmountPaid=cents(amount))
    return keys_of(memo_id) | body(ApplicationDate=on) | {"DocumentsToApply": [row]}


def _row(one: Application, target: str) -> dict[str, Any]:
    kind, _, number = target.partition("/")
    return body(DocType=kind, ReferenceNbr=number, AmountPaid=cents(one["amount"]))
