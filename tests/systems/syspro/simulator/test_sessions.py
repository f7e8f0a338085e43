"""Logon and log-off as they were recorded, one session for each operator and company, seats, and a session that is gone."""

from __future__ import annotations

import pytest

from tests.systems.syspro.simulator.world import Client, Make, World

GONE = "ERROR: Unable to read the SYSPRO base directory registry string BaseDir8"


async def test_the_version_is_told_to_everybody(world: World) -> None:
    answer = await world.get("getversion")
    assert (answer.text, answer.headers["Content-Type"], answer.headers["Server"]) == (
        "7.0.0.6",
        "application/octet-stream",
        "Microsoft-HTTPAPI/2.0",
    )


async def test_paths_are_read_without_regard_to_case(world: World) -> None:
    known = world.credentials
    texts = {"Operator": known["operator"], "OperatorPassword": known["operator_password"]}
    texts |= {"CompanyId": known["company"], "CompanyPassword": known["company_password"]}
    assert len((await world.get("LOGON", texts)).text) == 36


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"OperatorPassword": "no"}, "ERROR: Invalid operator password"),
        ({"Operator": "NOBODY"}, "ERROR: Invalid operator code"),
        ({"CompanyId": "X"}, "ERROR: Company 'X' not found"),
        ({"CompanyPassword": ""}, "ERROR: Invalid company password"),
    ],
)
async def test_a_logon_is_refused_in_the_words_of_the_service(world: World, wrong: dict[str, str], words: str) -> None:
    assert (await world.logon(**wrong)).text == words


async def test_a_session_id_without_its_blanks_is_none(world: World) -> None:
    client = await world.client()
    assert (await world.get("Logoff", {"UserId": client.user.strip()})).text == GONE
    assert (await world.get("GetLogonProfile", {"UserId": client.user.strip()})).text == GONE
    assert (await client.call("Logoff")).text == "0"
    assert (await client.call("Logoff")).text == GONE


async def test_a_second_logon_of_an_operator_ends_the_first(world: World) -> None:
    first, other = await world.client(), await world.client("poller")
    second = await world.client()
    assert (await first.find("ApBranch", rows=1)).text == GONE
    assert len((await second.find("ApBranch", rows=1)).rows()) == 1
    assert len((await other.find("ApBranch", rows=1)).rows()) == 1


async def test_a_seat_is_held_until_log_off_or_the_idle_time(make: Make) -> None:
    world = await make(seats=2, idle_minutes=20)
    first = await world.client("sink")
    await world.client("poller")
    full = await world.logon("check")
    assert full.text == "ERROR: Maximum number of e.net users already logged in"
    assert full.text != GONE
    await first.call("Logoff")
    third = await world.client("check")
    world.clock.move(minutes=21)
    assert (await third.call("GetLogonProfile")).text == GONE
    await world.client("sink")
    await world.client("poller")


async def test_a_restart_ends_every_session_and_repeats_no_id(make: Make) -> None:
    world = await make("one")
    client = await world.client()
    again = await make("one", clock=world.clock)
    later = await again.client()
    assert later.user != client.user
    assert (await again.get("GetLogonProfile", {"UserId": client.user})).text == GONE


async def test_the_profile_says_who_and_when(client: Client) -> None:
    answer = await client.call("GetLogonProfile")
    assert answer.root.findtext("OperatorCode") == client.world.credentials["operator"]
    assert (answer.root.findtext("AccountingDate"), answer.root.findtext("CompanyDate")) == ("2026-03-16", "2026-03-16")


async def test_the_accounting_date_stays_in_the_month_until_its_end_is_run(world: World, client: Client) -> None:
    world.clock.move(days=20)
    client = await world.client()
    answer = await client.call("GetLogonProfile")
    assert (answer.root.findtext("AccountingDate"), answer.root.findtext("CompanyDate")) == ("2026-03-31", "2026-04-05")
    await world.sim("months", {"current": "2026-04"})
    assert (await client.call("GetLogonProfile")).root.findtext("AccountingDate") == "2026-04-05"


async def test_faults_of_the_site_drop_a_session_or_answer_a_text(world: World, client: Client) -> None:
    await world.fault(kind="drop_session", path="query/query/COMFND")
    assert (await client.find("ApBranch", rows=1)).text == GONE
    client = await world.client()
    await world.fault(kind="error_text", path="transaction/post", text="Server is busy")
    assert (await client.invoice()).text == "ERROR: Server is busy"
    assert (await client.find("ApBranch", rows=1)).is_well
