"""How the position of a feed is stored, and read back strictly. Pure.

A position is a frozen dataclass of texts, numbers and tuples of texts. It is stored as a JSON object of its fields; "" is the start of the feed.
The class of a position refuses impossible values with `ValueError` in `__post_init__`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar

from runtime.errors import Broken
from runtime.json import parse
from systems.values.instants import sortable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

EARLIEST = "2000-01-01T00:00:00Z"
"""An earlier change time counts as none, because some systems show 0001-01-01 for objects that never changed."""
_REMEDY = "Reset it: `ml-connector cursors reset CONNECTION FEED [--to DATE]`."
P = TypeVar("P", bound="DataclassInstance")


def stored(position: DataclassInstance) -> str:
    """The position as it is stored."""
    return json.dumps(asdict(position), separators=(",", ":"))


def position_of(start: P, text: str, system: str, later: Collection[str] = ()) -> P:
    """A stored position of the class of `start`; "" is `start` itself. `later` names fields that an earlier version did not store. Raises `Broken`
    if the text cannot be read or is the position of another feed."""
    if not text:
        return start
    try:
        return _read(start, parse(text.encode()), later)
    except (ValueError, TypeError, KeyError) as error:
        raise Broken(f"{system}: the cursor {text[:80]!r} cannot be read, or is of another feed.", _REMEDY) from error


def _read(start: P, found: Any, later: Collection[str]) -> P:
    names = [field.name for field in fields(start)]
    if not isinstance(found, dict) or set(found) - set(names):
        raise TypeError("other fields")
    values = {name: _value(getattr(start, name), found[name]) for name in names if name in found or name not in later}
    return type(start)(**{name: values.get(name, getattr(start, name)) for name in names})


def _value(like: Any, found: Any) -> Any:
    if isinstance(like, tuple) and isinstance(found, list) and all(isinstance(one, str) for one in found):
        return tuple(found)
    if type(found) is not type(like):
        raise TypeError(f"{found!r} is no {type(like).__name__}")
    return found


_WALKING = ("began", "before", "skip", "at", "last", "parts")
"""Fields that mean something only during a walk, in the classes of windowed positions (`keyset`, `offset`, `pages`, `changes`)."""


def is_walking(text: str) -> bool:
    """Whether a stored position lies within a walk. It does not if its window was read to the end or was never begun."""
    try:
        found = parse(text.encode()) if text else {}
    except ValueError:
        return False
    return isinstance(found, dict) and any(found.get(name) for name in _WALKING)


# --- instants of positions --------------------------------------------------------------------------------------------


def stamp(moment: datetime) -> str:
    """An instant in the form that positions use: `2026-03-02T10:00:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def midnight(day: date) -> str:
    """The beginning of a day, in UTC."""
    return stamp(datetime.combine(day, time(), UTC))


def moment_of(text: str) -> datetime:
    """An instant of a position, to the second."""
    return datetime.fromisoformat(text[:19] + "+00:00")


def require_moments(*texts: str) -> None:
    """Raise `ValueError` for a text that is neither an instant nor empty."""
    if bad := [text for text in texts if text and not sortable(text)]:
        raise ValueError(f"{bad[0]!r} is not an instant")
