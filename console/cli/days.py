"""Days that a person names on the command line."""

from __future__ import annotations

import re
from datetime import date

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def day_of(option: str, text: str) -> date:
    """The day that an option gives. Raises `Broken` for text that is not a day."""
    from runtime.errors import Broken

    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError as error:
        raise Broken(f"{option} {text!r} is not a day.", "Write it as YYYY-MM-DD, for example 2026-03-02.") from error


def refuse_backwards(first: date | None, last: date | None) -> None:
    """Raise `Broken` if the first day comes after the last one."""
    from runtime.errors import Broken

    if first is not None and last is not None and first > last:
        raise Broken(f"--from {first} is after --to {last}.", "Give the earlier day first.")
