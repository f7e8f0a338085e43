"""What was written to raw a moment ago: spares the log what overlapping windows and whole lists show again. Bounded, in memory."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from systems.contract import Element

_MOST = 50_000


class Seen:
    """Least recently used first; forgetting an entry costs one more raw record, which hop 1 tells as a duplicate."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def is_known(self, feed: str, element: Element) -> bool:
        """Whether the same bytes of the same version were written from this feed."""
        return self._known.get(_key(feed, element)) == _print(element)

    def remember(self, feed: str, element: Element) -> None:
        """It is acked."""
        key = _key(feed, element)
        self._known[key] = _print(element)
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


class Told:
    """Versions that were fetched because somebody told us; what a feed shows beyond them only the poller saw."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._versions: OrderedDict[tuple[str, str], str] = OrderedDict()

    def fetched(self, entity: str, element: Element) -> None:
        """It was read again by its id."""
        key = (entity, element.source_id)
        self._versions[key] = max(element.source_version, self._versions.pop(key, ""))
        if len(self._versions) > self._most:
            self._versions.popitem(last=False)

    def is_news(self, entity: str, element: Element) -> bool:
        """Whether nobody told us of this version."""
        return self._versions.get((entity, element.source_id), "") < element.source_version


def _key(feed: str, element: Element) -> tuple[str, str]:
    """One whose id cannot be told is known by its bytes."""
    return feed, element.source_id or _print(element).hex()


def _print(element: Element) -> bytes:
    return hashlib.blake2b(element.source_version.encode() + b"\x00" + element.body, digest_size=16).digest()
