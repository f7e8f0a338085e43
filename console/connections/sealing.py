"""The credentials of a connection: references resolved, sets validated by their system's model, encrypted for their purpose.

A set that is already in force unchanged is not written again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from console.reading import Cluster
from runtime.errors import Broken
from runtime.secrets import Envelope, KeyRing, read_ring, resolve, seal, unseal
from systems.connection import ConnectionSettings, Side, WebhookKey
from systems.contract import Role

_KEY_CHARACTERS = (32, 64)


def ring_of(cluster: Cluster) -> KeyRing:
    """The key ring that the environment names."""
    path = cluster.settings.key_ring
    if path is None:
        raise Broken("ML_CONNECTOR_KEY_RING is not set.", "Make a key ring with `ml-connector keys new FILE` and set it.")
    return read_ring(path)


def sealed_credentials(
    cluster: Cluster, settings: ConnectionSettings, environment: Mapping[str, str]
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Credential records to write, and a line for each; neither shows a secret. Raises `Broken` naming a missing reference."""
    ring, now = ring_of(cluster), datetime.now(UTC)
    existing = _in_force(cluster, settings.connection)
    records, lines = [], []
    for purpose, secret in _sets(settings, environment):
        known = existing.get(purpose)
        if known is not None and _unchanged(ring, settings.connection, known, secret):
            continue
        envelope = seal(ring, (settings.connection, purpose), secret, now)
        records.append(_record(settings.connection, purpose, envelope, now))
        lines.append(f"{'~' if known else '+'} credentials {purpose}: sealed with key {envelope.key_id}")
    return records, tuple(lines)


def _sets(settings: ConnectionSettings, environment: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    for side in (settings.field_service, settings.erp):
        fields = _resolved(side, environment)
        for role in Role:
            yield f"{side.system}.{role.value}", fields
    for purpose, keys in (("webhook", settings.webhook_keys), ("push", settings.push_keys)):
        if keys:
            yield purpose, _dump([_key(key, environment) for key in keys])


def _resolved(side: Side, environment: Mapping[str, str]) -> bytes:
    fields = {name: resolve(reference, environment).get_secret_value() for name, reference in side.credentials.items()}
    try:
        side.declared.credentials.model_validate(fields)
    except ValidationError as error:
        # `from None`: the validator's error would carry the values
        named = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False))
        raise Broken(f"{side.system}: credentials are wrong: {named}.", "Correct the references in the connection file.") from None
    return _dump(fields)


def _key(key: WebhookKey, environment: Mapping[str, str]) -> dict[str, str | None]:
    secret = resolve(key.secret, environment).get_secret_value()
    least, most = _KEY_CHARACTERS
    if not least <= len(secret) <= most:
        raise Broken(f"webhook key {key.name!r} has {len(secret)} characters, not {least} to {most}.", "Take the key from the portal.")
    return {"name": key.name, "secret": secret, "not_after": key.not_after}


def _dump(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _in_force(cluster: Cluster, connection: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for seen in cluster.scan(["credentials"], quiet=True):
        if seen.record.get("connection") == connection:
            found[seen.record["purpose"]] = seen.record
    return {purpose: record for purpose, record in found.items() if not record["removed"]}


def _unchanged(ring: KeyRing, connection: str, record: Mapping[str, Any], secret: bytes) -> bool:
    envelope = Envelope(record["key_id"], record["wrapped_key"], record["nonce"], record["ciphertext"])
    try:
        return unseal(ring, (connection, record["purpose"]), envelope) == secret
    except Broken:
        return False


def _record(connection: str, purpose: str, envelope: Envelope, now: datetime) -> dict[str, Any]:
    return {
        "connection": connection,
        "purpose": purpose,
        "key_id": envelope.key_id,
        "wrapped_key": envelope.wrapped_key,
        "nonce": envelope.nonce,
        "ciphertext": envelope.ciphertext,
        "not_after": None,
        "removed": False,
        "at": now,
    }
