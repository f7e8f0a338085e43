"""Each planned fault on a Create: what the client sees, and what was committed."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.systems.peoplesoft.simulator.world import LISTENER, Answer, World, journal, query_path

_FAULT = "Service Operation handler failure. The application server does not answer. (158,10001)"


async def _create(world: World) -> Answer | None:
    """The answer of a Create, None when the connection broke."""
    try:
        return await world.soap("ML_JOURNAL_CI", "Create", journal())
    except aiohttp.ClientError:
        return None


@pytest.mark.parametrize(
    ("fault", "status", "commits"),
    [
        ({"kind": "lost_answer"}, None, 1),
        ({"kind": "fault_before"}, 500, 0),
        ({"kind": "fault_before", "status": 200}, 200, 0),
        ({"kind": "ib_error_before"}, 200, 0),
        ({"kind": "fault_200"}, 200, 1),
        ({"kind": "ib_error_200"}, 200, 1),
        ({"kind": "two_bodies"}, 200, 1),
        ({"kind": "doctype"}, 200, 1),
    ],
    ids=lambda value: str(value.get("kind")) if isinstance(value, dict) else "",
)
async def test_a_fault_hits_one_write_and_the_journal_knows_what_it_did(
    world: World, fault: dict[str, Any], status: int | None, commits: int
) -> None:
    await world.fault(**fault, method="POST", path=LISTENER)
    answer = await _create(world)
    assert (None if answer is None else answer.status) == status
    assert len(await world.journal("Journal")) == commits
    again = await _create(world)
    assert again is not None
    assert again.codes == (["91,49"] if commits else [])
    assert (await world.sim("faults"))["hits"] == {fault["kind"]: 1}


async def _told(world: World, kind: str, **fault: Any) -> Answer:
    await world.fault(kind=kind, method="POST", **fault)
    answer = await _create(world)
    assert answer is not None
    return answer


async def test_a_fault_within_http_200_hides_a_saved_row(world: World) -> None:
    answer = await _told(world, "fault_200")
    assert answer.texts("DefaultMessage") == [_FAULT]
    assert answer.texts("faultcode") == ["SOAP-ENV:Server"]


async def test_two_bodies_are_two(world: World) -> None:
    answer = await _told(world, "two_bodies")
    assert len(answer.xml.findall("{http://schemas.xmlsoap.org/soap/envelope/}Body")) == 2
    assert answer.texts("JOURNAL_ID") == ["K000000001", "K000000001"]


async def test_a_doctype_stands_before_the_envelope(world: World) -> None:
    answer = await _told(world, "doctype")
    assert b"?><!DOCTYPE soapenv:Envelope" in answer.raw.replace(b"\n", b"")
    assert answer.texts("JOURNAL_ID") == ["K000000001"]


async def test_a_wrong_echo_names_another_row(world: World) -> None:
    answer = await _told(world, "wrong_echo", path="CI_ML_JOURNAL_CI_C")
    assert answer.texts("JOURNAL_ID") == ["WRONG000"]
    assert (await world.kept("Journal"))[0]["number"] == "K000000001"


async def test_faults_of_reading_hit_queries(world: World) -> None:
    await world.fault(kind="html", method="GET", path=query_path("ML_OPTIONS"))
    answer = await world.asked("ML_OPTIONS", BUSINESS_UNIT="US001")
    assert answer.raw.startswith(b"<!DOCTYPE html>")
