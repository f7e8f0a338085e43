"""The credentials of a connection: references resolved, sets validated by their system's model, encrypted for their purpose and origins.

A set that is already in force unchanged is written again as it is, so that its signature is as new as that of the connection. A set whose
purpose the connection no longer has is written as removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import ValidationError

from console.connections.fitting import Misfit
from console.connections.written import Place, dotted
from console.reading import Cluster
from runtime.errors import Broken
from runtime.rolekeys import OPERATOR
from runtime.secrets import KeyRing, Sources, leads_out, read_ring, resolve
from services.access import purpose
from services.credentials import Sealed, in_force, opened, seal
from services.network import network_purpose, origins_of, ways
from systems.connection import ConnectionSettings, Side, WebhookKey
from systems.contract import Role, System
from systems.network import PEM, is_pem
from topology.trust import Trust


def ring_of(cluster: Cluster) -> KeyRing:
    """The key ring that the environment names."""
    path = cluster.settings.key_ring
    if path is None:
        raise Broken("ML_CONNECTOR_KEY_RING is not set.", "Make a key ring with `ml-connector keys new FILE` and set it.")
    return read_ring(path)


def sealed_credentials(
    cluster: Cluster, trust: Trust, settings: ConnectionSettings, sources: Sources
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Every credential record of a connection, and a line for each that changes; neither shows a secret. `trust` reads what is in force.

    Raises `Broken` naming every reference that leads nowhere.
    """
    ring, now = ring_of(cluster), datetime.now(UTC)
    _require_references(settings, sources)
    existing = {
        record["purpose"]: record
        for record in in_force(cluster.settings, cluster.codec, trust)
        if record["connection"] == settings.connection
    }
    records, lines = [], []
    for name, sealed in sets_of(settings, sources).items():
        known = existing.pop(name, None)
        if known is not None and _opened(trust, known) == orjson.loads(sealed.as_bytes()):
            records.append(known)
            continue
        record = seal(ring, (settings.connection, name), sealed, now)
        records.append(record)
        lines.append(f"{'~' if known else '+'} credentials {name}: sealed with key {record['key_id']}")
    for name, known in existing.items():
        records.append({**known, "wrapped_key": b"", "nonce": b"", "ciphertext": b"", "removed": True, "at": now})
        lines.append(f"- credentials {name}")
    return records, tuple(lines)


def require_ring_in_force(cluster: Cluster, another: bool) -> None:
    """Raise `Broken` if this ring is not that of the credentials in force, unless a person said that theirs is lost. The services have one ring, and
    whatever another ring encrypted or signed does not count for them."""
    trust = Trust(cluster.settings, (OPERATOR,))
    sealed = {record["key_id"] for record in credentials_in_force(cluster).values()}
    strange = sorted(sealed - {key.id for key in ring_of(cluster).keys})
    if another or not strange or any(True for _ in in_force(cluster.settings, cluster.codec, trust)):
        return
    raise Broken(
        f"{cluster.settings.key_ring} is not the key ring in force: it lacks the key(s) {', '.join(strange)} of credentials in force.",
        "Set ML_CONNECTOR_KEY_RING to the ring that the services have; where that one is lost, give every service the new one and "
        "apply each connection with --another-key-ring.",
    )


def _require_references(settings: ConnectionSettings, sources: Sources) -> None:
    """Try all references before using any, so that all those that lead nowhere are reported at once."""
    lines = []
    for place, reference in _references(settings):
        model = (settings.field_service if place[0] == "field_service" else settings.erp).declared.credentials
        is_credential = place[1] in ("credentials", "role_credentials")
        try:
            resolve(reference, sources, is_pem(model, str(place[-1])) if is_credential else place[-1] in PEM)
        except Broken as error:
            lines.append(f"{dotted(place)}: {error}")
    if lines:
        raise Broken("\n".join(lines))


def strays(settings: ConnectionSettings, sources: Sources) -> Iterator[Misfit]:
    """References that `apply` can never follow, whatever they contain. A plan finds them without any secret."""
    for place, reference in _references(settings):
        if leads_out(reference, sources):
            yield Misfit(
                place, f"leads out of the secrets folder {sources.folder}: put the file there, or set ML_CONNECTOR_SECRETS_DIR"
            )


