"""How large what comes from outside may be before it is parsed: bytes, and what a parser makes objects of. Pure, a few scans in C.

Memory goes with values, not with bytes: 7 MiB of `{},{}` were 778 MB of Python's objects. What is counted here includes what stands in texts,
which real documents have far too little of to matter. Stated in docs/limits.md.
"""

from __future__ import annotations

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""Of one answer, unpacked; a page of the largest lists is below a third of it."""
MAX_CONTAINERS = 400_000
"""Objects and arrays of one JSON document."""
MAX_COMMAS = 1_000_000
"""Values of one JSON document, roughly."""
MAX_TAGS = 200_000
"""Opening and closing tags of one XML document."""


def excess(body: bytes) -> str:
    """Why a body is refused before it is parsed; "" where it is of a sane size."""
    if len(body) <= MAX_TAGS:
        return ""
    if (containers := body.count(b"{") + body.count(b"[")) > MAX_CONTAINERS:
        return f"{containers} objects and arrays, more than {MAX_CONTAINERS}"
    if (commas := body.count(b",")) > MAX_COMMAS:
        return f"{commas} values, more than {MAX_COMMAS}"
    if (tags := body.count(b"<")) > MAX_TAGS:
        return f"{tags} tags, more than {MAX_TAGS}"
    return ""
