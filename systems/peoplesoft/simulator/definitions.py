"""The Component Interfaces of the site's contract: their properties, lengths and collections.

Sources: SYSTEM.md, "The site's contract" (property lists assumed); lengths of the records JRNL_HEADER, JRNL_LN and the staging tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Field:
    """One property: `kind` c text, n number, d date; `size` is characters, or digits before the point; `places` decimals."""

    name: str
    kind: str = "c"
    size: int = 0
    places: int = 0
    is_read_only: bool = False


@dataclass(frozen=True)
class Shape:
    """The buffer of an interface or of one of its collections."""

    fields: tuple[Field, ...]
    collections: tuple[tuple[str, Shape], ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Its own properties."""
        return {field.name: field for field in self.fields}

    @cached_property
    def by_collection(self) -> dict[str, Shape]:
        """Its collections."""
        return dict(self.collections)


@dataclass(frozen=True)
class Interface:
    """A Component Interface: what it is about, its buffer and its keys."""

    about: str
    shape: Shape
    keys: tuple[str, ...]

    @property
    def key_fields(self) -> tuple[Field, ...]:
        """The key properties."""
        return tuple(self.shape.by_name[name] for name in self.keys)


def _fields(text: str, *, is_read_only: bool = False) -> tuple[Field, ...]:
    return tuple(_field(*part.split(":"), is_read_only=is_read_only) for part in text.split())


def _field(name: str, kind: str, *, is_read_only: bool) -> Field:
    size, _, places = kind[1:].partition(".")
    return Field(name, kind[0], int(size or 0), int(places or 0), is_read_only)


_CHARTFIELDS = (
    "ACCOUNT:c10 DEPTID:c10 OPERATING_UNIT:c8 PRODUCT:c6 FUND_CODE:c5 CLASS_FLD:c5 PROGRAM_CODE:c5 PROJECT_ID:c15 ACTIVITY_ID:c15"
)
CHARTFIELDS = tuple(part.split(":")[0] for part in _CHARTFIELDS.split())

JOURNAL_LINE = Shape(
    _fields(
        f"JOURNAL_LINE:n9 LEDGER:c10 {_CHARTFIELDS} CURRENCY_CD:c3 MONETARY_AMOUNT:n23.3 LINE_DESCR:c30 JRNL_LN_REF:c10",
    )
)
JOURNAL = Interface(
    "journal",
    Shape(
        _fields(
            "BUSINESS_UNIT:c5 JOURNAL_ID:c10 JOURNAL_DATE:d UNPOST_SEQ:n2 LEDGER_GROUP:c10 SOURCE:c3 DESCR:c30 DESCR254:c254"
            " CURRENCY_CD:c3"
        )
        + _fields(
            "JRNL_HDR_STATUS:c1 FISCAL_YEAR:n4 ACCOUNTING_PERIOD:n3 POSTED_DATE:d JRNL_TOTAL_LINES:n9 JRNL_TOTAL_DEBITS:n23.3"
            " JRNL_TOT_CREDITS:n23.3",
            is_read_only=True,
        ),
        (("JRNL_LN", JOURNAL_LINE),),
    ),
    ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE", "UNPOST_SEQ"),
)
DISTRIBUTION = Shape(_fields(f"DISTRIB_LINE_NUM:n9 BUSINESS_UNIT_GL:c5 {_CHARTFIELDS} MERCHANDISE_AMT:n23.3"))
VOUCHER_LINE = Shape(_fields("VOUCHER_LINE_NUM:n9 DESCR:c30 MERCHANDISE_AMT:n23.3"), (("VCHR_DIST", DISTRIBUTION),))
VOUCHER = Interface(
    "voucher",
    Shape(
        _fields(
            "BUSINESS_UNIT:c5 VOUCHER_ID:c8 VOUCHER_STYLE:c4 INVOICE_ID:c30 INVOICE_DT:d VENDOR_SETID:c5 VENDOR_ID:c10 VNDR_LOC:c10"
            " ACCOUNTING_DT:d DUE_DT:d GROSS_AMT:n23.3 SALETX_AMT:n23.3 FREIGHT_AMT:n23.3 MISC_AMT:n23.3 TXN_CURRENCY_CD:c3"
            " PYMNT_TERMS_CD:c5 ORIGIN:c3 DESCR254_MIXED:c254 USER_VCHR_CHAR1:c30 VOUCHER_ID_RELATED:c8"
        )
        + _fields("ENTRY_STATUS:c1 POST_STATUS_AP:c1 APPR_STATUS:c1", is_read_only=True),
        (("VCHR_LINE", VOUCHER_LINE),),
    ),
    ("BUSINESS_UNIT", "VOUCHER_ID"),
)
METHODS = {"C": "Create", "G": "Get", "F": "Find"}
