"""What was written to raw a moment ago. Overlapping windows and whole lists show it again, and it need not be written again. Bounded, in
memory."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from systems.contract import Element, Feed, Page

_MOST = 50_000


class WrittenElements:
    """The elements written most recently. Forgetting one costs one more raw record, which hop 1 recognises as a duplicate."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def is_known(self, feed: str, element: Element) -> bool:
        """Whether the same bytes of the same version were written from this feed."""
        return self._known.get(_key(feed, element)) == _element_digest(element)

    def remember(self, feed: str, element: Element) -> None:
        """Remember an element that is acked."""
        key = _key(feed, element)
        self._known[key] = _element_digest(element)
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


class Run:
    """The pages of one run of a feed, from the first to the one after which no more follow. A page takes sixteen bytes.

    A run that leads back to one of its own pages would never end. Ending it costs nothing, because the next run continues from its end.
    """

    def __init__(self) -> None:
        self._pages: set[bytes] = set()

    def repeats(self, feed: Feed, page: Page) -> bool:
        """Whether this page repeats: more are said to follow, although it is, or leads to, a page of this run. The run ends then, and also
        if no more follow."""
        marks = [_digest_of("place", page.place or page.position)]
        if feed.kind == "token" and page.elements:  # new tokens may lead to the same pages
            marks.append(_digest_of("page", *(part for element in page.elements for part in (element.body, *element.further))))
        again = page.more and any(mark in self._pages for mark in marks)
        if again or not page.more:
            self._pages.clear()
        else:
            self._pages.update(marks)
        return again


def _digest_of(*parts: str | bytes) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part.encode() if isinstance(part, str) else part)
        made.update(b"\x00")
    return made.digest()


class Fetched:
    """The versions that were fetched because of a hint. What a feed shows beyond them only the poller saw."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._versions: OrderedDict[tuple[str, str], str] = OrderedDict()

    def fetched(self, entity: str, element: Element) -> None:
        """An element was fetched by its id."""
        key = (entity, element.source_id)
        self._versions[key] = max(element.source_version, self._versions.pop(key, ""))
        if len(self._versions) > self._most:
            self._versions.popitem(last=False)

    def is_unreported(self, entity: str, element: Element) -> bool:
        """Whether no hint has reported this version."""
        return self._versions.get((entity, element.source_id), "") < element.source_version


def _key(feed: str, element: Element) -> tuple[str, str]:
    """An element without an id is known by its bytes."""
    return feed, element.source_id or _element_digest(element).hex()


def _element_digest(element: Element) -> bytes:
    made = hashlib.blake2b(element.source_version.encode() + b"\x00" + element.body, digest_size=16)
    for answer in element.further:
        made.update(hashlib.blake2b(answer, digest_size=16).digest())
    return made.digest()
