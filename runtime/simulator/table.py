"""The rows of one kind in memory, found by their keys and by texts in them. A system also writes them to its store.

A system says under which names and texts a row is found: `[("vendor", "v00001"), ("modifiedOn", "2026-03-02T12:00:00Z")]`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", str, int)
R = TypeVar("R")
_REMEMBERED = 6
_END = chr(0x10FFFF)


class Table(Generic[K, R]):
    """Rows by key, in the order of their creation. A row that is put again keeps its place. `found_by` gives (name, text) pairs for a row."""

    def __init__(self, found_by: Callable[[R], Iterable[tuple[str, str]]], seconds: Callable[[], float]) -> None:
        self._found_by, self._seconds = found_by, seconds
        self._rows: dict[K, R] = {}
        self._place: dict[K, int] = {}
        self._held: dict[K, list[tuple[str, str]]] = {}
        self._index: dict[str, list[tuple[str, K]]] = {}
        self._earlier: dict[K, list[tuple[float, R | None]]] = {}
        self._sorted: list[R] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def get(self, key: K) -> R | None:
        """The row with this key."""
        return self._rows.get(key)

    def by_key(self) -> list[R]:
        """Every row, by key."""
        if self._sorted is None:
            self._sorted = [self._rows[key] for key in sorted(self._rows)]
        return self._sorted

    def put(self, key: K, row: R) -> None:
        """Insert a row, or replace the one with its key."""
        self._index_by(key, list(self._found_by(row)))
        self._rows[key] = row
        self._place.setdefault(key, len(self._place))

    def delete(self, key: K) -> None:
        """Delete a row; does nothing if there is none."""
        self._index_by(key, [])
        self._rows.pop(key, None)

    def _index_by(self, key: K, entries: list[tuple[str, str]]) -> None:
        """Note the key's present row for `as_of`, and let it be found by these entries instead of its previous ones."""
        versions = self._earlier.setdefault(key, [])
        versions.append((self._seconds(), self._rows.get(key)))
        del versions[:-_REMEMBERED]
        self._sorted, held = None, self._held.get(key, [])
        for name, text in held:
            if (name, text) not in entries:
                index = self._index[name]
                del index[bisect_left(index, (text, key))]
        for name, text in entries:
            if (name, text) not in held:
                insort(self._index.setdefault(name, []), (text, key))
        self._held[key] = entries

    def keys_with(self, name: str, text: str, *, is_prefix: bool = False) -> list[K]:
        """The keys of the rows that are found by this text, or by a text that begins with it, in the order of the texts."""
        entries = self._index.get(name, [])
        start = bisect_left(entries, text, key=_text)
        end = bisect_left(entries, text + _END, key=_text) if is_prefix else bisect_right(entries, text, key=_text)
        return [key for _, key in entries[start:end]]

    def rows_with(self, name: str, text: str, *, is_prefix: bool = False) -> list[R]:
        """The rows of `keys_with`."""
        return [self._rows[key] for key in self.keys_with(name, text, is_prefix=is_prefix)]

    def following(self, name: str, text: str, after: K, limit: int) -> list[R]:
        """At most `limit` rows in the order of their texts, from `text` on. Of the rows with exactly this text, only those with a key after
        `after`."""
        entries = self._index.get(name, [])
        start = bisect_right(entries, (text, after))
        return [self._rows[key] for _, key in entries[start : start + limit]]

    def last_text(self, name: str) -> str:
        """The greatest text by which a row is found; "" if there is none."""
        entries = self._index.get(name)
        return entries[-1][0] if entries else ""

    def in_order(self, keys: Iterable[K]) -> Iterator[R]:
        """The rows with these keys, in the order of their creation."""
        return (self._rows[key] for key in sorted(keys, key=self._place.__getitem__))

    def as_of(self, seconds: float) -> Iterator[R]:
        """The rows as they were so many real seconds ago, in the order of creation: the result of a search that lags behind."""
        horizon = self._seconds() - seconds
        for key in self._place:
            then = next((row for at, row in self._earlier[key] if at > horizon), self._rows.get(key))
            if then is not None:
                yield then


def _text(entry: tuple[str, K]) -> str:
    return entry[0]
