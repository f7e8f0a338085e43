"""The documents that PeopleSoft keeps for us: a journal and a voucher as property trees of their Component Interfaces. Pure.

Source: the site's contract in SYSTEM.md (property lists assumed; names and lengths of JRNL_HEADER, JRNL_LN and the voucher staging tables). CHAR
columns are never null; an empty one is a blank (staging types). So empty values are left out and null is never sent. Codes and keys are never cut.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import CommandEnvelope, PostingLine
from systems.parents import parent_id
from systems.peoplesoft.resources import CHARTFIELDS
from systems.peoplesoft.settings import Settings

Tree = dict[str, Any]
"""Properties by PeopleSoft's names; a collection is a list of trees."""
Ids = Mapping[str, str]

CENT = Decimal("0.01")
JOURNAL = "journal"
VOUCHER = "ap_bill"
CONTROL = ("receivable", "cash")
"""Roles of the journal line whose debit is the document's own amount."""
_LENGTHS: Mapping[str, int] = {
    "BUSINESS_UNIT": 5, "BUSINESS_UNIT_GL": 5, "LEDGER_GROUP": 10, "LEDGER": 10, "SOURCE": 3, "CURRENCY_CD": 3, "TXN_CURRENCY_CD": 3,
    "ACCOUNT": 10, "DEPTID": 10, "OPERATING_UNIT": 8, "PRODUCT": 6, "FUND_CODE": 5, "CLASS_FLD": 5, "PROGRAM_CODE": 5, "PROJECT_ID": 15,
    "ACTIVITY_ID": 15,
    "INVOICE_ID": 30, "VENDOR_SETID": 5, "VENDOR_ID": 10, "VNDR_LOC": 10, "PYMNT_TERMS_CD": 5, "ORIGIN": 3, "JRNL_LN_REF": 10,
    "VOUCHER_STYLE": 4, "VOUCHER_ID_RELATED": 8,
}  # fmt: skip
_DESCR, _LONG = 30, 254
INVOICE_ID_LENGTH, LINE_TEXT = _LENGTHS["INVOICE_ID"], _DESCR
OF_INVOICE = "*"
"""In a command: stands for the receivable account in the ledger unit of the settled invoice, which only that invoice's document gives."""
INTERCOMPANY = "intercompany"
"""Role of a line that is due to or from another ledger unit."""
RECEIVABLE = "RECEIVABLE "
"""In a command: the beginning of a header dimension that gives the receivable account of the ledger unit whose name follows."""
STYLE, ADJUSTMENT = "VOUCHER_STYLE", "ADJ"
"""The style of a voucher, which is a header dimension in a command; and the style of a voucher that reduces another one (assumed)."""
RELATED = "VOUCHER_ID_RELATED"
"""The number of the voucher that this one reverses or adjusts; a header dimension in a command."""
_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Vendor:
    """A vendor's key."""

    setid: str
    vendor_id: str


def fields(command: CommandEnvelope) -> dict[str, Any]:
    """The command with its record's own fields."""
    return cast("dict[str, Any]", command)


def own_id(op_key: str, length: int) -> str:
    """Our explicit key: the first `length` base-36 digits of SHA-256 of the op-key, read as a fraction so that the digits are evenly distributed."""
    digits = int.from_bytes(hashlib.sha256(op_key.encode()).digest()) * 36**length >> 256
    made = ""
    for _ in range(length):
        digits, digit = divmod(digits, 36)
        made = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + made
    return made


def business_unit(record: str, command: CommandEnvelope) -> str:
    """Business unit of the document: of the ledger for a journal, of payables for a voucher."""
    own = fields(command)
    named = own["business_unit"] if record == JOURNAL else own["dimensions"].get("BUSINESS_UNIT", "")
    return _required("BUSINESS_UNIT", named, command)


def vendor(command: CommandEnvelope, ids: Ids) -> Vendor:
    """The voucher's vendor: the one that the crosswalk names, else the resolved link `SETID/VENDOR_ID`. Ids are zero-filled (staging clients)."""
    own = fields(command)["dimensions"]
    setid, vendor_id = own.get("VENDOR_SETID", ""), own.get("VENDOR_ID", "")
    if not vendor_id:
        setid, _, vendor_id = parent_id(command, "vendor", ids).partition("/")
    padded = vendor_id.zfill(10) if vendor_id.isdecimal() else vendor_id
    return Vendor(_required("VENDOR_SETID", setid, command), _required("VENDOR_ID", padded, command))


