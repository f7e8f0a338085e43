"""The setup of receivables and receiving: sources, types, terms, receipt methods, tax codes. Dates say from when to when a setup is valid."""

from __future__ import annotations

from dataclasses import dataclass

ENDED = "2025-12-31"
OUR_SOURCE, OUR_AUTOMATIC_SOURCE = "ServiceTitan", "ServiceTitan Auto"
SOURCES = ((OUR_SOURCE, None), (OUR_AUTOMATIC_SOURCE, True), ("Manual-NES", True), ("Old Billing", True))
"""Name, and whether it assigns numbers; None = as the setting `numbering` says."""
ENDED_NAMES = frozenset({"Old Billing", "Old Invoice", "60 Net", "Old Lockbox"})
TYPES = (("Invoice", "INV"), ("Debit Memo", "DM"), ("Credit Memo", "CM"), ("Old Invoice", "INV"))
CLASSES = dict(TYPES)
TERMS = (("IMMEDIATE", 0), ("15 Net", 15), ("30 Net", 30), ("60 Net", 60))
TERM_DAYS = dict(TERMS)


@dataclass(frozen=True)
class Method:
    """A receipt method with its remittance bank account and the accounts that a receipt debits and credits."""

    name: str
    bank_account: str
    cash: str


METHODS = (
    Method("Manual", "10271-17621-619", "01-000-10100-000"),
    Method("Field Check", "10271-17621-620", "01-000-10200-000"),
    Method("Field Cash", "10271-17621-620", "01-000-10200-000"),
    Method("Field Card", "10271-17621-630", "01-000-10300-000"),
    Method("Field ACH", "10271-17621-619", "01-000-10100-000"),
    Method("Old Lockbox", "10271-17621-619", "01-000-10100-000"),
)
METHOD = {method.name: method for method in METHODS}
BANK = ("Capital Prairie Bank", "Austin Main")
TAXES = (
    ("AUSTIN", "US_SALES", "0.0825"),
    ("TX-STATE", "US_SALES", "0.0625"),
    ("WILLIAMSON", "US_SALES", "0.0200"),
    ("EXEMPT", "US_SALES", "0"),
)
TAX_RATES = {code: rate for code, _, rate in TAXES}
MATCH_BY = ("Transaction Number", "Purchase Order", "Sales Order", "Billing Number")
RECEIVABLE, REVENUE, TAX, FREIGHT = "01-000-11000-000", "01-110-40000-000", "01-000-22000-000", "01-110-60000-000"
UNAPPLIED = "01-000-21500-000"
"""The account that AutoAccounting derives if no distribution is sent."""