def _references(settings: ConnectionSettings) -> Iterator[tuple[Place, str]]:
    """Every reference with its place in the file."""
    for key, side in (("field_service", settings.field_service), ("erp", settings.erp)):
        yield from (((key, "credentials", name), reference) for name, reference in side.credentials.items())
        for role, own in side.role_credentials.items():
            yield from (((key, "role_credentials", role.value, name), reference) for name, reference in own.items())
        yield from (((key, "network", name), reference) for name, reference in side.network.references.items())
    for section in ("webhook_keys", "push_keys"):
        yield from (((section, number, "secret"), key.secret) for number, key in enumerate(getattr(settings, section)))


def sets_of(settings: ConnectionSettings, sources: Sources) -> dict[str, Sealed]:
    """What is encrypted, by purpose. Raises `Broken` for a reference that leads nowhere, a value that does not fit, or one that would end
    another role's session."""
    sets = dict(_sets(settings, sources))
    _require_own_sign_ins(settings, sets)
    return sets


def _sets(settings: ConnectionSettings, sources: Sources) -> Iterator[tuple[str, Sealed]]:
    for side in (settings.field_service, settings.erp):
        origins = origins_of(side)
        for role in Role:
            yield purpose(side.system, role), Sealed(_resolved(side, role, sources), origins)
        if side.network.references:
            yield network_purpose(side.system), Sealed(resolved_network(side, sources), origins)
    for name, keys in (("webhook", settings.webhook_keys), ("push", settings.push_keys)):
        if keys:
            yield name, Sealed([_key(key, sources) for key in keys])


def same_sign_ins(declared: System, of_roles: Mapping[Role, Mapping[str, str]]) -> Iterator[str]:
    """What is wrong with the credentials of roles (their references, or their values, which are not shown) if a second sign-in ends the
    first: two roles that sign in as the same user would end each other's session again and again."""
    names = [name for name in declared.signs_in_as if name in declared.credentials.model_fields]
    seen: dict[tuple[str | None, ...], Role] = {}
    for role, own in of_roles.items() if names else ():
        first = seen.setdefault(tuple(own.get(name) for name in names), role)
        if first is not role:
            words = f"{role.value} signs in to {declared.title} with the same {', '.join(names)} as {first.value}"
            yield f"{words}, and a second sign-in ends the first: give {role.value} its own under role_credentials"


def _require_own_sign_ins(settings: ConnectionSettings, sets: Mapping[str, Sealed]) -> None:
    found: list[str] = []
    for side in (settings.field_service, settings.erp):
        values = {role: sets[purpose(side.system, role)].secret for role in settings.roles_of(side)}
        found += same_sign_ins(side.declared, {role: own for role, own in values.items() if isinstance(own, dict)})
    if found:
        raise Broken(f"{settings.connection}: {'; '.join(found)}.", "Correct the references in the connection file.")


def _resolved(side: Side, role: Role, sources: Sources) -> dict[str, Any]:
    model = side.declared.credentials
    given = side.credentials_of(role).items()
    fields = {name: resolve(reference, sources, is_pem(model, name)).get_secret_value() for name, reference in given}
    try:
        model.model_validate(fields)
    except ValidationError as error:
        named = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False))
        # `from None`: the validator's error would carry the values
        raise Broken(
            f"{side.system}: credentials of {role.value} are wrong: {named}.", "Correct the references in the connection file."
        ) from None
    return fields


def resolved_network(side: Side, sources: Sources) -> dict[str, Any]:
    """The contents of the network's files and references. Raises `Broken`, naming what is missing or unusable but never showing it."""
    found = {
        name: resolve(reference, sources, name in PEM).get_secret_value() for name, reference in side.network.references.items()
    }
    ways(side, found, loopback=False)
    return found


def _key(key: WebhookKey, sources: Sources) -> dict[str, str | None]:
    return {"name": key.name, "secret": resolve(key.secret, sources).get_secret_value(), "not_after": key.not_after}


def credentials_in_force(cluster: Cluster) -> dict[tuple[str, str], dict[str, Any]]:
    """The newest record of each set of every connection, by connection and purpose, whether or not it counts."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for seen in cluster.scan(["credentials"], quiet=True):
        if seen.record:
            found[(seen.record["connection"], seen.record["purpose"])] = seen.record
    return {bound_to: record for bound_to, record in found.items() if not record["removed"]}


def _opened(trust: Trust, record: dict[str, Any]) -> Any:
    try:
        return orjson.loads(opened(trust.keys, record).as_bytes())
    except Broken:
        return None
