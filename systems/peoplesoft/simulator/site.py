"""The site's database: its tables, its clock, and the one way in which a change is committed and journalled.

Bodies are dicts of texts as the wire carries them (amounts as decimal text, dates yyyy-MM-dd, "" where a CHAR column holds its blank);
collections are lists of such dicts. A body is never changed in place: a write puts a new one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Any

from runtime.simulator.installation import Installation
from runtime.simulator.serve import Options
from runtime.simulator.store import Commit
from systems.peoplesoft.simulator.settings import Settings

Row = dict[str, Any]
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


@dataclass(frozen=True)
class Change:
    """One row that a transaction writes (or takes away), with the word that the journal uses for it; `operation` "" = not journalled."""

    kind: str
    key: str
    body: Row
    operation: str = ""
    detail: str = ""
    is_gone: bool = False


class Site(Installation[Settings]):
    """The database; every method that changes it is called on the event loop and commits before it returns."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, Settings())
        self._tables: dict[str, dict[str, Row]] = {kind: {} for kind in KINDS}
        self._refs: dict[str, list[tuple[str, str]]] = {JOURNAL: [], VOUCHER: []}
        self._listed: dict[str, list[Row]] = {}
        for kind in KINDS:
            for row in self.store.all(kind):
                self._show(kind, row["key"], row["body"])

    def get(self, kind: str, key: str) -> Row | None:
        """One row, or None."""
        return self._tables[kind].get(key)

    def rows(self, kind: str) -> list[Row]:
        """Every row of a kind, by key."""
        listed = self._listed.get(kind)
        if listed is None:
            table = self._tables[kind]
            listed = self._listed[kind] = [table[key] for key in sorted(table)]
        return listed

    def starting(self, kind: str, text: str) -> list[Row]:
        """The journals or vouchers whose long description starts with `text`, by that description."""
        refs = self._refs[kind]
        found = []
        for described, key in refs[bisect_left(refs, (text, "")) :]:
            if not described.startswith(text):
                break
            found.append(self._tables[kind][key])
        return found

    def commit(self, changes: list[Change], request_id: str = "") -> None:
        """Write every change and its journal entry in one transaction, then show them; all or none."""
        at = self.clock.now()
        with self.store.transaction():
            for change in changes:
                if change.is_gone:
                    self.store.delete(change.kind, change.key)
                else:
                    self.store.put(change.kind, change.key, {"key": change.key, "body": change.body}, at)
                if change.operation:
                    self.store.commit(at, _entry(change, request_id))
        for change in changes:
            if change.is_gone:
                self._tables[change.kind].pop(change.key, None)
                self._listed.pop(change.kind, None)
            else:
                self._show(change.kind, change.key, change.body)

    def _show(self, kind: str, key: str, body: Row) -> None:
        before = self._tables[kind].get(key)
        self._tables[kind][key] = body
        self._listed.pop(kind, None)
        if kind in self._refs and before is None:
            insort(self._refs[kind], (described(kind, body), key))


def described(kind: str, body: Row) -> str:
    """The long description, in which a client may put its ref."""
    return str(body.get({JOURNAL: "DESCR254", VOUCHER: "DESCR254_MIXED"}[kind], ""))


def ref_of(kind: str, body: Row) -> str:
    """The text that a client put into the row to find it again, "" where there is none."""
    if kind == STAGED:
        return str(body.get("VCHR_BLD_KEY_C1", ""))
    if kind not in (JOURNAL, VOUCHER):
        return ""
    first = described(kind, body).split(" ", 1)[0]
    if first.startswith(_REF):
        return first
    own = str(body.get("USER_VCHR_CHAR1", ""))
    return own if own.startswith(_REF) else ""


def _entry(change: Change, request_id: str) -> Commit:
    body, kind = change.body, change.kind
    number = {JOURNAL: "JOURNAL_ID", VOUCHER: "VOUCHER_ID", STAGED: "VCHR_BLD_KEY_C1", VENDOR: "VENDOR_ID"}.get(kind, "")
    amount = body.get("JRNL_TOTAL_DEBITS") or body.get("GROSS_AMT") or "0.00"
    return Commit(
        kind=kind,
        operation=change.operation,
        id=change.key,
        number=str(body.get(number, "")),
        ref=ref_of(kind, body),
        amount=cents(str(amount)),
        currency=str(body.get("CURRENCY_CD") or body.get("TXN_CURRENCY_CD") or ""),
        date=str(body.get("JOURNAL_DATE") or body.get("INVOICE_DT") or ""),
        request_id=request_id,
        detail=change.detail,
    )


def cents(text: str) -> str:
    """A decimal text with two places where the third is zero, else with all three."""
    whole, _, places = (text or "0").partition(".")
    places = places.ljust(2, "0")
    return f"{whole}.{places[:2]}" if not places[2:].strip("0") else f"{whole}.{places}"
