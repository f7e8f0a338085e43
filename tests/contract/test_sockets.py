"""One real cut per class of byte: a served simulator, real sockets, our HTTP transport. Each is ambiguous, found afterwards, and one document.

before the answer | in its head | first, middle and last byte of its body | committed after the connection is gone
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from runtime.exchange import Request
from services.sinks import entry as e
from systems import registry
from systems.contract import Capability, System, Verdict
from tests.contract import examples
from tests.contract.ground import Case, SystemUnderTest, ground
from tests.contract.protocol import Run, one_document_each
from tests.contract.registered import WRITES, requested, ways

CUTS: dict[str, dict[str, Any]] = {
    "before the answer": {"kind": "lost_answer"},
    "in the head": {"kind": "half_head", "bytes": 20},
    "at the first byte": {"kind": "half_answer", "bytes": 0},
    "in the middle": {"kind": "half_answer", "bytes": -2},
    "before the last byte": {"kind": "half_answer", "bytes": -1},
    "committed late": {"kind": "late_commit", "seconds": 0.02},
}


async def check_real_cuts(system: System, way: str, folder: Path) -> None:
    """Every cut of every step of one write, over sockets."""
    async with ground(system, folder, way, sockets=True) as on:
        first = await on.case(way, "m")
        requests, sizes = await _measured(on, first)
        cases = []
        for number, (name, cut) in enumerate(CUTS.items()):
            for place, step in enumerate(requested(first.write)):
                if cut["kind"] == "half_answer" and not sizes[step]:
                    continue  # the answer to an action has no body to be cut
                case = await on.case(way, f"{number}c{place}")
                await _cut_once(on, case, step, _fault(cut, requests[step], sizes[step]), name)
                cases.append(case)
        await one_document_each(on, (first, *cases))


async def _measured(on: SystemUnderTest, case: Case) -> tuple[dict[str, Request], dict[str, int]]:
    """The write request of every step, and the bytes of its answer's body."""
    requests, sizes, document = {}, {}, None
    for step in requested(case.write):
        await on.writer.reserve(case.write.calls)
        on.seam.forget()
        document = (await on.writer.perform(step, case.resolved, document)).document
        number = next(number for number, one in enumerate(on.seam.requests) if on.seam.is_write(one))
        requests[step], sizes[step] = on.seam.requests[number], len(on.seam.answers[number].body)
    return requests, sizes


_ID = re.compile(r"(?<=/)(?:\d{4,}|eid:[^/]+)(?=/|$)")
"""An id in a path, or an external id."""


def _fault(cut: dict[str, Any], request: Request, size: int) -> dict[str, Any]:
    path = re.sub(_ID, "[^/]+", re.escape(unquote(urlsplit(request.url).path)))  # another document's has another id
    place = {"method": request.method, "path": f"^{path}$"}
    kept = {0: 0, -1: size - 1, -2: size // 2}.get(cut.get("bytes", 0), cut.get("bytes", 0))
    return {**cut, **place, **({"bytes": kept} if "bytes" in cut else {})}


async def _cut_once(on: SystemUnderTest, case: Case, step: str, fault: dict[str, Any], name: str) -> None:
    faults, plans, commits = on.simulator.faults, [fault], [0]

    def sending(sent: str) -> None:
        if sent == step and plans:
            commits[0] = len(on.simulator.store.journal(0))
            faults.plan([plans.pop()])

    async def settling() -> None:
        await _committed(on, commits[0])
        if case.record in examples.told(on.system.name).silent:
            await on.run_batch()  # within its settle wait, which is as long as such a job may take

    before = faults.hits.get(fault["kind"], 0)
    run = Run(on, case, sending, settling)
    entry = await run.to_the_end()
    assert faults.hits.get(fault["kind"], 0) == before + 1, f"{name}: the fault hit nothing"
    answer = next(answer for sent, answer in run.answers if sent == step)
    assert answer.verdict is Verdict.AMBIGUOUS, f"{step} cut {name}: {answer}"
    may_send_again = case.write.capability in (Capability.C1, Capability.C2)  # the system itself refuses or merges the second
    assert may_send_again or [sent for sent, _ in run.answers].count(step) == 1, f"{step} cut {name}: sent again"
    assert entry["state"] in (e.POSTED, e.ADOPTED), f"{step} cut {name}: {entry['state']} {entry['reason']} {entry['detail']}"


async def _committed(on: SystemUnderTest, before: int) -> None:
    """Virtual time passes only after what the simulator does in real time: the commit that the cut attempt still makes."""
    deadline = asyncio.get_running_loop().time() + 5
    while (seen := len(on.simulator.store.journal(0))) <= before:
        assert asyncio.get_running_loop().time() < deadline, f"no commit after the cut: the journal stands at {seen}"
        await asyncio.sleep(0.002)


MAKES = [(name, way) for name, way in WRITES if not ways(registry.system(name))[way].takes_back]
"""What takes a document back goes over the same sockets; its answers are cut at the transport's seam (`test_cuts.py`)."""


@pytest.mark.parametrize(("name", "way"), MAKES)
async def test_an_answer_cut_on_a_real_socket_is_looked_up_and_found(name: str, way: str, tmp_path: Path) -> None:
    await check_real_cuts(registry.system(name), way, tmp_path)
