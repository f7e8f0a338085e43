"""Turns what a system shows of its objects into canonical records, each with its two hashes. Pure.

`content_hash` covers every business field and says whether anything changed. `fingerprint` covers the values that move money (accounting.md 3)
and says whether a document changed. No fingerprint contains balance, status, sent status, review status or change time. Master data has no
fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_type_hints

from runtime.json import canonical_bytes
from schemas import records
from systems.mapped import Canonical, Filtered

_RECORDS: Mapping[str, type] = {
    "ap_payment": records.ApPayment,
    "bank_deposit": records.BankDeposit,
    "bill": records.Bill,
    "business_unit": records.BusinessUnit,
    "credit_memo": records.CreditMemo,
    "customer": records.Customer,
    "dimension": records.Dimension,
    "gl_account": records.GlAccount,
    "inventory_adjustment": records.InventoryAdjustment,
    "invoice": records.Invoice,
    "job": records.Job,
    "journal": records.Journal,
    "location": records.Location,
    "payment": records.Payment,
    "payment_term": records.PaymentTerm,
    "payment_type": records.PaymentType,
    "period": records.Period,
    "purchase_order": records.PurchaseOrder,
    "receipt": records.Receipt,
    "return": records.Return,
    "stock_level": records.StockLevel,
    "tax_zone": records.TaxZone,
    "vendor": records.Vendor,
    "vendor_credit": records.VendorCredit,
}


@dataclass(frozen=True)
class Shaped:
    """What an object becomes: canonical entity, its own fields, and the values that move money (None for master data)."""

    entity: str
    body: Mapping[str, Any]
    moving: Sequence[Any] | None = None


@dataclass(frozen=True)
class Sighting:
    """Where an object was seen: the system, the connection, its change time as text that sorts by time ("" = none), and notes for `audit`."""

    system: str
    connection: str
    version: str = ""
    notes: tuple[str, ...] = ()


def canonical(entity: str, told: Mapping[str, Any], moving: Sequence[Any] | None, seen: Sighting) -> Canonical:
    """The canonical record of an object, from its `source_id` and the entity's own fields. A text that the system does not give is empty; amounts,
    days and flags are required. `moving` holds the values that move money; it is None for master data."""
    record: dict[str, Any] = {
        **_untold(entity),
        "origin_ref": None,
        "active": True,
        "created_on": None,
        **told,
        "system": seen.system,
        "entity": entity,
    }
    hashes = {
        "content_hash": _hash(record),
        "fingerprint": "" if moving is None else _hash([entity, record["source_id"], moving]),
    }
    return Canonical(entity, {**record, **hashes, "source_version": seen.version, "connection": seen.connection}, seen.notes)


@lru_cache
def untold(part: type) -> Mapping[str, str]:
    """The text fields of a part of a record (a line), all empty: they stand in for what a system does not give."""
    return dict.fromkeys((name for name, kind in get_type_hints(part, include_extras=True).items() if kind is str), "")


@lru_cache
def _untold(entity: str) -> Mapping[str, str]:
    """The text fields of a record, all empty, without those that only the hop fills."""
    own = get_type_hints(_RECORDS[entity], include_extras=True)  # an optional field stays absent: "" would state a value
    return dict.fromkeys((name for name, kind in own.items() if kind is str and name not in _OF_THE_HOP), "")


_OF_THE_HOP = frozenset(["connection", "source_id", "source_version", "content_hash", "fingerprint", "raw_topic"])


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def formless(system: str, entity: str) -> Filtered:
    """The decision about an object for which there is no canonical record."""
    return Filtered(f"{system} {entity} has no canonical form")
