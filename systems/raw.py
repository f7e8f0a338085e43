"""How an element becomes a raw record, whether a poller, a webhook or a fetch read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schemas.records import Raw
from systems.contract import Element


@dataclass(frozen=True)
class Where:
    """Whose elements they are: the connection and the system."""

    connection: str
    system: str


@dataclass(frozen=True)
class How:
    """How elements were read: `entity`, `shape` (hint, object) and `how` (export, list, fetch, ...) as raw records keep them."""

    entity: str
    shape: str
    how: str


def raw_record(where: Where, how: How, element: Element, at: datetime, page: tuple[str, int] = ("", 0)) -> Raw:
    """The record. `at` is when the element was received, `page` the SHA-256 (hex) of its page and its place there."""
    return Raw(
        connection=where.connection,
        system=where.system,
        entity=how.entity,
        source_id=element.source_id,
        source_version=element.source_version,
        shape=how.shape,
        how=how.how,
        body=element.body,
        content_type="application/json",
        page_digest=page[0],
        page_index=page[1],
        signature="none",
        received_at=at,
        further=list(element.further),
    )
