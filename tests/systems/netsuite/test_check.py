"""What `check` finds: each wrong setting, value, right or clock by name, with what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runtime.exchange import Request, Response, response
from runtime.json import parse
from systems.contract import Finding, Role
from systems.netsuite.check import open_checker
from tests.contract.seam import Deliver
from tests.systems import field_service
from tests.systems.netsuite.account import Site, account

GOOD: dict[str, dict[str, dict[str, str]]] = {
    "business_unit": {"Plumbing - Service": {"department": "3", "class": "1", "location": "1"}},
    "cost_line": {"Material": {"account": "20"}},
    "line_type": {"Service": {"item": "2"}},
    "payment_type": {"Check": {"payment_method": "2", "account": "1"}},
    "term": {"Net 30": {"terms": "3"}},
    "tax_zone": {"77": {"item": "8", "tax_code": "1"}},
}


async def found(
    site: Site, tables: Any = GOOD, secrets: Any = None, writes: Sequence[str] = (), twist: Any = None, **settings: Any
) -> list[Finding]:
    """The findings of a check."""
    own: dict[str, Any] = {"defaults": {"department": "8"}} | settings
    access, wire = site.access(Role.CHECK, secrets, **own)
    wire.twist = twist
    entered = access if not writes else type(access)(**{**vars(access), "writes": frozenset(writes)})
    checker = open_checker(entered)
    try:
        return list(await checker.check(field_service.crosswalk(tables)))
    finally:
        await checker.close()


def said(findings: list[Finding], level: str) -> str:
    """What was found at a level."""
    return "; ".join(f"{one.subject}: {one.words}" for one in findings if one.level == level)


async def test_a_good_connection_has_no_error_and_tells_names(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=3, customers=3) as site:
        findings = await found(site, writes=["ap_bill", "ar_invoice", "vendor"])
        assert said(findings, "error") == ""
        good = said(findings, "ok")
        assert "3 is Operations : Plumbing" in good
        assert "named by no table: Operations, Operations : HVAC, Operations : Electrical, Administration" in good
        assert "the role sees purchaseOrder, vendorBill, invoice, vendor" in good
        assert "today's period Mar 2026 is open" in good
        assert "SuiteQL shows times of America/Los_Angeles" in good
        assert all(one.remedy for one in findings if one.level != "ok")


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (
            {"business_unit": {"X": {"department": "6"}}},
            "department 6 (Prairie Service) of business_unit X does not serve subsidiary 2",
        ),
        ({"cost_line": {"X": {"account": "6"}}}, "account 6 (1999 Current Assets) of cost_line X only sums up others"),
        ({"cost_line": {"X": {"account": "27"}}}, "account 27 (6900 Old Vehicles) of cost_line X is inactive"),
        ({"line_type": {"X": {"item": "55"}}}, "item 55 of line_type X is not in NetSuite"),
        ({"term": {"X": {"terms": "9"}}}, "payment term 9 of term X is not in NetSuite"),
        ({"payment_type": {"X": {"payment_method": "9"}}}, "payment method 9 of payment_type X"),
        ({"sku_vendor": {"X": {"vendor_id": "424242"}}}, "vendor 424242 of sku_vendor X is not in NetSuite"),
        ({"bill_to": {"X": {"customer": "no id"}}}, "customer no id of bill_to X is not in NetSuite"),
        ({"tax_zone": {"X": {"tax_code": "77"}}}, "tax item 77 of tax_zone X is not in NetSuite"),
        ({"business_unit": {"X": {"subsidiary": "5"}}}, "subsidiary 5 (Sundial Eliminations) of business_unit X takes no entries"),
    ],
)
async def test_each_value_that_cannot_be_used_is_named(tables: Any, words: str, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        assert words in said(await found(site, {**GOOD, **tables}), "error")


def endless(table: str, rows: int) -> Any:
    """A twist: the whole list of a table goes on without an end, with so many rows a page."""

    async def twist(asked: Request, deliver: Deliver) -> Response:
        query = str(parse(asked.body)["q"]) if "/suiteql" in asked.url else ""
        if f"FROM {table} t" not in query or "WHERE" in query:
            return await deliver(asked)
        items = [{"id": str(number), "name": f"N{number}", "isinactive": "F"} for number in range(rows)]
        told = {"count": rows, "hasMore": True, "items": items, "links": [], "offset": 0, "totalResults": 20_000}
        return response(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    return twist


@pytest.mark.parametrize("table", ["item", "account", "vendor", "customer"])
async def test_however_many_values_there_are_those_that_are_named_are_asked_for(table: str, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        assert said(await found(site, twist=endless(table, 1000)), "error") == ""


@pytest.mark.parametrize(
    ("rows", "words", "remedy"),
    [
        (1000, "department: there are more than 10000 rows", "nobody uses"),
        (0, "goes on after 0 rows, but the next page is empty", ""),
    ],
)
async def test_a_list_that_is_too_long_is_told_from_one_that_brings_nothing(
    rows: int, words: str, remedy: str, tmp_path: Path
) -> None:
    async with account(tmp_path) as site:
        (one,) = [one for one in await found(site, twist=endless("department", rows)) if one.level == "error"]
        assert (words in one.words, remedy in one.remedy) == (True, True), one


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"department": "99"}, "department 99 of business_unit X is not in NetSuite"),
        ({"department": "7"}, "department 7 (Operations : Solar) of business_unit X is inactive"),
        ({"class": "99"}, "class 99 of business_unit X is not in NetSuite"),
    ],
)
async def test_a_dimension_whose_default_stands_in_is_a_warning(row: Any, words: str, tmp_path: Path) -> None:
    """A document is never held for it, so that it stops no connection from going live."""
    async with account(tmp_path) as site:
        findings = await found(site, {**GOOD, "business_unit": {"X": row}})
        assert words in said(findings, "warning")
        assert words not in said(findings, "error")


async def test_a_zone_that_suiteql_does_not_show_is_an_error(tmp_path: Path) -> None:
    async with account(tmp_path, timezone="America/Chicago") as site:
        assert said(await found(site), "error") == ""
        told = said(await found(site, time_zone="America/New_York"), "error")
        assert "time zone: SuiteQL shows 2026-03-16 10:00:00, in America/New_York it is 2026-03-16 11:00:00" in told


@pytest.mark.parametrize(
    ("days", "level", "words"), [(365, "ok", "it ends on"), (29, "warning", "in 29 days"), (31, "ok", "it ends on")]
)
async def test_the_end_of_the_certificate_is_told_thirty_days_before(days: int, level: str, words: str, tmp_path: Path) -> None:
    async with account(tmp_path, certificate_days=days) as site:
        (one,) = [one for one in await found(site) if one.subject == "certificate"]
        assert (one.level, words in one.words) == (level, True), one


async def test_a_certificate_that_is_missing_over_or_of_another_key_is_told(tmp_path: Path) -> None:
    async with account(tmp_path / "a", certificate_days=10) as site, account(tmp_path / "b", certificate_key="rsa") as other:
        assert "its expiry date is not known" in said(await found(site, secrets={"certificate": ""}), "warning")
        strange = str(other.simulator.credentials["certificate"])
        assert "not the key of this certificate" in said(await found(site, secrets={"certificate": strange}), "error")
        assert "cannot be read" in said(await found(site, secrets={"certificate": "no pem"}), "error")
        site.clock.move(11 * 86_400)
        assert "it has ended on 2026-03-26" in said(await found(site), "error")


async def test_token_based_authentication_is_told_to_end(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        assert "2027.1" in said(await found(site, sign_in="token"), "warning")


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"denied": "vendor"}, "vendor"),
        ({"denied": "vendorBill"}, "vendorBill"),
        ({"denied": "suiteql"}, "SuiteAnalytics Workbook"),
        ({"denied": "rest"}, "REST Web Services"),
        ({"denied": "oauth2"}, "INVALID_LOGIN"),
        ({"open_from": "2026-04"}, "today's period Mar 2026 is closed or locked"),
    ],
)
async def test_what_the_account_denies_is_told_by_name(switches: dict[str, str], words: str, tmp_path: Path) -> None:
    async with account(tmp_path, **switches) as site:
        assert words in said(await found(site, writes=["ap_bill", "vendor"]), "error")


async def test_a_locked_side_of_the_period_is_told(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        await site.tell("periods", {"period": "Mar 2026", "apLocked": True})
        assert "closed or locked for payables" in said(await found(site), "error")


async def test_a_oneworld_account_needs_a_subsidiary_and_a_default_department_is_asked_for(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        findings = await found(site, subsidiary="", defaults={})
        assert "the account has 5 subsidiaries" in said(findings, "error")
        assert "defaults.department is empty" in said(findings, "warning")


async def test_numbers_that_were_given_twice_are_told(tmp_path: Path) -> None:
    async with account(tmp_path, duplicate_external_id="accept") as site:
        vendor = await site.enter("vendor", companyName="Twice Supply", subsidiary={"id": "2"})
        for _ in range(2):
            line = {"items": [{"account": {"id": "20"}, "amount": 10}]}
            await site.enter("vendorBill", entity={"id": vendor}, tranId="F-1", externalId="ST-ABCDEFGHIJKLMNOPQRST", expense=line)
        findings = await found(site)
        assert "1 external ids of ours are there more than once, such as ST-ABCDEFGHIJKLMNOPQRST" in said(findings, "error")
        assert "1 bill numbers of a vendor are there more than once" in said(findings, "warning")


async def test_a_full_account_is_no_bad_login(tmp_path: Path) -> None:
    async with account(tmp_path, used_by_others=5, over_limit_form="invalid_login") as site:
        (one,) = [one for one in await found(site) if one.level == "error"]
        assert one.subject == "limit"
        assert "quota.at_once" in one.remedy
