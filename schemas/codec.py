"""Records to bytes and back, in Confluent's wire format: a zero byte, the schema's id (4 bytes, big-endian), the Avro datum.

Subjects follow TopicRecordNameStrategy (`<topic>-<namespace>.<Name>`), compatibility is FULL_TRANSITIVE. Decoding is guarded: only schemas
of ours, a datum of at most 2 MiB, no bytes left over, no NaN. Anything else is `Malformed`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import fastavro
import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.errors import Malformed, NotRegistered, RegistryAway
from schemas.generate import versions
from schemas.guard import refuse_unfit
from schemas.shapes import schemas

MAX_DATUM_BYTES = 2 * 1024 * 1024
MAX_WRITTEN_BYTES = MAX_DATUM_BYTES - 64 * 1024
"""The largest value that is written. With key and headers it must still fit into the topic's largest message."""
_HEAD_BYTES = 5
_LONG_RUN = re.compile(rb"[\x80-\xff]{10}")
COMPATIBILITY = "FULL_TRANSITIVE"
_AT_ONCE = 8
"""Requests to the registry at the same time. A hundred subjects one after another took seconds."""

Record = dict[str, Any]
Source = str | Mapping[str, Any]
"""A registry: the settings of its client (`runtime/registry.py`), or its URL alone."""


def full_name(name: str) -> str:
    """The Avro full name of a record: `command.ar_invoice` -> `ml_connector.command.ArInvoice`."""
    schema = schemas()[name]
    return f"{schema['namespace']}.{schema['name']}"


def subject(topic: str, name: str) -> str:
    """The registry subject of a record on a topic."""
    return f"{topic}-{full_name(name)}"


def _refuse_overlong(name: str, writer: Any, record: Record, value: bytes) -> None:
    """Refuse a number whose encoding is longer than necessary, because it may be read as another number. Texts contain such
    bytes, too, so the datum is written again and compared."""
    out = BytesIO()
    fastavro.schemaless_writer(out, writer, record)
    if out.getvalue() != value[_HEAD_BYTES:]:
        raise Malformed(f"{name} is not in its canonical encoding: a number is written longer than it needs")


