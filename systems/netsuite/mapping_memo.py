"""Credit memos of the source, from canonical to NetSuite's credit memo and its applications. Pure.

They are mapped as negative sales (`systems/postings/receivable.py: as_sale`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.netsuite.allocation import PRODUCT, mapped
from systems.netsuite.mapping_receivable import of_sale, sale_draft
from systems.postings.applications import applications, receivable
from systems.postings.document import Hold, Target
from systems.postings.ends import voided, worthless
from systems.postings.receivable import as_sale

MEMOS = Target("N1C", "sale", PRODUCT)


def memo_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a credit memo becomes: the memo first, then its applications in their order."""
    if ended := voided(record, MEMOS, plan.time_zone) or worthless(record, MEMOS):
        return ended
    draft = sale_draft(as_sale(record), mapped(plan, record["memo_date"]), MEMOS, _hold(record))
    return [draft, *map(of_sale, applications(record, plan, receivable(MEMOS)))]


def _hold(record: Mapping[str, Any]) -> Hold | None:
    if record["total"] <= 0:
        return Hold("negative_memo", f"a negative credit memo is an invoice: enter it in {PRODUCT}, then skip this")
    return None
