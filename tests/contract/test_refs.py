"""The ref survives: a document is found by it after every step, goes on where it stood, and nothing else is taken for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from schemas.records import CommandEnvelope
from systems import registry
from systems.contract import Document, System, Verdict
from tests.contract.ground import Case, Ground, ground
from tests.contract.registered import STEPS, WRITERS, WRITES

SPITEFUL = ("ST-' or 1 eq 1 or '' eq '", "ST-%2B*&$top=1#", 'ST-"><x>', "ST-\\u0027")


def with_changes(case: Case, **changes: Any) -> Case:
    """The same case with other fields in its command."""
    return replace(case, command=cast("CommandEnvelope", {**case.command, **changes}))


async def look(on: Ground, case: Case) -> tuple[Document, ...]:
    """What a look-up shows."""
    await on.writer.reserve(case.write.calls)
    return (await on.writer.find(case.record, case.command, case.ids)).documents


async def check_steps_are_resumed(system: System, record: str, step: str, folder: Path) -> None:
    """Written up to `step`: a session of its own finds exactly these steps, and the next step goes on with what it found."""
    steps = system.write_of(record).steps
    after = steps[steps.index(step) + 1 :]
    async with ground(system, folder) as on:
        case = await on.case(record, "s")
        assert await look(on, case) == ()
        written = await on.written(case, step)
        (found,) = await look(on, case)
        done = steps[: steps.index(step) + 1]
        assert found.steps_done == done
        assert (found.erp_id, found.ref, found.amount, found.differences) == (written.erp_id, case.ref, case.command["amount"], ())
        for later in after:
            await on.writer.reserve(case.write.calls)
            answer = await on.writer.perform(later, record, case.command, case.ids, found)
            assert answer.verdict is Verdict.YES, f"{later} after a look-up: {answer}"
            (found,) = await look(on, case)
        assert found.steps_done == steps


async def check_only_ours_is_found(system: System, record: str, folder: Path) -> None:
    """Another document of ours, another ref and a spiteful ref find nothing; a wrong amount is shown as a difference."""
    write = system.write_of(record)
    async with ground(system, folder) as on:
        case, other = await on.case(record, "1"), await on.case(record, "2")
        await on.written(case)
        assert await look(on, other) == (), "another document was taken for it"
        if write.ref_field:
            for ref in (case.ref[:-1] + "7", *SPITEFUL):
                assert await look(on, with_changes(case, ref=ref)) == (), f"found by {ref}"
        if case.command["amount"]:
            (found,) = await look(on, with_changes(case, amount=case.command["amount"] * 2, applications=_doubled(case)))
            assert found.differences, "a document of half the amount was taken as equal"


def _doubled(case: Case) -> list[Any]:
    told = cast("dict[str, Any]", case.command).get("applications", [])
    return [{**one, "amount": one["amount"] * 2} for one in told]


async def check_suspects(system: System, folder: Path) -> None:
    """A document typed by hand (same party, date and amount, no ref of ours) is never taken for ours; where a write looks for such
    documents it is a suspect. Every system with documents has at least one write that does."""
    shown = []
    with_money = [write for write in system.writes if write.ref_field and not write.steps[0].startswith("upsert")]
    for write in with_money:
        async with ground(system, folder / write.record) as on:
            case = await on.case(write.record, "h")
            typed = with_changes(case, ref="by hand")
            await on.writer.reserve(write.calls)
            await on.writer.perform(write.steps[0], write.record, typed.command, typed.ids, None)
            await on.writer.reserve(write.calls)
            found = await on.writer.find(write.record, case.command, case.ids)
            assert found.documents == (), write.record
            assert all(one.ref == "" and one.amount == case.command["amount"] for one in found.suspects)
            shown += [write.record] * len(found.suspects)
    assert len(shown) == len(set(shown))
    assert shown or not with_money, "no write of this system looks for documents typed by hand"


async def check_parties_are_quoted(system: System, record: str, folder: Path) -> None:
    """A party whose code is an expression finds nothing and breaks nothing: it is a value, never a condition."""
    async with ground(system, folder) as on:
        case = await on.case(record, "1")
        await on.written(case)
        for spiteful in SPITEFUL:
            wrong = replace(case, ids={name: f"{value}{spiteful}" for name, value in case.ids.items()})
            await on.writer.reserve(case.write.calls)
            found = await on.writer.find(record, {**wrong.command, "ref": "ST-NONE"}, wrong.ids)
            assert found.documents == ()
            assert found.suspects == ()


@pytest.mark.parametrize(("name", "record", "step"), STEPS)
async def test_a_document_is_found_after_every_step_and_gone_on_with(name: str, record: str, step: str, tmp_path: Path) -> None:
    await check_steps_are_resumed(registry.system(name), record, step, tmp_path)


@pytest.mark.parametrize(("name", "record"), WRITES)
async def test_only_our_own_document_is_found(name: str, record: str, tmp_path: Path) -> None:
    await check_only_ours_is_found(registry.system(name), record, tmp_path)


@pytest.mark.parametrize("name", WRITERS)
async def test_a_document_typed_by_hand_is_a_suspect_and_never_ours(name: str, tmp_path: Path) -> None:
    await check_suspects(registry.system(name), tmp_path)


@pytest.mark.parametrize(("name", "record"), WRITES)
async def test_a_party_or_ref_that_is_an_expression_is_only_a_value(name: str, record: str, tmp_path: Path) -> None:
    await check_parties_are_quoted(registry.system(name), record, tmp_path)
