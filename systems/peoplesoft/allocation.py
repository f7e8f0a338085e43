"""Where an amount is booked: business unit, account and ChartFields by crosswalk, with a policy per field. Pure.

A ChartField is taken from the most specific row that has one: business unit < location < project < line type (or tax zone, or payment type). An empty
cell keeps the value of the less specific row. Shared rules of mappings (notes, lines, cents) are in `systems/postings/`. Field names and lengths:
journal and voucher lines, SYSTEM.md "The site's contract".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from schemas.records import PostingLine
from systems.mapped import Plan, settings_of
from systems.peoplesoft.documents import RECEIVABLE
from systems.peoplesoft.settings import Settings
from systems.postings import document
from systems.postings.document import EMPTY, Row, own_unit, wanted
from systems.postings.lines import Place
from systems.values.codes import PART, code

Mapped = document.Mapped[Settings]
PRODUCT = "PeopleSoft"

CHARTFIELDS: Mapping[str, str] = {
    "department": "DEPTID",
    "operating_unit": "OPERATING_UNIT",
    "product": "PRODUCT",
    "fund_code": "FUND_CODE",
    "class_field": "CLASS_FLD",
    "program_code": "PROGRAM_CODE",
    "project": "PROJECT_ID",
    "activity": "ACTIVITY_ID",
}
"""The columns of the mapping tables, and the ChartFields that they fill."""
TABLES: Mapping[str, tuple[str, ...]] = {
    "business_unit": (
        "business_unit",
        "gl_business_unit",
        "ap_business_unit",
        "receivable_account",
        "clearing_vendor",
        "currency",
        *CHARTFIELDS,
    ),
    "location": ("location", *CHARTFIELDS),
    "project": ("project_id", *CHARTFIELDS),
    "line_type": ("line_type", "account", "cost_account", *CHARTFIELDS),
    "tax_zone": ("tax_zone", PART, "account", "share", *CHARTFIELDS),
    "payment_type": ("payment_type", "account", *CHARTFIELDS),
    "sku_vendor": ("sku", "vendor_id"),
    "order_vendor": ("order_vendor", "vendor_id"),
}
"""The mapping tables. The first column is the key; `*` is the key of the default row (policy `default`)."""
ANY = "*"
_LEDGER = "gl_business_unit"
_SUSPENSE = "suspense"
"""Not a column: the suspense account, which replaces every other account of a row that policy `suspense` made."""
_TEXT = 30
"""The most characters of LINE_DESCR (journal line) and DESCR (voucher line)."""


def mapped(plan: Plan, on: date | None) -> Mapped:
    """A document in the making, by the crosswalk of its posting date. Raises `Malformed` for the settings of another system."""
    return Mapped(plan, settings_of(plan.settings, Settings, "peoplesoft"), on)


# --- rows by policy ---------------------------------------------------------------------------------------------------


def instead(made: Mapped, table: str, value: str) -> Row:
    """What replaces a value without a row, by the policy of the field: nothing (unresolved), the row `*`, or the suspense account.

    Every replacement is noted as defaulted, so that hop 2 counts the document's money.
    """
    policy = getattr(made.settings.policies, table)
    if policy == "hold":
        made.missing(table, value)
        return EMPTY
    row = made.plan.crosswalk.row(table, ANY, made.on)
    if policy == _SUSPENSE:
        account = made.default(table, value, made.settings.accounts.suspense)
        return {**(row or EMPTY), _SUSPENSE: account}
    if row is None:
        made.missing(table, value)
        return EMPTY
    made.default(table, value, ANY)
    return row


def row_of(made: Mapped, table: str, keys: Sequence[str]) -> Row:
    """The row of the first key that has one, or what the policy says. A value that is itself named `*` does not use the default row."""
    found = made.row(table, [key for key in keys if code(key) != ANY])
    return found if found is not None else instead(made, table, wanted(keys))


def unit_of(made: Mapped, name: str, source_id: str) -> Row:
    """The row of a business unit, by name or id."""
    return row_of(made, "business_unit", (name, source_id))


def unit_of_line(made: Mapped, line: Mapping[str, Any], record: Mapping[str, Any], header: Row) -> Row:
    """The business unit of a line: the one that the line names, else the document's."""
    own = own_unit(line, record)
    return unit_of(made, *own) if own else header


