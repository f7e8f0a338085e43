"""A source that can be told what to show: pages of a token feed and a window feed, objects by id, and every kind of failure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from systems.contract import Access, Element, Feed, Page


def element(source_id: str, version: str = "1", body: bytes = b"") -> Element:
    """One element; its bytes follow from id and version unless given."""
    return Element(source_id, version, body or f'{{"id": {source_id}, "v": "{version}"}}'.encode())


@dataclass
class Source:
    """The other side: `rows` of each feed in the order of their changes, `objects` by (entity, id), failures by feed."""

    rows: dict[str, list[Element]] = field(default_factory=dict)
    objects: dict[tuple[str, str], Element] = field(default_factory=dict)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    always: dict[str, Exception] = field(default_factory=dict)
    page_size: int = 3
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(feed, position) of every page asked for; ("fetch:<entity>", ids) of every fetch."""
    opened: list[Access] = field(default_factory=list)
    closed: int = 0

    def open(self, access: Access) -> SourceReader:
        self.opened.append(access)
        return SourceReader(self)

    def fail_or_pass(self, what: str) -> None:
        if what in self.always:
            raise self.always[what]
        if self.failures.get(what):
            raise self.failures[what].pop(0)


class SourceReader:
    """A reader of a source; positions count rows, so a row added later is behind the cursor only if the cursor passed it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def page(self, feed: Feed, position: str) -> Page:
        self._source.asked.append((feed.name, position))
        self._source.fail_or_pass(feed.name)
        rows = self._source.rows.get(feed.name, [])
        start = int(position or 0)
        found = tuple(rows[start : start + self._source.page_size])
        end = start + len(found)
        return _page(found, str(end), more=end < len(rows))

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        self._source.asked.append((f"fetch:{entity}", ",".join(source_ids)))
        self._source.fail_or_pass(f"fetch:{entity}")
        known = (self._source.objects.get((entity, one)) for one in source_ids)
        return _page(tuple(one for one in known if one is not None), "", more=False)

    async def close(self) -> None:
        self._source.closed += 1


def _page(elements: tuple[Element, ...], position: str, more: bool) -> Page:
    return Page(elements, position, more, hashlib.sha256(b"".join(one.body for one in elements)).hexdigest())
