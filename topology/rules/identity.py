"""Who a document is (accounting.md 1-4): op-key, ref, and the two hashes of a command."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.json import canonical_bytes

REF_PREFIX = "ST-"
REF_CHARACTERS = 20


@dataclass(frozen=True)
class Books:
    """The two sides a document passes between; written in the settings, never derived from an address."""

    environment: str
    tenant_id: str
    system: str
    instance_id: str
    company_id: str


def op_key(books: Books, purpose: str, source: tuple[str, str], part: str, action: str) -> str:
    """Identity of a command: environment and tenant | ERP instance and company | purpose | source | part | action.

    No revision, no connection name, no profile: renaming, switching and replaying create nothing. `source` is (type, id).
    """
    fields = (
        f"{books.environment}:{books.tenant_id}",
        f"{books.system}:{books.instance_id}:{books.company_id}",
        purpose,
        f"{source[0]}:{source[1]}",
        part,
        action,
    )
    return "|".join(field.replace("%", "%25").replace("|", "%7C") for field in fields)


def ref_of(key: str) -> str:
    """What is written into the document: `ST-` and 20 base-32 characters (100 bits) of SHA-256 of the op-key.

    Two of ten million documents share one with a probability below 1e-16 (birthday bound).
    """
    digest = hashlib.sha256(key.encode()).digest()
    return REF_PREFIX + base64.b32encode(digest)[:REF_CHARACTERS].decode()


def payload_hash(record: str, body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the mapped document: its record name and own fields."""
    return hashlib.sha256(record.encode() + b"\x00" + canonical_bytes(body)).hexdigest()
