"""How a webhook is signed: HMAC-SHA256 over the raw body, or the three headers of Standard Webhooks 1.0.

Source: V2 webhooks page ("a hash of the payload keyed with the HMAC key, sent in a request header"); SHA-256, header and encodings
are assumed from receivers of third parties. Standard Webhooks: the published specification, key `whsec_` + base64 or plain.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from systems.servicetitan.simulator.webhooks import Subscriber

_ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hex": lambda mac: mac.hex(),
    "HEX": lambda mac: mac.hex().upper(),
    "base64": lambda mac: base64.b64encode(mac).decode(),
}


def signature_headers(how: Subscriber, event_id: str, stamp_s: int, body: bytes) -> dict[str, str]:
    """The headers with the signature; none if there is no key. Raises ValueError for an unknown encoding or scheme."""
    if how.scheme == "standard-webhooks":
        signed = f"{event_id}.{stamp_s}.".encode() + body
        mac = base64.b64encode(hmac.digest(_standard_key(how.key), signed, "sha256")).decode()
        return {"webhook-id": event_id, "webhook-timestamp": str(stamp_s), "webhook-signature": f"v1,{mac}"}
    if how.scheme != "body-hmac":
        raise ValueError(f"scheme: {how.scheme!r} is not body-hmac or standard-webhooks")
    if how.encoding not in _ENCODINGS:
        raise ValueError(f"encoding: {how.encoding!r} is not one of {', '.join(_ENCODINGS)}")
    if not how.key:
        return {}
    return {how.header: how.prefix + _ENCODINGS[how.encoding](hmac.digest(how.key.encode(), body, "sha256"))}


def _standard_key(key: str) -> bytes:
    return base64.b64decode(key.removeprefix("whsec_")) if key.startswith("whsec_") else key.encode()
