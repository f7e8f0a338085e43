"""Credit memos to customers, from canonical to a journal with the signs of a credit: Dr revenue and tax, Cr receivable. Pure.

A credit memo is mapped as a negative sale (`systems/postings/receivable.py: as_sale`). What it settles within one ledger unit needs no document
(`mapping_applications.py`). Its amount is positive, as in the source. Under profile `voucher` no sale is posted, so a memo has nothing to reverse: it
is counted with its amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.allocation import PRODUCT, mapped
from systems.peoplesoft.mapping_applications import Settling, applications, moves, none
from systems.peoplesoft.mapping_invoice import sale_draft
from systems.postings.document import Target
from systems.postings.ends import nothing, voided, worthless
from systems.postings.receivable import as_sale

MEMOS = Target("P4", "sale", PRODUCT)
CREDIT_MEMO = "Credit memo"
"""The first words of its journal's header, after our ref."""


def memo_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a credit memo becomes: its journal first, then what it settles."""
    made = mapped(plan, record["memo_date"])
    if made.settings.profile_on(record["memo_date"]) == "voucher":
        why = "profile voucher posts no sale that a credit memo could take back"
        counted = NoCommand("excluded", why, MEMOS.flow, record["total"], record["currency"])
        return [counted, nothing(MEMOS, record["currency"], why)[1]]
    how = Settling(MEMOS, record["memo_date"], record["memo"], from_deposits=False)
    if over := voided(record, MEMOS, plan.time_zone) or worthless(record, MEMOS):
        return [*over, *([none(record, MEMOS)] if moves(plan, how) else [])]
    draft = sale_draft(as_sale(record), made, MEMOS)
    body = {**draft.body, "description": f"{CREDIT_MEMO}: {draft.body['description']}"[:200]}
    return [replace(draft, body=body, amount=record["total"]), *applications(record, plan, how)]
