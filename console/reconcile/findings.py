"""Names of what can differ between both sides, and one difference. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from console.reconcile.sides import ZERO

NOT_DUE = "not_due"
BEFORE_CUTOVER = "before_cutover"
EXCLUDED = "excluded"
OBSERVED = "observed"
HELD = "held"
CLOSED_PERIOD = "closed_period"
WAITING = "waiting"
VOIDED = "voided"
LATE = "late"
REMAPPED = "remapped"
ROUNDING = "rounding"
DOUBLE = "double"
MISSING = "missing"
NOT_READ_BACK = "not_read_back"
DROPPED_WEBHOOK = "dropped_webhook"
NOT_READ = "not_read"
WRONG_ACCOUNT = "wrong_account"
WRONG_PERIOD = "wrong_period"
TAX = "tax"
EDITED_IN_ERP = "edited_in_erp"
VOIDED_IN_ERP = "voided_in_erp"
CHANGED_AT_SOURCE = "changed_at_source"
VOIDED_AT_SOURCE = "voided_at_source"
UN_APPLIED = "un_applied"
NOT_CARRIED = "not_carried"
NO_FLOW = "no_flow"
UNKNOWN_SOURCE = "unknown_source"
OTHER_CURRENCY = "other_currency"
UNREADABLE = "unreadable"

CLASSES = {
    NOT_DUE: "not posted in the source yet",
    BEFORE_CUTOVER: "dated before the cut-over: never posted by the connector",
    EXCLUDED: "left out by a rule, or skipped by a person, with the reason",
    OBSERVED: "its flow only observes",
    HELD: "held for a person: `ml-connector open` names the reason",
    CLOSED_PERIOD: "held because the period of its date is closed in the ERP",
    WAITING: "on its way: it waits for something that comes by itself",
    VOIDED: "voided at the source, and the ERP has nothing of it",
    LATE: "posted on another day by the rule for closed periods",
    REMAPPED: "posted by the table that was in force then; the table says something else now",
    ROUNDING: "a rounding that the settings allow",
    DOUBLE: "the ERP has it more than once",
    MISSING: "the ERP does not have it, and nothing says why",
    NOT_READ_BACK: "posted by the ledger, and the ERP's list was not read since",
    DROPPED_WEBHOOK: "a change that no webhook reported and that is not read yet: polling saw it",
    NOT_READ: "a change was reported and is not read yet",
    WRONG_ACCOUNT: "the ERP has it on other accounts",
    WRONG_PERIOD: "the ERP has it in another period",
    TAX: "the ERP has another tax",
    EDITED_IN_ERP: "it was changed in the ERP after it was posted",
    VOIDED_IN_ERP: "it was voided in the ERP; the source still has it",
    CHANGED_AT_SOURCE: "the source changed after it was posted",
    VOIDED_AT_SOURCE: "the source voided it; the ERP still has it",
    UN_APPLIED: "both sides settle different amounts with it",
    NOT_CARRIED: "the mapping carries another amount than the source has",
    NO_FLOW: "the connection has no flow for it",
    UNKNOWN_SOURCE: "it carries a ref of ours, and no object of the source explains it",
    OTHER_CURRENCY: "both sides name different currencies",
    UNREADABLE: "it cannot be read: `ml-connector open` names the record",
}
"""What each class means, for people."""
EXPLAINED = frozenset(
    [NOT_DUE, BEFORE_CUTOVER, EXCLUDED, OBSERVED, HELD, CLOSED_PERIOD, WAITING, VOIDED, LATE, REMAPPED, ROUNDING, UNREADABLE]
)
"""Classes that are explained by themselves. Any other class is unexplained, unless the ledger has a held or waiting entry for it (a void, a
correction) that `open` lists by name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference of one document. `amount` is the amount concerned; `difference` is what it adds to source less ERP, for example zero for a wrong
    account. `by` names the ledger entry with the correction, "" = none."""

    kind: str
    amount: Decimal
    difference: Decimal = ZERO
    words: str = ""
    by: str = ""
    document: str = ""
    count: int = 1

    @property
    def is_explained(self) -> bool:
        """Whether it is on a list already."""
        return self.kind in EXPLAINED or bool(self.by)


@dataclass(frozen=True, slots=True)
class Judged:
    """What both sides have for one object, and every difference."""

    flow: str
    entity: str
    number: str
    day: date | None
    party: str
    party_name: str
    unit: str
    currency: str
    source: Decimal | None
    """Its amount at the source; None for a document of the ERP that no object of the source explains."""
    erp: tuple[tuple[date | None, Decimal], ...]
    """Day and amount of each document of the ERP."""
    findings: tuple[Finding, ...] = ()
    source_id: str = ""
    is_refund: bool = False
    """Whether it is money that the source gave back to a customer."""

    def told(self, one: Finding) -> dict[str, Any]:
        """A difference as programs read it."""
        return {
            "flow": self.flow,
            "number": self.number or self.source_id,
            "source_id": self.source_id,
            "date": self.day.isoformat() if self.day else "",
            "party": self.party_name or self.party,
            "class": one.kind,
            "amount": money_text(one.amount),
            "difference": money_text(one.difference),
            "currency": self.currency,
            "document": one.document,
            "words": one.words,
            "explained": one.is_explained,
        }


def money_text(amount: Decimal) -> str:
    """An amount as programs read it: two places, or more if it has more."""
    cents = amount.quantize(ZERO)
    return f"{cents if cents == amount else amount.normalize():f}"
