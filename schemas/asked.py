"""The codec of a command that ends soon: it asks the registry for a schema when that is first needed.

A service asks for every schema before it starts (`codec.load`), because it must not start without one. A person's command needs five of two
hundred, and should not wait for the others.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import fastavro
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.codec import Codec, Source, client_of, explained, full_name, not_registered, refusal_of, registered_ids, subject
from schemas.generate import versions
from schemas.shapes import schemas


def asking(registry: Source, records_of_topic: Mapping[str, tuple[str, ...]]) -> Codec:
    """A codec of the registered schemas, like `codec.load`. Whatever `load` raises at once, this one raises at the record that needs the schema."""
    with explained(registry):
        client = client_of(registry)
    made = Codec(_Ids(registry, client, records_of_topic), _Writers(registry, client))
    weakref.finalize(made, client.__exit__, None, None, None)
    return made


class _Ids(dict[tuple[str, str], int]):
    """(topic, record) -> its registry id, for the records of these topics."""

    def __init__(self, registry: Source, client: SchemaRegistryClient, records_of_topic: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._registry, self._client, self._records_of_topic = registry, client, records_of_topic

    def __missing__(self, place: tuple[str, str]) -> int:
        topic, name = place
        if name not in self._records_of_topic.get(topic, ()):
            raise KeyError(place)
        with explained(self._registry):
            found = registered_ids(self._client, subject(topic, name), name)[-1]
        if found is None:
            raise not_registered([subject(topic, name)])
        self[place] = found
        return found


class _Writers(dict[int, tuple[str, Any]]):
    """Registry id -> record name and parsed schema, for every registered version of ours. Any other id is no key, and is asked for once."""

    def __init__(self, registry: Source, client: SchemaRegistryClient) -> None:
        super().__init__()
        self._registry, self._client = registry, client
        self._names = {full_name(name): name for name in schemas()}
        self._others: set[int] = set()

    def __missing__(self, schema_id: int) -> tuple[str, Any]:
        found = None if schema_id in self._others else self._asked(schema_id)
        if found is None:
            self._others.add(schema_id)
            raise KeyError(schema_id)
        self[schema_id] = found
        return found

    def _asked(self, schema_id: int) -> tuple[str, Any] | None:
        try:
            with explained(self._registry):
                schema = json.loads(self._client.get_schema(schema_id).schema_str or "null")
        except SchemaRegistryError as error:
            if error.http_status_code != HTTPStatus.NOT_FOUND:
                raise refusal_of(f"schema {schema_id}", "could not be asked", error) from error
            return None
        except ValueError:
            return None
        name = self._names.get(f"{schema.get('namespace')}.{schema.get('name')}") if isinstance(schema, dict) else None
        return (name, fastavro.parse_schema(schema)) if name is not None and schema in versions(name) else None
