"""Whether a document that was written can be taken back in its present state: it is there, posted, unpaid, and unchanged. Pure.

Sources: as `compare.py`; that PeopleSoft relates no voucher to one that is not posted or is paid is assumed. If a person changed, unposted, deleted
or paid the document, nothing is sent, and a person has to take it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from systems.contract import Original
from systems.peoplesoft import compare, documents
from systems.peoplesoft.documents import JOURNAL
from systems.peoplesoft.rows import Row, amount, text
from systems.peoplesoft.settings import Settings


class Refusal(NamedTuple):
    """Why a document cannot be taken back: words, and the name of the hold. Empty if it can be."""

    words: str = ""
    reason: str = ""


MISSING = "missing_in_erp"
"""The sinks' name for a document of ours that is no longer there."""
PAID, NOT_POSTED, UNPOSTED, CHANGED = "paid", "original_not_posted", "original_unposted", "original_changed"
"""Names of holds, as in `docs/limits.md`."""


def refusal(original: Original, rows: Sequence[Row], settings: Settings) -> Refusal:
    """`rows` are the headers that the query shows for the ref of the original."""
    is_journal = original.record == JOURNAL
    key = compare.journal_key if is_journal else compare.voucher_key
    own = [row for row in rows if key(row) == original.erp_id]
    if not own:
        return Refusal(f"{original.erp_id}, which is to be taken back, is not found: see what became of it", MISSING)
    return _of_journal(original, own, settings) if is_journal else _of_voucher(original, own[0])


def _of_journal(original: Original, rows: Sequence[Row], settings: Settings) -> Refusal:
    statuses = {text(row, "JRNL_HDR_STATUS") for row in rows}
    if len(rows) > 1 or statuses & {"D", "U"}:
        return Refusal(
            f"journal {original.erp_id} was unposted or deleted by a person: nothing is left to reverse, or do it there", UNPOSTED
        )
    if not statuses <= ({"P"} if settings.require_posted else {"P", "V"}):
        return Refusal(
            f"journal {original.erp_id} is not posted (JRNL_HDR_STATUS {', '.join(statuses)}): post it, then release", NOT_POSTED
        )
    debits = sum((one["amount"] for one in documents.fields(original.command)["lines"] if one["amount"] > 0), Decimal(0))
    theirs = amount(rows[0], "JRNL_TOTAL_DEBITS")
    if theirs != debits:
        return Refusal(f"journal {original.erp_id} has debits of {theirs}, {debits} were written: reverse it there", CHANGED)
    return Refusal()


def _of_voucher(original: Original, row: Row) -> Refusal:
    gross = amount(row, "GROSS_AMT")
    named = f"voucher {original.erp_id} of {gross}"
    if text(row, "ENTRY_STATUS") == "X":
        return Refusal(f"{named} was deleted by a person: nothing is left to reverse, skip this", UNPOSTED)
    if amount(row, "PAID_AMT") or text(row, "CLOSE_STATUS") == "C":
        return Refusal(
            f"{named} is paid ({amount(row, 'PAID_AMT')}): agree with the vendor, enter what follows there, skip this", PAID
        )
    if text(row, "ENTRY_STATUS") != "P" or text(row, "POST_STATUS_AP") != "P":
        return Refusal(f"{named} is not posted and not paid: delete it in PeopleSoft, then skip this", NOT_POSTED)
    if gross != original.command["amount"]:
        return Refusal(f"{named} was written with {original.command['amount']}: reverse it there", CHANGED)
    return Refusal()
