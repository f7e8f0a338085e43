"""Steps that a system's own batch does, and masters that are kept up to date: the real core on the real writer and the simulator."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from systems import registry
from systems.contract import System, Verdict
from systems.owners import ERP, FIELD_SERVICE, owned
from tests.contract import examples
from tests.contract.ground import Case, SystemUnderTest, ground
from tests.contract.protocol import Run
from tests.contract.registered import KEPT_UP, SYSTEMS, WATCHED, requested, ways


async def check_the_batch_is_watched(system: System, way: str, folder: Path) -> None:
    """Until the batch has run the document waits and nothing is sent; then what is left is sent and it is posted, found by the same ref."""
    async with ground(system, folder, way) as on:
        run, entry = await _waiting(on, await on.case(way, "w"))
        write = run.case.write
        before = list(takewhile(lambda step: step not in write.watched, write.steps))
        assert entry["steps_done"] == before, "what is ours to send is sent"
        written = len(on.seam.writes)
        for _ in range(3):
            asked = len(on.seam.requests)
            on.clock.move(run.case.write.watch_every.total_seconds())
            assert (await run.to_the_end())["reason"] == reasons.ERP_BATCH
            assert len(on.seam.requests) > asked, "it is not looked at"
        assert len(on.seam.writes) == written, "a request was sent before the batch came"
        run.with_batch = True
        entry = await run.to_the_end()
        assert entry["state"] == e.POSTED, f"{entry['state']} {entry['reason']} {entry['detail']}"
        assert entry["steps_done"] == list(run.case.write.steps)
        left = len(requested(write)) - len(before)
        assert len(on.seam.writes) == written + left, "a request was sent for what the batch does"
        if not run.case.write.ref_field:
            assert await on.applied() == run.case.command["amount"], "what has no ref of its own settles another document"
            return
        kept = await on.kept_of(run.case)
        assert kept
        assert all(one.done for one in kept)
        assert run.case.original is not None or [one.amount for one in kept] == [run.case.command["amount"]]


async def check_what_the_batch_refuses_is_held(system: System, way: str, folder: Path) -> None:
    """Refused by the batch: held with the system's own code and words, never posted, and never sent again."""
    told = examples.told(system.name).refuses[way]
    async with ground(system, folder, way) as on:
        run, _ = await _waiting(on, await on.case(way, "r"))
        written = len(on.seam.writes)
        await on.at_the_simulator(told)
        run.with_batch = True
        entry = await run.to_the_end()
        assert (entry["state"], bool(entry["reason"])) == (e.HELD, True), f"{entry['state']} {entry['reason']}"
        assert any(letter.isdigit() for letter in entry["detail"]), f"the system's own code is not kept: {entry['detail']}"
        assert entry["amount"] == run.case.command["amount"]
        assert len(on.seam.writes) == written
        assert [one.done for one in await on.kept_of(run.case)] == [False]


async def _waiting(on: SystemUnderTest, case: Case) -> tuple[Run, Ledger]:
    run = Run(on, case)
    run.with_batch = False
    entry = await run.to_the_end()
    assert (entry["state"], entry["reason"]) == (e.WAITING, reasons.ERP_BATCH), (
        f"{entry['state']} {entry['reason']} {entry['detail']}"
    )
    return run, entry


def _newer(case: Case) -> dict[str, str]:
    """A change of the source: of a master what the source owns, its name or else telephone and memo, of which not every system keeps both; of a
    document the status that its source shows."""
    if "name" not in case.command:
        return {"status": "CLOSED"}
    side = ERP if case.command["system"] == registry.FIELD_SERVICE else FIELD_SERVICE
    changed = ("name",) if "name" in owned(case.record, side) else ("phone", "memo")
    return {field: f"{case.command[field]} II" for field in changed}  # type: ignore[literal-required]  # fields of masters


async def check_a_master_is_kept_up(system: System, way: str, folder: Path) -> None:
    """Another version is seen as a difference, by ref and by the partner's id alike, is written to the same document, and is equal then;
    the version before is told as different."""
    write = ways(system)[way]
    async with ground(system, folder, way) as on:
        first = await on.case(way, "k")
        second = await on.case(way, "k", **_newer(first))
        assert first.ref == second.ref, "another version is another document"
        created = await on.written(first)
        for known_id in ("", created.erp_id):
            (found,) = await on.look(second, known_id)
            assert found.erp_id == created.erp_id
            assert any(word in one.lower() for one in found.differences for word in _newer(first)), found
        await on.writer.reserve(write.calls)
        answer = await on.writer.perform(write.steps[0], replace(second.resolved, known_id=created.erp_id), found)
        assert answer.verdict is Verdict.YES, answer
        assert answer.document is not None
        assert (answer.document.erp_id, answer.document.differences) == (created.erp_id, ())
        (after,) = await on.look(second, created.erp_id)
        assert after.differences == ()
        (behind,) = await on.look(first, created.erp_id)
        assert behind.differences
        assert len([one for one in await on.kept() if created.erp_id == one.id or first.ref == one.ref]) == 1


async def check_a_newer_version_goes_through_the_protocol(system: System, way: str, folder: Path) -> None:
    """Through the core: created, unchanged when nothing changed, written when something did."""
    async with ground(system, folder, way) as on:
        first = await on.case(way, "p")
        second = await on.case(way, "p", **_newer(first))
        created = await Run(on, first).to_the_end()
        assert created["state"] == e.POSTED, f"{created['state']} {created['reason']} {created['detail']}"
        written = len(on.seam.writes)
        for case, state in ((first, e.UNCHANGED), (second, e.POSTED)):
            run = Run(on, case)
            run.key = run.key.but(entry=e.change(run.key.entry, on.clock.now(), erp_id=created["erp_id"]))
            on.clock.move(case.write.v_max.total_seconds())
            entry = await run.to_the_end()
            assert (entry["state"], entry["erp_id"]) == (state, created["erp_id"]), f"{entry['reason']} {entry['detail']}"
            assert len(on.seam.writes) - written == (case is second)


@pytest.mark.parametrize(("name", "way"), WATCHED)
async def test_a_document_waits_for_the_systems_own_batch_and_nothing_is_sent(name: str, way: str, tmp_path: Path) -> None:
    await check_the_batch_is_watched(registry.system(name), way, tmp_path)


@pytest.mark.parametrize(("name", "way"), [(one, way) for one, way in WATCHED if way in examples.told(one).refuses])
async def test_what_the_systems_own_batch_refuses_is_held_in_its_words(name: str, way: str, tmp_path: Path) -> None:
    await check_what_the_batch_refuses_is_held(registry.system(name), way, tmp_path)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_with_a_batch_shows_one_that_refuses(name: str) -> None:
    watched = [way for one, way in WATCHED if one == name]
    told = examples.told(name)
    assert set(told.refuses) <= set(watched)
    assert bool(told.refuses) == bool(told.batch) == bool(watched)


@pytest.mark.parametrize(("name", "way"), KEPT_UP)
async def test_a_master_is_compared_and_brought_up_to_date(name: str, way: str, tmp_path: Path) -> None:
    await check_a_master_is_kept_up(registry.system(name), way, tmp_path / "1")
    await check_a_newer_version_goes_through_the_protocol(registry.system(name), way, tmp_path / "2")
