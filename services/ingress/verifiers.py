"""Who may send what: one verifier per connection and way in, replaced when settings or credentials change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime import redaction
from runtime.log import log
from services.credentials import CredentialStore
from services.ingress.signature import UNKNOWN, Key
from systems import registry
from systems.contract import Signing
from topology.configuration import Connected, Snapshot

WEBHOOK = "webhook"
PUSH = "push"


@dataclass(frozen=True)
class Verifier:
    """How the requests of one connection's sender are verified, and how its records are named. Without keys it refuses everything."""

    signing: Signing
    keys: tuple[Key, ...]


NOBODY = Verifier(UNKNOWN, ())
Verifiers = Mapping[tuple[str, str, str], Verifier]
"""(system, webhook or push, connection) -> verifier."""


def verifiers(snapshot: Snapshot, store: CredentialStore) -> Verifiers:
    """The verifiers of all connections in force. The field-service system sends webhooks, the ERP sends pushes."""
    found: dict[tuple[str, str, str], Verifier] = {}
    for connection in snapshot.connections.values():
        for way in (WEBHOOK, PUSH):
            verifier = _verifier(connection, way, store)
            if verifier is not None:
                found[(way, _side(connection, way), connection.settings.connection)] = verifier
    return found


def _side(connection: Connected, way: str) -> str:
    return connection.settings.field_service.system if way == WEBHOOK else connection.settings.erp.system


def _verifier(connection: Connected, way: str, store: CredentialStore) -> Verifier | None:
    settings = connection.settings
    side = settings.side(_side(connection, way))
    signs = registry.system(side.system).signing
    signing = signs(side.own()) if signs is not None else None
    if signing is None:
        return None
    keys = tuple(_key(entry) for entry in store.keys(settings.connection, way))
    if not keys:
        declared = settings.webhook_keys if way == WEBHOOK else settings.push_keys
        log.warning(
            "no_key", connection=settings.connection, way=way, outcome="everything is refused", keys_in_settings=len(declared)
        )
    return Verifier(signing, keys)


def _key(entry: Mapping[str, Any]) -> Key:
    redaction.know_value(entry["secret"])
    not_after = entry.get("not_after")
    return Key(entry["name"], entry["secret"].encode(), datetime.fromisoformat(not_after) if not_after else None)
