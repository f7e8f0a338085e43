"""What a declaration may say of its writes beyond what the first systems needed: each shown on the toy, whose declaration is changed for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from pydantic import SecretStr

from runtime import redaction
from runtime.errors import Refused
from runtime.exchange import Request, Response, Unanswered
from runtime.one_write import OneWrite, step
from runtime.settings import Settings
from schemas.records import CommandEnvelope, Ledger
from services.access import AccessProvider
from services.credentials import CredentialStore
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.calls import Calls
from services.sinks.calls import Request as Asked
from services.sinks.core import step as core_step
from services.sinks.pairs import links_of
from services.sinks.state import Key, LookedUp, Phase, Record, Rules
from systems.contract import Access, Answer, Capability, Document, Found, Pair, ResolvedCommand, Role, System, Verdict
from tests.contract import examples, test_cuts, test_refs, test_writes
from tests.contract.conftest import Declare
from tests.contract.ground import ground
from tests.contract.protocol import Run
from tests.contract.seam import VirtualClock
from tests.contract.toybooks.system import Credentials, Writer, WriterByGet, is_post
from tests.unit.sinks.commands import TIMES, command_at
from topology.topics import link_key

# --- what counts as a write -----------------------------------------------------------------------------------------------


@pytest.fixture
def by_get(declared: Declare) -> System:
    """The toy, writing by GET."""
    return declared(open_writer=WriterByGet, is_write=is_post)


async def test_a_system_that_writes_by_get_passes_the_suite(by_get: System, tmp_path: Path) -> None:
    """Nothing that it sent counted as a write: no answer was twisted, and whatever was sent twice was not seen."""
    await test_writes.check_classes_of_answers(by_get, "ap_bill", "post", tmp_path / "1")
    await test_writes.check_own_answers(by_get, "ap_bill", "post", tmp_path / "2")
    await test_writes.check_lies(by_get, "ap_bill", "post", tmp_path / "3")
    await test_writes.check_examples_are_written(by_get, tmp_path / "4")
    assert await test_cuts.check_a_cut_write_is_found(by_get, "ap_bill", (1, 0), tmp_path / "5") > 20
    await test_refs.check_steps_are_resumed(by_get, "ap_bill", "post", tmp_path / "6")


class SendsAgain(WriterByGet):
    """A client that means well."""

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        answer = await super().perform(step, resolved, document)
        return await super().perform(step, resolved, document) if answer.verdict is Verdict.AMBIGUOUS else answer


class LooksByWriting(WriterByGet):
    """A client whose look-up changes something."""

    async def find(self, resolved: ResolvedCommand) -> Any:
        await self.perform("post", resolved, None)
        return await super().find(resolved)


async def test_a_write_by_get_that_is_sent_again_is_seen(declared: Declare, tmp_path: Path) -> None:
    again = declared(open_writer=SendsAgain, is_write=is_post)
    with pytest.raises(AssertionError, match="post"):
        await test_writes.check_classes_of_answers(again, "ap_bill", "post", tmp_path / "1")
    looks = declared(open_writer=LooksByWriting, is_write=is_post)
    with pytest.raises(AssertionError, match="a look-up changes nothing"):
        await test_refs.check_steps_are_resumed(looks, "ap_bill", "post", tmp_path / "2")


@dataclass
class Silent:
    """A network that takes everything and answers nothing."""

    sent: list[Request] = field(default_factory=list)

    async def send(self, request: Request, timeout_s: float) -> Response:
        self.sent.append(request)
        raise Unanswered("no answer")

    async def close(self) -> None:
        """Nothing is open."""


COMMAND = cast("CommandEnvelope", {"ref": "ST-1", "op_key": "k", "amount": 1, "dimensions": {"vendor": "V"}, "posting_date": None})


@pytest.mark.parametrize(("writer", "is_write"), [(SendsAgain, is_post), (SendsAgain, None)])
async def test_a_second_write_of_a_step_does_not_leave_the_sink(declared: Declare, writer: Any, is_write: Any) -> None:
    """Where the declaration does not say that a GET writes, it is sent again: that is what the declaration is for."""
    system, network = declared(is_write=is_write), Silent()
    made = writer(replace(access(system), transport=OneWrite(network, system.writes_by)))
    calls = Calls(VirtualClock(), 5)
    for number in (1, 2):
        answer = await calls.perform(made, ResolvedCommand("ap_bill", COMMAND), Asked("post", None, 100.0, str))
        assert isinstance(answer, Answer)
        assert answer.verdict is Verdict.AMBIGUOUS
        assert len(network.sent) == number * (1 if is_write else 2), "each step has one of its own"


async def test_look_ups_and_sign_ins_pass_however_many_there_are() -> None:
    network = Silent()
    transport = OneWrite(network, lambda request: request.method != "GET")
    for request in (Request("POST", "http://x/token"), Request("POST", "http://x/token")):
        with pytest.raises(Unanswered, match="no answer"):
            await transport.send(request, 1)
    with step():
        for request in (Request("GET", "http://x"), Request("PUT", "http://x"), Request("GET", "http://x")):
            with pytest.raises(Unanswered, match="no answer"):
                await transport.send(request, 1)
        with pytest.raises(Unanswered, match="a second write within one step is not sent"):
            await transport.send(Request("PATCH", "http://x"), 1)
    assert [one.method for one in network.sent] == ["POST", "POST", "GET", "PUT", "GET"]


@dataclass(frozen=True)
class Tokens:
    """Credentials in force."""

    def get(self, connection: str, purpose: str, origins: Any) -> dict[str, str]:
        return {"token": "t"}


def access(system: System, role: Role = Role.SINK) -> Access:
    provider = AccessProvider(Settings(profile="demo"), cast("CredentialStore", Tokens()), cast("Any", VirtualClock()))
    return provider.access(examples.connected(system).settings, system.name, role)


def test_every_session_of_a_sink_keeps_to_it(toy: System) -> None:
    assert [isinstance(access(toy, role).transport, OneWrite) for role in Role] == [False, True, False]


# --- a look-up may refuse ---------------------------------------------------------------------------------------------------

REFUSAL = Found((), refusal="ACCT-12: no such combination", refusal_reason="account")


class AsksFirst(Writer):
    """A client that can ask beforehand whether the toy would take a bill; `refuses` says what it hears."""

    refuses = REFUSAL

    async def find(self, resolved: ResolvedCommand) -> Found:
        return replace(self.refuses, documents=(await super().find(resolved)).documents)


class AsksInVain(AsksFirst):
    """The toy would take it."""

    refuses = Found(())


async def test_what_a_look_up_says_would_be_refused_is_held_and_not_sent(declared: Declare, tmp_path: Path) -> None:
    async with ground(declared(open_writer=AsksFirst), tmp_path) as on:
        sent: list[str] = []
        ended = await Run(on, await on.case("ap_bill"), sent.append).to_the_end()
        assert (ended["state"], ended["reason"], ended["detail"]) == (e.HELD, "account", "ACCT-12: no such combination")
        assert (ended["intent_attempt"], sent, on.seam.writes, await on.kept()) == (0, [], [], [])


async def test_what_is_there_is_there_whatever_would_be_refused_now(declared: Declare, tmp_path: Path) -> None:
    async with ground(declared(open_writer=AsksInVain), tmp_path) as on:
        case = await on.case("ap_bill")
        assert (await Run(on, case).to_the_end())["state"] == e.POSTED
        on.writer.refuses = REFUSAL  # type: ignore[attr-defined]  # the toy's writer
        assert (await Run(on, case).to_the_end())["state"] == e.ADOPTED


def test_what_a_refusal_echoes_shows_no_secret() -> None:
    redaction.know(Credentials(token=SecretStr("s3cret-token-of-the-toy")))
    assert "s3cret-token-of-the-toy" not in Found((), refusal="bad token s3cret-token-of-the-toy").refusal


# --- what a writer is asked with -------------------------------------------------------------------------------------------


class LooksByWindow(Writer):
    """A client whose system knows no refs: it lists what was created within a window."""

    asked: ClassVar[list[ResolvedCommand]] = []

    async def find(self, resolved: ResolvedCommand) -> Found:
        self.asked.append(resolved)
        if resolved.tried_since is None:
            raise Refused("nobody knows since when it was tried")
        return await super().find(resolved)


async def test_a_look_up_by_a_window_of_creation_begins_when_the_first_command_came(declared: Declare, tmp_path: Path) -> None:
    async with ground(declared(open_writer=LooksByWindow), tmp_path) as on:
        LooksByWindow.asked.clear()
        case, came_at = await on.case("ap_bill"), on.clock.now()
        assert (await Run(on, case).to_the_end())["state"] == e.POSTED
        assert [(one.tried_since, one.known_id) for one in LooksByWindow.asked] == [(came_at, "")]


async def test_a_document_is_held_where_nobody_knows_since_when_it_was_tried(declared: Declare, tmp_path: Path) -> None:
    """The ledger was rebuilt from commands whose predecessors it does not count."""
    async with ground(declared(open_writer=LooksByWindow), tmp_path) as on:
        sent: list[str] = []
        run = Run(on, await on.case("ap_bill"), sent.append)
        run.key = run.key.but(entry={**run.key.entry, "tried_since": None})
        ended = await run.to_the_end()
        assert (ended["state"], ended["reason"], sent) == (e.HELD, reasons.REFUSED, [])
        assert ended["detail"] == "nobody knows since when it was tried"


def test_a_newer_command_does_not_move_since_when_it_was_tried() -> None:
    first = e.fresh(replace(MASTER, came_at=AT))
    newer = replace(MASTER, came_at=AT + timedelta(days=1))
    assert [
        made.get("tried_since") for made in (e.replaced(first, newer), e.refreshed(first, newer), e.reopened(first, newer))
    ] == [AT] * 3
    before: Ledger = {name: value for name, value in first.items() if name != "tried_since"}  # type: ignore[assignment]  # as it was written before
    assert e.replaced(before, newer).get("tried_since") is None


# --- pairs ------------------------------------------------------------------------------------------------------------------


class TellsLines(Writer):
    """A client whose answers tell the toy's ids of a bill's lines."""

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        answer = await super().perform(step, resolved, document)
        return replace(answer, document=with_lines(answer.document)) if answer.document is not None else answer


class FindsLines(TellsLines):
    """Its look-ups tell them as well."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        return Found(tuple(map(with_lines, (await super().find(resolved)).documents)))


