"""What a person at PeopleSoft does: maintains vendors, types vouchers and journals, for demos and tests.

The pages of the product check a typed voucher as Create does. A vendor that is saved on its page gets today's LAST_MODIFIED_DATE.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.simulator.records import Change, Row
from systems.peoplesoft.simulator import journals, vouchers
from systems.peoplesoft.simulator.answers import Refused
from systems.peoplesoft.simulator.definitions import VOUCHER as DEFINITION
from systems.peoplesoft.simulator.seed.vendors import NEW, key_of
from systems.peoplesoft.simulator.site import VENDOR, Site

_LENGTHS = {"SETID": 5, "VENDOR_ID": 10, "VENDOR_NAME_SHORT": 14, "NAME1": 40, "NAME2": 40, "VENDOR_STATUS": 1, "VENDOR_CLASS": 1}


def save_vendor(site: Site, body: dict[str, Any]) -> Row:
    """Create a vendor (without VENDOR_ID) or change the fields that are sent; raises ValueError."""
    unknown = body.keys() - {*NEW, "LAST_MODIFIED_DATE"}
    if unknown:
        raise ValueError(f"a vendor has no {', '.join(sorted(unknown))}")
    sent = {name: str(value) for name, value in body.items()}
    for name, most in _LENGTHS.items():
        if len(sent.get(name, "")) > most:
            raise ValueError(f"{name} is longer than {most} characters")
    before = site.get(VENDOR, f"{sent.get('SETID', 'SHARE')}/{sent['VENDOR_ID']}") if "VENDOR_ID" in sent else None
    if "VENDOR_ID" in sent and before is None:
        raise ValueError(f"no vendor {sent['VENDOR_ID']}")
    row = (before or NEW) | sent
    if before is None:
        row["VENDOR_ID"] = _next_number(site, row["SETID"])
    row["LAST_MODIFIED_DATE"] = site.today().isoformat()
    site.commit([Change(VENDOR, key_of(row), row, "create" if before is None else "update")])
    return row


def _next_number(site: Site, setid: str) -> str:
    held = [int(row["VENDOR_ID"]) for row in site.rows(VENDOR) if row["SETID"] == setid]
    return f"{max(held, default=0) + 1:010d}"


def type_voucher(site: Site, body: dict[str, Any]) -> Row:
    """A voucher typed by hand: header fields, or `amount`, `account` and `gl_unit` for one line; raises ValueError with the words."""
    sent = dict(body)
    amount, account, unit = sent.pop("amount", None), sent.pop("account", "501000"), sent.pop("gl_unit", "")
    row: Row = {"VOUCHER_ID": "NEXT", "VENDOR_SETID": "SHARE"} | {
        name: value for name, value in sent.items() if name != "VCHR_LINE"
    }
    row = {name: str(value) for name, value in row.items()}
    if amount is not None:
        row["GROSS_AMT"] = f"{Decimal(str(amount)):.3f}"
        part = {"ACCOUNT": str(account), "MERCHANDISE_AMT": row["GROSS_AMT"]} | ({"BUSINESS_UNIT_GL": str(unit)} if unit else {})
        row["VCHR_LINE"] = [{"DESCR": "Typed by hand", "MERCHANDISE_AMT": row["GROSS_AMT"], "VCHR_DIST": [part]}]
    else:
        row["VCHR_LINE"] = sent.get("VCHR_LINE", [])
    unknown = row.keys() - {*DEFINITION.shape.by_name, "VCHR_LINE"}
    if unknown:
        raise ValueError(f"a voucher has no {', '.join(sorted(unknown))}")
    try:
        return vouchers.create(site, row, "", "typed by hand")
    except Refused as refused:
        raise ValueError(str(refused)) from refused


def type_journal(site: Site, body: dict[str, Any]) -> Row:
    """A journal typed by hand: header fields, and `lines` as account -> amount (debit positive); raises ValueError with the words."""
    sent = dict(body)
    lines = sent.pop("lines", {})
    row: Row = {"JOURNAL_ID": "NEXT", "LEDGER_GROUP": "RECORDING", "SOURCE": "ONL", "UNPOST_SEQ": "0"}
    row |= {name: str(value) for name, value in sent.items()}
    row["JRNL_LN"] = [
        {"LEDGER": "LOCAL", "ACCOUNT": account, "MONETARY_AMOUNT": f"{Decimal(str(amount)):.3f}"}
        for account, amount in lines.items()
    ]
    try:
        return journals.create(site, row, "")
    except Refused as refused:
        raise ValueError(str(refused)) from refused
