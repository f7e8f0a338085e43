"""What is seen in NetSuite, in our own words: events, vendors, customers, departments, classes, locations, accounts, periods, documents. Pure.

Facts (SuiteQL's tables): booleans are T and F; a department may serve several subsidiaries; a period is closed, or locked for one side or for all.
Quarters and years are not read. An event of the user-event script is only a hint: the object that it names is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from runtime.errors import Malformed
from runtime.json import parse
from schemas.records import Raw
from systems.mapped import Fetch, Filtered, Normalised, Reading, settings_of
from systems.netsuite import mapping_sightings_documents as documents
from systems.netsuite.mapping_sightings_documents import ref_in
from systems.netsuite.mapping_sightings_orders import order
from systems.netsuite.mapping_sightings_shape import Whole, day, whole
from systems.netsuite.models import SYSTEM, is_id, truth
from systems.netsuite.settings import SUBSIDIARY, Settings
from systems.sightings import Shaped, Sighting, canonical, formless
from systems.values.members import required_id, text

WAYS = ("webhook", "push")
"""The entities of raw records that the ingress took in."""
_KINDS = {
    "Income": ("Income", "OthIncome"),
    "Expense": ("COGS", "Expense", "OthExpense"),
    "Liability": ("AcctPay", "CredCard", "OthCurrLiab", "LongTermLiab", "DeferRevenue"),
    "Asset": ("Bank", "AcctRec", "OthCurrAsset", "FixedAsset", "OthAsset", "DeferExpense", "UnbilledRec"),
}
_KIND_OF = {kind: name for name, kinds in _KINDS.items() for kind in kinds}


def sightings(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` if it cannot be read."""
    settings = settings_of(reading.settings, Settings, SYSTEM)
    if raw["entity"] in WAYS:
        return [_event(raw["body"], settings)]
    if raw["shape"] == "hint":
        return [Fetch(raw["entity"], raw["source_id"], "hint")]
    shape = _SHAPES.get(raw["entity"])
    if shape is None:
        return [formless(SYSTEM, raw["entity"])]
    try:
        one = whole(raw, reading, settings)
        shaped = shape(one)
        if isinstance(shaped, Filtered):
            return [shaped]
        told = {"created_on": one.instant("created"), **shaped.body}
    except Malformed as error:
        raise Malformed(f"{SYSTEM} {raw['entity']} {raw['source_id']}: {error}") from error
    seen = Sighting(SYSTEM, reading.connection, raw["source_version"], tuple(one.notes))
    return [canonical(shaped.entity, told, shaped.moving, seen)]


def _event(body: bytes, settings: Settings) -> Fetch | Filtered:
    """What a delivery of the user-event script asks for. Raises `Malformed`."""
    found = parse(body)
    if not isinstance(found, dict):
        raise Malformed(f"{SYSTEM} event: the body is not an object")
    account, kind, key = text(found, "accountId"), text(found, "recordType"), text(found, "recordId")
    if account != settings.account:
        return Filtered(f"event of account {account[:40] or 'none'}, not of {settings.account}")
    entity = settings.event_types.get(kind.lower())
    if entity is None:
        return Filtered(f"event of record type {kind[:40] or 'none'}, which is not read")
    if not is_id(key):
        raise Malformed(f"{SYSTEM} event of {kind[:40]}: {key[:40]!r} is not an internal id")
    if text(found, "eventType") == "delete":
        return Filtered(f"{kind} {key} was deleted; a reconciliation tells what is missing")
    return Fetch(entity, key, "hint")


# --- parties ----------------------------------------------------------------------------------------------------------


def _party(one: Whole) -> dict[str, Any]:
    row = one.row
    name = text(row, "companyname") or text(row, "altname") or text(row, "entityid")
    if not name:
        raise Malformed("companyname: there is no name")
    is_active = not truth(row, "isinactive")
    return {
        "source_id": required_id(row),
        "number": text(row, "entityid"),
        "origin_ref": ref_in(row),
        "status": "active" if is_active else "inactive",
        "active": is_active,
        "name": name,
        "code": text(row, "entityid"),
        "external_ref": text(row, "accountnumber"),
        "payment_term_id": text(row, "terms"),
        "street": text(row, "addr1"),
        "unit": text(row, "addr2"),
        "city": text(row, "city"),
        "state": text(row, "state"),
        "zip": text(row, "zip"),
        "country": text(row, "country"),
        "phone": text(row, "phone"),
        "email": text(row, "email"),
    }


def _vendor(one: Whole) -> Shaped:
    row = one.row
    subsidiary = text(row, "subsidiary")
    own = {
        "legal_name": text(row, "legalname"),
        "kind": text(row, "category"),
        "tax_id": text(row, "taxidnum"),
        "memo": text(row, "comments"),
        "dimensions": {SUBSIDIARY: subsidiary} if subsidiary else {},
    }
    return Shaped("vendor", {**_party(one), **own})


def _customer(one: Whole) -> Shaped:
    return Shaped("customer", {**_party(one), "tax_exempt": not truth(one.row, "taxable", absent=True)})


# --- values of the mapping tables -------------------------------------------------------------------------------------


def _dimension(one: Whole) -> Shaped:
    """A department, class or location. Its kind is part of its id, because each kind numbers its ids separately."""
    row = one.row
    kind, key = text(row, "kind"), required_id(row)
    is_active = not truth(row, "isinactive")
    body = {
        "source_id": f"{kind}/{key}",
        "number": text(row, "name"),
        "kind": kind,
        "code": key,
        "description": text(row, "fullname") or text(row, "name"),
        "status": "active" if is_active else "inactive",
        "active": is_active,
    }
    return Shaped("dimension", body)


def _account(one: Whole) -> Shaped:
    """An account; `active` says whether it can be posted to."""
    row = one.row
    kind = text(row, "accttype")
    is_usable = not truth(row, "isinactive") and not truth(row, "issummary")
    body = {
        "source_id": required_id(row),
        "number": text(row, "acctnumber"),
        "code": required_id(row),
        "description": text(row, "accountsearchdisplayname") or text(row, "fullname"),
        "kind": _KIND_OF.get(kind, kind),
        "status": kind,
        "active": is_usable,
    }
    return Shaped("gl_account", body)


def _period(one: Whole) -> Shaped | Filtered:
    row = one.row
    key, name = required_id(row), text(row, "periodname")
    if truth(row, "isadjust"):
        return Filtered(f"{SYSTEM} period {name} takes adjustments alone")
    starts, ends = day(row, "startdate"), day(row, "enddate")
    if starts is None or ends is None:
        raise Malformed("startdate or enddate: there is none")
    is_open = not truth(row, "closed") and not truth(row, "alllocked")
    body = {
        "source_id": key,
        "number": name,
        "code": key,
        "status": "open" if is_open else "closed",
        "starts_on": starts,
        "ends_on": ends,
        "open_receivable": is_open and not truth(row, "arlocked"),
        "open_payable": is_open and not truth(row, "aplocked"),
        "open_ledger": is_open,
    }
    return Shaped("period", body)


_SHAPES: dict[str, Callable[[Whole], Shaped | Filtered]] = {
    "vendor": _vendor,
    "customer": _customer,
    "dimension": _dimension,
    "gl_account": _account,
    "period": _period,
    "purchase_order": order,
    "bill": documents.bill,
    "vendor_credit": documents.vendor_credit,
    "ap_payment": documents.bill_payment,
    "invoice": documents.invoice,
    "credit_memo": documents.credit_memo,
    "payment": documents.payment,
    "journal": documents.journal,
}