@dataclass
class Codec:
    """Encodes and decodes our records. `ids` maps each record on each topic to its registry id.

    One codec serves one process. It holds parsed schemas and no connection.
    """

    ids: Mapping[tuple[str, str], int]
    writers: Mapping[int, tuple[str, Any]]
    _readers: dict[str, Any] = field(default_factory=dict)
    _resolved: dict[bytes, Any] = field(default_factory=dict)
    _parts: dict[tuple[str, str], tuple[Any, Any]] = field(default_factory=dict)

    def expect(self, topics: Iterable[str]) -> None:
        """These topics are read next. A codec that asks the registry when needed (`schemas/asked.py`) asks for their schemas now."""

    def encode(self, topic: str, name: str, record: Mapping[str, Any]) -> bytes:
        """The value bytes of `record` on `topic`. Raises `Malformed`, naming record and field, if it does not fit its schema."""
        schema_id = self.ids[(topic, name)]
        out = BytesIO()
        out.write(b"\x00" + schema_id.to_bytes(4, "big"))
        try:
            refuse_unfit(name, record)
            fastavro.schemaless_writer(out, self._reader(name), record)
        except Malformed:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
            raise Malformed(f"{name} does not fit its schema: {error}") from error
        if out.tell() > MAX_WRITTEN_BYTES:
            raise Malformed(f"{name} of {out.tell()} bytes is over the cap of {MAX_WRITTEN_BYTES}")
        return out.getvalue()

    def head(self, name: str, record: Mapping[str, Any], until: str) -> bytes:
        """The datum's bytes of all fields before `until`, for records in which these fields stay the same. Raises `Malformed` as `encode` does."""
        return self._written(name, record, self._part(name, until)[0])

    def encode_after(self, topic: str, name: str, record: Mapping[str, Any], head: tuple[str, bytes]) -> bytes:
        """Like `encode`, but only the fields from `until` on are encoded; `head` is (until, what `head` returned for it)."""
        until, written = head
        refuse_unfit(name, record)
        schema_id = self.ids[(topic, name)]
        value = b"\x00" + schema_id.to_bytes(4, "big") + written + self._written(name, record, self._part(name, until)[1])
        if len(value) > MAX_WRITTEN_BYTES:
            raise Malformed(f"{name} of {len(value)} bytes is over the cap of {MAX_WRITTEN_BYTES}")
        return value

    def _written(self, name: str, record: Mapping[str, Any], schema: Any) -> bytes:
        out = BytesIO()
        try:
            fastavro.schemaless_writer(out, schema, record)
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
            raise Malformed(f"{name} does not fit its schema: {error}") from error
        return out.getvalue()

    def _part(self, name: str, until: str) -> tuple[Any, Any]:
        """The schema in two parts: the fields before `until`, and the others. The Avro datum of a record is the data of its fields, one
        after another."""
        known = self._parts.get((name, until))
        if known is None:
            whole = schemas()[name]
            names = [field["name"] for field in whole["fields"]]
            first, second = whole["fields"][: names.index(until)], whole["fields"][names.index(until) :]
            known = fastavro.parse_schema({**whole, "fields": first}), fastavro.parse_schema({**whole, "fields": second})
            self._parts[(name, until)] = known
        return known

    def decode(self, value: bytes | None) -> tuple[str, Record]:
        """Record name and record of value bytes. Raises `Malformed` for anything that is not exactly one record of ours."""
        (name, writer), found = self._head(value)
        return name, self._datum(name, writer, found)

    def decode_one(self, wanted: str, value: bytes | None) -> Record:
        """The record of value bytes, which has to have that name. Raises `Malformed` as `decode` does, and for any other record."""
        name, record = self.decode(value)
        if name != wanted:
            raise Malformed(f"{name} instead of {wanted}")
        return record

    def name(self, value: bytes | None) -> str:
        """The record name of value bytes, from their head alone; the datum is not read. Raises `Malformed` as `decode` does."""
        return self._head(value)[0][0]

    def _head(self, value: bytes | None) -> tuple[tuple[str, Any], bytes]:
        """The schema that a value's head names, and the value."""
        if value is None or len(value) < _HEAD_BYTES:
            raise Malformed("no value, or shorter than a wire-format head")
        if value[0] != 0:
            raise Malformed(f"not in wire format: first byte is {value[0]}")
        if len(value) > MAX_DATUM_BYTES:
            raise Malformed(f"datum of {len(value)} bytes is over the cap of {MAX_DATUM_BYTES}")
        schema_id = int.from_bytes(value[1:_HEAD_BYTES], "big")
        try:
            return self.writers[schema_id], value
        except KeyError:
            raise Malformed(f"schema id {schema_id} is not one of ours") from None

    def _datum(self, name: str, writer: Any, value: bytes) -> Record:
        source = BytesIO(value)
        source.seek(_HEAD_BYTES)
        try:
            record = fastavro.schemaless_reader(source, writer, self._reader_for(value[1:_HEAD_BYTES], name, writer))
        except Exception as error:
            raise Malformed(f"{name} cannot be read: {type(error).__name__}: {error}") from error
        if source.tell() != len(value):
            raise Malformed(f"{name} has {len(value) - source.tell()} bytes after its end")
        if not isinstance(record, dict):
            raise Malformed(f"{name} is not a record")
        if _LONG_RUN.search(value, _HEAD_BYTES):
            _refuse_overlong(name, writer, record, value)
        return record

    def _reader_for(self, schema_id: bytes, name: str, writer: Any) -> Any:
        """The present schema, or None if the datum was written with it: fastavro would compare the two for every datum."""
        if schema_id not in self._resolved:
            reader = self._reader(name)
            self._resolved[schema_id] = None if writer == reader else reader
        return self._resolved[schema_id]

    def _reader(self, name: str) -> Any:
        parsed = self._readers.get(name)
        if parsed is None:
            parsed = self._readers[name] = fastavro.parse_schema(schemas()[name])
        return parsed


def offline_codec(records_of_topic: Mapping[str, tuple[str, ...]]) -> Codec:
    """A codec without a registry, for tests and benchmarks. Its ids are derived from the subjects."""
    ids: dict[tuple[str, str], int] = {}
    writers: dict[int, tuple[str, Any]] = {}
    for topic, names in records_of_topic.items():
        for name in names:
            schema_id = zlib.crc32(subject(topic, name).encode()) & 0x7FFFFFFF
            ids[(topic, name)] = schema_id
            writers[schema_id] = (name, fastavro.parse_schema(schemas()[name]))
    return Codec(ids, writers)


@contextmanager
def _client_and_threads(registry: Source) -> Iterator[tuple[SchemaRegistryClient, ThreadPoolExecutor]]:
    """A client, and threads from which to call it."""
    settings = {"url": registry} if isinstance(registry, str) else dict(registry)
    where = f"The schema registry at {settings['url']}"
    try:
        with SchemaRegistryClient(settings) as client, ThreadPoolExecutor(_AT_ONCE) as pool:
            yield client, pool
    except (ValueError, httpx2.InvalidURL) as error:
        if "url" not in str(error).lower():
            raise
        raise NotRegistered(f"{where}: this is not an address. Correct ML_CONNECTOR_REGISTRY__URL.") from error
    except httpx2.TransportError as error:
        if "CERTIFICATE" in str(error) or "certificate" in str(error):
            raise NotRegistered(f"{where}: {error}. Check ML_CONNECTOR_REGISTRY__SSL_*.") from error
        raise RegistryAway(f"{where} does not answer; is `up` running?") from error
    except OSError as error:
        raise NotRegistered(
            f"{where}: a certificate or key cannot be read: {error}. Check ML_CONNECTOR_REGISTRY__SSL_*."
        ) from error


