"""`check` names each planted mistake in one line and says what to do; everything right gives no error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from systems.contract import Finding
from systems.mapped import Crosswalk
from systems.peoplesoft.check import GUIDE
from systems.peoplesoft.errors import OPERATION
from systems.peoplesoft.settings import Credentials, Settings
from systems.peoplesoft.wsdl import fetched
from tests.systems.peoplesoft.reading.site import Site, Start
from topology.crosswalk import tables_of

Tables = Mapping[str, Mapping[str, Mapping[str, str]]]
GOOD: Tables = {
    "business_unit": {
        "HVAC": {"gl_business_unit": "US001", "ap_business_unit": "AP001", "receivable_account": "120000", "department": "22000"}
    },
    "line_type": {"service": {"account": "402000", "cost_account": "501000", "product": "HVAC"}},
    "payment_type": {"Check": {"account": "100200"}},
}


def crosswalk(tables: Tables, since: date | None = None) -> Crosswalk:
    """Tables whose rows are in force from that day."""
    rows = [
        {"table": table, "row": key, "values": values, "effective_from": since}
        for table, keys in tables.items()
        for key, values in keys.items()
    ]
    return tables_of(rows)


def one(table: str, **values: str) -> Tables:
    """One row of one table."""
    return {table: {"X": values}}


async def accepted(site: Site, **changes: Any) -> Settings:
    """Settings with the WSDLs of the site accepted."""
    client, _ = site.client()
    hashes = {name: (await fetched(client, name)).digest for name in ("ML_JOURNAL_CI", "ML_VOUCHER_CI")}
    return site.settings(wsdl_hashes=hashes, **changes)


async def checked(
    site: Site, own: Settings | None = None, tables: Tables | Crosswalk = GOOD, credentials: Credentials | None = None
) -> Sequence[Finding]:
    """What a check of the site finds."""
    checker, _ = site.checker(own or await accepted(site), credentials)
    return await checker.check(crosswalk(tables) if isinstance(tables, Mapping) else tables)


def bad(found: Sequence[Finding]) -> list[Finding]:
    """What is not good; each says what to do."""
    chosen = [finding for finding in found if finding.level != "ok"]
    assert all(finding.remedy for finding in chosen)
    return chosen


async def test_everything_right_gives_no_error_and_says_where_the_guide_is(site: Site) -> None:
    found = await checked(site)
    assert bad(found) == []
    assert any(str(GUIDE) in finding.words for finding in found)
    assert GUIDE.exists()
    assert {finding.subject for finding in found} >= {
        "sign-in",
        "queries",
        f"operation {OPERATION}",
        "permissions",
        "account",
        "DEPTID",
    }


async def test_check_writes_nothing(site: Site) -> None:
    checker, wire = site.checker(await accepted(site))
    await checker.check(crosswalk(GOOD))
    assert {request.method for request in wire.sent} == {"GET"}


# --- reaching the site ---


async def test_a_site_that_cannot_be_reached_is_one_line(site: Site) -> None:
    checker, wire = site.checker()
    wire.refuse = True
    (line,) = bad(await checker.check(crosswalk(GOOD)))
    assert (line.level, line.subject) == ("error", "reachability")
    assert "base_url" in line.remedy


async def test_a_wrong_password_is_one_line(site: Site) -> None:
    (line,) = bad(await checked(site, credentials=site.credentials(password="wrong")))
    assert (line.level, line.subject) == ("error", "sign-in")
    assert "wrong" not in str(line)


async def test_a_wrong_node_is_told(site: Site) -> None:
    (line,) = bad(await checked(site, await accepted(site, node="PSFT_HR")))
    assert "(158," in line.words


@pytest.mark.parametrize(
    ("settings", "credentials"),
    [({"token_scope": "other"}, {}), ({}, {"client_secret": "wrong"}), ({"token_url": ""}, {}), ({}, {"client_id": ""})],
    ids=["scope", "secret", "no address", "no client"],
)
async def test_a_token_server_that_gives_none_is_one_line(
    site: Site, settings: dict[str, str], credentials: dict[str, str]
) -> None:
    own = site.oauth().model_copy(update=settings)
    (line,) = bad(await checked(site, own, credentials=site.credentials(**credentials)))
    assert (line.level, line.subject) == ("error", "token server")


async def test_a_token_that_the_site_does_not_take_is_told(sites: Start) -> None:
    site = await sites(rest_security="basic")
    (line,) = bad(await checked(site, site.oauth()))
    assert (line.subject, "401" in line.words) == ("sign-in", True)


# --- operations, routings, handlers, permissions ---


@pytest.mark.parametrize(("part", "tab"), [("version", "General"), ("routing", "Routings"), ("handler", "Handlers")])
async def test_each_part_of_an_operation_that_is_inactive_is_named(site: Site, part: str, tab: str) -> None:
    own = await accepted(site)
    await site.ask("operations", {"name": "CI_ML_JOURNAL_CI_C", part: "I"})
    lines = {line.subject: line for line in bad(await checked(site, own))}
    line = lines["operation CI_ML_JOURNAL_CI_C"]
    assert line.level == "error"
    assert part in line.words
    assert tab in line.remedy


async def test_an_inactive_query_service_is_named_before_anything_else(site: Site) -> None:
    own = await accepted(site)
    await site.ask("operations", {"name": OPERATION, "active": False})
    (line,) = bad(await checked(site, own))
    assert line.subject == f"operation {OPERATION}"
    assert "(158,66)" in line.words


async def test_an_operation_that_the_site_does_not_know_is_named(site: Site) -> None:
    own = await accepted(site, journal={"interface": "OTHER_CI"})
    lines = {line.subject: line for line in bad(await checked(site, own))}
    assert {"operation CI_OTHER_CI_C", "operation CI_OTHER_CI_G", "permission CI_OTHER_CI_C", "permission OTHER_CI"} <= set(lines)
    assert "is not there" in lines["operation CI_OTHER_CI_C"].words
    assert "Provide the service" in lines["operation CI_OTHER_CI_C"].remedy


async def test_a_missing_permission_is_named_for_the_operation_and_for_the_interface(site: Site) -> None:
    """A missing right to the interface's methods looks like a business error when a document is sent."""
    own = await accepted(site)
    for name in ("CI_ML_JOURNAL_CI_G", "ML_JOURNAL_CI"):
        await site.ask("permissions", {"name": name, "authorized": "N"})
    lines = {line.subject: line for line in bad(await checked(site, own))}
    assert "Web Services tab" in lines["permission CI_ML_JOURNAL_CI_G"].remedy
    assert "Component Interfaces tab" in lines["permission ML_JOURNAL_CI"].remedy


