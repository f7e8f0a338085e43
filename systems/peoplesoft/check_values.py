"""Compares values of settings and crosswalk with the site's own lists: accounts, ChartFields, business units, vendors, periods, options.

A value is judged as of today. A value that only a future row of the crosswalk names is judged as of a year from now. A value that expires within that
year is a warning. The lists come from our queries (SYSTEM.md, the site's contract).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from systems.checks import Findings, Judged, covers, named, of_settings
from systems.mapped import Crosswalk
from systems.peoplesoft.allocation import CHARTFIELDS, TABLES
from systems.peoplesoft.client import Client
from systems.peoplesoft.dating import in_force, is_active
from systems.peoplesoft.errors import QueryAbsent
from systems.peoplesoft.operations import listed
from systems.peoplesoft.rows import Row, day, text
from systems.values.instants import local_day

_AHEAD = timedelta(days=365)
_WITH_CHARTFIELDS = tuple(table for table, columns in TABLES.items() if set(CHARTFIELDS) <= set(columns))
_ACCOUNTS = (
    ("line_type", "account"),
    ("line_type", "cost_account"),
    ("tax_zone", "account"),
    ("payment_type", "account"),
    ("business_unit", "receivable_account"),
)
_UNITS = {"GL": ("business_unit", "gl_business_unit"), "AP": ("business_unit", "ap_business_unit")}
_VENDORS = (("business_unit", "clearing_vendor"), ("sku_vendor", "vendor_id"), ("order_vendor", "vendor_id"))


@dataclass(frozen=True)
class _Named:
    """A value, the first place that names it, and whether only a future row does."""

    source: str
    is_planned: bool


class Values:
    """The part of `check` that compares values. `found` collects the findings."""

    def __init__(self, client: Client, crosswalk: Crosswalk, found: Findings) -> None:
        self._client = client
        self._crosswalk = crosswalk
        self._found = found
        self._today = local_day(client.calls.server_now(), client.settings.database_zone)

    def parts(self) -> Sequence[Callable[[], Awaitable[object]]]:
        """The comparisons, one after the other."""
        return (self._accounts, self._chartfields, self._units, self._vendors, self._periods, self._options, self._meaning)

    # --- what is named ------------------------------------------------------------------------------------------------

    def _named(self, columns: Sequence[tuple[str, str]]) -> dict[str, _Named]:
        """The values of these columns in a row that is in force today, or else in the newest row."""
        now, newest = (named(self._crosswalk, columns, on, "{table} {key} ({column})") for on in (self._today, None))
        return {value: _Named(source, value not in now) for value, source in (newest | now).items()}

    async def _dated(self, name: str, key: str, prompts: Mapping[str, str]) -> list[dict[str, Row]]:
        """The rows that are in force today, and those in force a year from now, by key."""
        found = []
        for on in (self._today, self._today + _AHEAD):
            rows = await listed(self._client, name, {**prompts, "AS_OF": on.isoformat()})
            found.append({code[0]: row for code, row in in_force(rows, (key,), on).items()})
        return found

    # --- ChartFields --------------------------------------------------------------------------------------------------

    async def _accounts(self) -> None:
        own = of_settings(
            "accounts.", self._client.settings.accounts, ("receivable", "deposits", "suspense", "rounding", "intercompany")
        )
        of = {value: _Named(source, is_planned=False) for value, source in own.items()} | self._named(_ACCOUNTS)
        now, later = await self._dated("GL_ACCOUNTS", "ACCOUNT", {"SETID": self._client.settings.setid})
        self._compare("account", of, now, later)

    async def _chartfields(self) -> None:
        for column, name in CHARTFIELDS.items():
            if of := self._named([(table, column) for table in _WITH_CHARTFIELDS]):
                prompts = {"SETID": self._client.settings.setid, "FIELDNAME": name}
                now, later = await self._dated("CHARTFIELDS", "VALUE", prompts)
                self._compare(name, of, now, later)

    def _compare(self, what: str, of: Mapping[str, _Named], now: Mapping[str, Row], later: Mapping[str, Row]) -> None:
        """One line for each value that cannot be posted to, and one good line if all can."""
        self._found.compare(
            what, of, lambda code, one: _judged(f"{what} {code} of {one.source}", one, now.get(code), later.get(code))
        )

    # --- units, vendors -----------------------------------------------------------------------------------------------

    async def _units(self) -> None:
        rows = await listed(self._client, "BUSINESS_UNITS", {})
        for kind, column in _UNITS.items():
            there = {text(row, "BUSINESS_UNIT") for row in rows if text(row, "KIND") == kind}
            what = f"{kind} business unit"
            self._found.compare(what, self._named([column]), partial(_unit, what, there))

    async def _vendors(self) -> None:
        of = self._named(_VENDORS) if self._client.settings.profile == "voucher" else {}
        setid = self._client.settings.setid
        rows = {code: await self._client.query("VENDOR", [("SETID", setid), ("VENDOR_ID", code)], 2) for code in sorted(of)}
        self._found.compare("vendor", of, lambda code, one: _vendor(f"{setid}/{code}", one, rows[code]))

    # --- what business units are set to -------------------------------------------------------------------------------

    async def _periods(self) -> None:
        columns = {"GL": "OPEN_GL"} | ({"AP": "OPEN_AP"} if self._client.settings.profile == "voucher" else {})
        for kind, column in columns.items():
            for unit in sorted(self._named([_UNITS[kind]])):
                self._say_period(unit, kind, column, await listed(self._client, "PERIODS", {"BUSINESS_UNIT": unit}))

    def _say_period(self, unit: str, kind: str, column: str, rows: Sequence[Row]) -> None:
        current = [row for row in rows if covers(day(row, "BEGIN_DT"), day(row, "END_DT"), self._today)]
        subject = f"period {unit}"
        if not current:
            self._found.say(
                "error", subject, f"no {kind} period of {unit} covers {self._today}.", "Add the year to the unit's calendar."
            )
            return
        name = f"{text(current[0], 'FISCAL_YEAR')}-{text(current[0], 'ACCOUNTING_PERIOD')}"
        if any(text(row, column) == "Y" for row in current):
            self._found.say("ok", subject, f"today's {kind} period {name} is open", "")
        else:
            words = f"today's {kind} period {name} of {unit} is closed."
            self._found.say("error", subject, words, "Open it (Open Period Update), or documents of these days are held.")

    async def _options(self) -> None:
        settings = self._client.settings
        try:
            for unit in sorted(self._named([_UNITS["GL"]])):
                for row in await self._client.query("OPTIONS", [("BUSINESS_UNIT", unit)], 2):
                    if text(row, "JOURNAL_POST") == "N" and settings.require_posted:
                        words = f"{unit} posts no journal without a person, and require_posted waits for the posting."
                        self._found.say("warning", f"options {unit}", words, "Mark journals to post, or set require_posted: false.")
            if settings.profile == "voucher":
                for unit in sorted(self._named([_UNITS["AP"]])):
                    for row in await self._client.query("OPTIONS", [("BUSINESS_UNIT", unit)], 2):
                        self._say_duplicates(unit, text(row, "DUP_INVOICE_ACTION"))
        except QueryAbsent:
            words = "absent: duplicate-invoice checking and journal posting of the business units cannot be told."
            self._found.say("warning", f"query {settings.query('OPTIONS')}", words, f"Install {settings.query('OPTIONS')}.")

    def _say_duplicates(self, unit: str, action: str) -> None:
        subject = f"duplicate invoices {unit}"
        if action in ("RECYCLE", "REJECT"):
            self._found.say("ok", subject, f"PeopleSoft stops a duplicate invoice itself ({action})", "")
            return
        words = f"{unit} does not stop a duplicate invoice ({action or 'not told'}): a person's second voucher would be posted."
        if self._client.settings.voucher.writer == "staging":
            words += " For staged vouchers our look-up alone stands against a second one."
        self._found.say("warning", subject, words, f"Set duplicate invoice checking of {unit} to Recycle or Reject.")

    async def _meaning(self) -> None:
        """What the settings mean for deposits and tax, in an accountant's words."""
        units = sorted(self._named([_UNITS["GL"]]))
        if self._client.settings.accounts.deposits:
            self._found.say(
                "ok", "deposits", f"payments credit {self._client.settings.accounts.deposits} until they are applied", ""
            )
        else:
            words = "accounts.deposits is empty: a deposit, paid before its invoice, credits the receivable at once and makes it too small."
            if len(units) > 1:
                words += f" A payment of another ledger unit than its invoice ({', '.join(units)}) stays in its own unit, unseen."
            remedy = "Name the liability account of customer deposits; applications are journals then, each on its own day."
            self._found.say("warning", "deposits", words, remedy)
        words = "under tax_mode source, ServiceTitan's tax is posted to the liability accounts of table tax_zone; PeopleSoft computes none, and its"
        self._found.say("ok", "sales tax", f"{words} tax reports stay empty: report by these accounts", "")


