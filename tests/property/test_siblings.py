"""Several applications of one payment to one invoice: whatever the order in which they arrive and whichever answers are lost, none is applied twice,
none is taken for another one, and what cannot be told is held by name."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.exchange import Request, Response, Unanswered
from services.sinks import consume
from services.sinks import entry as e
from systems.postings.siblings import UNCLEAR_REASON
from tests.property.books.world import World
from tests.systems import field_service
from tests.systems.books.test_bad_corrections import invoice, payment

FIRST, LATER = date(2026, 3, 2), date(2026, 3, 4)
IDS = ("9", "10", "11", "a")


@dataclass(frozen=True)
class Part:
    """An application: its id, amount and day."""

    id: str
    amount: str
    on: date

    @property
    def told(self) -> dict[str, Any]:
        return field_service.application("101", self.amount, self.id, self.on)


@st.composite
def parts(draw: Any) -> list[Part]:
    """Siblings in the order in which they arrive."""
    ids = draw(st.permutations(IDS))[: draw(st.integers(1, 4))]
    return [Part(one, draw(st.sampled_from(["20.00", "30.00"])), draw(st.sampled_from([FIRST, LATER]))) for one in ids]


class Losing:
    """The transport of the ERP, which loses the answers of some writes, or the writes themselves."""

    def __init__(self, world: World, lost: dict[int, bool]) -> None:
        self._send, self._lost, self._count = world.erp.wire.send, lost, 0
        self._is_write = world.erp.system.writes_by
        world.erp.wire.send = self.send  # type: ignore[method-assign]

    async def send(self, request: Request, timeout_s: float) -> Response:
        if not self._is_write(request):
            return await self._send(request, timeout_s)
        self._count += 1
        arrives = self._lost.get(self._count)
        answer = await self._send(request, timeout_s) if arrives is not False else None
        if answer is None or arrives:
            raise Unanswered("the answer is lost")
        return answer


async def amounts(world: World) -> Counter[str]:
    """What is applied of the receipt to the invoice, or referred, as the simulator of the ERP keeps it."""
    if world.erp.name == "acumatica":
        (kept,) = await world.erp_documents("Payment")
        return Counter(one["amount"] for one in kept["applications"])
    (kept,) = await world.erp_documents("standardReceipts")
    applied, referred = (Counter(one["amount"] for one in kept[name]) for name in ("applications", "references"))
    return applied | referred


@dataclass
class Played:
    """What came of it: amounts of the rows in the ERP, and the ledger's applications."""

    rows: Counter[str]
    states: dict[str, tuple[str, str]]


BY_ACTION, BY_REFERENCE = (
    {"receivables": {"numbering": "ours", "payment_terms": "30 Net", "apply_by": how}} for how in ("action", "automatch")
)
ERPS: dict[str, tuple[str, dict[str, Any]]] = {
    "acumatica": ("acumatica", {}),
    "oracle_fusion by an action": ("oracle_fusion", BY_ACTION),
    "oracle_fusion by references": ("oracle_fusion", BY_REFERENCE),
}
"""Each way in which an application is written, with what the connection's settings say of it."""
REQUESTS = {"acumatica": 2}
"""Requests of one application, where it is more than one."""
EACH = pytest.mark.parametrize("way", ERPS)


async def played(way: str, folder: Path, arriving: list[list[Part]], lost: dict[int, bool], rests: list[bool]) -> Played:
    """Each version of the payment arrives after the one before it; the sink may come to rest between them."""
    world = World(folder, *ERPS[way])
    try:
        await world.source.reads()
        await world.all_arrives()
        world.canonical(invoice(world, "101", "500.00"))
        world.canonical(payment(world, "201", "300.00", paid_on=FIRST, fingerprint="v"))
        await world.works()
        Losing(world, lost)
        for number, version in enumerate(arriving):
            about = {"source_version": f"2026-03-11T00:00:{number:02d}Z", "fingerprint": "v"}
            world.canonical(payment(world, "201", "300.00", *[one.told for one in version], paid_on=FIRST, **about))
            await (world.works() if rests[number % len(rests)] else world.works_for(2.0))
        await world.works()
        entries = [one for one in world.sink.index.all() if one["action"] == "apply" and one["record"] == "ar_application"]
        return Played(await amounts(world), {one["part"]: (one["state"], one["reason"]) for one in entries})
    finally:
        world.close()


