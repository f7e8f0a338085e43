"""What each role has of the key ring: every key is derived from the ring's for one use, and a role gets only those that it uses.

A *group* is a set of credentials that one role opens. A *signer* is somebody whose signature is believed. From each key of the ring, one
wrapping key per group and one Ed25519 key per signer are derived (HKDF-SHA256), so that only the ring made by `ml-connector keys new` has
to be kept. The file of one role (`ml-connector keys export ROLE FILE`) holds its derived keys and the public keys of all signers; the ring
cannot be computed from it. A process that is given the whole ring keeps only its role's keys in memory.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runtime.errors import Broken
from runtime.json import parse
from runtime.secrets import KEY_BYTES, MAX_KEYS_BYTES, KeyRing, RingKey, read_ring
from runtime.small_files import read_small

OPERATOR, DECIDER, SINKS, INGRESS, POLLERS, VERIFY = "operator", "decider", "sinks", "ingress", "pollers", "verify"
CHECK, NETWORK = "check", "network"
GROUPS = (INGRESS, POLLERS, SINKS, CHECK, NETWORK)
"""Groups of credentials. `network` is for certificates and proxies, which pollers, sinks and `check` all use."""
SIGNERS = (OPERATOR, DECIDER, SINKS)
_REMEDY = (
    "ML_CONNECTOR_KEY_RING names a file of keys: make one with `ml-connector keys new FILE` (all keys) or "
    "`ml-connector keys export ROLE FILE` (those of one role)."
)


@dataclass(frozen=True)
class Share:
    """What a role gets: the groups that it opens and the signers that it signs as. Every role can verify."""

    opens: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


SHARES: Mapping[str, Share] = {
    OPERATOR: Share(GROUPS, (OPERATOR,)),
    DECIDER: Share((), (DECIDER,)),
    SINKS: Share((SINKS, NETWORK), (SINKS,)),
    POLLERS: Share((POLLERS, NETWORK)),
    INGRESS: Share((INGRESS,)),
    VERIFY: Share(),
}


@dataclass(frozen=True)
class RoleKeys:
    """The keys of one role. `opens` is by group, `signs` by signer (private keys); `verifies` is signer -> key id -> public key, 32 bytes."""

    role: str
    opens: Mapping[str, KeyRing]
    signs: Mapping[str, KeyRing]
    verifies: Mapping[str, Mapping[str, bytes]]

    @property
    def is_public(self) -> bool:
        """Whether it contains nothing that is secret."""
        return not self.opens and not self.signs


def opening(ring: KeyRing, group: str) -> KeyRing:
    """The keys that wrap the data keys of one group."""
    return _derived(ring, f"open/{group}")


def keys_for(ring: KeyRing, role: str) -> RoleKeys:
    """The keys of a role, derived from the whole ring. Raises KeyError for a role that is not in `SHARES`."""
    share = SHARES[role]
    signers = {signer: _derived(ring, f"sign/{signer}") for signer in SIGNERS}
    return RoleKeys(
        role,
        {group: opening(ring, group) for group in share.opens},
        {signer: signers[signer] for signer in share.signs},
        {signer: {key.id: _public(key.secret) for key in keys.keys} for signer, keys in signers.items()},
    )


def _derived(ring: KeyRing, use: str) -> KeyRing:
    info = f"ml-connector/1/{use}".encode()
    return KeyRing(tuple(replace(key, secret=HKDF(SHA256(), KEY_BYTES, None, info).derive(key.secret)) for key in ring.keys))


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def keys_at(path: Path | None, roles: Iterable[str]) -> RoleKeys:
    """The keys in a file: either the whole ring, from which the keys of the first of `roles` are derived, or the file of one of `roles`.

    Every file can verify, so any file serves for `verify`. Raises `Broken` naming what is wrong, never showing a key.
    """
    wanted = tuple(roles)
    if path is None:
        raise Broken("ML_CONNECTOR_KEY_RING is not set.", _REMEDY)
    content = _content(path)
    if "role" not in content:
        return keys_for(read_ring(path), wanted[0])
    keys = _role_keys(path, content)
    if VERIFY in wanted:
        return replace(keys, role=VERIFY, opens={}, signs={})
    if keys.role not in wanted:
        raise Broken(f"{path} holds the keys of role {keys.role!r}; needed are those of {' or '.join(wanted)}.", _REMEDY)
    return keys


def _content(path: Path) -> dict[str, Any]:
    try:
        content = parse(read_small(path, MAX_KEYS_BYTES)[0])
    except OSError as error:
        raise Broken(f"{path}: the keys cannot be read ({error.strerror}).", _REMEDY) from error
    except ValueError:
        # `from None`: the parser's error would carry the file's text, which is keys
        raise Broken(f"{path} is not a file of keys.", _REMEDY) from None
    if not isinstance(content, dict):
        raise Broken(f"{path} is not a file of keys.", _REMEDY)
    return content


def _role_keys(path: Path, content: Mapping[str, Any]) -> RoleKeys:
    try:
        share = SHARES[content["role"]]
        keys = RoleKeys(
            content["role"],
            {group: _ring_of(content["opens"][group]) for group in share.opens},
            {signer: _ring_of(content["signs"][signer]) for signer in share.signs},
            {signer: {one["id"]: _bytes(one["public"]) for one in content["verifies"][signer]} for signer in SIGNERS},
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise Broken(f"{path} is not a file of a role's keys ({type(error).__name__}).", _REMEDY) from None
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 and not keys.is_public:
        raise Broken(f"{path}: mode {mode:04o} lets others read its keys.", f"Run: chmod 600 {path}")
    return keys


def _bytes(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    if len(found) != KEY_BYTES:
        raise ValueError("a key has not 32 bytes")
    return found


def _ring_of(entries: Iterable[Mapping[str, Any]]) -> KeyRing:
    return KeyRing(tuple(RingKey(e["id"], _instant(e["created"]), _bytes(e["key"]), _instant(e["not_after"])) for e in entries))


def _instant(text: str | None) -> Any:
    found = None if text is None else datetime.fromisoformat(text)
    if found is not None and found.tzinfo is None:
        raise ValueError("an instant has no zone")
    return found


def write_keys(path: Path, keys: RoleKeys) -> None:
    """Write the file of a role. Only its owner can read it, unless all its content is public. Raises `Broken` if the file exists already."""
    content = {
        "role": keys.role,
        "opens": {group: _entries(ring) for group, ring in keys.opens.items()},
        "signs": {signer: _entries(ring) for signer, ring in keys.signs.items()},
        "verifies": {
            signer: [{"id": key_id, "public": base64.b64encode(public).decode()} for key_id, public in found.items()]
            for signer, found in keys.verifies.items()
        },
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644 if keys.is_public else 0o600)
    except FileExistsError:
        raise Broken(f"{path} exists.", "Remove it first, or name another file.") from None
    except OSError as error:
        raise Broken(f"{path} cannot be written ({error.strerror}).", "Name a file in a folder of yours.") from error
    with os.fdopen(descriptor, "w") as out:
        json.dump(content, out, indent=1)
        out.flush()
        os.fsync(out.fileno())


def _entries(ring: KeyRing) -> list[dict[str, Any]]:
    return [
        {
            "id": key.id,
            "created": key.created.isoformat(),
            "not_after": key.not_after.isoformat() if key.not_after else None,
            "key": base64.b64encode(key.secret).decode(),
        }
        for key in ring.keys
    ]
