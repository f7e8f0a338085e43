"""Where an amount is booked, and the code of an item in SYSPRO: branch, GL code and stock code by the crosswalk. Pure.

A GL code in a table or setting may have `*` for the part that depends on the business unit: `*-5100`. The column `gl_part` of the unit's row gives
its value. Shared rules of mappings (notes, lines, cents) are in `systems/postings/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from systems.mapped import Plan, settings_of
from systems.postings import document
from systems.postings.document import Row, own_unit, wanted
from systems.syspro.models import SYSTEM
from systems.syspro.settings import Settings
from systems.syspro.wire import is_kept
from systems.values.codes import visible

Mapped = document.Mapped[Settings]
PRODUCT = "SYSPRO"
OWN = "*"
STOCK_CODE, SUPPLIER_CODE, INVOICE_NUMBER, NOTATION = 30, 15, 20, 30
"""Widths of the columns; that of a notation is assumed."""
TECHNICIAN = "technicianId"
"""The dimension of an invoice line that names who did the work, as the field-service system calls it."""
STOCK_TABLE, WAREHOUSE_TABLE, KIND_TABLE = "stock_code", "warehouse", "adjustment_type"
TABLES: Mapping[str, tuple[str, ...]] = {
    "business_unit": ("business_unit", "branch", "gl_part", "clearing_vendor", "warehouse", "currency"),
    "line_type": ("line_type", "gl_code"),
    STOCK_TABLE: ("sku", "stock_code", "unit", "factor"),
    "technician": ("technician", "code"),
    "sku_vendor": ("sku", "vendor_id"),
    "order_vendor": ("order_vendor", "vendor_id"),
    WAREHOUSE_TABLE: ("place", "warehouse"),
    KIND_TABLE: ("kind", "post", "gl_code"),
}


def mapped(plan: Plan, on: date | None) -> Mapped:
    """A document in the making. Raises `Malformed` for the settings of another system."""
    return Mapped(plan, settings_of(plan.settings, Settings, SYSTEM), on)


def unit_of_line(made: Mapped, line: Mapping[str, Any], record: Mapping[str, Any], header: Row) -> Row:
    """The business unit of a line: the one that the line names, else the document's."""
    own = own_unit(line, record)
    return made.unit(*own) if own else header


def branch_of(made: Mapped, unit: Row) -> str:
    """The AP branch of a document."""
    return unit.get("branch") or made.settings.payables.branch


def gl_code(made: Mapped, unit: Row, told: str, value: str) -> str:
    """A GL code with the unit's part filled in. A unit without a part is noted."""
    if OWN not in told:
        return told
    own = unit.get("gl_part", "")
    return told.replace(OWN, own) if own else made.missing("business_unit.gl_part", f"{told} of {value}")


def cost_code(made: Mapped, unit: Row, keys: Sequence[str]) -> str:
    """The GL code of a cost line: by its sku, its GL account or its kind, else the default of the settings."""
    row = made.row("line_type", keys)
    named = wanted(keys)
    if row is None:
        told = made.default("line_type", named, made.settings.payables.cost_gl_code)
    else:
        told = row.get("gl_code") or made.missing("line_type.gl_code", named)
    return gl_code(made, unit, told, named)


def stock_row(made: Mapped, sku_code: str, sku_id: str) -> Row:
    """The row of an item: its stock code, and its unit and factor if they differ from the source's."""
    keys = (sku_code, sku_id)
    row = made.row(STOCK_TABLE, keys)
    if row is not None:
        code = row.get("stock_code") or made.missing(f"{STOCK_TABLE}.stock_code", wanted(keys))
        return {**row, "stock_code": _fitting(made, code)}
    if made.settings.payables.stock_codes == "same" and sku_code:
        return {"stock_code": _fitting(made, made.default(STOCK_TABLE, sku_code, sku_code))}
    return {"stock_code": made.missing(STOCK_TABLE, wanted(keys))}


def _fitting(made: Mapped, code: str) -> str:
    """A stock code that SYSPRO can hold. A code is never cut or changed."""
    if len(code) > STOCK_CODE or not is_kept(code):
        return made.missing(STOCK_TABLE, f"{code} has more than {STOCK_CODE} characters, or one that SYSPRO does not keep")
    return code


def warehouse_of(made: Mapped, names: Sequence[str], unit: Row) -> str:
    """The warehouse of a place of goods: by the place's name or id, else the business unit's own."""
    row = made.row(WAREHOUSE_TABLE, names)
    if row is not None:
        return row.get("warehouse") or made.missing(f"{WAREHOUSE_TABLE}.warehouse", wanted(names))
    return unit.get("warehouse") or made.missing(WAREHOUSE_TABLE, wanted(names))


def supplier_code(code: str, settings: Settings) -> str:
    """A supplier's code in SYSPRO's form: a number is padded with zeros to the configured length."""
    code, length = visible(code), settings.suppliers.code_length
    return code.zfill(length) if code.isascii() and code.isdigit() and length else code
