"""The records that NetSuite keeps for us: which type and fields each command becomes, and the bodies of its requests. Pure.

Sources: REST API Browser 2026.1 (fields, sublists, transforms), help pages (references as `{"id": ..}`, sublists as `{"items": [..]}`). The members
of customer payments, deposits, refunds, credits and credit memos are assumed (SYSTEM.md). The id of a transaction is `type/internal id` here, because
what can be done with a document depends on its type. The id of a customer or vendor is the internal id alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import Application, CommandEnvelope, PostingLine
from systems.contract import ResolvedCommand
from systems.netsuite.models import is_id
from systems.netsuite.refs import ORDER, external_id
from systems.netsuite.settings import Defaults, Settings
from systems.parents import link_name, parent_id
from systems.values.numbers import cents_of

Ids = Mapping[str, str]
CENT = Decimal("0.01")
MEMO, NUMBER = 999, 45
"""The most characters of a header's memo (our own bound), and of tranId."""
TAXABLE = "taxable"
_CORRECT = "|correct|"
_SEGMENTS = ("department", "class", "location")


@dataclass(frozen=True)
class Kind:
    """One record type: its name, its code in SuiteQL, the field and role of its party, and the sublists of its lines. `sign` is -1 if NetSuite keeps
    it with the opposite sign of its command."""

    type: str
    code: str
    party: str
    role: str
    sublists: tuple[str, ...] = ()
    sign: int = 1

    def amount(self, ours: Decimal) -> Decimal:
        """Converts an amount between our sign and the document's sign, in either direction."""
        return ours * self.sign


_LINES = ("item", "expense")
BILL = Kind("vendorBill", "VendBill", "entity", "vendor", _LINES)
PURCHASE_ORDER = Kind("purchaseOrder", "PurchOrd", "entity", "vendor", _LINES)
VENDOR_CREDIT = Kind("vendorCredit", "VendCred", "entity", "vendor", _LINES, -1)
INVOICE = Kind("invoice", "CustInvc", "entity", "customer", ("item",))
CREDIT_MEMO = Kind("creditMemo", "CustCred", "entity", "customer", ("item",), -1)
PAYMENT = Kind("customerPayment", "CustPymt", "customer", "customer")
DEPOSIT = Kind("customerDeposit", "CustDep", "customer", "customer")
REFUND = Kind("customerRefund", "CustRfnd", "customer", "customer", (), -1)
JOURNAL = Kind("journalEntry", "Journal", "", "", ("line",))
_KINDS = {
    "ap_bill": BILL,
    "ap_credit": VENDOR_CREDIT,
    "ar_invoice": INVOICE,
    "ar_credit_memo": CREDIT_MEMO,
    "ar_refund": REFUND,
    "journal": JOURNAL,
}
MASTERS = ("customer", "vendor")
APPLICATION = "ar_application"


def kind_of(record: str, command: CommandEnvelope) -> Kind:
    """The record type of a command's document. Raises `Refused` for a record that is not written to NetSuite."""
    if record == "ar_receipt":
        return DEPOSIT if fields(command)["kind"] == "deposit" else PAYMENT
    if record not in _KINDS:
        raise Refused(f"netsuite {command['ref']}: {record} is not a document here")
    return _KINDS[record]


def fields(command: CommandEnvelope) -> dict[str, Any]:
    """The command with its record's own fields."""
    return cast("dict[str, Any]", command)


# --- ids --------------------------------------------------------------------------------------------------------------


def typed(kind: str, internal: str) -> str:
    """The id of a transaction as the ledger keeps it."""
    return f"{kind}/{internal}"


def pair_of(erp_id: str) -> tuple[str, str]:
    """Record type and internal id of a transaction. Raises `Refused` for a text of another form."""
    kind, _, internal = erp_id.partition("/")
    if not kind or not is_id(internal):
        raise Refused(f"netsuite: {erp_id[:60]!r} is not an id of a document here; it is TYPE/ID, such as invoice/1042")
    return kind, internal


def party(kind: Kind, command: CommandEnvelope, ids: Ids) -> str:
    """Customer or vendor of the document: the one that the crosswalk names, else the resolved link."""
    named = str(fields(command)["dimensions"].get(kind.role, ""))
    return _id(named or parent_id(command, kind.role, ids), kind.role)


