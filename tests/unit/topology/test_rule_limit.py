"""A rule that never ends: its record is on `dead` alone, and whoever computes long but ends is left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

from tests import toy
from tests.unit.topology import hops
from tests.unit.topology.hops import Memory, context, outputs, raw_record
from topology import way
from topology.batch import ConsumerRecord
from topology.culprits import halved
from topology.raw_to_canonical import STAGE
from topology.rule_limit import RULES, Endless, RuleLimit

GOOD, SPIN = b'{"total": 5.50}', b'{"total": 5.50, "spin": 1}'


@pytest.fixture(autouse=True, scope="module")
def _toys() -> Iterator[None]:
    with hops.toys():
        yield


def _records(spinning: Sequence[int], count: int) -> list[ConsumerRecord]:
    return [raw_record(n, toy.raw(str(n), 1, SPIN if n in spinning else GOOD)) for n in range(count)]


@pytest.mark.parametrize("spinning", [[0], [3], [1, 6]])
def test_a_record_over_which_a_rule_never_ends_is_dead_alone(monkeypatch: pytest.MonkeyPatch, spinning: list[int]) -> None:
    """It ended the process, again after each start, for every connection."""
    monkeypatch.setattr(RULES, "limit_s", 0.3)
    outcome = halved(way.way()[STAGE], _records(spinning, 8), Memory(), context())
    dead = outputs(outcome, "dead")
    assert [one["offset"] for one in dead] == spinning
    assert all("did not end" in one["reason"] for one in dead)
    assert len(outputs(outcome, "canonical.invoice")) == 8 - len(spinning)


def test_who_ends_in_time_is_never_interrupted_afterwards() -> None:
    limit = RuleLimit(0.05)
    for _ in range(40):
        with suppress(Endless), limit.enforced():
            until = time.process_time() + 0.05  # ends about when the limit does
            while time.process_time() < until:
                pass
        sum(range(20_000))  # an interruption that came too late would be raised here


def test_waiting_uses_nothing_of_the_limit_up() -> None:
    with RuleLimit(0.2).enforced():
        threading.Event().wait(0.6)


def test_it_shows_that_an_agent_is_at_work() -> None:
    limit = RuleLimit()
    before = limit.moved_at
    with limit.enforced():
        began = limit.moved_at
    assert before <= began <= limit.moved_at
