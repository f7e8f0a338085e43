"""Our ref as an external id, which names a record in an address: letters, digits, `_` and `-` alone. Pure.

One command may make several records, and external ids of transactions share a namespace (assumed), so each has its own:

    ST-ABC      the document itself
    ST-ABC-O    the purchase order of which its bill is made
    ST-ABC-R    what takes an earlier document back

Source: help pages on external ids in addresses (letters, digits, `_`, `-`; a pipe separates several).
"""

from __future__ import annotations

import re

ORDER, REVERSES = "-O", "-R"
_OURS = re.compile(r"(ST-[A-Z2-7]{20})(-[OR])?")


def external_id(ref: str, of: str = "") -> str:
    """The external id of a record that a command with this ref makes; `of` is "", `ORDER` or `REVERSES`."""
    return f"{ref}{of}"


def ref_of(external: str) -> str:
    """Our ref that an external id carries; "" where it is not ours."""
    found = _OURS.fullmatch(external)
    return found[1] if found else ""


def origin_of(external: str) -> str:
    """What a record that is read back says of its origin: our ref where it is a document of the ledger or takes one back; the external id itself
    where it is an order of ours, which no command stands for by itself; "" where it is not ours."""
    return external if external.endswith(ORDER) and ref_of(external) else ref_of(external)