def party_or_none(kind: Kind, command: CommandEnvelope, ids: Ids) -> str:
    """Like `party`, but "" if the link is not resolved. A look-up of what an earlier ledger may have written needs this."""
    try:
        return party(kind, command, ids)
    except Refused:
        return ""


def settled_id(one: Application, command: CommandEnvelope, ids: Ids) -> str:
    """Id of the invoice that an application settles: the resolved link, else the one from the opening balances."""
    links = [link for link in command["parents"] if (link["entity"], link["source_id"]) == ("invoice", one["document_id"])]
    found = (ids.get(link_name(links[0]), "") if links else "") or one["document_number"]
    if not found:
        raise Refused(f"netsuite: invoice {one['document_id']} has no id here; link it first")
    return found if "/" in found else typed(INVOICE.type, found)


def original_id(command: CommandEnvelope, ids: Ids) -> str:
    """Id of the document that a credit adjusts; "" if NetSuite has none."""
    originals = [parent for parent in command["parents"] if parent["role"] == "original"]
    return ids.get(link_name(originals[0]), "") if originals else ""


def _id(value: str, what: str) -> str:
    if not is_id(value):
        raise Refused(
            f"netsuite: {what} {value[:40]!r} is not an internal id; the mapping tables name records by their internal ids"
        )
    return value


def ref(value: str, what: str = "id") -> dict[str, str]:
    """A reference by internal id."""
    return {"id": _id(value, what)}


cents = partial(cents_of, "netsuite")
"""An amount with two places. Raises `Malformed` if it has more."""


# --- headers ----------------------------------------------------------------------------------------------------------


def day_of(resolved: ResolvedCommand) -> date:
    """The date of a document: its own day, or the day on which it is posted if its own is in a closed period."""
    own: date | None = fields(resolved.command).get("date")
    day = resolved.post_on or own
    if day is None:
        raise Refused(f"netsuite {resolved.command['ref']}: it has no date")
    return day


def memo(resolved: ResolvedCommand, text: str = "") -> str:
    """Header text. It has both days if they differ, and the source's number if no other field keeps it."""
    own = fields(resolved.command)
    moved = f" (of {own['date']}, posted {resolved.post_on})" if resolved.post_on else ""
    numbered = f"{own['human_number']} " if resolved.record == "journal" and own.get("human_number") else ""
    return f"{numbered}{text or own.get('description', '')}".strip()[: MEMO - len(moved)] + moved


def header(resolved: ResolvedCommand, kind: Kind, of: str = "") -> dict[str, Any]:
    """The fields above the lines that every document has. `of`: see `refs.py`."""
    own = fields(resolved.command)
    made: dict[str, Any] = {"externalId": external_id(resolved.command["ref"], of), "tranDate": day_of(resolved).isoformat()}
    if text := memo(resolved):
        made["memo"] = text
    if kind.party:
        made[kind.party] = ref(party(kind, resolved.command, resolved.ids))
    return made | segments(own["dimensions"])


def segments(dimensions: Mapping[str, str]) -> dict[str, Any]:
    """Department, class and location as references; those without a value are left out."""
    return {name: ref(dimensions[name], name) for name in _SEGMENTS if dimensions.get(name)}


def default_of(defaults: Defaults, name: str) -> str:
    """The default in the settings for a segment that has no other value."""
    return str(getattr(defaults, "classification" if name == "class" else name))


def anew(number: str, op_key: str) -> str:
    """The number of a replacement bill or credit. The corrected document keeps the original number, and NetSuite may refuse to use it twice."""
    _, mark, correction = op_key.rpartition(_CORRECT)
    return f"{number[: NUMBER - 5]}/{int(correction) + 1}" if mark and correction.isdigit() and number else number[:NUMBER]


# --- lines ------------------------------------------------------------------------------------------------------------


def sublists(lines: list[PostingLine], sign: int = 1, *, is_sale: bool = False) -> dict[str, Any]:
    """The lines of a document, each in the sublist of items or of expenses."""
    made: dict[str, list[dict[str, Any]]] = {}
    for one in lines:
        name = "item" if one["item"] else "expense"
        made.setdefault(name, []).append(_item(one, sign, is_sale=is_sale) if one["item"] else _expense(one, sign))
    return {name: {"items": items} for name, items in made.items()}


