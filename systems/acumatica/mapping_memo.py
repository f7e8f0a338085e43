"""Credit memos of the source, from canonical to Acumatica's Credit Memo and its applications. Pure.

They are mapped as negative sales (`systems/postings/receivable.py: as_sale`). Their applications are rows of the Payment of type Credit Memo that
Acumatica shows for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.acumatica.allocation import PRODUCT
from systems.acumatica.mapping_receivable import sale_draft
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.applications import applications, receivable
from systems.postings.document import Hold, Target
from systems.postings.ends import voided, worthless
from systems.postings.receivable import as_sale

MEMOS = Target("A8", "sale", PRODUCT)


def memo_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a credit memo becomes: the memo first, then its applications in their order."""
    if ended := voided(record, MEMOS, plan.time_zone) or worthless(record, MEMOS):
        return ended
    return [sale_draft(as_sale(record), plan, MEMOS, _negative(record)), *applications(record, plan, receivable(MEMOS))]


def _negative(record: Mapping[str, Any]) -> Hold | None:
    if record["total"] > 0:
        return None
    return Hold("negative_memo", f"a negative credit memo is an invoice: enter it in {PRODUCT}, then skip this")
