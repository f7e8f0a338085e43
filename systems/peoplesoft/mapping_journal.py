"""What every journal has, whether it books a sale or a collection: its header, and the draft around it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.records import PostingLine
from systems.mapped import Draft
from systems.peoplesoft.allocation import Mapped

PRODUCT = "PeopleSoft"


@dataclass(frozen=True)
class Entry:
    """A journal: its flow and purpose, business unit of the ledger, date, text and lines (debit positive, credit negative)."""

    flow: str
    purpose: str
    business_unit: str
    date: date | None
    description: str
    lines: Sequence[PostingLine]
    hold: str = ""
    hold_detail: str = ""


def journal(record: Mapping[str, Any], entry: Entry, made: Mapped) -> Draft:
    """The draft of a journal; its amount is the source's total. The date is part of PeopleSoft's key and frozen at the first intent."""
    header = made.settings.journal
    return Draft(
        record="journal",
        body={
            "business_unit": entry.business_unit,
            "date": entry.date,
            "description": entry.description,
            "human_number": record["number"] or record["source_id"],
            "dimensions": {"LEDGER_GROUP": header.ledger_group, "LEDGER": header.ledger, "SOURCE": header.source},
            "lines": list(entry.lines),
        },
        flow=entry.flow,
        purpose=entry.purpose,
        amount=record["total"],
        currency=record["currency"],
        posting_date=entry.date,
        unresolved=tuple(made.unresolved),
        defaulted=tuple(made.defaulted),
        hold=entry.hold,
        hold_detail=entry.hold_detail,
    )


def other_currency(record: Mapping[str, Any], made: Mapped) -> tuple[str, str]:
    """The hold of a document in another currency than the ledger's, and its words."""
    if record["currency"] == made.plan.currency:
        return "", ""
    return "currency", f"the {record['entity']} is in {record['currency']}, the ledger in {made.plan.currency}"
