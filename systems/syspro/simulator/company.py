"""The company's database: the tables of `spec/tables.tsv`, and the only way in which a change is committed and journalled.

A row is a dict of texts by column: amounts and quantities as decimal texts, dates `yyyy-MM-dd`, "" for an empty value; members with a leading
underscore are the simulator's own. Every row gets the next `TimeStamp` when it is committed, even if the table does not show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation

from runtime.simulator.records import Change, Records, Row, Telling
from runtime.simulator.serve import Options
from systems.syspro.simulator.settings import Settings
from systems.syspro.spec import keys, tables

_TOO_LARGE = Decimal(10) ** 10
TRUTH, PERIODS = "Truth", "Periods"
_OWN = (TRUTH, PERIODS)
_REF = {
    "ApInvoice": "Reference",
    "ApInvoicePay": "PaymentReference",
    "PorMasterHdr": "CustomerPoNumber",
    "InvMovements": "Reference",
    "ApSupplier": "UserField1",
}
_AMOUNT = {"ApInvoice": "OrigInvValue", "ApInvoicePay": "TrnValue", "InvMovements": "TrnQty"}
_NUMBER = {"ApInvoice": "Invoice", "ApInvoicePay": "Invoice", "PorMasterHdr": "PurchaseOrder", "InvMovements": "Journal"}
_DATE = {"ApInvoice": "InvoiceDate", "ApInvoicePay": "JournalDate", "PorMasterHdr": "OrderEntryDate", "InvMovements": "EntryDate"}
_FOUND_BY = {
    "ApSupplier": ("Supplier", "UserField1"),
    "ApSupplierAddr": ("Supplier",),
    "ApInvoice": ("Supplier", "Invoice", "Reference"),
    "ApInvoicePay": ("Supplier", "Invoice", "PaymentReference"),
    "PorMasterDetail": ("PurchaseOrder",),
    "PorMasterHdr": ("PurchaseOrder", "CustomerPoNumber"),
    "InvWarehouse": ("StockCode",),
    "InvMovements": ("Reference", "StockCode"),
}


class Company(Records[Settings]):
    """The database."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, Settings(), Telling((*tables(), *_OWN), _entry, _FOUND_BY))
        self._version = max((int(row["TimeStamp"]) for table in tables() for row in self.rows(table)), default=0)

    def commit(self, changes: Iterable[Change], request_id: str = "") -> None:
        """See `Records.commit`; every row gets its `TimeStamp`."""
        super().commit([one if one.kind in _OWN else self._stamped(one) for one in changes], request_id)

    def _stamped(self, one: Change) -> Change:
        self._version += 1
        return replace(one, body=one.body | {"TimeStamp": str(self._version)})

    def found_by(self, table: str) -> tuple[str, ...]:
        """The columns of a table that have an index."""
        return _FOUND_BY.get(table, ())

    def row(self, table: str, *key: str) -> Row | None:
        """The row with this key."""
        return self.get(table, key_text(key))


def key_text(parts: Iterable[str]) -> str:
    """The key of a row as one text; the parts cannot contain the separator."""
    return "\x1f".join(parts)


def key_of(table: str, row: Row) -> str:
    """The key of a row."""
    return key_text(str(row[name]) for name in keys(table))


def new_row(table: str, **values: str) -> Row:
    """A row of a table: empty columns are "", or 0 if they are numbers; raises ValueError for an unknown column."""
    empty = {column.name: "0" if column.kind == "decimal" else "" for column in tables()[table]}
    unknown = [name for name in values if name not in empty and not name.startswith("_")]
    if unknown:
        raise ValueError(f"{table} has no column {', '.join(unknown)}")
    return empty | values


def change(table: str, row: Row, operation: str, detail: str = "") -> Change:
    """The change that writes a row."""
    return Change(table, key_of(table, row), row, operation, detail)


def money(text: str) -> Decimal:
    """A number of a row, 0 if it is empty."""
    return Decimal(text or "0")


def cents(amount: Decimal) -> str:
    """An amount in the form of a row."""
    return f"{amount:.2f}"


def number(text: str, places: int) -> Decimal | None:
    """A number in the form of documents (a point, no thousands separator), with at most this many places and no more digits than the columns hold;
    None for anything else."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    if not found.is_finite() or not set(text) <= set("+-.0123456789") or int(found.as_tuple().exponent) < -places:
        return None
    return found if abs(found) < _TOO_LARGE else None


def day(text: str) -> date | None:
    """A date of the form CCYY-MM-DD in a plausible year; None for anything else."""
    if re.fullmatch(r"(?:19|20)\d\d-\d\d-\d\d", text, re.ASCII) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def is_supplier_key(text: str, length: int) -> bool:
    """Whether a new supplier may have this code: a number has to be padded with zeros to the company's length."""
    return bool(text) and text == text.upper() and (not text.isdecimal() or len(text) == length)


def _entry(one: Change) -> dict[str, str]:
    body, kind = one.body, one.kind
    told = {"number": _NUMBER, "ref": _REF, "amount": _AMOUNT, "date": _DATE}
    found = {name: str(body.get(columns.get(kind, ""), "")) for name, columns in told.items()}
    return found | {
        "amount": f"{money(found['amount']):.2f}",
        "currency": str(body.get("Currency") or body.get("PostCurrency") or ""),
    }
