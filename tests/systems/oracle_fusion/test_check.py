"""The check proves each setting by using it, and says what to do; customers are found by name and by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Broken, ConnectorError
from runtime.exchange import Request, Response, response
from systems.contract import Finding, Role
from systems.oracle_fusion.check import LEDGERS, STRUCTURES, open_checker
from systems.oracle_fusion.finder import open_finder
from tests.contract.seam import Deliver
from tests.systems import field_service
from tests.systems.oracle_fusion import mapping_ground
from tests.systems.oracle_fusion.ground import Site, pod, records

Tables = Mapping[str, Mapping[str, Mapping[str, str]]]


async def checked(
    site: Site,
    over: Mapping[str, Any] | None = None,
    tables: Tables | None = None,
    writes: frozenset[str] = frozenset(),
    twist: Any = None,
    **access: Any,
) -> Sequence[Finding]:
    """What a check says with the settings and tables of the examples."""
    own = mapping_ground.settings(**(over or {})).model_dump()
    own |= {name: getattr(site.settings(), name) for name in ("base_url", "token_url", "token_scope", "instance_id")}
    opened, wire = site.access(Role.CHECK, **(own | access))
    wire.twist = twist
    checker = open_checker(replace(opened, writes=writes))
    try:
        return await checker.check(field_service.crosswalk(tables if tables is not None else mapping_ground.TABLES))
    finally:
        await checker.close()


def errors(found: Sequence[Finding]) -> str:
    """The errors as one text; each has to say what to do."""
    wrong = [one for one in found if one.level == "error"]
    assert all(one.remedy for one in wrong), wrong
    return "; ".join(f"{one.subject}: {one.words} {one.remedy}" for one in wrong)


async def test_right_settings_are_proved_one_by_one(tmp_path: Path) -> None:
    async with pod(tmp_path, customers=20, release="26d") as site:
        found = await checked(site)
        assert errors(found) == ""
        subjects = {one.subject for one in found if one.level == "ok"}
        wanted = {"sign-in", "framework", "business unit", "ledger", "receipt method", "payment terms", "account combination"}
        assert wanted | {"period", "numbering", "transaction source", "transaction type"} <= subjects


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"business_unit": "NOSUCH BU"}, "business unit NOSUCH BU"),
        ({"ledger": {"name": "Other Ledger"}}, "ledger Other Ledger"),
        ({"ledger": {"segments": []}}, "ledger.segments is not set"),
        ({"ledger": {"delimiter": "."}}, "has not 4 segments"),
        ({"accounts": {"rounding": "01-110-99999-000"}}, "01-110-99999-000"),
        ({"accounts": {"rounding": "01-110-49900-100"}}, "is disabled"),
        ({"receivables": {"payment_terms": "99 Net"}}, "payment terms 99 Net"),
        ({"receivables": {"transaction_source": "Old Billing"}}, "transaction source Old Billing has ended"),
        ({"receivables": {"transaction_source": "No Such"}}, "transaction source No Such"),
        ({"receivables": {"transaction_type": "Old Invoice"}}, "transaction type Old Invoice has ended"),
        ({"receivables": {"transaction_source": "Manual-NES"}}, "numbers by itself"),
        ({"receivables": {"numbering": "automatic"}}, "takes our number"),
        ({"framework_version": 9}, "framework: version 9 is not offered"),
    ],
)
async def test_a_wrong_setting_is_named(over: dict[str, Any], words: str, tmp_path: Path) -> None:
    async with pod(tmp_path, customers=5, framework_versions=8) as site:
        assert words in errors(await checked(site, over))


LEDGER = {
    "ledger_id": "",
    "data_access_set_id": "300000046975972",
    "journal_source": "ServiceTitan",
    "journal_category": "Adjustment",
}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, ""),
        ({"journal_source": "Nobody"}, "journal source Nobody of settings.ledger.journal_source is not in Fusion"),
        ({"journal_category": "Other"}, "journal category Other"),
        ({"data_access_set_id": "300000000000001"}, "data access set 300000000000001"),
    ],
)
async def test_what_imported_journals_need_is_checked_where_journals_are_imported(
    wrong: dict[str, str], words: str, tmp_path: Path
) -> None:
    async with pod(tmp_path, customers=5, release="26d") as site:
        found = await checked(site, {"ledger": LEDGER | wrong}, writes=frozenset({"journal"}))
        assert words in errors(found) if words else not errors(found)
        assert {"journal source", "journal category", "data access set"} <= {one.subject for one in found}
        unused = await checked(site, {"ledger": LEDGER | wrong})
        assert not any(one.subject.startswith(("journal", "data access")) for one in unused)


async def test_a_privilege_for_journal_setups_that_is_missing_is_named(tmp_path: Path) -> None:
    async with pod(tmp_path, customers=5, privileges_off=LEDGERS) as site:
        assert LEDGERS in errors(await checked(site, writes=frozenset({"journal"})))
        assert LEDGERS not in errors(await checked(site))


@pytest.mark.parametrize(
    ("release", "over", "words"),
    [
        ("24d", {"apply_by": "action"}, "standardReceipts has no applyReceipt"),
        ("24d", {"reverse_by": "action"}, "has no reverseReceipt and no unapplyReceipt"),
        ("24d", {"apply_by": "automatch", "reverse_by": "person"}, ""),
        ("26d", {"apply_by": "action", "reverse_by": "action"}, ""),
    ],
)
async def test_the_actions_that_the_settings_count_on_have_to_be_offered(
    release: str, over: dict[str, str], words: str, tmp_path: Path
) -> None:
    async with pod(tmp_path, customers=5, release=release) as site:
        found = await checked(site, {"receivables": over})
        assert words in errors(found) if words else not errors(found)
        told = [one.words for one in found if one.subject == "receipt action" and one.level == "ok"]
        assert len(told) == (2 if release == "26d" else 0)


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        ("payment_type", {"receipt_method": "Bitcoin", "bank_account": "1"}, "receipt method Bitcoin"),
        ("payment_type", {"receipt_method": "Field Check", "bank_account": "10271-17621-630"}, "no remittance account"),
        ("line_type", {"account": "01-*-99999-*"}, "01-110-99999-100"),
        ("term", {"terms": "45 Net"}, "payment terms 45 Net"),
        ("tax_zone", {"account": "01-110-22000-000"}, "01-110-22000-000"),
    ],
)
async def test_a_value_of_a_table_that_is_not_there_is_named(table: str, row: dict[str, str], words: str, tmp_path: Path) -> None:
    async with pod(tmp_path, customers=5) as site:
        tables = {**mapping_ground.TABLES, table: {"X": row}}
        assert words in errors(await checked(site, None, tables))


async def test_a_privilege_that_is_missing_is_named(tmp_path: Path) -> None:
    async with pod(tmp_path, privileges_off=STRUCTURES) as site:
        assert STRUCTURES in errors(await checked(site))
    async with pod(tmp_path / "methods", privileges_off="AR_GET_RECEIVABLES_SETUP_USING_REST_SERVICE_PRIV") as site:
        said = errors(await checked(site))
        assert "AR_GET_RECEIVABLES_SETUP_USING_REST_SERVICE_PRIV" in said


async def test_a_closed_period_of_today_is_an_error(tmp_path: Path) -> None:
    async with pod(tmp_path) as site:
        await site.tell("periods", period="Mar-26", status="Closed", application="AR")
        assert "Receivables: today's period Mar-26" in errors(await checked(site))


async def test_a_user_that_the_token_does_not_map_to_is_told_as_such(tmp_path: Path) -> None:
    async with pod(tmp_path, user_is_mapped=False) as site:
        found = await checked(site)
        assert [one.level for one in found] == ["error"]


async def test_what_does_not_answer_is_told_with_the_address(tmp_path: Path) -> None:
    async with pod(tmp_path) as site:
        found = await checked(site, token_scope="another")
        assert "invalid_scope" in errors(found)


@pytest.mark.parametrize(
    ("part", "body", "words"),
    [
        (
            "/ledgersLOV",
            b'{"items":[],"count":0,"hasMore":true,"limit":499,"offset":0}',
            "the list goes on after 0 rows, but the next page is empty",
        ),
        ("/fscmRestApi/resources", b'{"items":[{"version":"11.13.18.05","allowedFrameworkVersions":9}]}', "there are: none"),
        ("/fscmRestApi/resources", b'{"items":[{"version":"11.13.18.05","allowedFrameworkVersions":null}, 5]}', "there are: none"),
        ("/standardReceipts/describe", b'{"Resources":{"standardReceipts":{"item":{"actions":5}}}}', "has no applyReceipt"),
    ],
)
async def test_an_answer_of_another_shape_is_told_and_ends_the_question(part: str, body: bytes, words: str, tmp_path: Path) -> None:
    async with pod(tmp_path, customers=5, release="26d") as site:

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            return replace(answer, body=body) if request.url.partition("?")[0].endswith(part) else answer

        assert words in errors(await checked(site, {"receivables": {"apply_by": "action"}}, twist=twist))


# --- customers ---------------------------------------------------------------------------------------------------------


async def test_customers_are_found_by_name_and_by_number_with_every_site(tmp_path: Path) -> None:
    async with pod(tmp_path, customers=30) as site:
        told = (await site.ask("masters/truth"))["customers"][6]
        finder = open_finder(site.access(Role.CHECK)[0])
        page = await finder.find("customer", told["name"], [])
        assert told["id"] in {one.source_id.partition("/")[0] for one in page.elements}
        by_number = await finder.find("customer", "", [told["id"]])
        made = records("customer", list(by_number.elements), site.reading())
        assert {one["code"] for one in made} == {told["id"]}
        assert f"{told['id']}/{told['site']}" in {one["source_id"] for one in made}
        assert all(one["name"] for one in made)


async def test_a_name_that_a_finder_cannot_carry_is_asked_for_by_number(tmp_path: Path) -> None:
    async with pod(tmp_path, customers=3) as site:
        access, wire = site.access(Role.CHECK)
        page = await open_finder(access).find("customer", "Smith, John; Sons", ["1001"])
        assert {one.source_id for one in page.elements} == {"1001/30001"}
        assert len(wire.of("SiteActivities", "GET")) == 1


async def test_a_customer_who_could_not_be_asked_for_ends_the_match(tmp_path: Path) -> None:
    async def twist(request: Request, deliver: Deliver) -> Response:
        return response(503) if "SiteActivities" in request.url else await deliver(request)

    async with pod(tmp_path, customers=3) as site:
        access, wire = site.access(Role.CHECK)
        wire.twist = twist
        with pytest.raises(ConnectorError):
            await open_finder(access).find("customer", "Anybody", [])


async def test_a_session_with_settings_of_another_system_is_refused(tmp_path: Path) -> None:
    async with pod(tmp_path) as site:
        access, _ = site.access()
        with pytest.raises(Broken):
            open_checker(replace(access, settings=access.credentials))
