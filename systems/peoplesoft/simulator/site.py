"""The site's database: its tables, and the journal's description of a change.

Bodies are dicts of texts as on the wire (amounts as decimal text, dates yyyy-MM-dd, "" if a CHAR column holds its blank); collections are lists of
such dicts. A body is never changed in place: a write replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runtime.simulator.records import Change, Records, Row, Telling
from runtime.simulator.serve import Options
from systems.peoplesoft.simulator.settings import Settings

JOURNAL, VOUCHER, STAGED, VENDOR = "Journal", "Voucher", "Staged", "Vendor"
KINDS = (
    JOURNAL,
    VOUCHER,
    STAGED,
    VENDOR,
    "Account",
    "ChartField",
    "BusinessUnit",
    "Period",
    "Operation",
    "Permission",
    "Message",
    "Truth",
)
_REF = "ST-"
_DESCRIBED = {JOURNAL: "DESCR254", VOUCHER: "DESCR254_MIXED"}
"""The long description, into which a client may put its ref."""


class Site(Records[Settings]):
    """The database."""

    def __init__(self, options: Options) -> None:
        found_by = {kind: (name,) for kind, name in _DESCRIBED.items()}
        super().__init__(options, Settings(), Telling(KINDS, _entry, found_by))

    def commit(self, changes: Iterable[Change], request_id: str = "") -> None:
        """See `Records.commit`; a journal or voucher gets the day of its change."""
        today = {"LAST_MODIFIED_DATE": self.today().isoformat()}
        dated = [replace(one, body=one.body | today) if one.kind in _DESCRIBED else one for one in changes]
        super().commit(dated, request_id)

    def starting(self, kind: str, text: str) -> list[Row]:
        """The journals or vouchers whose long description starts with `text`, by that description."""
        return self.rows_with(kind, _DESCRIBED[kind], text, is_prefix=True)


def ref_of(kind: str, body: Row) -> str:
    """The text by which a client finds the row again; "" if there is none."""
    if kind == STAGED:
        return str(body.get("VCHR_BLD_KEY_C1", ""))
    if kind not in (JOURNAL, VOUCHER):
        return ""
    first = str(body.get(_DESCRIBED[kind], "")).split(" ", 1)[0]
    if first.startswith(_REF):
        return first
    own = str(body.get("USER_VCHR_CHAR1", ""))
    return own if own.startswith(_REF) else ""


def _entry(change: Change) -> dict[str, str]:
    body, kind = change.body, change.kind
    number = {JOURNAL: "JOURNAL_ID", VOUCHER: "VOUCHER_ID", STAGED: "VCHR_BLD_KEY_C1", VENDOR: "VENDOR_ID"}.get(kind, "")
    return {
        "number": str(body.get(number, "")),
        "ref": ref_of(kind, body),
        "amount": cents(str(body.get("JRNL_TOTAL_DEBITS") or body.get("GROSS_AMT") or "0.00")),
        "currency": str(body.get("CURRENCY_CD") or body.get("TXN_CURRENCY_CD") or ""),
        "date": str(body.get("JOURNAL_DATE") or body.get("INVOICE_DT") or ""),
    }


def cents(text: str) -> str:
    """A decimal text with two places if the third is zero, else with all three."""
    whole, _, places = (text or "0").partition(".")
    places = places.ljust(2, "0")
    return f"{whole}.{places[:2]}" if not places[2:].strip("0") else f"{whole}.{places}"
