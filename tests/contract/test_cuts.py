"""An answer that is cut at any byte is never a yes, and the document that was written is found again and never written twice.

At the transport seam and in virtual time; what a real socket does to a cut answer is in `test_sockets.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import pytest

from runtime.exchange import Response
from services.sinks import entry as e
from systems import registry
from systems.contract import Document, System, Verdict
from tests.contract import examples
from tests.contract.ground import Case, SystemUnderTest, ground
from tests.contract.protocol import Run, one_document_each
from tests.contract.registered import PART, STEPS, WRITES, requested, sampled, steps_before, takes_back, ways
from tests.contract.seam import Cut, Replay

_NOT_SENT = (Verdict.DEFINITE_NO, Verdict.REJECT)
BOOKS = 60
"""Runs in the same books: a look-up for documents of the same party, date and amount shows them all."""
STRIDE, COARSE = 7, 29
"""In `make chaos` every seventh byte goes through the whole protocol for every write, every byte for the first write of a system; every
twenty-ninth for what takes a document back. Else every twenty-ninth at most."""
SAMPLED, SPARSE = 23, 1501
"""Bytes between two cuts of a way that takes a document back, whose answers are those of the other ways again: an answer alone, and through the
whole protocol. `make chaos` cuts an answer alone as finely as the others."""
CUTS, RUNS = 70, 5
"""Cuts of a long answer in `make test`, about: alone, and through the whole protocol. Each step begins at a byte of its own, so that together they
cut at every place of what their answers share. `make chaos` cuts at every byte, and at every seventh."""


@dataclass(frozen=True)
class Attempt:
    """One step as it went: the case, the document before it, and every answer of the attempt."""

    case: Case
    document: Document | None
    answers: list[Response]
    write: int
    """Which of them is that of the write; what is read for the request comes before it."""

    @property
    def sizes(self) -> dict[int, int]:
        """Bytes of the answers that have a body, by their number among these, from that of the write on. Blanks behind it say nothing."""
        bodies = [(number, len(one.body.rstrip())) for number, one in enumerate(self.answers) if one.body]
        return {place: size for place, (number, size) in enumerate(bodies) if number >= self.write}


async def attempted(on: SystemUnderTest, way: str, step: str, copy: str) -> Attempt:
    """The step done once, its answers remembered. As the sink does, it looks before, so that what a look-up keeps is known in every attempt."""
    case = await on.case(way, copy)
    earlier = steps_before(on.system, way, step)
    document = await on.written(case, earlier) if earlier else None
    await on.look(case)
    await on.writer.reserve(case.write.calls)
    on.seam.forget()
    answer = await on.writer.perform(step, case.resolved, document)
    assert answer.verdict is Verdict.YES
    write = next(number for number, one in enumerate(on.seam.requests) if on.seam.is_write(one))
    return Attempt(case, document, list(on.seam.answers), write)


async def check_no_cut_is_a_yes(system: System, way: str, step: str, folder: Path, near: tuple[int, int] = (1, 0)) -> int:
    """Every answer of the attempt cut at every byte, as a whole answer that is shorter; gives how many cuts there were. `near` are the bytes
    between two cuts, and about how many cuts of a long answer suffice (0 = all); the last bytes are cut in any case."""
    cuts = 0
    async with ground(system, folder, way) as on:
        done = await attempted(on, way, step, "r")
        real = on.seam.inner
        await on.writer.reserve(done.case.write.calls)
        for number, answer in enumerate(done.answers):
            size = len(answer.body.rstrip())
            stride = _stride(size, *near)
            for kept in sorted({*_places(size, stride, f"{way} {step}"), *range(max(0, size - stride), size)}):
                cut = replace(answer, body=answer.body[:kept])
                script = [*done.answers[:number], cut, *done.answers[number + 1 :]]
                on.seam.inner = Replay(script)
                verdict = (await on.writer.perform(step, done.case.resolved, done.document)).verdict
                is_right = verdict is Verdict.AMBIGUOUS if number >= done.write else verdict in _NOT_SENT
                assert is_right, f"answer {number} cut after {kept} bytes: {verdict}; {cut.body!r}"
                cuts += 1
        on.seam.inner = real
    assert cuts, f"{way} {step}: no answer of this step has a body, so nothing tells that it is done"
    return cuts


def _stride(size: int, least: int, most: int) -> int:
    return max(least, size // most) if most else least


def _places(size: int, stride: int, named: str) -> list[int]:
    """Bytes after which an answer of this size is cut: none of it, and every `stride`-th from one on that its name decides."""
    return sorted({*range(min(1, size)), *range(crc32(named.encode()) % stride, size, stride)})


async def check_a_cut_write_is_found(system: System, way: str, near: tuple[int, int], folder: Path, part: int = 1) -> int:
    """The whole protocol with one answer cut in it: one document, right amount, all steps; gives how many runs there were. `near` as above;
    of the answers of a step every `part`-th is cut."""
    runs = 0
    for step in requested(ways(system)[way]):
        async with ground(system, folder / step, way) as on:
            sizes = sampled((await attempted(on, way, step, "m")).sizes.items(), part, f"{way} {step}")
        places = [(body, kept) for body, size in sizes for kept in _places(size, _stride(size, *near), f"{way} {step}")]
        cuts = [Cut(body, kept, number % 2 == 1) for number, (body, kept) in enumerate(places)]
        for first in range(0, len(cuts), BOOKS):
            async with ground(system, folder / f"{step}{first}", way) as on:
                cases = [await _run(on, way, step, cut, f"{cut.body}n{cut.kept}") for cut in cuts[first : first + BOOKS]]
                await one_document_each(on, cases)
                runs += len(cases)
    return runs


async def _run(on: SystemUnderTest, way: str, step: str, cut: Cut, copy: str) -> Case:
    """One command through the protocol, its first attempt of `step` cut."""
    case = await on.case(way, copy)
    cuts = [cut]

    def sending(sent: str) -> None:
        on.seam.forget()
        on.seam.cut = cuts.pop() if sent == step and cuts else None

    # a job runs within the settle wait, which is as long as it may take
    run = Run(on, case, sending, on.run_batch if way in examples.told(on.system.name).silent else None)
    entry = await run.to_the_end()
    assert not cuts, "the step was never sent"
    first = next(answer for sent, answer in run.answers if sent == step)
    assert first.verdict is Verdict.AMBIGUOUS, f"{cut}: {first}"
    sent_again = [sent for sent, _ in run.answers].count(step) - 1
    assert not sent_again, f"{cut}: {step} was sent again although it was done"
    assert entry["state"] in (e.POSTED, e.ADOPTED), f"{cut}: {entry['state']} {entry['reason']} {entry['detail']}"
    return case


@pytest.mark.parametrize(("name", "way", "step"), STEPS)
async def test_an_answer_cut_at_any_byte_is_never_a_yes(name: str, way: str, step: str, tmp_path: Path) -> None:
    await check_no_cut_is_a_yes(registry.system(name), way, step, tmp_path, (SAMPLED if takes_back(name, way) else 1, CUTS))


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("name", "way", "step"), STEPS)
async def test_no_byte_of_an_answer_ends_in_a_yes(name: str, way: str, step: str, tmp_path: Path) -> None:
    await check_no_cut_is_a_yes(registry.system(name), way, step, tmp_path)


@pytest.mark.parametrize(("name", "way"), WRITES)
async def test_a_write_whose_answer_is_cut_is_found_and_not_written_again(name: str, way: str, tmp_path: Path) -> None:
    near, part = ((SPARSE, RUNS), PART) if takes_back(name, way) else ((COARSE, RUNS), 1)
    await check_a_cut_write_is_found(registry.system(name), way, near, tmp_path, part)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("name", "way"), WRITES)
async def test_a_write_is_found_after_a_cut_at_many_bytes(name: str, way: str, tmp_path: Path) -> None:
    """Every byte for the first write of a system, every seventh for the others, fewer for what takes a document back."""
    is_first = way == next(one for system, one in WRITES if system == name)
    stride = 1 if is_first else COARSE if takes_back(name, way) else STRIDE
    await check_a_cut_write_is_found(registry.system(name), way, (stride, 0), tmp_path)
