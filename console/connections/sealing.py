"""The credentials of a connection: references resolved, sets validated by their system's model, encrypted for their purpose.

A set that is already in force unchanged is not written again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import ValidationError

from console.reading import Cluster
from runtime.errors import Broken
from runtime.secrets import KeyRing, Sources, read_ring, resolve, unseal
from services.credentials import Secret, envelope_of, seal
from services.network import network_purpose, ways
from systems.connection import ConnectionSettings, Side, WebhookKey
from systems.contract import Role
from systems.network import PEM


def ring_of(cluster: Cluster) -> KeyRing:
    """The key ring that the environment names."""
    path = cluster.settings.key_ring
    if path is None:
        raise Broken("ML_CONNECTOR_KEY_RING is not set.", "Make a key ring with `ml-connector keys new FILE` and set it.")
    return read_ring(path)


def sealed_credentials(
    cluster: Cluster, settings: ConnectionSettings, sources: Sources
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Credential records to write, and a line for each; neither shows a secret. Raises `Broken` naming a missing reference."""
    ring, now = ring_of(cluster), datetime.now(UTC)
    existing = _in_force(cluster, settings.connection)
    records, lines = [], []
    for purpose, secret in _sets(settings, sources):
        known = existing.get(purpose)
        if known is not None and _opened(ring, known) == secret:
            continue
        record = seal(ring, (settings.connection, purpose), secret, now)
        records.append(record)
        lines.append(f"{'~' if known else '+'} credentials {purpose}: sealed with key {record['key_id']}")
    return records, tuple(lines)


def _sets(settings: ConnectionSettings, sources: Sources) -> Iterator[tuple[str, Secret]]:
    for side in (settings.field_service, settings.erp):
        fields = _resolved(side, sources)
        for role in Role:
            yield f"{side.system}.{role.value}", fields
        if side.network.references:
            yield network_purpose(side.system), resolved_network(side, sources)
    for purpose, keys in (("webhook", settings.webhook_keys), ("push", settings.push_keys)):
        if keys:
            yield purpose, [_key(key, sources) for key in keys]


def _resolved(side: Side, sources: Sources) -> dict[str, Any]:
    fields = {name: resolve(reference, sources).get_secret_value() for name, reference in side.credentials.items()}
    try:
        side.declared.credentials.model_validate(fields)
    except ValidationError as error:
        named = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False))
        # `from None`: the validator's error would carry the values
        raise Broken(f"{side.system}: credentials are wrong: {named}.", "Correct the references in the connection file.") from None
    return fields


def resolved_network(side: Side, sources: Sources) -> dict[str, Any]:
    """The contents of the network's files and references. Raises `Broken` naming what is missing or of no use, never showing it."""
    found = {
        name: resolve(reference, sources, name in PEM).get_secret_value() for name, reference in side.network.references.items()
    }
    ways(side, found, loopback=False)
    return found


def _key(key: WebhookKey, sources: Sources) -> dict[str, str | None]:
    return {"name": key.name, "secret": resolve(key.secret, sources).get_secret_value(), "not_after": key.not_after}


def _in_force(cluster: Cluster, connection: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for seen in cluster.scan(["credentials"], quiet=True):
        if seen.record.get("connection") == connection:
            found[seen.record["purpose"]] = seen.record
    return {purpose: record for purpose, record in found.items() if not record["removed"]}


def _opened(ring: KeyRing, record: dict[str, Any]) -> Any:
    try:
        return orjson.loads(unseal(ring, (record["connection"], record["purpose"]), envelope_of(record)))
    except Broken:
        return None