def with_lines(document: Document) -> Document:
    return replace(document, pairs=(Pair("bill_line", "1", f"{document.erp_id}-1"), Pair("bill_line", "2", f"{document.erp_id}-2")))


async def test_a_pair_that_an_answer_tells_and_no_look_up_is_a_fault_of_the_client(declared: Declare, tmp_path: Path) -> None:
    await test_refs.check_steps_are_resumed(declared(open_writer=FindsLines), "ap_bill", "post", tmp_path / "1")
    with pytest.raises(AssertionError, match="a look-up tells the pairs that an answer tells"):
        await test_refs.check_steps_are_resumed(declared(open_writer=TellsLines), "ap_bill", "post", tmp_path / "2")


@pytest.mark.parametrize("lost", [False, True])
async def test_pairs_are_recorded_with_the_state_that_they_prove(declared: Declare, tmp_path: Path, lost: bool) -> None:
    async with ground(declared(open_writer=FindsLines), tmp_path) as on:
        on.simulator.faults.plan([{"kind": "lost_answer", "method": "POST", "path": "/bills", "count": int(lost)}] if lost else [])
        run = Run(on, await on.case("ap_bill"))
        ended = await run.to_the_end()
        assert [name for name, _ in run.answers if lost] == ["post"] * lost
        assert (ended["state"], [(one.source_id, one.target_id) for one in run.pairs]) == (e.POSTED, [("1", "B1-1"), ("2", "B1-2")])
        there, back = links_of(ended, run.pairs[0], "sinks")
        assert (there["source_id"], there["target_system"], there["target_id"], there["purpose"]) == (
            "1",
            "toybooks",
            "B1-1",
            "payable",
        )
        assert (back["source_system"], back["source_id"], back["target_id"]) == ("toybooks", "B1-1", "1")
        assert len({link_key(one) for one in (there, back, {**there, "purpose": "sale"}, {**there, "part": "V1"})}) == 4


