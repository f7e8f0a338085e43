"""Every write of every system, at every step, under every class of answer: classed as the protocol demands, sent once, never raised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.exchange import Response
from systems import registry
from systems.contract import Answer, Document, System, Verdict
from tests.contract import answers, examples
from tests.contract.ground import Case, SystemUnderTest, ground, is_written
from tests.contract.registered import ANSWERED, PART, STEPS, WRITERS, WRITES, sampled, steps_before, takes_back, ways
from tests.contract.seam import Twist

A_DAY_S = 26 * 3600.0
"""Longer than any token lives."""
Lie = Callable[[Case], Callable[[Response], Response]]


async def case_before(on: SystemUnderTest, way: str, step: str, copy: str) -> tuple[Case, Document | None]:
    """A document that is written in this way, written up to this step."""
    case = await on.case(way, copy)
    before = steps_before(on.system, way, step)
    return case, await on.written(case, before) if before else None


async def performed(on: SystemUnderTest, step: str, case: Case, document: Document | None, twist: Twist | None) -> Answer:
    """One step under one twist; it is sent at most once, whatever becomes of it."""
    await on.writer.reserve(case.write.calls)
    on.seam.forget()
    on.seam.twist = twist
    answer = await on.writer.perform(step, case.resolved, document)
    on.seam.twist = None
    assert len(on.seam.writes) == 1, [f"{one.method} {one.url}" for one in on.seam.writes]
    assert on.seam.met == (twist is not None)
    return answer


async def check_classes_of_answers(system: System, way: str, step: str, folder: Path, part: int = 1) -> None:
    """What holds for all systems; every `part`-th class of answer."""
    async with ground(system, folder, way) as on:
        for number, (name, (verdict, twist)) in enumerate(sampled(answers.GENERIC.items(), part, f"{way} {step}")):
            case, document = await case_before(on, way, step, f"g{number}")
            answer = await performed(on, step, case, document, twist)
            if shows_the_document(on) or not name.startswith("200"):
                assert answer.verdict is verdict, f"{name}: {answer}"
            assert answer.throttled == (name == "429"), name


def shows_the_document(on: SystemUnderTest) -> bool:
    """Whether the answer to the write itself had a body, so that a lie in it can be told from the truth."""
    return bool(on.seam.answers and on.seam.answers[0].body)


def own_answers(system: str, way: str, step: str, part: int = 1) -> list[examples.Said]:
    """The vendor's own refusals of a step, every `part`-th."""
    return sampled([one for one in examples.answers(system) if step in (one.steps or (step,))], part, f"{way} {step}")


async def check_own_answers(system: System, way: str, step: str, folder: Path, part: int = 1) -> None:
    """The vendor's own refusals as its folder tells them, every `part`-th."""
    own = own_answers(system.name, way, step, part)
    kinds = {one.verdict for one in examples.answers(system.name)}
    assert {"definite_no", "reject"} <= kinds, f"systems/{system.name}/examples/answers: none of {kinds}"
    async with ground(system, folder, way) as on:
        for number, one in enumerate(own):
            case, document = await case_before(on, way, step, f"a{number}")
            held = len(await on.kept_of(case))
            answer = await performed(on, step, case, document, answers.said(one))
            assert answer.verdict == Verdict(one.verdict), f"{one.name}: {answer}"
            for field, wanted in one.expected.items():
                assert getattr(answer, field) == wanted, f"{one.name}: {field} is {getattr(answer, field)!r}"
            assert answer.code or answer.words, f"{one.name}: nothing of the vendor's own words is kept"
            assert len(await on.kept_of(case)) == held


BY_QUANTITY = ("receipt", "return", "inventory_adjustment")
"""Records of goods, which a system may keep by quantity alone: no answer has to show what they are worth."""


async def check_lies(system: System, way: str, step: str, folder: Path, part: int = 1) -> None:
    """A success that does not show our document, with its ref and amount, is no yes; every `part`-th of those that show nothing."""
    async with ground(system, folder, way) as on:
        for number, (name, twist) in enumerate(sampled(answers.EMPTY.items(), part, f"{way} {step}")):
            case, document = await case_before(on, way, step, f"e{number}")
            answer = await performed(on, step, case, document, twist)
            assert answer.verdict is Verdict.AMBIGUOUS or told_elsewhere(on, answer), f"{name}: {answer}"
        for name, lie, must_tell in (
            ("ref", answers.other_ref, bool(ways(system)[way].ref_field)),
            (
                "amount",
                answers.less_money,
                bool((await on.case(way)).command["amount"])
                and ways(system)[way].record not in BY_QUANTITY
                and way not in examples.told(system.name).silent,
            ),
        ):
            case, document = await case_before(on, way, step, f"l{name}")
            told, answer = await twisted_everywhere(on, step, case, document, lie)
            is_declared = told == must_tell or (
                told and not ways(system)[way].ref_field
            )  # a text may tell a ref that has no field of its own
            assert is_declared or case.original is not None, f"{name} is in an answer: {told}"
            assert answer.verdict is (Verdict.AMBIGUOUS if told else Verdict.YES), f"another {name} echoed: {answer}"


def told_elsewhere(on: SystemUnderTest, answer: Answer) -> bool:
    """Whether a yes rests on a reading after the write, which nothing has twisted."""
    return answer.verdict is Verdict.YES and len(on.seam.requests) > 1


