"""The ref survives: a document is found by it after every step, goes on where it stood, and nothing else is taken for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from schemas.records import CommandEnvelope
from systems import registry
from systems.contract import Document, System, Write
from tests.contract import examples
from tests.contract.ground import Case, ground
from tests.contract.registered import STEPS, WRITERS, WRITES, brought, ways

SPITEFUL = ("ST-' or 1 eq 1 or '' eq '", "ST-%2B*&$top=1#", 'ST-"><x>', "ST-\\u0027")


def with_changes(case: Case, **changes: Any) -> Case:
    """The same case with other fields in its command."""
    return replace(case, command=cast("CommandEnvelope", {**case.command, **changes}))


async def check_steps_are_resumed(system: System, way: str, step: str, folder: Path) -> None:
    """Written up to `step`: a session of its own finds exactly these steps, and the next step goes on with what it found; what the
    system's own batch does is found by the same ref after it."""
    write = ways(system)[way]
    steps = write.steps
    after = steps[steps.index(step) + 1 :]
    async with ground(system, folder, way) as on:
        case = await on.case(way, "s")
        assert await on.look(case) == ()
        written = await on.written(case, step)
        known_id = written.erp_id if way in examples.told(system.name).silent else ""
        (found,) = await on.look(case, known_id)
        done = steps[: steps.index(step) + 1]
        assert shown(found, write) == done
        assert (found.erp_id, found.ref, found.amount, found.differences) == (written.erp_id, case.ref, case.command["amount"], ())
        assert sorted(map(str, found.pairs)) == sorted(map(str, written.pairs)), (
            "a look-up tells the pairs that an answer tells: it may be lost"
        )
        for later in after:
            await on.done(later, case, found)
            (found,) = await on.look(case)
            assert (found.ref, found.amount, found.differences) == (case.ref, case.command["amount"], ()), later
        assert shown(found, write) == steps


def shown(found: Document, write: Write) -> tuple[str, ...]:
    """The steps of this way that a document shows as done; of another way it may show some as well."""
    return tuple(step for step in write.steps if step in found.steps_done)


async def check_only_ours_is_found(system: System, way: str, folder: Path) -> None:
    """Another document of ours, another ref and a spiteful ref find nothing; a wrong amount is shown as a difference."""
    write = ways(system)[way]
    async with ground(system, folder, way) as on:
        case, other = await on.case(way, "1"), await on.case(way, "2")
        await on.written(case)
        assert await on.look(other) == (), "another document was taken for it"
        if write.ref_field:
            for ref in (case.ref[:-1] + ("7" if case.ref[-1] != "7" else "6"), *SPITEFUL):
                found = await on.look(with_changes(case, ref=ref))
                assert not found or (write.takes_back and found[0].differences), f"found by {ref}"
        if case.command["amount"]:
            found = await on.look(_doubled(case))
            assert found or not write.ref_field
            assert all(one.differences for one in found), "a document of half the amount was taken as equal"


def _doubled(case: Case) -> Case:
    """The same case with every amount of its command twice as large, and of the command that it takes back."""
    made = with_changes(case, **_twice(cast("dict[str, Any]", case.command)))
    if case.original is None:
        return made
    command = {**case.original.command, **_twice(cast("dict[str, Any]", case.original.command))}
    return replace(made, original=replace(case.original, command=cast("CommandEnvelope", command)))


def _twice(told: dict[str, Any]) -> dict[str, Any]:
    parts = {name: told[name] for name in ("applications", "lines") if name in told}
    return {"amount": told["amount"] * 2} | {
        name: [{**one, "amount": one["amount"] * 2} for one in part] for name, part in parts.items()
    }


async def check_suspects(system: System, folder: Path) -> None:
    """A document typed by hand (same party, date and amount, no ref of ours) is never taken for ours; where a write looks for such
    documents it is a suspect. Every system with documents has at least one write that does."""
    told = []
    documents = {way: write for way, write in brought(system).items() if write.ref_field and not write.takes_back}
    with_money = {way: write for way, write in documents.items() if not write.steps[0].startswith("upsert")}
    for way, write in with_money.items():
        async with ground(system, folder / way, way) as on:
            case = await on.case(way, "h")
            typed = with_changes(case, ref="by hand")
            await on.writer.reserve(write.calls)
            await on.writer.perform(write.steps[0], typed.resolved, None)
            await on.writer.reserve(write.calls)
            found = await on.writer.find(case.resolved)
            assert found.documents == (), way
            assert all(one.ref == "" and one.amount == case.command["amount"] for one in found.suspects)
            told += [way] * len(found.suspects)
    assert len(told) == len(set(told))
    assert told or not with_money, "no write of this system looks for documents typed by hand"


async def check_parties_are_quoted(system: System, way: str, folder: Path) -> None:
    """A party whose code is an expression finds nothing and breaks nothing: it is a value, never a condition."""
    async with ground(system, folder, way) as on:
        case = await on.case(way, "1")
        await on.written(case)
        for spiteful in SPITEFUL:
            wrong = replace(case, ids={name: f"{value}{spiteful}" for name, value in case.ids.items()})
            await on.writer.reserve(case.write.calls)
            found = await on.writer.find(
                replace(wrong.resolved, command=cast("CommandEnvelope", {**wrong.command, "ref": "ST-NONE"}))
            )
            assert found.documents == () or case.original is not None  # what is taken back is known by its own id
            assert found.suspects == ()


@pytest.mark.parametrize(("name", "way", "step"), STEPS)
async def test_a_document_is_found_after_every_step_and_gone_on_with(name: str, way: str, step: str, tmp_path: Path) -> None:
    await check_steps_are_resumed(registry.system(name), way, step, tmp_path)


@pytest.mark.parametrize(("name", "way"), WRITES)
async def test_only_our_own_document_is_found(name: str, way: str, tmp_path: Path) -> None:
    await check_only_ours_is_found(registry.system(name), way, tmp_path)


@pytest.mark.parametrize("name", WRITERS)
async def test_a_document_typed_by_hand_is_a_suspect_and_never_ours(name: str, tmp_path: Path) -> None:
    await check_suspects(registry.system(name), tmp_path)


@pytest.mark.parametrize(("name", "way"), WRITES)
async def test_a_party_or_ref_that_is_an_expression_is_only_a_value(name: str, way: str, tmp_path: Path) -> None:
    await check_parties_are_quoted(registry.system(name), way, tmp_path)
