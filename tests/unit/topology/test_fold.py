"""A state folded from the log: what others wrote on a canonical topic is skipped and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import Message

from runtime import kafka, metrics
from runtime.settings import Kafka
from tests import toy
from tests.unit.topology.hops import CODEC
from topology import fold as fold_module
from topology.fold import entries
from topology.headers import Headers, headers
from topology.raw_to_canonical import InForce, remembered
from topology.state import PartitionState

KEY = f"acme/{toy.SOURCE}/invoice/7".encode()
VALUE = CODEC.encode("canonical.invoice", "canonical.invoice", toy.blank("canonical.invoice"))
MADE = headers("canonical.invoice", "id", "raw/0/1", source_version="1", content_hash="abc", status="Po\x00sted")


class _Message:
    def __init__(self, key: bytes | None, value: bytes | None, made: Headers | None) -> None:
        self._key, self._value, self._made = key, value, made

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> Headers | None:
        return self._made

    def topic(self) -> str:
        return "canonical.invoice"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 1


def _folded(key: bytes | None, value: bytes | None, made: Any) -> list[tuple[str, bytes]]:
    return entries(cast("Message", _Message(key, value, made)), CODEC)


def test_a_record_of_ours_is_folded_by_its_key_and_headers() -> None:
    assert _folded(KEY, VALUE, MADE) == [(KEY.decode(), remembered(InForce("1", "abc", "Po\x00sted")))]


RAW = CODEC.encode(f"raw.{toy.SOURCE}", "raw.raw", toy.raw("7", 1, b"{}"))


@pytest.mark.parametrize(
    ("key", "value", "made"),
    [
        (b"acme/\xff\xfe", VALUE, MADE),
        (b"\x00offsets", VALUE, MADE),
        (b"\x00shape", VALUE, MADE),
        (b"\x01" + KEY, VALUE, MADE),
        (None, VALUE, MADE),
        (b"", VALUE, MADE),
        (b"acme", VALUE, MADE),
        (f"acme/{toy.SOURCE}/payment/7".encode(), VALUE, MADE),
        (KEY, b"not avro", MADE),
        (KEY, b"\x00\x7f\xff\xff\xff" + VALUE[5:], MADE),
        (KEY, RAW, MADE),
        (KEY, None, MADE),
        (KEY, b"", MADE),
        (KEY, VALUE, None),
        (KEY, VALUE, []),
        (KEY, VALUE, [("content_hash", None), ("ce_type", b"canonical.invoice")]),
        (KEY, VALUE, [("content_hash", b"abc")]),
        (KEY, VALUE, [one for one in MADE if one[0] != "content_hash"]),
    ],
)
def test_a_foreign_record_is_skipped_and_counted(key: bytes | None, value: bytes | None, made: Any) -> None:
    """One key that was no UTF-8 made every later take-over end with 70."""
    counted = metrics.FOLLOWED_UNREADABLE.labels("state")
    before = counted._value.get()
    assert _folded(key, value, made) == []
    assert counted._value.get() == before + 1


def test_a_state_of_a_topic_that_was_made_anew_is_folded_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its offsets begin again: where the new one has more records than were folded of the old one, only its id tells."""
    ids = {"canonical.invoice": "first"}
    read: list[dict[tuple[str, int], int]] = []

    def reading(_: Any, span: tuple[dict[tuple[str, int], int], Any], *__: Any) -> int:
        read.append(dict(span[0]))
        return 5

    monkeypatch.setattr(kafka, "admin", lambda _: None)
    monkeypatch.setattr(kafka, "topic_ids", lambda *_: dict(ids))
    monkeypatch.setattr(fold_module, "_extents", lambda *_: {("canonical.invoice", 0): (2, 5)})
    monkeypatch.setattr(fold_module, "_read", reading)
    state = PartitionState(tmp_path / "0")
    state.put([("key", b"of the first")])
    source = fold_module.Source(Kafka(), cast("Any", None), ["canonical.invoice"])
    fold_module.fold(source, {0: state}, lambda: True)
    fold_module.fold(source, {0: state}, lambda: True)
    assert (len(read), state.get("key")) == (1, b"of the first")
    ids["canonical.invoice"] = "second"
    fold_module.fold(source, {0: state}, lambda: True)
    assert read[1] == {("canonical.invoice", 0): 2}
    assert state.get("key") is None
    state.close()
