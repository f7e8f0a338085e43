"""Whether bytes were signed by their claimed sender: pure, over the raw body, in constant time, before anything is parsed.

The work is the same for an unknown connection, a wrong signature and a missing one: at least two MACs, and every one is compared.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from multidict import CIMultiDictProxy

from systems.contract import Signing

TOLERANCE_S = 300
MAX_SIGNATURES = 8
_LONGEST_STAMP = 12
_STANDARD_ID, _STANDARD_TIME, _STANDARD_SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


@dataclass(frozen=True)
class Key:
    """One key of a sender. Two may overlap during a rotation; `not_after` ends one."""

    name: str
    secret: bytes = field(repr=False)
    not_after: datetime | None = None


DECOY = Key("", b"decoy key: signs nothing, costs the same")
UNKNOWN = Signing("body-hmac", "x-signature")
"""The scheme by which an unknown connection is verified. It has no keys, so it is always refused."""


def verified(signing: Signing, keys: Sequence[Key], headers: CIMultiDictProxy[str], body: bytes, now: datetime) -> str:
    """The name of the key that signed `body`; "" if it must be refused, for whatever reason."""
    candidates = _candidates(signing, headers, now)
    signed = _signed(signing, headers, body)
    found = ""
    padding = (DECOY,) * (2 - len(keys))
    for key in (*keys, *padding):
        expected = _expected(signing, key, signed)
        equal = False
        for candidate in candidates or (b"",):
            equal |= hmac.compare_digest(candidate, expected)
        if equal and key is not DECOY and (key.not_after is None or now < key.not_after):
            found = found or key.name
    return found


def message_id(signing: Signing, headers: CIMultiDictProxy[str]) -> bytes:
    """What a sender signed, besides the body, as the identity of its message; empty if the scheme has none."""
    return _only(headers, _STANDARD_ID) if signing.scheme == "standard-webhooks" else b""


def _only(headers: CIMultiDictProxy[str], name: str) -> bytes:
    """The one header of that name as bytes; empty if it is missing or there twice."""
    values = headers.getall(name, ())
    # bytes, because compare_digest refuses text that is not ASCII; aiohttp gives undecodable bytes as surrogates
    return values[0].encode("utf-8", "surrogateescape") if len(values) == 1 else b""


def _candidates(signing: Signing, headers: CIMultiDictProxy[str], now: datetime) -> list[bytes]:
    """The signatures that a request offers, in the form that `_expected` gives; none if the request breaks a rule of the scheme."""
    if signing.scheme == "standard-webhooks":
        return _standard(headers, now)
    offered = _only(headers, signing.header)
    if not offered:
        return []
    if signing.scheme == "shared-secret":
        return [hashlib.sha256(offered).digest()]
    if signing.scheme == "timed-hmac" and not _is_now(_only(headers, signing.timestamp), now):
        return []
    return [offered]


def _is_now(stamp: bytes, now: datetime) -> bool:
    """Whether seconds since 1970 are within five minutes."""
    return stamp.isdigit() and len(stamp) <= _LONGEST_STAMP and abs(int(stamp) - now.timestamp()) <= TOLERANCE_S


def _standard(headers: CIMultiDictProxy[str], now: datetime) -> list[bytes]:
    """Standard Webhooks 1.0: space-separated `v1,<base64>`, and a signed timestamp within five minutes."""
    stamp = _only(headers, _STANDARD_TIME)
    parts = _only(headers, _STANDARD_SIGNATURE).split(b" ")
    if not _only(headers, _STANDARD_ID) or len(parts) > MAX_SIGNATURES or not _is_now(stamp, now):
        return []
    return [part[3:] for part in parts if part.startswith(b"v1,")]


def _signed(signing: Signing, headers: CIMultiDictProxy[str], body: bytes) -> bytes:
    if signing.scheme == "standard-webhooks":
        return b".".join((_only(headers, _STANDARD_ID), _only(headers, _STANDARD_TIME), body))
    if signing.scheme == "timed-hmac":
        return _only(headers, signing.timestamp) + b"." + body
    return body


def _expected(signing: Signing, key: Key, signed: bytes) -> bytes:
    if signing.scheme == "shared-secret":
        # digests are compared, so that the time does not reveal the length of the secret
        return hashlib.sha256(key.secret).digest()
    if signing.scheme == "standard-webhooks":
        return base64.b64encode(hmac.digest(_standard_key(key.secret), signed, "sha256"))
    mac = hmac.digest(key.secret, signed, "sha256")
    return signing.prefix.encode() + _encoded(mac, signing.encoding)


def _standard_key(secret: bytes) -> bytes:
    if not secret.startswith(b"whsec_"):
        return secret
    try:
        return base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except binascii.Error:
        return secret


def _encoded(mac: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.b64encode(mac)
    text = mac.hex()
    return (text.upper() if encoding == "HEX" else text).encode()
