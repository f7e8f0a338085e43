"""What all journals have in common, for a sale or a collection: the header, and the draft. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.records import PostingLine
from systems.mapped import Draft
from systems.peoplesoft.allocation import Mapped, shortened
from systems.postings.document import Posting
from systems.postings.lines import human_number


@dataclass(frozen=True)
class Entry:
    """A journal: business unit of the ledger, text, and lines (debit positive, credit negative)."""

    business_unit: str
    description: str
    lines: Sequence[PostingLine]


def journal(record: Mapping[str, Any], entry: Entry, made: Mapped, posting: Posting) -> Draft:
    """The draft of a journal. Its amount is the source's total. The date is part of PeopleSoft's key and is frozen at the first intent."""
    header = made.settings.journal
    body = {
        "business_unit": entry.business_unit,
        "date": posting.day,
        "description": entry.description,
        "human_number": human_number(record),
        "dimensions": {"LEDGER_GROUP": header.ledger_group, "LEDGER": header.ledger, "SOURCE": header.source},
        "lines": shortened(entry.lines),
    }
    return made.draft("journal", body, record, posting)