def _item(one: PostingLine, sign: int, *, is_sale: bool) -> dict[str, Any]:
    amount = cents(one["amount"] * sign)
    made: dict[str, Any] = {
        "item": ref(one["item"], "item"),
        "quantity": one["quantity"],
        "rate": one["unit_price"] * sign,
        "amount": amount,
    }
    if (one["quantity"] * made["rate"]).quantize(CENT, ROUND_HALF_UP) != amount:
        made |= {"quantity": Decimal(1), "rate": amount}
    if one["description"]:
        made["description"] = one["description"]
    if is_sale:
        made["isTaxable"] = one["tax_code"] == TAXABLE
    return made | segments(one["dimensions"])


def _expense(one: PostingLine, sign: int) -> dict[str, Any]:
    made: dict[str, Any] = {"account": ref(one["account"], "account"), "amount": cents(one["amount"] * sign)}
    if one["description"]:
        made["memo"] = one["description"]
    return made | segments(one["dimensions"])


def applied(lines: Mapping[str, Decimal]) -> dict[str, Any]:
    """An apply list: documents by internal id, each with its amount; 0 removes the application."""
    return {"items": [_applied(key, amount) for key, amount in lines.items()]}


def _applied(key: str, amount: Decimal) -> dict[str, Any]:
    if amount <= 0:
        return {"doc": ref(key), "apply": False}
    return {"doc": ref(key), "apply": True, "amount": cents(amount)}


# --- bodies -----------------------------------------------------------------------------------------------------------


def order_body(resolved: ResolvedCommand) -> dict[str, Any]:
    """The purchase order from which a bill is made."""
    own = fields(resolved.command)
    made = header(resolved, PURCHASE_ORDER, ORDER) | sublists(own["lines"])
    return made | terms_of(own) | ({"otherRefNum": own["human_number"][:NUMBER]} if own["human_number"] else {})


def bill_body(resolved: ResolvedCommand, settings: Settings) -> dict[str, Any]:
    """The fields of the bill that its order does not determine. Vendor, lines, segments, terms and memo come from the order (assumed)."""
    own = fields(resolved.command)
    made: dict[str, Any] = {"externalId": external_id(resolved.command["ref"]), "tranDate": day_of(resolved).isoformat()}
    if number := anew(own["human_number"], resolved.command["op_key"]):
        made["tranId"] = number
    if own["pay_hold"]:
        made["paymentHold"] = True
    if own["due_date"]:
        made["dueDate"] = own["due_date"].isoformat()
    if settings.payables.payable_account:
        made["account"] = ref(settings.payables.payable_account, "account")
    return made


def credit_body(resolved: ResolvedCommand, settings: Settings, apply: Mapping[str, Decimal]) -> dict[str, Any]:
    """A vendor credit, applied to bills by internal id."""
    own = fields(resolved.command)
    made = header(resolved, VENDOR_CREDIT) | sublists(own["lines"], VENDOR_CREDIT.sign)
    if number := anew(own["human_number"], resolved.command["op_key"]):
        made["tranId"] = number
    if settings.payables.payable_account:
        made["account"] = ref(settings.payables.payable_account, "account")
    return made | ({"apply": applied(apply)} if apply else {})


def sale_body(resolved: ResolvedCommand, settings: Settings) -> dict[str, Any]:
    """An invoice."""
    own = fields(resolved.command)
    made = _sale(resolved, settings, INVOICE) | terms_of(own)
    return made | ({"dueDate": own["due_date"].isoformat()} if own["due_date"] else {})


def memo_body(resolved: ResolvedCommand, settings: Settings, apply: Mapping[str, Decimal]) -> dict[str, Any]:
    """A credit memo, applied to invoices by internal id."""
    return _sale(resolved, settings, CREDIT_MEMO) | ({"apply": applied(apply)} if apply else {})


