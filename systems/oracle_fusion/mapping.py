"""The border of Fusion's vocabulary: its objects in our words, and our records as its documents. Pure.

`to_canonical` reads suppliers, orders, customers that were asked for, periods and documents of Receivables; `to_commands` maps records of the
field-service system. That system's customers and vendors make no documents in Fusion: customers are matched and never created, and Fusion owns the
suppliers (accounting.md 20, 21).
"""

from __future__ import annotations

from systems.mapped import Plan, by_entity
from systems.oracle_fusion.mapping_goods import receipt_commands, return_commands
from systems.oracle_fusion.mapping_journal import COLLECTION, SALE, invoice_journal, payment_journal
from systems.oracle_fusion.mapping_payment import payment_commands
from systems.oracle_fusion.mapping_receivable import invoice_commands
from systems.oracle_fusion.mapping_sightings import sightings
from systems.oracle_fusion.models import SYSTEM
from systems.postings.document import Target

to_canonical = sightings


def _runs(profile: Target, plan: Plan) -> bool:
    """Whether the connection books these documents by the journal profile."""
    return any(profile.flow in flows for flows in plan.towards.values())


to_commands = by_entity(
    SYSTEM,
    {
        "invoice": lambda record, plan: (invoice_journal if _runs(SALE, plan) else invoice_commands)(record, plan),
        "payment": lambda record, plan: (payment_journal if _runs(COLLECTION, plan) else payment_commands)(record, plan),
        "receipt": receipt_commands,
        "return": return_commands,
    },
)