def register(registry: Source, records_of_topic: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Register every record's present schema for every topic; returns subject -> id. Registering again changes nothing.

    A subject that the registry has gets the earlier versions too, so that each version of ours can be looked up there. A new subject does not
    need them: nothing was written in them yet. Raises `NotRegistered` with the registry's words if a schema is refused (an incompatible
    change), `RegistryAway` if it does not answer.
    """
    wanted = [(subject(topic, name), name) for topic, names in records_of_topic.items() for name in names]
    with _client_and_threads(registry) as (client, pool):
        ids = pool.map(lambda one: _register_one(client, *one), wanted)
        return {name: schema_id for (name, _), schema_id in zip(wanted, ids, strict=True)}


def _refusal_of(subject_name: str, what: str, error: SchemaRegistryError) -> Exception:
    if error.http_status_code in (401, 403):
        return NotRegistered(
            f"The schema registry refuses us ({error.http_status_code}). Check ML_CONNECTOR_REGISTRY__USERNAME and __PASSWORD_FILE."
        )
    if error.http_status_code >= 500:
        return RegistryAway(f"The schema registry does not work: {error}")
    return NotRegistered(f"{subject_name}: the registry {what}: {error}")


def _is_new(client: SchemaRegistryClient, subject_name: str) -> bool:
    """Whether the registry has no version of a subject. The list of all subjects does not tell: Apicurio cuts a long one off without a word."""
    try:
        return not client.get_versions(subject_name)
    except SchemaRegistryError as error:
        if error.http_status_code != 404:
            raise
        return True


def _register_one(client: SchemaRegistryClient, subject_name: str, name: str) -> int:
    try:
        wanted = versions(name)[-1:] if _is_new(client, subject_name) else versions(name)
        client.set_compatibility(subject_name=subject_name, level=COMPATIBILITY)
        ids = [client.register_schema(subject_name, Schema(json.dumps(version), "AVRO")) for version in wanted]
    except SchemaRegistryError as error:
        raise _refusal_of(subject_name, "refused it", error) from error
    return int(ids[-1])


def load(registry: Source, records_of_topic: Mapping[str, tuple[str, ...]]) -> Codec:
    """The codec of the registered schemas: every version of ours, by id.

    Raises `NotRegistered` naming every subject whose present schema is missing; such a service must not start. Raises `RegistryAway` if the
    registry does not answer.
    """
    found = look_up(registry, records_of_topic)
    if found.missing:
        raise not_registered(found.missing)
    return Codec(found.ids, found.writers)


@dataclass
class Registered:
    """What the registry has of our records: the id of each on each topic, the schema of every version by its id, subjects that it lacks."""

    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    writers: dict[int, tuple[str, Any]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def look_up(registry: Source, records_of_topic: Mapping[str, tuple[str, ...]]) -> Registered:
    """Ask the registry for every version of these records. Raises `RegistryAway` if it does not answer."""
    made = Registered()
    wanted = [(topic, name) for topic, names in records_of_topic.items() for name in names]
    schemas()  # read once, before eight threads need them at the same moment
    with _client_and_threads(registry) as (client, pool):
        answers = pool.map(lambda one: _registered_ids(client, subject(*one), one[1]), wanted)
        for (topic, name), found in zip(wanted, answers, strict=True):
            if not found or found[-1] is None:
                made.missing.append(subject(topic, name))
                continue
            made.ids[(topic, name)] = found[-1]
            for schema_id, version in zip(found, versions(name), strict=True):
                if schema_id is not None:
                    made.writers[schema_id] = (name, fastavro.parse_schema(version))
    return made


def not_registered(subjects: Sequence[str]) -> NotRegistered:
    """What to do about subjects that the registry does not have."""
    return NotRegistered(f"not registered: {', '.join(subjects)}. Run `ml-connector topics --apply` first.")


def _registered_ids(client: SchemaRegistryClient, subject_name: str, name: str) -> list[int | None]:
    """The id of each version of ours, oldest first; None where the registry has it not. A subject that has one version alone is asked for no
    other: the registry takes longer for what it has not."""
    *earlier, present = versions(name)
    try:
        found = _registered_id(client, subject_name, present)
        if not earlier or (found is not None and len(client.get_versions(subject_name)) == 1):
            return [*([None] * len(earlier)), found]
        return [*(_registered_id(client, subject_name, version) for version in earlier), found]
    except SchemaRegistryError as error:
        raise _refusal_of(subject_name, "could not be asked", error) from error


def _registered_id(client: SchemaRegistryClient, subject_name: str, version: Mapping[str, Any]) -> int | None:
    try:
        return client.lookup_schema(subject_name, Schema(json.dumps(version), "AVRO")).schema_id
    except SchemaRegistryError as error:
        if error.http_status_code != 404:
            raise
        return None
