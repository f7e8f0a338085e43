"""The headers of our records: what can be known about a record without decoding it.

`traceparent` (W3C), CloudEvents in binary mode (`ce_*`), the coordinates of the causing record, the version of the configuration and, on
commands, the op-key and hashes. The Kafka client takes and returns lists of (name, bytes).
"""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[str, bytes]]

OP_KEY = "op_key"
SOURCE_HASH = "source_hash"
PAYLOAD_HASH = "payload_hash"
PARTED = "parted"
SOURCE_VERSION = "source_version"
CONTENT_HASH = "content_hash"
STATUS = "status"
PREVIOUS_STATUS = "previous_status"
RECORD = "ce_type"
CAUSE = "cause"
CONFIG = "config_version"
HOLD = "hold"
DEFAULTED = "defaulted"
"""On commands: how many values went to a default. A command of an older version has no such header."""
TRACE = "traceparent"


def headers(record: str, event_id: str, cause: str, trace: bytes = b"", **more: str) -> Headers:
    """The headers of one record. `cause` is the topic/partition/offset of the record that it follows from ("" for the first record)."""
    made: Headers = [
        ("ce_specversion", b"1.0"),
        (RECORD, record.encode()),
        ("ce_id", event_id.encode()),
        ("ce_source", b"ml-connector"),
        ("content-type", b"application/avro"),
    ]
    if cause:
        made.append((CAUSE, cause.encode()))
    if trace:
        made.append((TRACE, trace))
    made += [(name, value.encode()) for name, value in more.items() if value]
    return made


def header(found: Iterable[tuple[str, bytes | str | None]] | None, name: str) -> str:
    """The last header of that name, as text; "" if there is none."""
    value = ""
    for candidate, content in found or ():
        if candidate == name and content is not None:
            value = content.decode(errors="replace") if isinstance(content, bytes) else content
    return value


def coordinates(topic: str, partition: int, offset: int) -> str:
    """The coordinates of a record as text: topic/partition/offset."""
    return f"{topic}/{partition}/{offset}"
