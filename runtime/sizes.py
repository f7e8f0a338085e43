"""How large input from outside may be before it is parsed: its bytes, and the number of objects that a parser would make. Pure, a few scans
in C.

Memory depends on values, not on bytes: 7 MiB of `{},{}` took 778 MB of Python objects. Characters inside texts are counted as well; real
documents have far too few of them to matter. The limits are listed in docs/limits.md.
"""

from __future__ import annotations

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""The limit of one answer, decompressed. A page of the largest lists has less than a third of it."""
MAX_CONTAINERS = 400_000
"""Objects and arrays of one JSON document."""
MAX_COMMAS = 1_000_000
"""Values of one JSON document, roughly."""
MAX_TAGS = 200_000
"""Opening and closing tags of one XML document."""


def excess(body: bytes) -> str:
    """Why a body is refused before it is parsed; "" if its size is acceptable."""
    if len(body) <= MAX_TAGS:
        return ""
    if (containers := body.count(b"{") + body.count(b"[")) > MAX_CONTAINERS:
        return f"{containers} objects and arrays, more than {MAX_CONTAINERS}"
    if (commas := body.count(b",")) > MAX_COMMAS:
        return f"{commas} values, more than {MAX_COMMAS}"
    if (tags := body.count(b"<")) > MAX_TAGS:
        return f"{tags} tags, more than {MAX_TAGS}"
    return ""