AT = datetime(2026, 3, 2, tzinfo=UTC)
MASTER = replace(command_at(0, "1", "a", "0"), record="vendor")
PARTNER = Document("V1", "V1", "ST-1", Decimal(0), "", (), ("name: theirs, ours",))


@pytest.mark.parametrize("documents", [(), (PARTNER,)])
def test_a_master_that_would_be_refused_is_held_before_anything_is_intended(documents: tuple[Document, ...]) -> None:
    key = Key(fresh_master(), Rules(("upsert",), Capability.C3, 3, TIMES, updates=True), Phase.COMPARING)
    found = replace(REFUSAL, documents=documents)
    after, effects = core_step(key, LookedUp(found, 0.0, 0.1, AT))
    (record,) = [one for one in effects if isinstance(one, Record)]
    assert (record.entry["state"], record.entry["reason"], record.entry["intent_attempt"]) == (e.HELD, "account", 0)
    assert after.phase is Phase.CLOSING


def test_of_a_later_step_that_would_be_refused_the_earlier_one_stays_done() -> None:
    done = e.change(fresh_master(), AT, steps_done=["create"], erp_id="D1", state=e.INTENT, intent_attempt=1, intent_step="release",
                    intent_hash="p", attempt_count=1)  # fmt: skip
    kept = Document("D1", "D1", "ST-1", Decimal(0), "USD", ("create",))
    key = Key(done, Rules(("create", "release"), Capability.C3, 3, TIMES), Phase.READING)
    _, effects = core_step(key, LookedUp(replace(REFUSAL, documents=(kept,)), 0.0, 0.1, AT))
    (record,) = [one for one in effects if isinstance(one, Record)]
    assert (record.entry["state"], record.entry["steps_done"], record.entry["intent_attempt"]) == (e.HELD, ["create"], 0)


def test_in_shadow_it_is_told_and_nothing_else() -> None:
    key = Key(fresh_master(), Rules(("create",), Capability.C3, 3, TIMES), Phase.READING, mode="shadow")
    _, effects = core_step(key, LookedUp(REFUSAL, 0.0, 0.1, AT))
    (record,) = [one for one in effects if isinstance(one, Record)]
    assert (record.entry["state"], record.entry["detail"]) == (e.WAITING, "would be refused: ACCT-12: no such combination")


def fresh_master() -> Ledger:
    return e.fresh(MASTER)
