"""What is read from NetSuite: the queries of each kind of object, and the feeds with their cadence. Pure.

Sources: SuiteQL's tables and columns as public samples and Fivetran's NetSuite2 source show them. Masters are one row each. A document is a row of
`transaction` and the rows of its lines, which are read for all documents of a page together. What it settles is in the tables of links. A bill's main
line is negative, and debits are positive. Times are in the user's zone, to the second, and formatted by `TO_CHAR`, because the user's own date format
drops them. Accounting book 1 is the primary one (assumed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from systems.contract import Feed
from systems.netsuite.models import quoted

OVERLAP = timedelta(minutes=15)
CHANGED, KEY = "lastmodified", "id"
"""The columns of every row that give its last change, in the user's zone, and its id."""
BOOK = "al.accountingbook = 1"
USED = "used"
"""The link type under which a document shows which other documents used it."""
_FORMAT = "YYYY-MM-DD HH24:MI:SS"
_OFTEN, _HOUR, _DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)


def stamp(column: str, name: str) -> str:
    """A column of an instant, in a format that does not depend on a user's preferences."""
    return f"TO_CHAR({column},'{_FORMAT}') AS {name}"


def _columns(table: str, names: str) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in names.split())


def _days(*columns: str) -> tuple[str, ...]:
    return tuple(f"TO_CHAR({column},'YYYY-MM-DD') AS {column.rpartition('.')[2]}" for column in columns)


def moment(wall: str) -> str:
    """A time of the user's zone, for a condition."""
    return f"TO_TIMESTAMP('{wall}.000000000','{_FORMAT}xFF')"


def listed(ids: Iterable[str]) -> str:
    """Internal ids, for a condition."""
    return ",".join(sorted(set(ids), key=int))


@dataclass(frozen=True)
class Source:
    """One kind of object: its columns, its tables with their joins (the first is `t`), the condition that limits it, and the column of its change
    time ("" = it is read as a whole). `kind` distinguishes kinds of one entity in its id (`department/3`). `has_lines`, `is_settling` and `is_used`
    say whether its lines, its links to what it settles, and the links of the documents that used it are read too."""

    columns: tuple[str, ...]
    tables: str
    condition: str = ""
    changed: str = "t.lastmodifieddate"
    kind: str = ""
    has_lines: bool = False
    is_settling: bool = False
    is_used: bool = False

    def query(self, conditions: Sequence[str]) -> str:
        """The query for the objects that meet these conditions, ordered by their change (if they have a change time) and their id."""
        limits = [one for one in (self.condition, *conditions) if one]
        where = f" WHERE {' AND '.join(limits)}" if limits else ""
        order = f"{self.changed} ASC, t.id ASC" if self.changed else "t.id ASC"
        columns = ", ".join((*self.columns, *((stamp(self.changed, CHANGED),) if self.changed else ())))
        return f"SELECT {columns} FROM {self.tables}{where} ORDER BY {order}"  # noqa: S608 - ids and quoted texts alone


_ADDRESS = ("a.addr1", "a.addr2", "a.city", "a.dropdownstate AS state", "a.zip", "a.country")


def _party(table: str, *own: str) -> Source:
    tables = (
        f"{table} t LEFT JOIN {table}addressbook ab ON ab.entity = t.id AND ab.defaultbilling = 'T' "
        f"LEFT JOIN {table}addressbookentityaddress a ON a.nkey = ab.addressbookaddress"
    )
    named = _columns("t", "id entityid companyname altname email phone isinactive externalid accountnumber terms")
    return Source((*named, *own, *_ADDRESS, stamp("t.datecreated", "created")), tables)


def in_subsidiaries(source: Source, table: str) -> Source:
    """The source with the subsidiary of each party, which an account without OneWorld does not have."""
    tables = f"{source.tables} LEFT JOIN {table}subsidiaryrelationship sr ON sr.entity = t.id AND sr.isprimarysub = 'T'"
    return Source((*source.columns, "sr.subsidiary"), tables, source.condition, source.changed)


def _tree(table: str, kind: str) -> Source:
    columns = (*_columns("t", "id name fullname parent isinactive externalid"), f"{quoted(kind)} AS kind")
    return Source(columns, f"{table} t", changed="", kind=kind)


_HEADER = (
    *_columns("t", "id type tranid transactionnumber externalid status entity memo currency postingperiod"),
    *_columns("t", "foreigntotal foreignamountunpaid approvalstatus voided posting otherrefnum terms"),
    "BUILTIN.DF(t.entity) AS entityname",
    "BUILTIN.DF(t.terms) AS termname",
    "c.symbol AS currencysymbol",
    "al.account",
    "al.paymentamountunused",
    *_days("t.trandate", "t.duedate"),
    stamp("t.createddate", "created"),
)
_DOCUMENT = (
    "transaction t LEFT JOIN currency c ON c.id = t.currency "
    f"LEFT JOIN transactionaccountingline al ON al.transaction = t.id AND al.transactionline = 0 AND {BOOK}"
)


def _document(*types: str, settling: bool = False, used: bool = False) -> Source:
    among = ",".join(map(quoted, types))
    return Source(_HEADER, _DOCUMENT, f"t.type IN ({among})", has_lines=True, is_settling=settling, is_used=used)


