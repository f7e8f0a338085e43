"""The session: a logon for each polling cycle, a log-off in every ending, what refusals mean, and addresses that nobody sees."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from runtime.errors import Broken, ConnectorError, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered, response
from systems.contract import Role
from systems.syspro.client import Client, without_query
from systems.syspro.find import Search, Where
from systems.syspro.poller import open_reader
from systems.syspro.sink import open_writer
from tests.contract.seam import Deliver
from tests.systems.syspro.ground import company, feed, walked
from tests.systems.syspro.writing import Books, books, costly

ONE = Search("ApSupplier", ("Supplier",), (Where("Supplier", "EQ", "0000010"),), ("Supplier",))


def paths(sent: list[Request]) -> list[str]:
    return [urlsplit(one.url).path.rpartition("/Rest/")[2] for one in sent]


async def test_each_polling_cycle_logs_on_anew_and_logs_off(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=3) as site:
        access, wire = site.access(Role.POLLER)
        reader = open_reader(access)
        ids = []
        for _ in range(2):
            position = ""
            while (page := await reader.page(feed("vendors"), position)).more:
                position = page.position
            assert await site.sessions() == []
        for one in wire.of("Logoff"):
            ids += parse_qs(urlsplit(one.url).query)["UserId"]
        assert paths(wire.sent).count("Logon") == 2
        assert len(set(ids)) == 2


async def test_the_session_id_goes_back_with_its_trailing_blanks(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=3) as site:
        access, wire = site.access(Role.POLLER)
        await walked(access, "vendors")
        queries = wire.of("Query/Query")
        assert queries
        for one in queries:
            (told,) = parse_qs(urlsplit(one.url).query)["UserId"]
            assert len(told) == 36
            assert told.endswith("  ")
            assert "UserId=" + told.replace(" ", "%20") in one.url


@pytest.mark.parametrize("ending", ["error", "close", "cancelled"])
async def test_it_is_logged_off_in_every_ending(tmp_path: Path, ending: str) -> None:
    async with company(tmp_path, suppliers=3) as site:
        access, wire = site.access(Role.POLLER, page_size=2)
        reader = open_reader(access)

        async def twist(asked: Request, deliver: Deliver) -> Response:
            if "Query/Query" in asked.url and ending != "close":
                if ending == "cancelled":
                    raise asyncio.CancelledError
                return response(500, b"<html>gateway</html>")
            return await deliver(asked)

        wire.twist = twist
        if ending == "close":
            assert (await reader.page(feed("vendors"), "")).more
            assert len(await site.sessions()) == 1
            await reader.close()
        else:
            with pytest.raises((Transient, asyncio.CancelledError)):
                await reader.page(feed("vendors"), "")
        assert await site.sessions() == []


async def test_a_writer_keeps_one_session_and_logs_off_when_it_is_closed(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        for number in range(3):
            made = held.resolved(costly(source_id=str(200 + number), number=f"N{200 + number}"))
            await held.find(made)
            await held.written(made, "create")
        assert paths(held.wire.sent).count("Logon") == 1
        assert await held.site.sessions() == ["MLSINK/EDU1"]
        await held.writer.close()
        assert await held.site.sessions() == []


async def test_a_dropped_session_is_opened_again_once_by_a_look_up(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        await held.find(made)
        await held.site.tell("sessions/drop")
        assert (await held.find(made)).documents == ()
        assert paths(held.wire.sent).count("Logon") == 2


async def test_a_write_whose_session_was_dropped_was_certainly_not_done(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        await held.find(made)
        await held.site.tell("sessions/drop")
        answer = await held.perform("create", made)
        assert (answer.verdict.value, answer.reason) == ("definite_no", "session_dropped")
        assert not answer.broken
        assert [one for one in await held.kept("ApInvoice") if one["ref"]] == []
        assert (await held.perform("create", made)).verdict.value == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "The session has expired",
        "Session terminated while SYSPRO was being updated",
        "Session dropped after the transaction was posted",
        "Logon of operator MLSINK has expired",
        "Log in again; your login token expired",
        "Your session has ended. Updates are not allowed while logged off",
    ],
)
async def test_a_session_that_ended_is_renewed_whatever_else_the_text_says(text: str, tmp_path: Path) -> None:
    """A look-up logs on again and is repeated; a posting only forgets the session."""
    async with books(tmp_path) as held:
        ended: list[str] = []

        async def twist(asked: Request, deliver: Deliver) -> Response:
            (told,) = parse_qs(urlsplit(asked.url).query).get("UserId", [""])
            is_ended = told in ended and "/Logoff" not in asked.url
            return response(200, f"ERROR: {text}".encode()) if is_ended else await deliver(asked)

        def end_it() -> None:
            ended.extend(parse_qs(urlsplit(held.wire.sent[-1].url).query)["UserId"])

        made = held.resolved(costly())
        await held.find(made)
        held.wire.twist = twist
        end_it()
        assert (await held.find(made)).documents == ()
        assert paths(held.wire.sent).count("Logon") == 2
        end_it()
        assert (await held.perform("create", made)).reason == "session_dropped"
        assert paths(held.wire.sent).count("Logon") == 2
        assert (await held.find(made)).documents == ()
        assert paths(held.wire.sent).count("Logon") == 3


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("Access denied to business object PORTOI while posting", "Permit the operator"),
        ("Licence limit reached during Transaction Post", "license e.net"),
        ("Transaction not permitted, month end aborted", "Permit the operator"),
    ],
)
async def test_a_read_that_is_refused_for_rights_tells_what_to_do(text: str, remedy: str, tmp_path: Path) -> None:
    async with books(tmp_path) as held:

        async def twist(asked: Request, deliver: Deliver) -> Response:
            return await deliver(asked) if "/Log" in asked.url else response(200, f"ERROR: {text}".encode())

        held.wire.twist = twist
        with pytest.raises(Broken, match=remedy):
            await held.find(held.resolved(costly()))


async def test_a_second_logon_of_one_operator_ends_the_first_and_another_operator_does_not(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=2) as site:
        first, second = Client(site.access(Role.SINK)[0]), Client(site.access(Role.SINK)[0])
        third, wire = site.access(Role.POLLER)
        other = Client(third)
        await first.find(ONE)
        await other.find(ONE)
        await second.find(ONE)
        assert sorted(await site.sessions()) == ["MLPOLLER/EDU1", "MLSINK/EDU1"]
        await other.find(ONE)
        assert paths(wire.sent).count("Logon") == 1
        for one in (first, second, other):
            await one.close()


async def test_a_seat_that_is_taken_is_waited_for_and_wrong_credentials_are_not(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=2, seats=1) as site:
        holder = Client(site.access(Role.CHECK)[0])
        await holder.find(ONE)
        with pytest.raises(Throttled, match="the seat is taken"):
            await Client(site.access(Role.POLLER)[0]).find(ONE)
        await holder.close()
        access, _ = site.access(Role.POLLER)
        await Client(access).find(ONE)
    for over in ({"operator_password": "wrong-password"}, {"operator": "NOBODY"}, {"company_password": "wrong-too"}):
        async with company(tmp_path / str(sorted(over)), suppliers=2) as site:
            access, _ = site.access(Role.POLLER)
            changed: Any = type(access)(**{**access.__dict__, "credentials": site.credentials(Role.POLLER, **over)})
            with pytest.raises(Broken, match="each role needs an operator of its own") as caught:
                await Client(changed).find(ONE)
            assert all(secret not in str(caught.value) for secret in over.values())


@pytest.mark.parametrize(
    "body", [b"", b"<html>login</html>", b"0", b"ERROR: something of its own", b"3EA613", b'{"a": 1}', b"\x81\x8d"]
)
async def test_a_logon_that_answers_anything_else_may_pass(tmp_path: Path, body: bytes) -> None:
    async with company(tmp_path, suppliers=2) as site:
        access, wire = site.access(Role.POLLER)

        async def twist(asked: Request, deliver: Deliver) -> Response:
            return response(200, body) if "/Logon" in asked.url else await deliver(asked)

        wire.twist = twist
        with pytest.raises(Transient):
            await Client(access).find(ONE)
        assert "Query" not in "".join(paths(wire.sent))


async def test_calls_go_one_after_the_other_and_one_that_would_wait_long_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("systems.syspro.client._LONGEST_WAIT_S", 10.0)
    async with company(tmp_path, suppliers=2) as site:
        access, wire = site.access(Role.POLLER)
        client = Client(access)
        await client.find(ONE)
        at_once = most = 0
        slow = False

        async def twist(asked: Request, deliver: Deliver) -> Response:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.2 if slow else 0)
            try:
                return await deliver(asked)
            finally:
                at_once -= 1

        wire.twist = twist
        await asyncio.gather(*(client.look(ONE) for _ in range(5)))
        assert most == 1
        slow = True
        monkeypatch.setattr("systems.syspro.client._LONGEST_WAIT_S", 0.01)
        ends = await asyncio.gather(client.look(ONE), client.look(ONE), return_exceptions=True)
        (error,) = [one for one in ends if isinstance(one, BaseException)]
        assert isinstance(error, Transient)
        assert "busy with another call" in str(error)


# --- what nobody sees -------------------------------------------------------------------------------------------------


def test_addresses_lose_their_query_string() -> None:
    said = "400, message='bad', url='http://h/Rest/Logon?Operator=ADMIN&OperatorPassword=x' (and http://h/a?b=c) end"
    assert without_query(said) == "400, message='bad', url='http://h/Rest/Logon?..."
    assert (
        without_query("UserId=[redacted] is at /Rest/Query?UserId=[redacted]&XmlIn=%3Cx")
        == "UserId=[redacted] is at /Rest/Query?..."
    )
    assert without_query("no address") == "no address"


@pytest.mark.parametrize("kind", [NotSent, Unanswered])
async def test_no_query_string_reaches_an_error_or_a_log(
    tmp_path: Path, kind: type[ConnectorError], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """aiohttp's errors quote the whole address, where credentials and documents stand."""
    caplog.set_level(logging.DEBUG)
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        await held.find(made)

        async def twist(asked: Request, deliver: Deliver) -> Response:
            raise kind(f"400, message='Got more than 8190 bytes', url='{asked.url}'")

        held.wire.twist = twist
        told = [repr(await held.perform("create", made))]
        for call in (held.find(made), walked(held.site.access(Role.POLLER)[0], "nothing")):
            try:
                await call
            except (ConnectorError, StopIteration, RuntimeError) as error:
                chain: BaseException | None = error
                while chain is not None:
                    told.append(f"{chain!r} {chain}")
                    chain = chain.__cause__
        told += [caplog.text, *capsys.readouterr()]
        secrets = [*site_secrets(held), "UserId=", "XmlIn", "PostApInvoice", "%3C", "Job 700"]
        assert [one for one in secrets if any(one in text for text in told)] == []
        assert "?..." in told[0]