def judge(siblings: list[Part], found: Played) -> None:
    """Never more rows than are wanted, never fewer than are told as posted; what is not posted is unclear, or waits for it."""
    done = [one for one in siblings if found.states[one.id][0] in {e.POSTED, e.ADOPTED}]
    wanted, posted = (Counter(one.amount for one in some) for some in (siblings, done))
    assert found.rows <= wanted, f"applied twice: {found}"
    assert posted <= found.rows, f"taken for done: {found}"
    left = {found.states[one.id] for one in siblings if one not in done}
    assert left <= {(e.HELD, UNCLEAR_REASON), (e.WAITING, "parent"), (e.HELD, "parent_missing")}, found
    assert not left or (e.HELD, UNCLEAR_REASON) in left, found


def grown(siblings: list[Part], sizes: list[int]) -> list[list[Part]]:
    """The versions of the payment: each has the first so many siblings."""
    return [siblings[:size] for size in sorted({*(min(size, len(siblings)) for size in sizes), len(siblings)}) if size]


LOST = st.dictionaries(st.integers(1, 10), st.booleans(), max_size=3)


@EACH
@pytest.mark.timeout(600)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    siblings=parts(),
    sizes=st.lists(st.integers(1, 4), max_size=4),
    lost=LOST,
    rests=st.lists(st.booleans(), min_size=1, max_size=3),
)
def test_no_sibling_is_applied_twice_or_taken_for_another(
    way: str, siblings: list[Part], sizes: list[int], lost: dict[int, bool], rests: list[bool]
) -> None:
    consume.RETAKE_S = 0.0
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(played(way, Path(folder), grown(siblings, sizes), lost, rests))
    judge(siblings, found)
    if len({one.amount for one in siblings}) == len(siblings):
        assert {state for state, _ in found.states.values()} <= {e.POSTED, e.ADOPTED}, "nothing is unclear where amounts differ"


def play(way: str, tmp_path: Path, *versions: list[Part], lost: dict[int, bool] | None = None) -> Played:
    consume.RETAKE_S = 0.0
    return asyncio.run(played(way, tmp_path, list(versions), lost or {}, [True]))


@EACH
def test_an_earlier_dated_sibling_that_comes_later_is_applied(way: str, tmp_path: Path) -> None:
    """The row of the one that was there already counted as its own, and 20.00 were posted that were in no row."""
    later, earlier = Part("9", "30.00", LATER), Part("10", "20.00", FIRST)
    found = play(way, tmp_path, [later], [later, earlier])
    assert found == Played(Counter({"30.00": 1, "20.00": 1}), {"9": (e.POSTED, ""), "10": (e.POSTED, "")})


@EACH
def test_an_equal_sibling_that_should_have_come_first_is_held(way: str, tmp_path: Path) -> None:
    later, earlier = Part("10", "30.00", FIRST), Part("9", "30.00", FIRST)
    found = play(way, tmp_path, [later], [later, earlier])
    assert found == Played(Counter({"30.00": 1}), {"10": (e.POSTED, ""), "9": (e.HELD, UNCLEAR_REASON)})


@EACH
@pytest.mark.parametrize("arrives", [True, False])
def test_of_two_equal_ones_the_second_whose_answer_is_lost_is_found_or_written_once(
    way: str, tmp_path: Path, arrives: bool
) -> None:
    first, second = Part("9", "30.00", FIRST), Part("10", "30.00", FIRST)
    found = play(way, tmp_path, [first], [first, second], lost={REQUESTS.get(way, 1) + 1: arrives})
    assert found == Played(Counter({"30.00": 2}), {"9": (e.POSTED, ""), "10": (e.POSTED, "")})
