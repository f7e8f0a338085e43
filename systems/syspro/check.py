"""Proves the settings of a SYSPRO connection by using them: one line per subject, with what to do. Changes nothing.

In the order in which a company is set up: logon and session, tables, months, values of settings and crosswalk, a trial of an AP invoice
(ValidateOnly), OData. SYSPRO allows one session per operator, so this role needs an operator of its own, like every role.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from runtime.errors import Broken, ConnectorError, Malformed, Refused, Throttled, Transient
from schemas.records import CommandEnvelope
from systems.checks import Findings, Judged, named, of_settings
from systems.contract import Access, Answer, Finding
from systems.mapped import Crosswalk
from systems.syspro import documents, errors, odata, resources
from systems.syspro.allocation import OWN, STOCK_TABLE, WAREHOUSE_TABLE, supplier_code
from systems.syspro.client import Client
from systems.syspro.documents import Entry
from systems.syspro.find import Search, Where
from systems.syspro.keys import PERIODS
from systems.syspro.mapping_invoice import BRANCH, SUPPLIER
from systems.syspro.models import Row, day
from systems.syspro.settings import NO_ENET, NO_ODATA

_TABLES = (*resources.BY_FIND.values(), resources.ADDRESSES, resources.ORDER_LINES)
_BOOKS = ("ApInvoice", "ApInvoicePay", "InvMovements", "InvMaster", "InvWhControl")
"""Tables that the writer and this check read besides those that feeds list."""
_AT_ONCE = 20
_PERMIT = "Permit the operator this table (e.net generic find)."


class _Checker:
    """A read-only session. See `systems.contract.Checker`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._found = Findings()
        self._crosswalk: Crosswalk
        self._suppliers: dict[str, Row] = {}
        self._codes: dict[str, Row] = {}

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        """Every finding, including the good ones."""
        self._found, self._crosswalk = Findings(), crosswalk
        if not self._settings.rest_url:
            self._found.say("warning", "e.net", f"{NO_ENET}; only S5 (AP invoices) can run.", "Set rest_url for S1 to S4.")
        elif await self._logged_on():
            parts: list[Callable[[], Awaitable[object]]] = [self._tables, self._months, self._of_suppliers, self._of_codes]
            parts += [self._of_stock, self._of_places, self._trial]
            for part in parts:
                await self._guarded(part)
        await self._guarded(self._odata)
        self._profile()
        return tuple(self._found)

    async def close(self) -> None:
        """Log off."""
        await self._client.close()

    async def _guarded(self, part: Callable[[], Awaitable[object]]) -> None:
        try:
            await part()
        except (ConnectorError, Malformed) as error:
            self._found.failed("reading", error, "Try again; if it stays, look at SYSPRO's own log.")

    # --- logon --------------------------------------------------------------------------------------------------------

    async def _logged_on(self) -> bool:
        where = f"{self._settings.rest}, company {self._settings.company_id}"
        try:
            told = await self._client.profile()
        except Throttled as error:
            self._found.say("error", "seat", str(error), "Free an e.net seat, or wait for a session to time out.")
        except Broken as error:
            self._found.say("error", "logon", error.words, error.remedy)
        except ConnectorError as error:
            self._found.say("error", "reachability", str(error), f"Check rest_url ({where}), port, and the way to it.")
        else:
            company, version = told.get("CompanyName", ""), told.get("EnetVersion", "") or told.get("SysproVersion", "")
            self._found.say("ok", "logon", f"{company or 'company'} at {where}, e.net {version or 'of unknown version'}")
            self._found.say(
                "ok",
                "session",
                "one for each role, with an operator of its own: a second logon of an operator ends its first session",
            )
            return True
        return False

    async def _tables(self) -> None:
        wanted = [(one.table, one.columns) for one in _TABLES] + [(name, ()) for name in _BOOKS]
        good = 0
        for table, columns in wanted:
            try:
                await self._client.find(Search(table, columns, rows=1))
                good += 1
            except (Transient, Refused, Broken) as error:
                self._found.say("error", f"table {table}", str(error), _PERMIT)
        if good == len(wanted):
            self._found.say("ok", "tables", f"{good} tables can be read")

    async def _months(self) -> None:
        current = day(await self._client.profile(), "AccountingDate")
        if current is None:
            self._found.say(
                "error", "months", "GetLogonProfile tells no AccountingDate.", "Set the accounting date of the company."
            )
            return
        words = f"postings go to {current:%Y-%m} and at most the {len(PERIODS) - 1} months before it (PostingPeriod C, P, B)"
        self._found.say("ok", "months", words)

    # --- values -------------------------------------------------------------------------------------------------------

    async def _rows(self, table: str, columns: tuple[str, ...], values: Iterable[str]) -> dict[str, Row]:
        """The rows whose first column is one of these values, by that value."""
        found: dict[str, Row] = {}
        wanted = sorted(set(values))
        for at in range(0, len(wanted), _AT_ONCE):
            some = [Where(columns[0], "EQ", one, "Or") for one in wanted[at : at + _AT_ONCE]]
            for row in (await self._client.find(Search(table, columns, tuple(some), columns[:1]))).whole(table):
                found[row[columns[0]]] = row
        return found

    async def _of_suppliers(self) -> None:
        columns = (("sku_vendor", "vendor_id"), ("order_vendor", "vendor_id"), ("business_unit", "clearing_vendor"))
        wanted = {supplier_code(code, self._settings): source for code, source in named(self._crosswalk, columns).items()}
        self._suppliers = await self._rows("ApSupplier", ("Supplier", "OnHold", "GrnMatchReqd", "Branch"), wanted)
        self._found.compare("supplier", wanted, self._judged_supplier)

    def _judged_supplier(self, code: str, source: str) -> Judged | None:
        row = self._suppliers.get(code)
        if row is None:
            words = f"{source} names {code}, which is no supplier (a numeric code is zero-filled to suppliers.code_length)."
            return Judged("error", words, "Correct the row, or create the supplier.")
        if row["OnHold"] == "Y":
            return Judged("error", f"{source} names supplier {code}, which is on hold.", "Release it, or name another one.")
        if row["GrnMatchReqd"] == "Y":
            words = f"{source} names supplier {code}, whose invoices have to match goods received notes (GrnMatchReqd)."
            return Judged("error", words, "Switch it off for this supplier, or name another one.")
        return None

    async def _of_codes(self) -> None:
        wanted = named(self._crosswalk, (("line_type", "gl_code"), ("adjustment_type", "gl_code")))
        wanted |= of_settings("payables.", self._settings.payables, ("cost_gl_code",))
        wanted |= of_settings("stock.", self._settings.stock, ("adjustment_gl_code",))
        whole = _filled(wanted, self._crosswalk)
        self._codes = await self._rows("GenMaster", ("GlCode", "AccOnHldFlag", "ControlAccFlag"), whole)
        self._found.compare("GL code", whole, self._judged_code)

    def _judged_code(self, code: str, source: str) -> Judged | None:
        row = self._codes.get(code)
        if row is None:
            return Judged("error", f"{source} names GL code {code}, which is not there.", "Correct it.")
        if row["AccOnHldFlag"] == "Y" or row["ControlAccFlag"] == "Y":
            words = "on hold" if row["AccOnHldFlag"] == "Y" else "a control account"
            return Judged("error", f"{source} names GL code {code}, which is {words}.", "Name one that takes postings.")
        return None

    async def _of_stock(self) -> None:
        await self._exist("stock code", "InvMaster", "StockCode", named(self._crosswalk, ((STOCK_TABLE, "stock_code"),)))

    async def _of_places(self) -> None:
        wanted = named(self._crosswalk, ((WAREHOUSE_TABLE, "warehouse"), ("business_unit", "warehouse")))
        await self._exist("warehouse", "InvWhControl", "Warehouse", wanted)

    async def _exist(self, what: str, table: str, column: str, wanted: Mapping[str, str]) -> None:
        there = await self._rows(table, (column,), wanted)

        def judged(value: str, source: str) -> Judged | None:
            return (
                None
                if value in there
                else Judged("error", f"{source} names {what} {value}, which is not there.", "Correct the row.")
            )

        self._found.compare(what, wanted, judged)

    # --- trials -------------------------------------------------------------------------------------------------------

    async def _trial(self) -> None:
        """Validate, without posting, an AP invoice of one cent: rights, licence and the values that it needs."""
        supplier = next((code for code, row in sorted(self._suppliers.items()) if row["OnHold"] != "Y"), "")
        account = next((code for code in sorted(self._codes) if self._judged_code(code, "") is None), "")
        if not supplier or not account:
            self._found.say(
                "warning",
                "trial",
                "no AP invoice could be tried: the crosswalk names no supplier and GL code that are good.",
                "Fill the tables.",
            )
            return
        on = day(await self._client.profile(), "AccountingDate") or self._client.clock.now().date()
        branch = self._settings.payables.branch or self._suppliers[supplier]["Branch"]
        made = documents.payable(_entry(supplier, on), _specimen(supplier, account, branch, on), self._settings)
        request = self._client.posting(made.path, made.name, made.trial, made.xml)

        def taken(answer: Any) -> Answer | None:
            errors.readable(answer, "APSTIN ValidateOnly")
            said = errors.classify(answer, made.root)
            return said if isinstance(said, Answer) else None

        said = await self._client.calls.read(request, "APSTIN ValidateOnly", taken)
        if said is None:
            self._found.say("ok", "trial", f"SYSPRO would take an AP invoice of supplier {supplier} on {account} (ValidateOnly)")
        else:
            self._found.say(
                "error", "trial", f"SYSPRO would not take an AP invoice (ValidateOnly): {said.words}", "Correct what it names."
            )

    async def _odata(self) -> None:
        if not self._settings.odata_url:
            self._found.say("warning", "OData", f"{NO_ODATA}; S5 cannot run.", "Set odata_url.")
            return
        answer = await self._client.table("ApInvoice", odata.query(("Supplier", "Invoice"), (), ("Supplier", "Invoice"), 1))
        rows = odata.rows_of(answer, "ApInvoice")
        self._found.say("ok", "OData", f"{self._settings.odata}: ApInvoice can be read{'' if rows else ', and is empty'}")

    def _profile(self) -> None:
        """Settings that an accountant would question."""
        if not self._settings.rest_url:
            return
        basis = self._settings.payables.amount_basis
        words = (
            f"S1 makes a customer's invoice a payable: AP grows by the {basis} of each sale and would be paid out, "
            "where a vendor's own bill may come as well."
        )
        if basis == "price":
            words += " At price, AP would even carry the margin."
        self._found.say("warning", "payables", words, "Agree it with the controller; lines out of the inventory are left out.")