# --- journals ---------------------------------------------------------------------------------------------------------


def journal_keys(command: CommandEnvelope) -> Tree:
    """The key of our journal: our own id, and the date that is frozen at the first intent."""
    return {
        "BUSINESS_UNIT": business_unit(JOURNAL, command),
        "JOURNAL_ID": own_id(command["op_key"], 10),
        "JOURNAL_DATE": _date(command),
        "UNPOST_SEQ": 0,
    }


def journal(command: CommandEnvelope, settings: Settings) -> Tree:
    """The buffer of `Create` of the journal interface. Raises `Refused` for values that PeopleSoft's fields cannot hold."""
    own, header = fields(command), fields(command)["dimensions"]
    lines = [journal_line(number, one, command, settings) for number, one in enumerate(own["lines"], 1)]
    if len(lines) < 2 or sum(one["MONETARY_AMOUNT"] for one in lines):
        raise Refused(f"peoplesoft {command['ref']}: the lines of a journal have to add up to zero")
    return journal_keys(command) | _kept(
        LEDGER_GROUP=code("LEDGER_GROUP", header.get("LEDGER_GROUP") or settings.journal.ledger_group),
        SOURCE=code("SOURCE", header.get("SOURCE") or settings.journal.source),
        DESCR=words(f"{own['human_number']} {own['description']}", _DESCR),
        DESCR254=words(f"{command['ref']} {own['description']}", _LONG),
        CURRENCY_CD=code("CURRENCY_CD", command["currency"]),
        JRNL_LN=lines,
    )


def journal_line(number: int, one: PostingLine, command: CommandEnvelope, settings: Settings) -> Tree:
    """One journal line, debit positive. The number that people need is in JRNL_LN_REF if it fits completely."""
    human = fields(command)["human_number"].strip()
    return _kept(
        JOURNAL_LINE=number,
        LEDGER=code("LEDGER", fields(command)["dimensions"].get("LEDGER") or settings.journal.ledger),
        ACCOUNT=_required("ACCOUNT", one["account"], command),
        **chartfields(one),
        CURRENCY_CD=code("CURRENCY_CD", command["currency"]),
        MONETARY_AMOUNT=cents(one["amount"]),
        LINE_DESCR=words(one["description"], _DESCR),
        JRNL_LN_REF=code("JRNL_LN_REF", human) if len(human) <= _LENGTHS["JRNL_LN_REF"] else "",
    )


def control_lines(command: CommandEnvelope) -> frozenset[int]:
    """Numbers of the journal lines whose debits are the document's amount, or whose credits are (a credit, a refund). All lines if no role
    distinguishes them. No line if the document is worth nothing (given away by a discount)."""
    lines, sign = fields(command)["lines"], side_of(command)
    told = [number for number, one in enumerate(lines, 1) if one["role"] in CONTROL and one["amount"] * sign > 0]
    return frozenset(told or (range(1, len(lines) + 1) if command["amount"] else ()))


def side_of(command: CommandEnvelope) -> int:
    """The side of a journal on which the document's amount is: 1 = debit, -1 = credit. A credit memo's amount is positive, and is on the credit side
    of the receivable account."""
    amount = command["amount"]
    own = sum((one["amount"] for one in fields(command)["lines"] if one["role"] in CONTROL), Decimal(0))
    is_turned = bool(own) and own == -amount
    return 1 if (amount < 0) == is_turned else -1


# --- vouchers ---------------------------------------------------------------------------------------------------------


def voucher_keys(command: CommandEnvelope) -> Tree:
    """The key of our voucher: business unit, and our own id."""
    return {"BUSINESS_UNIT": business_unit(VOUCHER, command), "VOUCHER_ID": own_id(command["op_key"], 8)}