def _unit(what: str, there: set[str], code: str, one: _Named) -> Judged | None:
    if code in there:
        return None
    words = f"{what} {code} of {one.source} is not there, or row security hides it."
    return Judged("error", words, f"Correct {one.source}, or give the integration user the unit.")


def _vendor(name: str, one: _Named, rows: Sequence[Row]) -> Judged | None:
    code = name.rpartition("/")[2]
    if not rows:
        padded = f" It is shorter than 10: ids are zero-filled, try {code.zfill(10)}." if len(code) < 10 else ""
        return Judged("error", f"vendor {name} of {one.source} is not there.{padded}", f"Correct {one.source}.")
    status = text(rows[0], "VENDOR_STATUS")
    if status == "A":
        return None
    words = f"vendor {name} of {one.source} has status {status}, not A (approved)."
    return Judged("error", words, f"Approve the vendor or correct {one.source}.")


def _judged(what: str, named: _Named, now: Row | None, later: Row | None) -> Judged | None:
    """What is wrong with one value; None if it can be posted to."""
    source = named.source
    if now is None and later is None:
        return Judged("error", f"{what} is not in PeopleSoft.", f"Create it or correct {source}.")
    if now is None and not named.is_planned:
        return Judged("error", f"{what} counts from {_begins(later)} on only.", f"Date it back or date the row of {source}.")
    if now is not None and not is_active(now) and not (named.is_planned and later is not None and is_active(later)):
        return Judged("error", f"{what} is inactive since {_begins(now)}.", f"Activate it or correct {source}.")
    if later is not None and not is_active(later):
        return Judged("warning", f"{what} becomes inactive on {_begins(later)}.", f"Give {source} another value from that day on.")
    return None


def _begins(row: Row | None) -> str:
    return text(row, "EFFDT") if row is not None and row.get("EFFDT") else "an unknown day"
