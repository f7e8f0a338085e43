"""A signature holds for one record whole: no field of it can be taken from another record that was signed as well."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.rolekeys import OPERATOR, SINKS, keys_for
from runtime.secrets import KeyRing, RingKey
from runtime.signing import HEADER, NotBelieved, Place, Signed, sign, verify

OLD, NEW = (RingKey(name, datetime(2026, 1, day, tzinfo=UTC), name.encode() * 16, None) for day, name in enumerate(("k1", "k2"), 1))
BOTH = keys_for(KeyRing((OLD, NEW)), OPERATOR)
FIRST: dict[str, Any] = {
    "topic": "connections",
    "partition": 0,
    "key": b"acme",
    "value": b"one",
    "version": 10,
    "signer": OPERATOR,
    "ring": OLD,
}
SECOND: dict[str, Any] = {
    "topic": "control",
    "partition": 1,
    "key": b"other",
    "value": b"two",
    "version": 20,
    "signer": SINKS,
    "ring": NEW,
}
FIELDS = ("topic", "partition", "key", "value", "signer", "key id", "version", "signature")


def signed(record: dict[str, Any]) -> dict[str, Any]:
    """The parts of a record as Kafka has them, those of its header too."""
    place = Place(record["topic"], record["partition"], record["key"])
    signer, ring = record["signer"], KeyRing((record["ring"],))
    _, header = sign(keys_for(ring, signer), (signer,), place, record["value"], record["version"])
    _, name, key_id, version, signature = header.split(b" ")
    told = {"signer": name, "key id": key_id, "version": version, "signature": signature}
    return {name: record[name] for name in ("topic", "partition", "key", "value")} | told


def believed(parts: dict[str, Any]) -> Signed:
    """What `verify` says of a record of these parts. Raises `NotBelieved`."""
    place = Place(parts["topic"], parts["partition"], parts["key"])
    header = b" ".join([b"1", *(parts[name] for name in FIELDS[4:])])
    return verify(BOTH, place, parts["value"], [(HEADER, header)])


def test_no_mixture_of_two_signed_records_is_believed() -> None:
    sources, believed_count = (signed(FIRST), signed(SECOND)), 0
    for choice in itertools.product((0, 1), repeat=len(FIELDS)):
        parts = {name: sources[which][name] for name, which in zip(FIELDS, choice, strict=True)}
        if len(set(choice)) == 1:
            assert believed(parts).version == (10, 20)[choice[0]]
            believed_count += 1
            continue
        with pytest.raises(NotBelieved):
            believed(parts)
    assert believed_count == 2


def test_a_byte_that_moves_between_neighbouring_fields_is_noticed() -> None:
    """Each part is signed with its length: `acme` + `one` is not `acmeo` + `ne`."""
    parts = signed(FIRST)
    for key, value in ((b"acmeo", b"ne"), (b"acm", b"eone"), (b"", b"acmeone"), (b"acmeone", b"")):
        with pytest.raises(NotBelieved):
            believed(parts | {"key": key, "value": value})