async def twisted_everywhere(
    on: SystemUnderTest, step: str, case: Case, document: Document | None, lie: Lie
) -> tuple[bool, Answer]:
    """The step with this lie in every answer of the attempt, readings included; and whether any answer could carry it. Where what is taken back is
    read before the request, and is not what was written, nothing is sent: the lie then comes with the answers from the write on."""
    told, answer = await _twisted(on, step, case, document, lie)
    if on.seam.writes or case.original is None:
        assert len(on.seam.writes) == 1
        return told, answer
    assert (told, answer.verdict) == (True, Verdict.DEFINITE_NO), answer
    told, answer = await _twisted(on, step, case, document, lie, is_late=True)
    assert len(on.seam.writes) == 1
    return told, answer


async def _twisted(
    on: SystemUnderTest, step: str, case: Case, document: Document | None, lie: Lie, *, is_late: bool = False
) -> tuple[bool, Answer]:
    told = False
    change = lie(case)
    await on.writer.reserve(case.write.calls)
    on.seam.forget()

    def lied(answer: Response) -> Response:
        nonlocal told
        made = answer if is_late and not on.seam.writes else change(answer)
        told = told or made.body != answer.body
        return made

    on.seam.change = lied
    try:
        answer = await on.writer.perform(step, case.resolved, document)
    finally:
        on.seam.change = None
    return told, answer


@pytest.mark.parametrize(("name", "way", "step", "part"), ANSWERED)
async def test_every_class_of_answer_is_classed_and_sent_once(name: str, way: str, step: str, part: int, tmp_path: Path) -> None:
    await check_classes_of_answers(registry.system(name), way, step, tmp_path, part)


@pytest.mark.parametrize(("name", "way", "step", "part"), ANSWERED)
async def test_the_vendors_own_refusals_are_classed_as_its_examples_say(
    name: str, way: str, step: str, part: int, tmp_path: Path
) -> None:
    await check_own_answers(registry.system(name), way, step, tmp_path, part)


@pytest.mark.parametrize(("name", "way", "step", "part"), ANSWERED)
async def test_a_success_that_does_not_show_our_document_is_no_yes(
    name: str, way: str, step: str, part: int, tmp_path: Path
) -> None:
    await check_lies(registry.system(name), way, step, tmp_path, part)


def parts_of(name: str) -> list[tuple[str, str, int]]:
    """The steps of a system in `make test`, with the part of all answers that each is tried with."""
    return [(way, step, PART if takes_back(name, way) else 1) for system, way, step in STEPS if system == name]


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_sampled_meets_every_answer(name: str) -> None:
    """The steps of a system in `make test` meet together each answer that `make chaos` gives to all of them, and each step meets one of each
    list."""
    steps = parts_of(name)
    for way, step, part in steps:
        assert sampled(answers.GENERIC, part, f"{way} {step}")
        assert sampled(answers.EMPTY, part, f"{way} {step}")
        assert bool(own_answers(name, way, step, part)) == bool(own_answers(name, way, step))
    told = {one.name for way, step, _ in steps for one in own_answers(name, way, step)}
    assert {one.name for way, step, part in steps for one in own_answers(name, way, step, part)} == told
    for known in (answers.GENERIC, answers.EMPTY):
        assert {one for way, step, part in steps for one in sampled(known, part, f"{way} {step}")} == set(known)


async def check_tokens_run_out_between_steps(system: System, way: str, folder: Path) -> None:
    """Whatever signs us in runs out before every step and every look-up: each attempt begins with what is good for all of it."""
    async with ground(system, folder, way) as on:
        case, document = await on.case(way, "t"), None
        for step in case.write.steps:
            on.clock.move(A_DAY_S)
            document = await on.done(step, case, document) or document
            on.clock.move(A_DAY_S)
            job = document.erp_id if document is not None and way in examples.told(system.name).silent else ""
            (found,) = await on.look(case, job)
            assert step in found.steps_done


@pytest.mark.parametrize(("name", "way"), WRITES)
async def test_a_token_that_runs_out_between_two_steps_costs_nothing(name: str, way: str, tmp_path: Path) -> None:
    await check_tokens_run_out_between_steps(registry.system(name), way, tmp_path)


@pytest.mark.parametrize("name", WRITERS)
async def test_every_example_that_nothing_holds_is_written(name: str, tmp_path: Path) -> None:
    """Each example on books of its own, so that none leans on what another one left."""
    await check_examples_are_written(registry.system(name), tmp_path)


async def check_examples_are_written(system: System, folder: Path) -> None:
    """Each draft of each example through all its steps, to one document with our ref and the wanted amount."""
    written = 0
    for example in examples.names(system.name, "canonical"):
        if example in examples.told(system.name).not_written:
            continue
        async with ground(system, folder / example) as on:
            for draft, made in on.drafts(example):
                if not is_written(draft):
                    continue
                case = await on.prepared(example, "", draft, made)
                before = await on.applied()
                document = await on.written(case)
                assert not document.differences
                assert document.amount == draft.amount
                kept = await on.kept_of(case)
                if case.write.ref_field:
                    assert [(abs(one.amount), one.done) for one in kept] == [(abs(draft.amount), True)], example
                else:
                    assert await on.applied() - before == draft.amount, example
                written += 1
    assert written >= len([one for one in system.writes if not one.takes_back])
