"""Where an amount is booked: account combinations from the crosswalk, with the business unit's segments filled in. Pure.

A combination in a table or setting may have `*` for a segment that depends on the business unit (its cost center): `01-*-4110-0000`. The column
`segments` of the unit's row gives its value. Shared rules of mappings (notes, lines, cents) are in `systems/postings/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from systems.mapped import Plan, settings_of
from systems.oracle_fusion.models import SYSTEM
from systems.oracle_fusion.settings import Settings
from systems.postings import document
from systems.postings.document import Row
from systems.postings.lines import Place

Mapped = document.Mapped[Settings]
PRODUCT = "Oracle Fusion"
TEXT = 240
"""The most characters of a line's description."""
OWN = "*"
TABLES: Mapping[str, tuple[str, ...]] = {
    "business_unit": ("business_unit", "erp_unit", "segments", "receivable", "sales_account", "customer", "currency"),
    "line_type": ("line_type", "account"),
    "tax_zone": ("tax_zone", "part", "account", "share", "tax_code"),
    "payment_type": ("payment_type", "receipt_method", "bank_account", "account"),
    "term": ("term", "terms"),
    "bill_to": ("customer_id", "customer"),
    "opening_balance": ("source_id", "erp_number"),
    "receiving_place": ("place", "organization", "subinventory"),
}


def mapped(plan: Plan, on: date | None) -> Mapped:
    """A document in the making. Raises `Malformed` for the settings of another system."""
    return Mapped(plan, settings_of(plan.settings, Settings, SYSTEM), on)


def erp_unit(made: Mapped, unit: Row) -> str:
    """The business unit of Fusion in which the documents of this unit are entered."""
    return unit.get("erp_unit") or made.settings.business_unit


def dimensions(customer: str, unit: Row, made: Mapped) -> dict[str, str]:
    """The business unit, and the customer (account/site) if the crosswalk names it."""
    return {"BusinessUnit": erp_unit(made, unit)} | ({"Customer": customer} if customer else {})


def place(made: Mapped, unit: Row, account: str, tax_code: str = "") -> Place:
    """The place of a combination within a business unit."""
    return Place(_filled(made, unit, account), {}, "", tax_code)


def row_account(made: Mapped, table: str, key: str, row: Row | None, default: str) -> str:
    """The account of a row, or the default if the table has no row. A row without an account is unresolved, just like a key that has neither a row
    nor a default. Otherwise AutoAccounting would choose an account."""
    if row is None:
        return made.default(table, key, default)
    return row.get("account") or made.missing(f"{table}.account", key)


def _filled(made: Mapped, unit: Row, account: str) -> str:
    """The combination with the unit's segments filled in. A segment that the unit does not have is noted."""
    between = made.settings.ledger.delimiter
    parts = account.split(between)
    if OWN not in parts:
        return account
    own = unit.get("segments", "").split(between)
    told = [own[at] if part == OWN and at < len(own) else part for at, part in enumerate(parts)]
    if any(part in (OWN, "") for part in told):
        return made.missing("business_unit.segments", f"{account} in {unit.get('business_unit') or erp_unit(made, unit)}")
    return between.join(told)


def rounding_place(made: Mapped, unit: Row, tax_code: str) -> Place:
    """Where a difference of cents is booked."""
    return place(made, unit, made.needed("rounding", made.settings.accounts.rounding), tax_code)
