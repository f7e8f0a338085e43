"""Which document is meant if a source object makes several: by source object, purpose and part (accounting.md 1 and 2). Pure.

This key joins the two sides of a comparison. The side that is written to shows our ref. The ref follows from the key alone, so it is computed here
and not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from services.sinks.entry import void_key
from systems.flow import MASTER
from topology.rules.identity import Books, op_key, ref_of


class WithRef(Protocol):
    """A document as the side that was written to shows it."""

    @property
    def ref(self) -> str:
        """The ref of ours that the document carries; "" if it carries none."""


Document = TypeVar("Document", bound=WithRef)


class DocumentKey(NamedTuple):
    """One document of a source object. `source_id` may name a part of the object: an application of a payment."""

    source_id: str
    purpose: str
    part: str = ""

    def __str__(self) -> str:
        """For people: `payable, part V1`; "" for the one document that most source objects make."""
        return f"{self.purpose}, part {self.part}" if self.part else ""


def key_of(entry: Mapping[str, Any]) -> DocumentKey:
    """The key of a command, result or ledger record."""
    return DocumentKey(entry["source_id"], entry["purpose"], entry["part"])


def refs_by(books: Books, entity: str, key: DocumentKey, action: str = "") -> list[str]:
    """The refs that a document of an entity may carry. `action` "" stands for the usual actions: masters are upserted, everything else is created,
    either by itself or as the adjustment of another document."""
    usual = ("upsert",) if key.purpose == MASTER else ("create", "adjust")
    actions = (action,) if action else usual
    return [ref_of(op_key(books, key.purpose, (entity, key.source_id), key.part, one)) for one in actions]


def later_refs(books: Books, entity: str, key: DocumentKey, action: str = "") -> list[str]:
    """The refs of documents that may follow a document: its void, and its numbered corrections."""
    usual = (action,) if action else ("create", "adjust")
    made = [op_key(books, key.purpose, (entity, key.source_id), key.part, one) for one in usual]
    corrections = [f"{one}|correct|{number}" for one in made for number in range(1, _CORRECTIONS + 1)]
    return [ref_of(one) for one in (void_key(made[0]), *corrections)]


_CORRECTIONS = 9
"""How many corrections of one document are searched."""


def by_key(documents: Iterable[Document], keys: Mapping[str, DocumentKey]) -> dict[DocumentKey, list[Document]]:
    """The documents that carry one of these refs, by the key of the ref. There are two if a document was written twice."""
    found: dict[DocumentKey, list[Document]] = {}
    for document in documents:
        if document.ref in keys:
            found.setdefault(keys[document.ref], []).append(document)
    return found
