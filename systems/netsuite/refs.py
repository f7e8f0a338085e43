"""Our ref as an external id. It names a record in an address and therefore contains only letters, digits, `_` and `-`. Pure.

One command may make several records, and external ids of transactions share a namespace (assumed), so each has its own:

    ST-ABC      the document itself
    ST-ABC-O    the purchase order from which its bill is made
    ST-ABC-R    the reversal of an earlier document

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
    """Our ref from an external id; "" if the id is not ours."""
    found = _OURS.fullmatch(external)
    return found[1] if found else ""


def origin_of(external: str) -> str:
    """The origin of a record that is read back. It is our ref for a document of the ledger or a reversal. For an order of ours, which has no command,
    it is the external id itself. It is "" for a record that is not ours."""
    return external if external.endswith(ORDER) and ref_of(external) else ref_of(external)
