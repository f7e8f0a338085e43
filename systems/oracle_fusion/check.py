"""Proves the settings of a Fusion connection by using them: one line for each subject, with what to do. Reads only.

Sources: REST API for Financials (Get Enterprise Structures, Get General Ledger Setups, lists of values and the privileges that they need). Rows
outside the user's business units and ledgers are silently absent (assumed), so the check reports an empty list as empty.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from runtime.errors import Broken, ConnectorError, Refused, Throttled
from runtime.exchange import NotSent, Unanswered
from systems.checks import Findings, Judged, covers, named
from systems.contract import Access, Finding
from systems.mapped import Crosswalk
from systems.oracle_fusion.allocation import OWN
from systems.oracle_fusion.client import Client, Query
from systems.oracle_fusion.importing import JOURNAL
from systems.oracle_fusion.mapping_shape import day
from systems.oracle_fusion.models import Row
from systems.oracle_fusion.validation import Validation, fault_of
from systems.values.members import text

STRUCTURES = "FUN_GET_ENTERPRISE_STRUCTURES_REST_SERVICE_PRIV"
LEDGERS = "GL_GET_GENERAL_LEDGER_SETUPS_USING_REST_SERVICE_PRIV"
SETUP = "AR_GET_RECEIVABLES_SETUP_USING_REST_SERVICE_PRIV"
INVENTORY = "INV_VIEW_INVENTORY_SETUP_USING_REST_SERVICE_PRIV"
"""Names of privileges; the last two are assumed."""
_ACCOUNTS = (("line_type", "account"), ("tax_zone", "account"), ("business_unit", "sales_account"), ("business_unit", "receivable"))
_OWN_ACCOUNTS = ("sales", "sales_tax", "discount", "receivable", "rounding")
_APPLICATIONS = {"222": "Receivables", "101": "General Ledger"}
_AT_ONCE = 10


class _Checker:
    """A read-only session. See `systems.contract.Checker`."""

    def __init__(self, client: Client, writes: frozenset[str]) -> None:
        self._client, self._writes = client, writes
        self._validation = Validation(client)
        self._found = Findings()
        self._versions: list[str] = []

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        """All findings, good ones included."""
        self._found = Findings()
        if not await self._signed_in() or not self._is_offered():
            return tuple(self._found)
        parts: tuple[tuple[Callable[[Crosswalk], Awaitable[None]], str], ...] = (
            (self._purchasing, "the role Supplier Manager or Procurement Integration Specialist"),
            (self._receivables, "the role AR Specialist"),
            (self._units, STRUCTURES),
            (self._ledger, f"{STRUCTURES} and {LEDGERS}"),
            (self._sources, SETUP),
            (self._methods, SETUP),
            (self._terms, SETUP),
            (self._actions, "the role AR Specialist"),
            (self._journals, LEDGERS),
            (self._places, INVENTORY),
            (self._accounts, STRUCTURES),
            (self._periods, STRUCTURES),
        )
        for part, privilege in parts:
            await self._guarded(part, crosswalk, privilege)
        return tuple(self._found)

    async def close(self) -> None:
        """End the session."""
        await self._client.close()

    async def _signed_in(self) -> bool:
        settings = self._client.settings
        try:
            await self._client.calls.sign_in.ensure()
            self._versions = await self._client.framework_versions()
        except Throttled as error:
            self._found.say("error", "limit", str(error), "Try again later, or lower the shares of `quota`.")
        except (NotSent, Unanswered) as error:
            self._found.failed("reachability", error, f"Check base_url {settings.base_url}, token_url and the way to them.")
        except (Broken, Refused) as error:
            self._found.failed("sign-in", error, "Map the client to a Fusion user with the roles of the integration.")
        except ConnectorError as error:
            self._found.failed("sign-in", error, "Try again; if it stays, ask the administrator of the pod.")
        else:
            self._found.say("ok", "sign-in", f"{settings.sign_in} at {settings.base_url}, REST resources {settings.rest_version}")
            return True
        return False

    async def _guarded(self, part: Callable[[Crosswalk], Awaitable[None]], crosswalk: Crosswalk, privilege: str) -> None:
        """Run one part of the check. Its error becomes a finding that names the required privilege, and the other parts go on."""
        try:
            await part(crosswalk)
        except (Broken, Refused) as error:
            words = error.words if isinstance(error, Broken) else str(error)
            self._found.say("error", "rights", words, f"Give the user {privilege}.")
        except ConnectorError as error:
            self._found.failed("reading", error, "Try again later.")

    async def _list(self, resource: str, query: Query = ()) -> list[Row]:
        return await self._client.rows(resource, query)

    def _compare(self, what: str, there: Iterable[str], of: Mapping[str, str]) -> None:
        known = set(there)

        def judge(value: str, source: str) -> Judged | None:
            if value in known:
                return None
            some = f"; there are: {', '.join(sorted(known)[:8])}" if known else "; the user sees none"
            return Judged(
                "error", f"{what} {value} of {source} is not in Fusion{some}.", f"Correct {source}, or set it up in Fusion."
            )

        self._found.compare(what, of, judge)

    def _is_offered(self) -> bool:
        """Whether the pod offers the pinned framework version. Without it, nothing else can be asked."""
        settings, wanted = self._client.settings, str(self._client.settings.framework_version)
        if wanted in self._versions:
            self._found.say("ok", "framework", f"version {wanted} is offered for {settings.rest_version}")
            return True
        words = f"version {wanted} is not offered; there are: {', '.join(self._versions) or 'none'}."
        self._found.say("error", "framework", words, "Set framework_version to one of these, 4 or later.")
        return False

    async def _purchasing(self, _: Crosswalk) -> None:
        for resource in ("suppliers", "purchaseOrders"):
            await self._client.get(resource, [("limit", "1")])
        self._found.say("ok", "purchasing", "suppliers and purchase orders can be read")

    async def _receivables(self, _: Crosswalk) -> None:
        for resource in ("receivablesInvoices", "standardReceipts"):
            await self._client.get(resource, [("limit", "1")])
        self._found.say("ok", "receivables", "invoices and receipts can be read")

    async def _units(self, crosswalk: Crosswalk) -> None:
        there = [text(row, "BusinessUnitName") for row in await self._list("finBusinessUnitsLOV")]
        own = {self._client.settings.business_unit: "settings.business_unit"}
        self._compare("business unit", there, own | named(crosswalk, (("business_unit", "erp_unit"),)))

    async def _ledger(self, _: Crosswalk) -> None:
        own, rows = self._client.settings.ledger, await self._list("ledgersLOV")
        if own.name:
            self._compare("ledger", [text(row, "Name") for row in rows], {own.name: "settings.ledger.name"})
        if own.ledger_id:
            self._compare("ledger id", [text(row, "LedgerId") for row in rows], {own.ledger_id: "settings.ledger.ledger_id"})
        if own.chart_of_accounts_id:
            charts = [text(row, "ChartOfAccountsId") for row in rows]
            self._compare("chart of accounts", charts, {own.chart_of_accounts_id: "settings.ledger.chart_of_accounts_id"})

    async def _sources(self, _: Crosswalk) -> None:
        """The transaction source and types of our business unit: whether they have ended, and which side numbers transactions."""
        own, unit = self._client.settings.receivables, self._client.settings.business_unit
        sources = await self._in_force(
            "transactionSourcesLOV", "transaction source", {own.transaction_source: "transaction_source"}
        )
        types = {own.transaction_type: "transaction_type", own.credit_type: "credit_type"}
        await self._in_force("transactionTypesLOV", "transaction type", types)
        ours = [row for row in sources if text(row, "Name") == own.transaction_source and text(row, "BusinessUnit") in ("", unit)]
        if not ours:
            return
        itself = text(ours[0], "AutomaticTransactionNumbering").upper() in ("Y", "YES", "TRUE")
        if itself != (own.numbering == "automatic"):
            words = f"source {own.transaction_source} {'numbers by itself' if itself else 'takes our number'}, the setting says {own.numbering}."
            remedy = f"Set receivables.numbering: {'automatic' if itself else 'ours'}, or choose another source."
            self._found.say("error", "numbering", words, remedy)
        elif itself:
            words = f"source {own.transaction_source} numbers by itself, so that nothing refuses a second invoice: invoices are C3"
            self._found.say("ok", "numbering", words)
        else:
            words = f"source {own.transaction_source} takes our number and refuses a second one: invoices are C1"
            self._found.say("ok", "numbering", words)

    async def _in_force(self, resource: str, what: str, own: Mapping[str, str]) -> list[Row]:
        """The rows of a list. Each of our values has to be among them and in force today."""
        rows, today = await self._list(resource), self._client.clock.now().date()
        there = {text(row, "Name"): day(row, "EndDate") for row in rows}

        def judge(value: str, source: str) -> Judged | None:
            ends = there.get(value)
            if value not in there:
                words = (
                    f"{what} {value} of settings.receivables.{source} is not in Fusion; there are: {', '.join(sorted(there)[:8])}."
                )
                return Judged("error", words, f"Correct receivables.{source}, or set it up in Fusion.")
            if ends is not None and ends < today:
                return Judged("error", f"{what} {value} has ended on {ends}.", f"Choose another for receivables.{source}.")
            return None

        self._found.compare(what, own, judge)
        return rows

    async def _places(self, crosswalk: Crosswalk) -> None:
        wanted = named(crosswalk, (("receiving_place", "organization"),))
        if wanted:
            there = [text(row, "OrganizationCode") for row in await self._list("inventoryOrganizations")]
            self._compare("inventory organization", there, wanted)

    async def _methods(self, crosswalk: Crosswalk) -> None:
        rows = await self._list("receiptMethodsLOV")
        self._compare(
            "receipt method", {text(row, "Name") for row in rows}, named(crosswalk, (("payment_type", "receipt_method"),))
        )
        pairs = {(text(row, "Name"), text(row, "BankAccountNumber")) for row in rows}
        methods = {name for name, _ in pairs}
        for key, row in sorted(crosswalk.rows("payment_type").items()):
            method, account = row.get("receipt_method", ""), row.get("bank_account", "")
            if method in methods and (method, account) not in pairs:
                words = f"bank account {account or '(empty)'} of payment_type {key} is no remittance account of receipt method {method}."
                self._found.say("error", "bank account", words, f"Add it to the method, or correct payment_type {key}.")

    async def _terms(self, crosswalk: Crosswalk) -> None:
        there = [text(row, "Name") for row in await self._list("receivablesPaymentTermsLOV")]
        default = self._client.settings.receivables.payment_terms
        own = {default: "settings.receivables.payment_terms"} if default else {}
        self._compare("payment terms", there, own | named(crosswalk, (("term", "terms"),)))

    async def _actions(self, _: Crosswalk) -> None:
        """Whether the release has the actions on receipts that the settings rely on."""
        own, there = self._client.settings.receivables, await self._client.actions("standardReceipts")
        for name, value, instead, wanted in (
            ("apply_by", own.apply_by, "automatch", ("applyReceipt",)),
            ("reverse_by", own.reverse_by, "person", ("reverseReceipt", "unapplyReceipt")),
        ):
            missing = [one for one in wanted if one not in there]
            if value == "action" and missing:
                words = f"receivables.{name} is action, and standardReceipts has no {' and no '.join(missing)}; they come with release 26D."
                self._found.say("error", "receipt action", words, f"Set receivables.{name}: {instead}, until the pod has them.")
            elif value == "action":
                self._found.say("ok", "receipt action", f"{' and '.join(wanted)} can be used, as receivables.{name} says")
            elif not missing:
                words = f"{' and '.join(wanted)} could be used; receivables.{name} says {value}"
                self._found.say("ok", "receipt action", words)

    async def _journals(self, _: Crosswalk) -> None:
        """Source, category and data access set of imported journals, if a flow imports any."""
        if JOURNAL not in self._writes:
            return
        own = self._client.settings.ledger
        for what, resource, column, value, source in (
            ("journal source", "journalSourcesLOV", "UserJeSourceName", own.journal_source, "journal_source"),
            ("journal category", "journalCategoriesLOV", "UserJeCategoryName", own.journal_category, "journal_category"),
            ("data access set", "dataAccessSetsLOV", "DataAccessSetId", own.data_access_set_id, "data_access_set_id"),
        ):
            there = [text(row, column) for row in await self._list(resource)]
            self._compare(what, there, {value: f"settings.ledger.{source}"})

    async def _accounts(self, crosswalk: Crosswalk) -> None:
        """Every combination of settings and tables, for each business unit whose segments it uses."""
        settings = self._client.settings
        if not settings.ledger.segments:
            words = "ledger.segments is not set, so that no account combination can be validated, and every invoice is held."
            self._found.say("error", "account combination", words, "Name the attribute of each segment of accountCombinationsLOV.")
            return
        own = {value: f"settings.accounts.{name}" for name in _OWN_ACCOUNTS if (value := str(getattr(settings.accounts, name)))}
        wanted = self._filled(own | named(crosswalk, _ACCOUNTS), crosswalk)
        between, count = settings.ledger.delimiter, len(settings.ledger.segments)
        fit = [account for account in wanted if len(account.split(between)) == count]
        there: dict[str, Row] = {}
        for at in range(0, len(fit), _AT_ONCE):
            there |= await self._validation.combinations(fit[at : at + _AT_ONCE])
        today = self._client.clock.now().date()

        def judge(account: str, source: str) -> Judged | None:
            if account not in fit:
                return Judged("error", f"account combination {account} of {source} has not {count} segments.", f"Correct {source}.")
            fault = fault_of(account, there.get(account), today)
            return Judged("error", f"{fault} ({source}).", f"Correct {source}, or set it up in Fusion.") if fault else None

        self._found.compare("account combination", wanted, judge)

    def _filled(self, accounts: Mapping[str, str], crosswalk: Crosswalk) -> dict[str, str]:
        """The combinations with each unit's segments filled in."""
        between, made = self._client.settings.ledger.delimiter, {}
        units = [(key, row.get("segments", "").split(between)) for key, row in sorted(crosswalk.rows("business_unit").items())]
        for account, source in accounts.items():
            parts = account.split(between)
            if OWN not in parts:
                made[account] = source
                continue
            for key, own in units:
                told = [own[at] if part == OWN and at < len(own) else part for at, part in enumerate(parts)]
                made.setdefault(between.join(told), f"{source} in business_unit {key}")
        return made

    async def _periods(self, _: Crosswalk) -> None:
        today, ledger = self._client.clock.now().date(), self._client.settings.ledger.ledger_id
        rows = [row for row in await self._list("accountingPeriodStatusLOV") if not ledger or text(row, "LedgerId") == ledger]
        for application, name in _APPLICATIONS.items():
            of_it = [row for row in rows if text(row, "ApplicationId") == application]
            now = [row for row in of_it if covers(day(row, "StartDate"), day(row, "EndDate"), today)]
            if not now:
                self._found.say("error", "period", f"{name}: no period covers {today}.", "Open it, and check ledger.ledger_id.")
            elif not any(text(row, "ClosingStatus").upper() in ("O", "OPEN") for row in now):
                words = f"{name}: today's period {text(now[0], 'PeriodNameId')} is {text(now[0], 'ClosingStatus') or 'not open'}."
                self._found.say("error", "period", words, "Open it, or documents of these days are held.")
            else:
                self._found.say("ok", "period", f"{name}: today's period {text(now[0], 'PeriodNameId')} is open")


def open_checker(access: Access) -> _Checker:
    """A read-only session with one pod."""
    return _Checker(Client(access), access.writes)