def _filled(wanted: Mapping[str, str], crosswalk: Crosswalk) -> dict[str, str]:
    """GL codes with `*` replaced by the parts of all business units."""
    parts = sorted({row["gl_part"] for row in crosswalk.rows("business_unit").values() if row.get("gl_part")})
    made: dict[str, str] = {}
    for code, source in wanted.items():
        for whole in (code.replace(OWN, part) for part in parts) if OWN in code else (code,):
            made.setdefault(whole, source)
    return made


def _entry(supplier: str, on: date) -> Entry:
    return Entry("I", supplier, f"ML-CHECK-{on:%Y%m%d}", "ST-CHECK", on, PERIODS[0], "trial of the connector")


def _specimen(supplier: str, account: str, branch: str, on: date) -> CommandEnvelope:
    """The command of an invoice of one cent."""
    line = {"source_line_id": "1", "account": account, "description": "trial", "amount": Decimal("0.01")}
    told = {
        "ref": "ST-CHECK",
        "amount": Decimal("0.01"),
        "lines": [line],
        "description": "",
        "human_number": "trial",
        "due_date": None,
    }
    return cast("CommandEnvelope", told | {"date": on, "dimensions": {SUPPLIER: supplier, BRANCH: branch}})


def open_checker(access: Access) -> _Checker:
    """A read-only session with one company."""
    return _Checker(Client(access))
