"""`check` names each planted misconfiguration in one line with what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from systems.contract import Finding
from systems.servicetitan.check import Checker
from systems.servicetitan.settings import Credentials
from tests.systems.field_service import crosswalk
from tests.systems.servicetitan.scripted import Answer, Server, access, rows, scripted
from topology.crosswalk import Tables


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with scripted() as found:
        found.answer = lambda request: Answer(rows()) if request.headers["ST-App-Key"] == "ak1.1" else Answer(b"", 401)
        found.token = lambda request: Answer({"access_token": "t1", "expires_in": 900})
        yield found


async def findings(server: Server, **settings: Any) -> list[Finding]:
    checker = Checker(access(server, **settings))
    found = list(await checker.check(Tables()))
    await checker.close()
    return found


def bad(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.level != "ok"]


async def test_a_good_connection_has_no_complaint_and_every_scope_is_proved_by_one_row(server: Server) -> None:
    found = await findings(server)
    assert bad(found) == []
    assert all(call.query["pageSize"] == "1" and call.method == "GET" for call in server.calls)
    assert {call.path.rpartition("/")[2] for call in server.calls} >= {"invoices", "payments", "ap-bills", "vendors", "paginated"}


async def test_a_business_unit_whose_currency_its_row_does_not_say_is_named(server: Server) -> None:
    units = [{"id": 7, "name": "Dallas", "currency": "USD"}, {"id": 9, "name": "Toronto", "currency": "CAD"}]
    server.answer = lambda request: Answer(rows(*units) if request.path.endswith("business-units") else rows())
    said = {"Dallas": {"currency": "USD"}, "9": {"currency": ""}}
    checker = Checker(access(server))
    [wrong] = bad(list(await checker.check(crosswalk({"business_unit": said}))))
    assert (wrong.level, "Toronto is in CAD" in wrong.words, "column currency" in wrong.remedy) == ("error", True, True)
    said["9"] = {"currency": "CAD"}
    assert bad(list(await checker.check(crosswalk({"business_unit": said})))) == []
    units.pop()
    assert bad(list(await checker.check(crosswalk({"business_unit": {"Dallas": {}}})))) == [], "one currency needs no word"
    await checker.close()


async def test_a_wrong_secret_is_one_line_with_what_to_do(server: Server) -> None:
    server.token = lambda _: Answer({"error": "invalid_client"}, 400)
    (only,) = await findings(server)
    assert (only.level, "invalid_client" in only.words, "client_secret" in only.remedy) == ("error", True, True)
    assert server.calls == []


async def test_an_address_where_nobody_answers_is_named(server: Server) -> None:
    (only,) = await findings(server, auth_url="http://127.0.0.1:1")
    assert only.level == "error"
    assert "127.0.0.1:1" in only.subject


async def test_a_wrong_app_key_is_named(server: Server) -> None:
    opened = access(server)
    credentials = Credentials(client_id=SecretStr("cid.1"), client_secret=SecretStr("cs1.1"), app_key=SecretStr("wrong"))
    checker = Checker(replace(opened, credentials=credentials))
    complaints = bad(list(await checker.check(Tables())))
    await checker.close()
    assert complaints
    assert all("app_key" in one.remedy for one in complaints)


async def test_each_missing_scope_is_its_own_line(server: Server) -> None:
    server.answer = lambda request: (
        Answer(b"", 403) if "/payments" in request.path or "/vendors" in request.path else Answer(rows())
    )
    complaints = bad(await findings(server))
    assert [one.level for one in complaints] == ["error", "error"]
    assert "tn.acc.payments:r" in complaints[0].remedy
    assert "tn.inv.vendors:r" in complaints[1].remedy


async def test_a_wrong_tenant_is_named(server: Server) -> None:
    server.answer = lambda _: Answer(b"", 404)
    assert "tenant_id" in bad(await findings(server))[0].remedy


async def test_a_feed_that_is_off_needs_no_scope(server: Server) -> None:
    server.answer = lambda request: Answer(b"", 403) if request.path.endswith("/jobs") else Answer(rows())
    assert bad(await findings(server, feeds_off=["jobs"])) == []


async def test_a_clock_ahead_of_the_servers_is_a_warning(server: Server) -> None:
    server.date = datetime(2026, 3, 2, 11, tzinfo=UTC)
    (only,) = bad(await findings(server))
    assert (only.level, only.subject) == ("warning", "servicetitan clock")


async def written(server: Server, **settings: Any) -> list[Finding]:
    """Findings of a connection whose flows write vendors here."""
    checker = Checker(replace(access(server, **settings), writes=frozenset({"vendor"})))
    found = list(await checker.check(Tables()))
    await checker.close()
    return found


GUID = "11111111-2222-4333-8444-555555555555"


async def test_a_write_scope_that_is_missing_is_named_where_a_flow_writes_and_nowhere_else(server: Server) -> None:
    server.token = lambda _: Answer({"access_token": "t1", "expires_in": 900, "scope": "tn.inv.vendors:r"})
    (only,) = bad(await written(server, external_data_application_guid=GUID))
    assert (only.level, "tn.inv.vendors:w" in only.subject, "developer portal" in only.remedy) == ("error", True, True)
    assert bad(await findings(server)) == []
    server.token = lambda _: Answer({"access_token": "t1", "expires_in": 900, "scope": "tn.inv.vendors:r tn.inv.vendors:w"})
    assert bad(await written(server, external_data_application_guid=GUID)) == []


async def test_a_token_that_names_no_scopes_leaves_a_warning_that_it_cannot_be_told(server: Server) -> None:
    (only,) = bad(await written(server, external_data_application_guid=GUID))
    assert (only.level, "is not known" in only.words) == ("warning", True)


async def test_a_connection_that_writes_vendors_without_the_apps_guid_is_an_error(server: Server) -> None:
    server.token = lambda _: Answer({"access_token": "t1", "expires_in": 900, "scope": "tn.inv.vendors:w"})
    (only,) = bad(await written(server))
    assert (only.level, "external_data" in only.subject or "external data" in only.subject) == ("error", True)