def project_of(made: Mapped, record: Mapping[str, Any]) -> Row:
    """The row of a document's project by its id: its ChartFields, such as PROJECT_ID and ACTIVITY_ID. Empty if the project has no row."""
    named = record.get("project_id", "")
    return (made.row("project", (named,)) if named and code(named) != ANY else None) or EMPTY


def location_of(made: Mapped, record: Mapping[str, Any]) -> Row:
    """The row of a document's service location, by id or name. Without a row, policy `default` keeps the business unit's ChartFields, and this is
    counted only if the table has any rows."""
    keys = (record["location_id"], record["location_name"])
    if not any(keys):
        return EMPTY
    found = made.row("location", [key for key in keys if code(key) != ANY])
    if found is not None:
        return found
    crosswalk = made.plan.crosswalk
    if made.settings.policies.location != "default" or crosswalk.row("location", ANY, made.on) is not None:
        return instead(made, "location", wanted(keys))
    if crosswalk.rows("location", made.on):
        made.default("location", wanted(keys), ANY)
    return EMPTY


# --- places -----------------------------------------------------------------------------------------------------------


def chartfields(*rows: Row) -> dict[str, str]:
    """The ChartFields of a line. If two rows fill the same one, the later row counts."""
    found: dict[str, str] = {}
    for row in rows:
        for column, name in CHARTFIELDS.items():
            if value := row.get(column):
                found[name] = value
    return found


def place_of(made: Mapped, table: str, column: str, rows: Sequence[Row], value: str) -> Place:
    """The place of a line whose account is in `column` of the last of `rows`, which is the row of `value` in `table`.

    A row that policy `suspense` made replaces the account by the suspense account. For `line_type`, so do such rows of business unit and location,
    because they help to decide the line's account. A row without an account is noted.
    """
    deciding = rows if table == "line_type" else rows[-1:]
    stand_in = next((row[_SUSPENSE] for row in deciding if _SUSPENSE in row), None)
    if stand_in is not None:
        return Place(stand_in, chartfields(*rows))
    account = rows[-1].get(column, "")
    if not account and rows[-1]:
        made.missing(f"{table}.{column}", value)
    return Place(account, chartfields(*rows))


def receivable(made: Mapped, unit: Row) -> Place:
    """The receivable account of a business unit, with only the unit's own ChartFields, so that invoices and payments meet there whatever their
    location."""
    if not unit:
        return Place("", {})
    account = unit.get("receivable_account") or made.needed("receivable", made.settings.accounts.receivable)
    return Place(account, chartfields(unit))


def ledger_units(made: Mapped) -> set[str]:
    """The ledger units that the crosswalk names."""
    rows = made.plan.crosswalk.rows("business_unit", made.on).values()
    return {row[_LEDGER] for row in rows if row.get(_LEDGER)}


def receivables(made: Mapped) -> dict[str, str]:
    """The receivable account of each ledger unit, as a dimension of a journal's header; left out for a unit whose business units have several."""
    found: dict[str, set[str]] = {}
    for row in made.plan.crosswalk.rows("business_unit", made.on).values():
        if row.get(_LEDGER):
            found.setdefault(row[_LEDGER], set()).add(row.get("receivable_account") or made.settings.accounts.receivable)
    return {f"{RECEIVABLE}{unit}": next(iter(accounts)) for unit, accounts in sorted(found.items()) if len(accounts) == 1}


def ledger_unit(made: Mapped, unit: Row, value: str) -> str:
    """The business unit of the ledger."""
    if not unit:
        return ""
    return unit.get(_LEDGER) or made.missing(f"business_unit.{_LEDGER}", value)


def shortened(lines: Sequence[PostingLine]) -> list[PostingLine]:
    """The lines, with their texts cut to the length that PeopleSoft accepts."""
    return [{**one, "description": one["description"][:_TEXT].strip()} for one in lines]


def unit_named(record: Mapping[str, Any]) -> str:
    """The name of a business unit in notes about a record or line."""
    return wanted((record["business_unit_name"], record["business_unit_id"]))