async def test_without_the_sites_queries_the_operations_are_named_and_the_cause_is_not(sites: Start) -> None:
    site = await sites(missing_queries="SERVICE_OPERATIONS,PERMISSIONS,OPTIONS")
    own = await accepted(site)
    lines = {line.subject: line for line in bad(await checked(site, own))}
    assert set(lines) == {"query ML_SERVICE_OPERATIONS", "query ML_PERMISSIONS", "query ML_OPTIONS"}
    assert all(line.level == "warning" for line in lines.values())
    assert "CI_ML_JOURNAL_CI_C" in lines["query ML_SERVICE_OPERATIONS"].words
    assert "cannot be told" in lines["query ML_SERVICE_OPERATIONS"].words
    await site.ask("settings", {"missing_services": "ML_JOURNAL_CI"})
    lines = {line.subject: line for line in bad(await checked(site, own))}
    assert "the cause is not known" in lines["service CI_ML_JOURNAL_CI"].words


async def test_a_query_that_is_missing_or_saved_otherwise_is_named(sites: Start) -> None:
    site = await sites(missing_queries="PERIODS")
    own = await accepted(site)
    lines = bad(await checked(site, own))
    assert any(line.subject == "query ML_PERIODS" and "404" in line.words for line in lines)
    checker, wire = site.checker(own)
    wire.answer = lambda request, got: (
        type(got)(got.status, got.headers, got.body.replace(b"A.EFF_STATUS", b"A.STATUS")) if "GL_ACC" in request.url else got
    )
    lines = bad(await checker.check(crosswalk(GOOD)))
    assert any("no column EFF_STATUS" in line.words for line in lines)