def site_secrets(held: Books) -> list[str]:
    ready: Any = held.site.simulator.credentials
    return [ready["company_password"], *(one["operator_password"] for one in ready["roles"].values())]


async def test_the_errors_of_a_whole_run_show_no_session_and_no_password(tmp_path: Path) -> None:
    """Every answer in turn is replaced by one that repeats the request."""
    async with books(tmp_path) as held:
        told: list[str] = []
        for bad in range(8):
            seen = 0

            async def twist(asked: Request, deliver: Deliver, bad: int = bad) -> Response:
                nonlocal seen
                seen += 1
                return response(200, f"ERROR: what is {asked.url}".encode()) if seen == bad + 1 else await deliver(asked)

            access, wire = held.site.access(Role.SINK)
            writer = open_writer(access)
            wire.twist = twist
            made = held.resolved(costly(source_id=str(300 + bad), number=f"N{300 + bad}"))
            try:
                await writer.reserve(14)
                told.append(repr(await writer.find(made)))
                await writer.reserve(14)
                told.append(repr(await writer.perform("create", made, None)))
            except ConnectorError as error:
                told.append(str(error))
            wire.twist = None
            await writer.close()
        assert any("ERROR" in one or "what is" in one for one in told)
        assert [one for one in site_secrets(held) if any(one in text for text in told)] == []


async def test_an_old_session_that_cannot_be_logged_off_does_not_keep_a_new_one_from_being_opened(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=2) as site:
        access, wire = site.access(Role.POLLER, session_s=60)
        client = Client(access)
        await client.find(ONE)
        site.clock.move(120)

        async def twist(asked: Request, deliver: Deliver) -> Response:
            if "/Logoff" in asked.url:
                raise Unanswered("no answer")
            return await deliver(asked)

        wire.twist = twist
        await client.find(ONE)
        assert paths(wire.sent).count("Logon") == 2
