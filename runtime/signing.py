"""Signatures of records: Ed25519 over the place, the key, the value and a version, carried in one header.

    signature: 1 SIGNER KEY_ID VERSION BASE64

The version is the signer's real time in microseconds, and higher than every version that the signer has seen. A signature says who wrote
these bytes to this place. Whether they are the newest ones is decided by the reader (`topology/trust.py`).
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runtime.errors import Broken
from runtime.rolekeys import RoleKeys

HEADER = "signature"
_FORM = re.compile(rb"1 ([a-z]{1,20}) ([A-Za-z0-9._:-]{1,64}) ([0-9]{1,18}) ([A-Za-z0-9+/]{86}==)")
Headers = Iterable[tuple[str, bytes | str | None]]


@dataclass(frozen=True)
class Place:
    """The place of a record: the topic by its full name, the partition, the record's key."""

    topic: str
    partition: int
    key: bytes


@dataclass(frozen=True)
class Signed:
    """A valid signature: by whom, with which key of the ring, and the version of what was signed."""

    signer: str
    key_id: str
    version: int


class NotBelieved(Exception):
    """A record's signature is missing or wrong; the text says which."""


class UnknownKey(NotBelieved):
    """The signature may be valid, but we do not have the key that made it."""


def now_version() -> int:
    """The version of something that is signed now."""
    return time.time_ns() // 1000


def sign(keys: RoleKeys, signers: Iterable[str], place: Place, value: bytes, version: int) -> tuple[str, bytes]:
    """The header that signs a record as the first of `signers` that these keys can sign as.

    Raises `Broken` if they can sign as none of them.
    """
    signer = next((one for one in signers if one in keys.signs), "")
    if not signer:
        raise Broken(
            f"The keys of role {keys.role!r} may not write {place.topic}.", "Set ML_CONNECTOR_KEY_RING to the operator's key ring."
        )
    key = keys.signs[signer].newest(datetime.now(UTC))
    signed = Signed(signer, key.id, version)
    made = Ed25519PrivateKey.from_private_bytes(key.secret).sign(_content(place, value, signed))
    return HEADER, b" ".join((b"1", signer.encode(), key.id.encode(), str(version).encode(), base64.b64encode(made)))


def verify(keys: RoleKeys, place: Place, value: bytes, headers: Headers) -> Signed:
    """Whose signature a record carries. Raises `NotBelieved` if it carries none, several, or one that is not valid."""
    found = [content for name, content in headers if name == HEADER]
    if len(found) != 1:
        raise NotBelieved("it is not signed" if not found else f"it has {len(found)} signatures")
    form = _FORM.fullmatch(found[0]) if isinstance(found[0], bytes) else None
    if form is None:
        raise NotBelieved("its signature is not of our form")
    signed = Signed(form[1].decode(), form[2].decode(), int(form[3]))
    public = keys.verifies.get(signed.signer, {}).get(signed.key_id)
    if public is None:
        raise UnknownKey(f"it is signed by {signed.signer} with key {signed.key_id}, which is not in the key ring")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(form[4], validate=True), _content(place, value, signed))
    except (InvalidSignature, ValueError, binascii.Error):
        raise NotBelieved(f"its signature by {signed.signer} does not hold: it was changed, or written to another place") from None
    return signed


def _content(place: Place, value: bytes, signed: Signed) -> bytes:
    """What is signed: every part preceded by its length, so that no two records give the same bytes."""
    numbers = (str(place.partition).encode(), str(signed.version).encode())
    parts = (place.topic.encode(), *numbers, signed.signer.encode(), signed.key_id.encode(), place.key, value)
    return b"ml-connector/record/1" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)
