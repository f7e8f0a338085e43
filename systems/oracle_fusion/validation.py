"""Asks Fusion, before anything is sent, whether it would accept a document: its customer's account and site, and each account combination. Reads
only.

Facts: `receivablesCustomerAccountSiteActivities` finds a bill-to site by account number. `accountCombinationsLOV` has an attribute for each segment
(with tenant-specific names), EnabledFlag, StartDate, EndDate and DetailPostingAllowedFlag (assumed). A combination that is not in the list might be
created by dynamic insertion, but REST cannot say so: it counts as invalid. What was found good is not asked again for ten minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from systems.contract import ResolvedCommand
from systems.oracle_fusion.client import Client
from systems.oracle_fusion.documents import customer_of, fields
from systems.oracle_fusion.mapping_receivable import RECEIVABLE
from systems.oracle_fusion.mapping_shape import day
from systems.oracle_fusion.models import Row, quoted
from systems.values.members import text
from systems.writing.frame import Attempt

CUSTOMERS = "receivablesCustomerAccountSiteActivities"
FINDER = "CustomerAccountSiteActivitiesFinder"
COMBINATIONS = "accountCombinationsLOV"
_KEPT = timedelta(minutes=10)
_AT_ONCE = 10
"""The most combinations in one request."""
CALLS = 1 + 4
"""The most calls for one document: its customer, and forty combinations."""
_MOST_KEPT = 5000
Refusal = tuple[str, str]
"""Why a document would not be accepted, and the name of the hold; two empty texts mean that it would be."""
GOOD: Refusal = ("", "")


class Validation:
    """What one session has already asked."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sites: dict[tuple[str, str], datetime] = {}
        self._combinations: dict[str, tuple[datetime, Row]] = {}

    async def of(self, attempt: Attempt, resolved: ResolvedCommand) -> Refusal:
        """Whether Fusion would accept an invoice or a receipt."""
        own = fields(resolved.command)
        if refusal := await self._customer(attempt, customer_of(resolved.command, resolved.ids)):
            return refusal, "customer"
        if "lines" not in own:
            return GOOD
        accounts = [*(one["account"] for one in own["lines"]), own["dimensions"][RECEIVABLE]]
        refusal = await self._accounts(attempt, list(dict.fromkeys(accounts)), resolved.post_on or own["date"])
        return (refusal, "account_combination") if refusal else GOOD

    async def accounts(self, attempt: Attempt, accounts: Sequence[str], on: date | None) -> str:
        """Why one of these combinations cannot be posted to on a day; "" if all of them can."""
        return await self._accounts(attempt, accounts, on)

    async def _customer(self, attempt: Attempt, customer: tuple[str, str]) -> str:
        now = self._client.clock.now()
        if customer in self._sites and self._sites[customer] > now:
            return ""
        account, site = customer
        finder = f"{FINDER};AccountNumber={account}"
        attempt.calls += 1
        found = (await self._client.look(CUSTOMERS, [("finder", finder), ("limit", "499")])).whole(CUSTOMERS)
        sites = [text(row, "BillToSiteNumber") for row in found if text(row, "AccountNumber") == account]
        if not sites:
            return f"customer account {account} is not in Fusion"
        if site not in sites:
            return f"customer account {account} has no bill-to site {site}; there are: {', '.join(sorted(sites)[:10])}"
        self._keep_within_bounds()
        self._sites[customer] = now + _KEPT
        return ""

    async def _accounts(self, attempt: Attempt, accounts: Sequence[str], on: date | None) -> str:
        now, asked = self._client.clock.now(), []
        for account in accounts:
            kept = self._combinations.get(account)
            if kept is None or kept[0] <= now:
                asked.append(account)
        if refusal := next(filter(None, map(self._misfit, asked)), ""):
            return refusal
        for at in range(0, len(asked), _AT_ONCE):
            attempt.calls += 1
            for account, row in (await self.combinations(asked[at : at + _AT_ONCE])).items():
                self._keep_within_bounds()
                self._combinations[account] = (now + _KEPT, row)
        rows = {account: kept[1] for account in accounts if (kept := self._combinations.get(account)) is not None}
        return next(filter(None, (fault_of(account, rows.get(account), on) for account in accounts)), "")

    def _misfit(self, account: str) -> str:
        ledger = self._client.settings.ledger
        if not ledger.segments:
            return "ledger.segments is not set, so that no account combination can be validated"
        count = len(account.split(ledger.delimiter))
        return (
            "" if count == len(ledger.segments) else f"account combination {account} has {count} of {len(ledger.segments)} segments"
        )

    async def combinations(self, accounts: Sequence[str]) -> dict[str, Row]:
        """Those of these combinations that are in the list."""
        ledger = self._client.settings.ledger
        wanted = " or ".join(f"({self._condition(account)})" for account in accounts)
        chart = f"_CHART_OF_ACCOUNTS_ID = {ledger.chart_of_accounts_id} and " if ledger.chart_of_accounts_id else ""
        query = [("q", f"{chart}({wanted})"), ("limit", "499")]
        found = (await self._client.look(COMBINATIONS, query)).whole(COMBINATIONS)
        return {ledger.delimiter.join(text(row, name) for name in ledger.segments): row for row in found}

    def _condition(self, account: str) -> str:
        ledger = self._client.settings.ledger
        values = zip(ledger.segments, account.split(ledger.delimiter), strict=True)
        return " and ".join(f"{name} = {quoted(value)}" for name, value in values)

    def _keep_within_bounds(self) -> None:
        """Forget everything when too much is stored; it is then asked again."""
        for kept in (self._sites, self._combinations):
            if len(kept) >= _MOST_KEPT:
                kept.clear()


def fault_of(account: str, row: Row | None, on: date | None) -> str:
    """What is wrong with a combination on a day; "" if it can be posted to."""
    if row is None:
        return f"account combination {account} is not in Fusion"
    if not _is_yes(row, "EnabledFlag"):
        return f"account combination {account} is disabled"
    if not _is_yes(row, "DetailPostingAllowedFlag"):
        return f"account combination {account} allows no posting"
    starts, ends = day(row, "StartDate"), day(row, "EndDate")
    if on is not None and ((starts is not None and on < starts) or (ends is not None and on > ends)):
        return f"account combination {account} is not in force on {on}"
    return ""


def _is_yes(row: Row, name: str) -> bool:
    """A flag given as Y, true or 1. A flag that the list leaves out counts as yes."""
    found = row.get(name)
    return found is None or found is True or str(found).upper() in ("Y", "YES", "TRUE", "1")
