"""The JSON that we or a simulator send: amounts keep every digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """JSON of a body, in which a Decimal is a number with exactly its digits, never a float."""
    return orjson.dumps(value, default=_number)


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"not for the wire: {type(value).__name__}")
