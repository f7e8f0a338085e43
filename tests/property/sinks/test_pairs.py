"""Pairs of ids that an answer tells of a document's lines: links both ways, found by what waits for them, whatever is lost in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from schemas.records import CommandEnvelope
from systems.contract import Pair
from tests.property.sinks.in_memory import Setup, Sink, install
from tests.property.sinks.scripted import SETTLE_S, Scripted, bill, correction_of, sink_of
from tests.property.sinks.vouchers import toy
from tests.toy import SOURCE, TARGET

ORDER = bill("1", "5.00")
KEY, CHILD_KEY = ORDER["op_key"], bill("2", "3.00")["op_key"]


def child(purpose: str = "payable", part: str = "") -> dict[str, Any]:
    """A receipt of line L1 of the order's document of this purpose and part."""
    line = {"role": "order_line", "entity": "order_line", "source_id": "L1", "purpose": purpose, "part": part}
    return bill("2", "3.00", parents=[line])


def lines(command: CommandEnvelope) -> tuple[Pair, ...]:
    if command["source_id"] != "1":
        return ()
    return Pair("order_line", "L1", "501"), Pair("order_line", "L2", "502")


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())


def played(play: Callable[[Sink, Scripted], Awaitable[None]], setup: Setup | None = None) -> tuple[Sink, Scripted]:
    async def run() -> tuple[Sink, Scripted]:
        sink, erp = sink_of(setup=setup)
        erp.pairs_of = lines
        await play(sink, erp)
        sink.ends()
        return sink, erp

    return asyncio.run(run())


def told(sink: Sink) -> list[tuple[str, str, str, str]]:
    """Every pair that was recorded, as link."""
    links = [one for one in sink.records("links") if one["origin"] == "pair"]
    return sorted((one["source_system"], one["source_id"], one["target_system"], one["target_id"]) for one in links)


BOTH_WAYS = sorted(
    [(SOURCE, "L1", TARGET, "501"), (TARGET, "501", SOURCE, "L1"), (SOURCE, "L2", TARGET, "502"), (TARGET, "502", SOURCE, "L2")]
)


async def the_child_waits_for_the_order(sink: Sink, erp: Scripted) -> None:
    sink.command("ap_bill", child())
    sink.reads()
    await sink.turns(60)
    assert sink.state(CHILD_KEY) == ("WAITING", "parent")
    sink.command("ap_bill", ORDER)
    sink.reads()
    await sink.turns(120)


def test_a_yes_makes_links_both_ways_and_lets_go_what_waits_for_a_line() -> None:
    sink, erp = played(the_child_waits_for_the_order)
    assert told(sink) == BOTH_WAYS
    assert sink.state(CHILD_KEY) == ("POSTED", "")
    assert erp.ids_sent[child()["ref"]] == {"payable|order_line/L1|": "501"}


def test_a_look_up_after_a_lost_answer_makes_them_too() -> None:
    async def play(sink: Sink, erp: Scripted) -> None:
        erp.answers.append("lost")
        await the_child_waits_for_the_order(sink, erp)
        assert told(sink) == []
        await sink.passes(SETTLE_S + 5)

    sink, _ = played(play)
    assert (told(sink), sink.state(CHILD_KEY)) == (BOTH_WAYS, ("POSTED", ""))


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("lost", ["nothing", "ledger", "results", "all"])
def test_they_outlive_a_restart_a_rebuild_and_a_replay(lost: str, folder: bool, tmp_path: Any) -> None:
    async def play(sink: Sink, _erp: Scripted) -> None:
        sink.command("ap_bill", ORDER)
        sink.reads()
        await sink.turns(120)
        if lost == "nothing":
            sink.crash()
        elif lost == "all":
            sink.lose_all()
        else:
            sink.lose(results=lost == "results")
        sink.command("ap_bill", child())
        sink.reads()
        await sink.rest()

    sink, erp = played(play, Setup(folder=tmp_path / "links") if folder else None)
    assert sink.state(CHILD_KEY) == ("POSTED", "")
    assert (told(sink), len(erp.kept)) == (BOTH_WAYS, 2)
    assert erp.ids_sent[child()["ref"]] == {"payable|order_line/L1|": "501"}


@pytest.mark.parametrize(
    ("purpose", "part", "is_found"), [("", "", True), ("payable", "", True), ("sale", "", False), ("", "V1", False)]
)
def test_a_line_is_that_of_the_document_that_the_link_means(purpose: str, part: str, is_found: bool) -> None:
    async def play(sink: Sink, _erp: Scripted) -> None:
        sink.command("ap_bill", ORDER)
        sink.command("ap_bill", child(purpose, part))
        sink.reads()
        await sink.turns(200)

    sink, _ = played(play)
    assert sink.state(CHILD_KEY) == (("POSTED", "") if is_found else ("WAITING", "parent"))


def test_of_a_document_that_differs_nothing_is_linked() -> None:
    async def play(sink: Sink, erp: Scripted) -> None:
        erp.answers.append("lost")
        sink.command("ap_bill", ORDER)
        sink.reads()
        await sink.turns(60)
        erp.kept[0] = replace(erp.kept[0], amount=ORDER["amount"] + 1)
        await sink.passes(SETTLE_S + 5)

    sink, _ = played(play)
    assert (sink.state(KEY), told(sink)) == (("HELD", "mismatch"), [])


def test_what_is_known_is_not_told_again() -> None:
    async def play(sink: Sink, _erp: Scripted) -> None:
        sink.command("ap_bill", ORDER)
        sink.reads()
        await sink.turns(120)
        sink.lose_all()
        sink.reads()
        await sink.rest()
        assert sink.state(KEY)[0] == "ADOPTED"
        assert sink.state(correction_of(ORDER)) == ("", "")

    sink, _ = played(play)
    assert told(sink) == BOTH_WAYS