def _sale(resolved: ResolvedCommand, settings: Settings, kind: Kind) -> dict[str, Any]:
    own, zone = fields(resolved.command), tax_zone(resolved.command)
    made = header(resolved, kind) | sublists(own["lines"], kind.sign, is_sale=True) | {"isTaxable": bool(zone)}
    if zone:
        made["taxItem"] = ref(zone, "tax item")
    if own["human_number"]:
        made["tranId"] = own["human_number"][:NUMBER]
    if settings.receivables.receivable_account:
        made["account"] = ref(settings.receivables.receivable_account, "account")
    return made


def tax_zone(command: CommandEnvelope) -> str:
    """The tax item by which NetSuite computes the tax of a sale; "" if it computes none."""
    return str(fields(command).get("tax_zone", ""))


def terms_of(own: Mapping[str, Any]) -> dict[str, Any]:
    """The terms of a document or master, if the command names any."""
    return {"terms": ref(own["terms"], "terms")} if own["terms"] else {}


def receipt_body(resolved: ResolvedCommand, settings: Settings) -> dict[str, Any]:
    """A customer payment with nothing applied, or a customer deposit."""
    kind, own = kind_of(resolved.record, resolved.command), fields(resolved.command)
    made = header(resolved, kind) | {"payment": cents(resolved.command["amount"])} | _paid(own)
    if own["human_number"]:
        made["tranId"] = own["human_number"][:NUMBER]
    is_on_account = bool(own["cash_account"])
    made["undepFunds"] = not is_on_account
    if is_on_account:
        made["account"] = ref(own["cash_account"], "account")
    return made | (_receivable(settings) if kind is PAYMENT else {})


def refund_body(resolved: ResolvedCommand, settings: Settings) -> dict[str, Any]:
    """A refund of what it pays out: credit memos and payments in one list, deposits in another."""
    own, lists = fields(resolved.command), paid_out(resolved)
    made = header(resolved, REFUND) | _paid(own) | {name: applied(found) for name, found in lists.items()}
    if own["cash_account"]:
        made["account"] = ref(own["cash_account"], "account")
    return made | _receivable(settings)


def _paid(own: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"paymentMethod": ref(own["payment_method"], "payment method")} if own["payment_method"] else {}
    return made | ({"checkNum": own["payment_ref"][:NUMBER]} if own["payment_ref"] else {})


def _receivable(settings: Settings) -> dict[str, Any]:
    account = settings.receivables.receivable_account
    return {"arAcct": ref(account, "account")} if account else {}


def paid_out(resolved: ResolvedCommand) -> dict[str, dict[str, Decimal]]:
    """What a refund pays out, by sublist (`apply`, `deposit`) and internal id: its credit memos, and the rest of the payment that it gives back."""
    command, own = resolved.command, fields(resolved.command)
    found: dict[str, dict[str, Decimal]] = {}
    rest = -command["amount"]
    for one in own["applications"]:
        _out(found, settled_id(one, command, resolved.ids), one["amount"])
        rest -= one["amount"]
    if rest > 0:
        _out(found, parent_id(command, "payment", resolved.ids), rest)
    return found


def _out(found: dict[str, dict[str, Decimal]], erp_id: str, amount: Decimal) -> None:
    kind, internal = pair_of(erp_id)
    sublist = found.setdefault("deposit" if kind == DEPOSIT.type else "apply", {})
    sublist[internal] = sublist.get(internal, Decimal(0)) + amount


def journal_body(resolved: ResolvedCommand, sign: int = 1, of: str = "") -> dict[str, Any]:
    """A journal; with `sign` -1, its reversal."""
    own = fields(resolved.command)
    made = header(resolved, JOURNAL, of)
    if own["business_unit"]:
        made["subsidiary"] = ref(own["business_unit"], "subsidiary")
    return made | {"line": {"items": [_entry(one, resolved, sign) for one in own["lines"] if one["amount"]]}}


def _entry(one: PostingLine, resolved: ResolvedCommand, sign: int) -> dict[str, Any]:
    amount = cents(one["amount"] * sign)
    made: dict[str, Any] = {"account": ref(one["account"], "account"), "debit" if amount > 0 else "credit": abs(amount)}
    if one["description"]:
        made["memo"] = one["description"]
    if "customer" in one["dimensions"]:
        named = one["dimensions"]["customer"] or parent_id(resolved.command, "customer", resolved.ids)
        made["entity"] = ref(named, "customer")
    return made | segments(one["dimensions"])
