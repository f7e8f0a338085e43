"""Both hops with the systems as they are: whatever stands at any place of an object, no rule fails, and every record leaves a trace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, offline_codec
from systems import registry
from tests.contract import examples
from tests.property.outside.nasty import NASTY
from tests.unit.topology.hops import PARTITIONS, Memory
from topology import canonical_to_command, raw_to_canonical, way
from topology.batch import ConsumerRecord, Context, Outcome
from topology.configuration import Snapshot
from topology.culprits import whole
from topology.topics import object_key, partition_of, records_of_topic

CODEC: Codec = offline_codec(records_of_topic())
HOPS = way.way()
PLACE = "\ufdd0place"
_OF_XML = re.compile(rb">([^<>]+)<|=(?:'([^'<]*)'|\"([^\"<]*)\")")


@cache
def _ground(system: str) -> Context:
    return Context(Snapshot({"acme": examples.connected(registry.system(system))}), CODEC, str, PARTITIONS, examples.AT)


def _named() -> list[tuple[str, str]]:
    return [(system, name) for system in registry.NAMES for name in examples.names(system, "raw")]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(one, (*path, key))


def _with(body: bytes, path: tuple[Any, ...], nasty: bytes) -> bytes:
    value = json.loads(body)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = PLACE
    return json.dumps(value, ensure_ascii=False).encode().replace(json.dumps(PLACE, ensure_ascii=False).encode(), nasty)


def _spoilt(body: bytes, data: st.DataObject, nasty: bytes) -> bytes:
    """The body with this at one place: a value of JSON, or a text or attribute of XML."""
    if not body.lstrip().startswith(b"<"):
        return _with(body, data.draw(st.sampled_from(list(_places(json.loads(body))))), nasty)
    found = data.draw(st.sampled_from(list(_OF_XML.finditer(body))))
    first, end = found.span(found.lastindex or 0)
    return body[:first] + data.draw(st.sampled_from([nasty, escape(nasty.decode("utf-8", "replace")).encode()])) + body[end:]


def _raw_record(system: str, raw: dict[str, Any]) -> ConsumerRecord:
    key = object_key("acme", system, raw["entity"], "7")
    topic = f"raw.{system}"
    return ConsumerRecord(topic, partition_of(key, PARTITIONS), 7, key.encode(), CODEC.encode(topic, "raw.raw", raw), None)


def _records(outcome: Outcome, step: str) -> list[ConsumerRecord]:
    return [
        ConsumerRecord(one.topic, one.partition, number, str(one.key).encode(), one.value, one.headers)
        for number, one in enumerate(outcome.outputs)
        if one.topic.startswith(step)
    ]


def _carried_through(system: str, raw: dict[str, Any]) -> None:
    """One record through both hops: `whole` lets nothing pass that a rule raises."""
    around = _ground(system)
    first = whole(HOPS[raw_to_canonical.STAGE], [_raw_record(system, raw)], Memory(), around)
    assert first.outputs, "a record leaves a trace"
    for record in _records(first, "canonical."):
        whole(HOPS[canonical_to_command.STAGE], [record], Memory(), around)
    memory = Memory()
    memory.values.update(first.changes)
    assert whole(HOPS[raw_to_canonical.STAGE], [_raw_record(system, raw)], memory, around).outputs, "what it remembers it can read"


@pytest.mark.parametrize(("system", "name"), _named())
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_value_at_any_place_makes_a_rule_fail(system: str, name: str, data: st.DataObject) -> None:
    raw = dict(examples.raw(registry.system(system), name))
    spoilt = _spoilt(cast("bytes", raw["body"]), data, data.draw(st.sampled_from(NASTY)))
    raw["body"] = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + spoilt
    _carried_through(system, raw)


@pytest.mark.parametrize("system", registry.NAMES)
@given(body=st.binary(max_size=60) | st.sampled_from(NASTY), data=st.data())
@settings(max_examples=100, deadline=None)
def test_no_body_at_all_makes_a_rule_fail(system: str, body: bytes, data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(["object", "hint", "x"]))
    entity = data.draw(st.sampled_from(["webhook", "push", "invoice", "vendor", "period", "nobody", ""]))
    raw = dict(examples.raw(registry.system(system), examples.names(system, "raw")[0]))
    _carried_through(
        system,
        raw | {"entity": entity, "shape": shape, "body": body, "source_id": data.draw(st.sampled_from(["", "7", "x" * 300]))},
    )


@given(key=st.none() | st.binary(max_size=20), value=st.none() | st.binary(max_size=20), name=st.sampled_from(sorted(HOPS)))
@settings(max_examples=100, deadline=None)
def test_bytes_that_are_no_record_of_ours_are_dead_with_every_byte(key: bytes | None, value: bytes | None, name: str) -> None:
    hop = HOPS[name]
    record = ConsumerRecord(hop.inputs[0], 0, 3, key, value, [("x", b"\xff"), ("y", cast("bytes", None))])
    [output] = whole(hop, [record], Memory(), _ground(registry.erps()[0].name)).outputs
    dead = CODEC.decode(output.value)[1]
    assert (output.topic, dead["key"], dead["value"], dead["offset"]) == ("dead", key, value, 3)


@pytest.mark.parametrize("system", registry.NAMES)
@pytest.mark.parametrize(
    "body",
    [
        b'{"hasMore": false, "totalCount": 1, "data": [{"id": 7, "name": "3" pipe"}]}',
        b'{"hasMore": false, "data": [{"id": 7}]}',
        b'[{"id": "7", "CustomerID": {"value": "7"}}, {"id": "7" 3}]',
        b'{"status": "success", "data": {"query": {"numrows": 2, "rows": [{"attr:rownumber": 1, "A.VENDOR_ID": "7"}]}}}',
        b'{"id": 7, "name": "',
        b"7",
    ],
)
def test_a_whole_answer_in_the_place_of_an_object_is_dead_with_every_byte(system: str, body: bytes) -> None:
    """What a poller writes when an object was asked for alone and its answer cannot be read (`services/ingress/polling.py`)."""
    for entity in registry.system(system).fetchable:
        raw = dict(examples.raw(registry.system(system), examples.names(system, "raw")[0]))
        record = _raw_record(system, raw | {"entity": entity, "source_id": "7", "shape": "object", "how": "fetch", "body": body})
        outcome = whole(HOPS[raw_to_canonical.STAGE], [record], Memory(), _ground(system))
        [dead] = [CODEC.decode(one.value)[1] for one in outcome.outputs]
        assert dead["value"] == record.value