# --- WSDLs ---


async def test_a_wsdl_is_accepted_by_its_hash_and_a_changed_one_is_told(site: Site) -> None:
    (line,) = bad(await checked(site, site.settings()))
    own = await accepted(site)
    assert f"wsdl_hashes: {{ML_JOURNAL_CI: {own.wsdl_hashes['ML_JOURNAL_CI']}}}" in line.remedy
    assert bad(await checked(site, own)) == []
    await site.ask("settings", {"wsdl_revision": 1})
    (line,) = bad(await checked(site, own))
    assert (line.level, line.subject) == ("error", "WSDL ML_JOURNAL_CI")
    assert "changed since it was accepted" in line.words


# --- values ---


@pytest.mark.parametrize(
    ("tables", "level", "words"),
    [
        (one("line_type", account="123456"), "error", "account 123456 of line_type X (account) is not in PeopleSoft"),
        (one("line_type", account="499000"), "error", "inactive since 2025-07-01"),
        (one("line_type", account="410000"), "error", "counts from 2027-01-01 on only"),
        (one("tax_zone", account="220001", share="1"), "error", "220001"),
        (one("payment_type", account="x"), "error", "account x of payment_type X"),
        (one("business_unit", receivable_account="120001"), "error", "120001 of business_unit X (receivable_account)"),
        (one("location", department="29000"), "error", "DEPTID 29000 of location X (department) is inactive since 2025-12-31"),
        (one("line_type", account="401000", product="SOLAR"), "error", "PRODUCT SOLAR"),
        (one("line_type", account="401000", project="PRJ9"), "error", "PROJECT_ID PRJ9"),
        (one("business_unit", gl_business_unit="US009"), "error", "GL business unit US009"),
        (one("business_unit", ap_business_unit="US001"), "error", "AP business unit US001"),
    ],
)
async def test_a_value_that_cannot_be_posted_to_is_named_with_its_row(site: Site, tables: Tables, level: str, words: str) -> None:
    lines = bad(await checked(site, tables=tables))
    assert any(line.level == level and words in line.words for line in lines), lines


async def test_a_value_that_ends_within_a_year_is_a_warning(site: Site) -> None:
    own = await accepted(site)
    await site.ask("values", {"setid": "SHARE", "field": "ACCOUNT", "value": "402000", "effdt": "2026-07-01", "status": "I"})
    (line,) = bad(await checked(site, own))
    assert (line.level, "becomes inactive on 2026-07-01" in line.words) == ("warning", True)


async def test_a_row_of_the_crosswalks_future_is_held_against_the_future(site: Site) -> None:
    planned = crosswalk(one("line_type", account="410000"), date(2027, 1, 1))
    assert bad(await checked(site, tables=planned)) == []
    missing = crosswalk(one("line_type", account="410001"), date(2027, 1, 1))
    assert any("410001" in line.words for line in bad(await checked(site, tables=missing)))


async def test_accounts_of_the_settings_are_looked_up_too(site: Site) -> None:
    own = await accepted(site, accounts={"suspense": "199998", "rounding": "799900", "deposits": "240000"})
    (line,) = bad(await checked(site, own))
    assert "settings.accounts.suspense" in line.words


async def test_a_closed_period_and_a_year_without_periods_are_told(site: Site) -> None:
    own = await accepted(site)
    await site.ask("periods", {"business_unit": "US001", "period": "2026-03", "gl": "N"})
    (line,) = bad(await checked(site, own))
    assert (line.subject, "closed" in line.words) == ("period US001", True)
    site.clock.move(days=3 * 365)
    assert any("covers 2029" in line.words for line in bad(await checked(site, own)))


