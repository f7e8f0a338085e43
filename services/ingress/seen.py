"""What was written to raw a moment ago: spares the log what overlapping windows and whole lists show again. Bounded, in memory."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from systems.contract import Element, Feed, Page

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


class Run:
    """The pages of one run of a feed, from its first to the one after which no more follow: sixteen bytes a page.

    Where a run leads back to a page that it had, it would be read for ever. Ending it costs nothing: the next one goes on where it ended.
    """

    def __init__(self) -> None:
        self._pages: set[bytes] = set()

    def comes_again(self, feed: Feed, page: Page) -> bool:
        """Whether more pages are promised although this one leads to, or is, one of this run. The run ends then, or where none follow."""
        marks = [_mark("place", page.place or page.position)]
        if feed.kind == "token" and page.elements:  # fresh tokens may lead to the same pages
            marks.append(_mark("page", *(part for element in page.elements for part in (element.body, *element.further))))
        again = page.more and any(mark in self._pages for mark in marks)
        if again or not page.more:
            self._pages.clear()
        else:
            self._pages.update(marks)
        return again


def _mark(*parts: str | bytes) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part.encode() if isinstance(part, str) else part)
        made.update(b"\x00")
    return made.digest()


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
    made = hashlib.blake2b(element.source_version.encode() + b"\x00" + element.body, digest_size=16)
    for answer in element.further:
        made.update(hashlib.blake2b(answer, digest_size=16).digest())
    return made.digest()