def voucher(command: CommandEnvelope, ids: Ids, settings: Settings) -> Tree:
    """The buffer of `Create` of the voucher interface, which is also sent when vouchers are staged. Raises `Refused` as `journal` does."""
    own, party = fields(command), vendor(command, ids)
    if own["pay_hold"]:
        raise Refused(f"peoplesoft {command['ref']}: the voucher interface has no payment hold")
    lines = [_voucher_line(number, one, command) for number, one in enumerate(own["lines"], 1)]
    told = own["description"] if settings.voucher.ref_field == "USER_VCHR_CHAR1" else f"{command['ref']} {own['description']}"
    header = own["dimensions"]
    related = {settings.voucher.related_field: code(RELATED, header[RELATED])} if header.get(RELATED) else {}
    return voucher_keys(command) | _kept(
        VOUCHER_STYLE=code(STYLE, header.get(STYLE) or "REG"),
        **related,
        INVOICE_ID=_required("INVOICE_ID", own["human_number"], command),
        INVOICE_DT=_date(command),
        VENDOR_SETID=party.setid,
        VENDOR_ID=party.vendor_id,
        ACCOUNTING_DT=command["posting_date"] or _date(command),
        DUE_DT=own["due_date"],
        GROSS_AMT=cents(command["amount"]),
        SALETX_AMT=_tax(command, lines),
        TXN_CURRENCY_CD=code("TXN_CURRENCY_CD", command["currency"]),
        PYMNT_TERMS_CD=code("PYMNT_TERMS_CD", own["terms"]),
        ORIGIN=code("ORIGIN", settings.voucher.origin),
        DESCR254_MIXED=words(told, _LONG),
        USER_VCHR_CHAR1=command["ref"] if settings.voucher.ref_field == "USER_VCHR_CHAR1" else "",
        VCHR_LINE=lines,
    )


def _tax(command: CommandEnvelope, lines: list[Tree]) -> Decimal | None:
    """Sales tax of the header, if no line carries it: lines and tax together are the gross amount."""
    rest = cents(command["amount"]) - sum(one["MERCHANDISE_AMT"] for one in lines)
    if not lines or rest not in (0, fields(command)["tax_total"]):
        raise Refused(f"peoplesoft {command['ref']}: the lines of a voucher have to add up to its amount")
    return cents(rest) if rest else None


def _voucher_line(number: int, one: PostingLine, command: CommandEnvelope) -> Tree:
    amount = cents(one["amount"])
    unit = one["dimensions"].get("BUSINESS_UNIT_GL") or business_unit(VOUCHER, command)
    distribution = _kept(
        DISTRIB_LINE_NUM=1,
        BUSINESS_UNIT_GL=code("BUSINESS_UNIT_GL", unit),
        ACCOUNT=_required("ACCOUNT", one["account"], command),
        **chartfields(one),
        MERCHANDISE_AMT=amount,
    )
    descr = words(one["description"], _DESCR)
    return _kept(VOUCHER_LINE_NUM=number, DESCR=descr, MERCHANDISE_AMT=amount, VCHR_DIST=[distribution])


# --- values -----------------------------------------------------------------------------------------------------------


def chartfields(one: PostingLine) -> dict[str, str]:
    """The ChartFields of a line besides its account. Raises `Refused` for a name that our interfaces do not have."""
    named = {name: value for name, value in one["dimensions"].items() if name != "BUSINESS_UNIT_GL"}
    if unknown := sorted(set(named) - set(CHARTFIELDS)):
        raise Refused(f"peoplesoft: {', '.join(unknown)} is no ChartField of our interfaces")
    return {name: code(name, value) for name, value in named.items()}


def code(name: str, value: str) -> str:
    """A code or key, unchanged. Raises `Refused` if it is too long or cannot be written, because a shortened code would be another code."""
    found = value.strip(" ")
    if len(found) > _LENGTHS[name] or _UNSENDABLE.search(found):
        raise Refused(f"peoplesoft: {found[:40]!r} does not fit {name} ({_LENGTHS[name]} characters)")
    return found


def words(value: str, length: int) -> str:
    """A text in one line, cut to the length of its field; control characters, which XML cannot contain, become blanks."""
    return _UNSENDABLE.sub(" ", value).strip(" ")[:length].rstrip(" ")


def cents(amount: Decimal) -> Decimal:
    """An amount with two places. Raises `Refused` for one that has more."""
    exact = amount.quantize(CENT)
    if exact != amount:
        raise Refused(f"peoplesoft: {amount} has more than two decimals")
    return exact


def _required(name: str, value: str, command: CommandEnvelope) -> str:
    found = code(name, value)
    if not found:
        raise Refused(f"peoplesoft {command['ref']}: the command names no {name}")
    return found


def _date(command: CommandEnvelope) -> date:
    found = fields(command)["date"]
    if not isinstance(found, date):
        raise Refused(f"peoplesoft {command['ref']}: the command has no date")
    return found


def _kept(**properties: Any) -> Tree:
    return {name: value for name, value in properties.items() if value not in ("", None)}