async def test_a_journal_that_waits_for_a_person_is_a_warning(sites: Start) -> None:
    site = await sites(journal_post="false")
    (line,) = bad(await checked(site))
    assert (line.level, line.subject) == ("warning", "options US001")
    assert bad(await checked(site, await accepted(site, require_posted=False))) == []


# --- deposits and tax ---


async def test_without_an_account_for_deposits_check_says_what_a_deposit_does(site: Site) -> None:
    own = await accepted(site, accounts={"deposits": ""})
    (line,) = bad(await checked(site, own))
    assert (line.level, line.subject) == ("warning", "deposits")
    assert "credits the receivable at once" in line.words
    assert "another ledger unit" not in line.words
    units = {"business_unit": {"A": {"gl_business_unit": "US001"}, "B": {"gl_business_unit": "US002"}}}
    (line,) = bad(await checked(site, own, units))
    assert "a payment of another ledger unit than its invoice (US001, US002) stays in its own unit" in line.words.lower().replace(
        "us0", "US0"
    )


async def test_check_says_what_tax_from_the_source_leaves_empty(site: Site) -> None:
    (line,) = [one for one in await checked(site) if one.subject == "sales tax"]
    assert (line.level, "tax reports stay empty" in line.words) == ("ok", True)


async def test_the_query_for_journals_typed_by_hand_is_named_where_it_is_missing(sites: Start) -> None:
    site = await sites(missing_queries="ML_JOURNAL_SUSPECTS")
    assert [one.subject for one in bad(await checked(site))] == ["query ML_JOURNAL_SUSPECTS"]
    assert bad(await checked(site, await accepted(site, journal={"suspects": False}))) == []


# --- profile voucher ---


@pytest.mark.parametrize(("basis", "margin"), [("cost", False), ("price", True)])
async def test_the_voucher_profile_says_what_an_accountant_would_question(site: Site, basis: str, margin: bool) -> None:
    own = await accepted(site, profile="voucher", voucher={"amount_basis": basis})
    (line,) = bad(await checked(site, own))
    assert (line.level, line.subject) == ("warning", "profile")
    assert ("margin" in line.words) is margin


@pytest.mark.parametrize(("action", "good"), [("RECYCLE", True), ("REJECT", True), ("WARN", False), ("NONE", False)])
async def test_duplicate_invoices_that_peoplesoft_does_not_stop_are_a_warning(sites: Start, action: str, good: bool) -> None:
    site = await sites(dup_invoice_action=action)
    own = await accepted(site, profile="voucher", voucher={"writer": "staging"})
    lines = {line.subject for line in bad(await checked(site, own))}
    assert ("duplicate invoices AP001" not in lines) is good


async def test_a_vendor_of_the_crosswalk_is_there_and_approved(site: Site) -> None:
    own = await accepted(site, profile="voucher")
    made = await site.ask("vendors", {"NAME1": "Old Pipes", "VENDOR_STATUS": "I"})
    tables = {"sku_vendor": {"A": {"vendor_id": "1"}, "B": {"vendor_id": made["VENDOR_ID"]}, "C": {"vendor_id": "0000000001"}}}
    words = [line.words for line in bad(await checked(site, own, tables)) if line.subject == "vendor"]
    assert len(words) == 2
    assert "try 0000000001" in words[0] + words[1]
    assert "has status I" in words[0] + words[1]


async def test_a_failing_part_does_not_hide_the_others(site: Site) -> None:
    own = await accepted(site)
    checker, wire = site.checker(own)
    wire.answer = lambda request, got: type(got)(500, got.headers, b"<html/>") if "ML_GL_ACCOUNTS" in request.url else got
    found = await checker.check(crosswalk(GOOD))
    assert {finding.subject for finding in bad(found)} == {"query ML_GL_ACCOUNTS", "reading"}
    assert "DEPTID" in {finding.subject for finding in found if finding.level == "ok"}


def test_the_guide_lies_in_the_product() -> None:
    assert Path("systems/peoplesoft/install/INSTALL.md").resolve() == GUIDE
