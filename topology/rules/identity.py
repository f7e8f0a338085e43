"""The identity of a document (accounting.md 1-4): op-key, ref, and the two hashes of a command."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from runtime.json import canonical_bytes

REF_PREFIX = "ST-"
REF_CHARACTERS = 20
_BASE_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = [first + second for first in _BASE_32 for second in _BASE_32]
"""Ten bits at a time: the standard library's base 32 takes four times as long, which was a tenth of hop 2's own time (profiled)."""


@dataclass(frozen=True)
class Books:
    """The two sides between which a document passes. They are written in the settings, never derived from an address."""

    environment: str
    tenant_id: str
    system: str
    instance_id: str
    company_id: str

    @cached_property
    def head(self) -> str:
        """The first two parts of each op-key. Computed once, because every command has them."""
        sides = f"{self.environment}:{self.tenant_id}", f"{self.system}:{self.instance_id}:{self.company_id}"
        return "|".join(map(_escaped, sides))


def op_key(books: Books, purpose: str, source: tuple[str, str], part: str, action: str) -> str:
    """Identity of a command: environment and tenant | ERP instance and company | purpose | source | part | action.

    It contains no revision, no connection name and no profile, so renaming, switching and replaying create nothing. `source` is (type, id).
    """
    return "|".join([books.head, *map(_escaped, (purpose, f"{source[0]}:{source[1]}", part, action))])


def _escaped(field: str) -> str:
    return field.replace("%", "%25").replace("|", "%7C")


def ref_of(key: str) -> str:
    """The ref that is written into the document: `ST-` and 20 base-32 characters (100 bits) of the SHA-256 of the op-key.

    The probability that two of ten million documents share a ref is below 1e-16 (birthday bound).
    """
    bits = int.from_bytes(hashlib.sha256(key.encode()).digest()[:13], "big") >> 4
    return REF_PREFIX + "".join([_PAIRS[bits >> shift & 1023] for shift in range(90, -1, -10)])


def payload_hash(record: str, body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the mapped document: its record name and own fields."""
    return hashlib.sha256(record.encode() + b"\x00" + canonical_bytes(body)).hexdigest()