SOURCES: Mapping[str, Source] = {
    "vendors": _party("vendor", "t.legalname", "t.category", "t.taxidnum", "t.comments"),
    "customers": _party("customer", "t.parent", "t.taxable"),
    "departments": _tree("department", "department"),
    "classes": _tree("classification", "class"),
    "locations": _tree("location", "location"),
    "accounts": Source(
        ("t.id", "t.acctnumber", "t.accountsearchdisplayname", "t.fullname", "t.accttype", "t.isinactive", "t.issummary"),
        "account t",
        changed="",
    ),
    "periods": Source(
        (
            *_columns("t", "id periodname closed alllocked aplocked arlocked isadjust"),
            *_days("t.startdate", "t.enddate"),
        ),
        "accountingperiod t",
        "t.isquarter = 'F' AND t.isyear = 'F'",
        changed="",
    ),
    "purchase_orders": _document("PurchOrd"),
    "bills": _document("VendBill"),
    "vendor_credits": _document("VendCred", settling=True),
    "bill_payments": _document("VendPymt", settling=True),
    "invoices": _document("CustInvc"),
    "credit_memos": _document("CustCred", settling=True),
    "payments": _document("CustPymt", "CustDep", "CustRfnd", settling=True, used=True),
    "journals": _document("Journal"),
}
_ENTITIES = {
    "vendors": ("vendor", _OFTEN),
    "customers": ("customer", _OFTEN),
    "purchase_orders": ("purchase_order", _OFTEN),
    "bills": ("bill", _HOUR),
    "vendor_credits": ("vendor_credit", _HOUR),
    "bill_payments": ("ap_payment", _HOUR),
    "invoices": ("invoice", _HOUR),
    "credit_memos": ("credit_memo", _HOUR),
    "payments": ("payment", _HOUR),
    "journals": ("journal", _HOUR),
}
_FULL = {
    "departments": ("dimension", _HOUR),
    "classes": ("dimension", _DAY),
    "locations": ("dimension", _DAY),
    "accounts": ("gl_account", _DAY),
    "periods": ("period", _HOUR),
}
FEEDS: tuple[Feed, ...] = (
    *(Feed(name, entity, "window", "object", cadence, OVERLAP) for name, (entity, cadence) in _ENTITIES.items()),
    *(Feed(name, entity, "full", "object", cadence) for name, (entity, cadence) in _FULL.items()),
)
FEED_OF: Mapping[str, str] = {entity: name for name, (entity, _) in _ENTITIES.items()}
"""The feed that shows an entity."""
FETCHABLE: Mapping[str, int] = dict.fromkeys(FEED_OF, 100)
PARTIES: Mapping[str, str] = {"vendors": "vendor", "customers": "customer"}
"""Feeds of parties, with their table."""

_LINE = (
    *_columns("l", "transaction id mainline taxline item itemtype quantity quantitybilled quantityshiprecv rate"),
    *_columns("l", "foreignamount department class location subsidiary entity memo isclosed createdfrom"),
    "BUILTIN.DF(l.item) AS itemname",
    "BUILTIN.DF(l.location) AS locationname",
    "al.account",
    *_days("l.expectedreceiptdate"),
    stamp("t.lastmodifieddate", CHANGED),
)
_LINES = (
    "transactionline l JOIN transaction t ON t.id = l.transaction "
    f"LEFT JOIN transactionaccountingline al ON al.transaction = l.transaction AND al.transactionline = l.id AND {BOOK}"
)


def lines_query(documents: Iterable[str], after: tuple[str, str] | None) -> str:
    """The lines of these documents after the line (document, line), in order."""
    behind = ""
    if after is not None:
        behind = f" AND (l.transaction > {after[0]} OR (l.transaction = {after[0]} AND l.id > {after[1]}))"
    where = f"l.transaction IN ({listed(documents)}){behind}"
    return f"SELECT {', '.join(_LINE)} FROM {_LINES} WHERE {where} ORDER BY l.transaction ASC, l.id ASC"  # noqa: S608 - ids alone


def links_query(documents: Iterable[str], after: tuple[str, str] | None) -> str:
    """What these documents settle, after the link (document, settled document), in order."""
    return _linked(("k.nextdoc", "k.previousdoc"), "p.type", "k.linktype = 'Payment'", documents, after)


def uses_query(documents: Iterable[str], after: tuple[str, str] | None) -> str:
    """What deposit applications and refunds used of these documents, after the link (document, document that used it)."""
    return _linked(("k.previousdoc", "k.nextdoc"), f"{quoted(USED)}", "p.type IN ('DepAppl','CustRfnd')", documents, after)


def _linked(ends: tuple[str, str], told: str, condition: str, documents: Iterable[str], after: tuple[str, str] | None) -> str:
    one, other = ends
    behind = f" AND ({one} > {after[0]} OR ({one} = {after[0]} AND {other} > {after[1]}))" if after is not None else ""
    columns = f"{one} AS transaction, {other} AS id, p.tranid, {told} AS type, SUM(k.foreignamount) AS foreignamount"
    tables = f"nexttransactionlinelink k JOIN transaction p ON p.id = {other}"
    where = f"{condition} AND {one} IN ({listed(documents)}){behind}"
    return f"SELECT {columns} FROM {tables} WHERE {where} GROUP BY {one}, {other}, p.tranid, p.type ORDER BY {one} ASC, {other} ASC"  # noqa: S608 - ids
