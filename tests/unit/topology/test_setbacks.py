"""A hop that lays nearly everything of a connection on `dead` says so, until records pass again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime import metrics
from tests import toy
from tests.unit.topology import hops
from tests.unit.topology.hops import Memory, context, raw_record
from topology import way
from topology.batch import ConsumerRecord
from topology.culprits import halved
from topology.raw_to_canonical import STAGE
from topology.setbacks import LEAST, Setbacks

GOOD, BUG, TORN = b'{"total": 5.50}', b'{"total": 5.50, "bug": 1}', b"{"


@pytest.fixture(autouse=True, scope="module")
def _toys() -> Iterator[None]:
    with hops.toys():
        yield


def _noted(setbacks: Setbacks, bodies: list[bytes], connection: str = "acme") -> None:
    """A batch as the worker notes it."""
    around = context()
    records = [raw_record(n, toy.raw(str(n), 1, body) | {"connection": connection}) for n, body in enumerate(bodies)]
    outcome = halved(way.way()[STAGE], records, Memory(), around)
    setbacks.note(records, [one for one in outcome.outputs if one.topic == "dead"], around.snapshot.connections)


def _told(setbacks: Setbacks) -> tuple[bool, float | None]:
    labels = {"hop": setbacks._hop, "connection": "acme"}
    return bool(setbacks.trouble), metrics.REGISTRY.get_sample_value("ml_connector_hop_refusing", labels)


@pytest.mark.parametrize("bad", [BUG, TORN])
def test_nearly_everything_on_dead_is_told_until_records_pass(bad: bytes) -> None:
    setbacks = Setbacks(f"hop {bad!r}")
    _noted(setbacks, [bad] * (LEAST - 1))
    assert _told(setbacks) == (False, None)
    _noted(setbacks, [bad])
    assert _told(setbacks) == (True, 1)
    assert "acme" in setbacks.trouble
    _noted(setbacks, [bad])
    assert _told(setbacks) == (True, 1)
    _noted(setbacks, [GOOD])
    assert _told(setbacks) == (False, 0)


def test_a_burst_of_poison_among_good_records_is_no_such_thing() -> None:
    setbacks = Setbacks("burst")
    _noted(setbacks, [BUG] * 20 + [GOOD] * 20)
    assert _told(setbacks) == (False, None)


def test_names_that_are_not_in_force_are_counted_together() -> None:
    setbacks = Setbacks("flood")
    foreign = [ConsumerRecord("raw.x", 0, n, f"stranger{n}/x".encode(), b"not avro", None) for n in range(1000)]
    dead = halved(way.way()[STAGE], foreign, Memory(), context()).outputs
    setbacks.note(foreign, dead, context().snapshot.connections)
    assert "of others on dead" in setbacks.trouble
    assert len(setbacks._read) + len(setbacks._refusing) == 1
