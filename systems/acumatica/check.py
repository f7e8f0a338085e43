"""Proves the settings of an Acumatica connection by using them: one line per subject, with what to do. Reads only.

Sources: Integration Development Guide (sign-in, licence limits, endpoint versions), OpenAPI Default 24.200.001 (Account, Subaccount,
PaymentMethod, CustomerClass, TaxCategory, FinancialPeriod). The endpoint has no entity for terms and none for the preferences of AR and AP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from runtime.errors import Broken, ConnectorError, Refused, Throttled
from runtime.exchange import NotSent, Unanswered
from systems.acumatica.client import Client
from systems.acumatica.models import listed
from systems.acumatica.poller import branch_rows
from systems.acumatica.wire import Row, day, flag, rows, text
from systems.checks import Findings, Judged, covers, named, of_settings
from systems.contract import Access, Finding
from systems.mapped import Crosswalk

_OWN_ACCOUNTS = ("sales", "sales_tax", "discount", "rounding", "bill_line", "bill_tax", "freight", "other")
_ACCOUNTS = (("line_type", "account"), ("bill_line", "account"), ("tax_zone", "account"), ("business_unit", "sales_account"))
_SUBACCOUNTS = (
    ("business_unit", "subaccount"),
    ("line_type", "subaccount"),
    ("bill_line", "subaccount"),
    ("tax_zone", "subaccount"),
)


class _Checker:
    """A read-only session. See `systems.contract.Checker`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._found = Findings()

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        """All findings, good ones included."""
        self._found = Findings()
        if not await self._signed_in():
            return tuple(self._found)
        for part in (self._dimensions, self._branches, self._methods, self._classes, self._taxes):
            await self._guarded(part, crosswalk)
        await self._guarded(self._periods, crosswalk)
        return tuple(self._found)

    async def close(self) -> None:
        """Log out."""
        await self._client.close()

    async def _signed_in(self) -> bool:
        settings = self._client.settings
        try:
            await self._client.calls.sign_in.ensure()
        except Throttled as error:
            self._found.say(
                "error",
                "sessions",
                str(error),
                "Free a web-services session or raise the limit; poller, sink and check need one each.",
            )
        except (NotSent, Unanswered) as error:
            self._found.failed("reachability", error, f"Check base_url {settings.base_url} and the way to it.")
        except ConnectorError as error:
            self._found.failed("sign-in", error, "Try again; if it stays, ask the instance's administrator.")
        else:
            self._found.say(
                "ok", "sign-in", f"{settings.sign_in} at {settings.base_url}, endpoint {settings.endpoint_version} is offered"
            )
            return True
        return False

    async def _guarded(self, part: Callable[[Crosswalk], Awaitable[None]], crosswalk: Crosswalk) -> None:
        """One part of the check. Its error becomes a finding, and the other parts go on."""
        try:
            await part(crosswalk)
        except (Broken, Refused) as error:
            self._found.failed("rights", error, "Check the endpoint's entities and the integration user's rights.")
        except ConnectorError as error:
            self._found.failed("reading", error, "Try again later.")

    async def _list(self, entity: str, expand: str = "") -> list[Row]:
        query = [("$expand", expand)] if expand else []
        return [row for _, row in listed(await self._client.get(f"/{entity}", query), entity)]

    async def _dimensions(self, crosswalk: Crosswalk) -> None:
        accounts = {text(row, "AccountCD"): flag(row, "Active") is not False for row in await self._list("Account")}
        own = of_settings("accounts.", self._client.settings.accounts, _OWN_ACCOUNTS)
        self._compare("account", accounts, own | named(crosswalk, _ACCOUNTS))
        subaccounts = {text(row, "SubaccountCD"): flag(row, "Active") is not False for row in await self._list("Subaccount")}
        self._compare("subaccount", subaccounts, named(crosswalk, _SUBACCOUNTS))

    def _compare(self, what: str, there: Mapping[str, bool], of: Mapping[str, str]) -> None:
        def judge(code: str, source: str) -> Judged | None:
            if code not in there:
                remedy = f"Create {code} in Acumatica or correct {source}."
                return Judged("error", f"{what} {code} of {source} is not in Acumatica.", remedy)
            if not there[code]:
                words = f"{what} {code} of {source} is inactive."
                return Judged("error", words, f"Activate {code} or correct {source}.")
            return None

        self._found.compare(what, of, judge)

    async def _branches(self, crosswalk: Crosswalk) -> None:
        client = self._client
        found = [row for _, row in branch_rows(await client.inquire("CompaniesStructure", "Results"))]
        there = {text(row, "BranchID"): flag(row, "BranchStatus") is not False for row in found}
        own = of_settings("", client.settings, ("branch",))
        self._compare("branch", there, own | named(crosswalk, (("business_unit", "branch"),)))
        companies = {text(row, "CompanyID") for row in found}
        if client.settings.company_id not in companies:
            words = f"company {client.settings.company_id} is not in this tenant; there are: {', '.join(sorted(companies))}."
            self._found.say("error", "company", words, "Correct company_id or the tenant of the sign-in.")

    async def _methods(self, crosswalk: Crosswalk) -> None:
        found = await self._list("PaymentMethod", "AllowedCashAccounts")
        there = {text(row, "PaymentMethodID"): flag(row, "Active") is not False for row in found}
        self._compare("payment method", there, named(crosswalk, (("payment_type", "payment_method"),)))
        allowed = {
            text(row, "PaymentMethodID"): {
                text(one, "CashAccount") for one in rows(row, "AllowedCashAccounts") if flag(one, "UseInAR") is not False
            }
            for row in found
        }
        for key, row in sorted(crosswalk.rows("payment_type").items()):
            method, account = row.get("payment_method", ""), row.get("cash_account", "")
            if account and method in allowed and account not in allowed[method]:
                words = f"cash account {account} of payment_type {key} is not allowed for payment method {method}."
                self._found.say(
                    "error",
                    "cash account",
                    words,
                    f"Allow it on the payment method (CA204000) or correct payment_type {key}.",
                    account,
                )

    async def _classes(self, crosswalk: Crosswalk) -> None:
        there = {text(row, "ClassID"): True for row in await self._list("CustomerClass")}
        own = {self._client.settings.customer_class: "settings.customer_class"}
        self._compare("customer class", there, own | named(crosswalk, (("customer_class", "customer_class"),)))
        vendors = {text(row, "ClassID"): True for row in await self._list("VendorClass")}
        self._compare("vendor class", vendors, {self._client.settings.vendor_class: "settings.vendor_class"})

    async def _taxes(self, crosswalk: Crosswalk) -> None:
        tax = self._client.settings.tax
        there = {text(row, "TaxCategoryID"): flag(row, "Active") is not False for row in await self._list("TaxCategory")}
        own = {tax.exempt_category: "settings.tax.exempt_category", tax.taxable_category: "settings.tax.taxable_category"}
        self._compare("tax category", there, own)
        zones = {text(row, "TaxZoneID"): True for row in await self._list("TaxZone")}
        self._compare("tax zone", zones, named(crosswalk, (("tax_zone", "erp_zone"), ("customer_class", "tax_zone"))))
        taxed = [text(row, "ClassID") for row in await self._list("CustomerClass") if text(row, "TaxZoneID")]
        if taxed:
            words = f"customer classes with a tax zone: {', '.join(sorted(taxed))}; lines go as {tax.exempt_category} unless tax_mode is erp."
            self._found.say("warning", "tax", words, f"Make sure that no tax applies to category {tax.exempt_category}.")
        else:
            self._found.say("ok", "tax", "no customer class has a tax zone: Acumatica computes no tax by class")

    async def _periods(self, _: Crosswalk) -> None:
        today = self._client.clock.now().date()
        for year in await self._list("FinancialPeriod", "Details"):
            for one in rows(year, "Details"):
                if covers(day(one, "StartDate"), day(one, "EndDate"), today):
                    self._say_period(one)
                    return
        self._found.say("error", "period", f"no financial period covers {today}.", "Create the year's periods (GL201000).")

    def _say_period(self, one: Row) -> None:
        code = text(one, "FinancialPeriodID")
        closed = [name for name in ("AR", "AP") if flag(one, f"ClosedIn{name}")]
        if text(one, "Status") != "Open" or closed:
            words = f"today's period {code} is {text(one, 'Status').lower()}{' for ' + ', '.join(closed) if closed else ''}."
            self._found.say("error", "period", words, f"Open period {code} (GL503000), or documents of these days are held.")
        else:
            self._found.say("ok", "period", f"today's period {code} is open")


def open_checker(access: Access) -> _Checker:
    """A read-only session with one instance."""
    return _Checker(Client(access))
