"""What the demo needs to know about Acumatica's simulator: sign-in, a crosswalk for its seeded books, what it keeps, and planned faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from systems.demo import BALANCES, Act, Ask, Balances, BookedDocument, Expected, Issued, planned, whole
from systems.flow import Flow

_DOCUMENTS = {"Invoice": "invoice", "Payment": "payment", "Bill": "bill"}
_MASTERS = {"Customer": ("customer", "CustomerID"), "Vendor": ("vendor", "VendorID")}
_MEMO = "Credit Memo"
_SETTLED = ("Invoice", _MEMO, "Bill")
_SETTLES = ("Invoice", "Debit Memo", "Overdue Charge", "Bill")
"""The documents that a payment or credit settles. What a refund takes out of a payment settles nothing."""
_CREDITS = {_MEMO: "credit_memo", "Debit Adj.": "vendor_credit"}
"""Documents that are shown as positive amounts and reduce what they correct, each as a separate kind."""
_GIVEN_BACK = ("Refund", "Voided Refund")
"""Payments to a customer, which the source shows as negative amounts."""
_READ = {
    "Invoice": "invoice",
    "Debit Memo": "invoice",
    _MEMO: "credit_memo",
    "Payment": "payment",
    "Prepayment": "payment",
    "Refund": "payment",
    "Bill": "bill",
    "Credit Adj.": "bill",
    "Debit Adj.": "vendor_credit",
}
"""The entity as which each type is read. A document that voids a payment is not read, because the payment itself says that it is voided."""
_UNITS = (
    ("Plumbing - Service", "PLB-000", "MAIN", "40100"),
    ("HVAC - Service", "HVS-000", "EAST", "40200"),
    ("HVAC - Install", "HVI-000", "EAST", "40300"),
    ("Electrical - Service", "ELE-000", "WEST", "40400"),
)
_PAYMENTS = (
    ("Cash", "CASH", "10200"),
    ("Check", "CHECK", "10200"),
    ("Refund", "CHECK", "10200"),
    ("Credit Card", "CREDIT", "10300"),
    ("ACH", "ACH", "10400"),
)
_LINES = (
    ("PriceModifier", "40900"),
    ("25100", "23000"),
    ("12500", "12500"),
    ("42000", "42000"),
    ("42100", "42100"),
    ("project", "40000"),
)
"""Where each is booked: kinds of line, accounts of the source that are not income of a job, and the billing of a project."""


class AcumaticaDemo:
    """See `systems.demo.Demo`."""

    @property
    def connection(self) -> str:
        """Id of the demo's connection."""
        return "acme"

    @property
    def label(self) -> str:
        """The name of its contractor."""
        return "Acme Heating, demo"

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        """A licence for 30,000 calls in a scaled minute, masters that already exist, and a quick release."""
        return {"customers": "200", "vendors": "40", "max_sessions": "6", "concurrent_calls": "40", "release_seconds": "0.01"}

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets for that simulator."""
        own = {
            "base_url": url,
            "endpoint_version": ready["endpoint_version"],
            "tenant": ready["tenant"],
            "instance_id": "acme-demo",
            "company_id": "ACME",
            "branch": "MAIN",
            "customer_class": "RESID",
            "vendor_class": "SUPPLIER",
            "request_s": 3,
            "poll_first_s": 0.02,
            "accounts": {
                "discount": "40900",
                "rounding": "80900",
                "bill_tax": "50100",
                "freight": "60000",
                "other": "60000",
            },
        }
        quota = {
            "group": "acumatica-demo",
            "calls": 6000,
            "per_s": 60,
            "at_once": 36,
            "sessions": 6,
            "poller": 0.2,
            "sink": 0.65,
            "check": 0.05,
            "kept": 0.1,
        }
        return own, quota, {name: str(ready[name]) for name in ("username", "password", "client_id", "client_secret")}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """Business units, payment types, line types, tax zones and bill lines on the seeded accounts."""
        return {
            "business_unit": tuple(
                {"business_unit": name, "subaccount": sub, "branch": branch, "sales_account": account}
                for name, sub, branch, account in _UNITS
            ),
            "payment_type": tuple({"payment_type": n, "payment_method": m, "cash_account": a} for n, m, a in _PAYMENTS),
            "line_type": tuple({"line_type": kind, "account": account} for kind, account in _LINES),
            "tax_zone": (
                {"tax_zone": "401", "account": "22000"},
                {"tax_zone": "402", "part": "county", "account": "22000", "share": "0.0200"},
                {"tax_zone": "402", "part": "state", "account": "22000", "share": "0.0625"},
            ),
            "bill_line": (
                {"bill_line": "Material", "account": "12100"},
                {"bill_line": "Equipment", "account": "50200"},
                {"bill_line": "expense", "account": "50000"},
                {"bill_line": "credit", "account": "12100"},
            ),
        }

    def paths(self) -> tuple[str, ...]:
        """The path of every kind that is asked for."""
        kinds = (*_DOCUMENTS, *_MASTERS, "Account", "Subaccount", "FinancialPeriod")
        return (BALANCES, *(f"documents?kind={kind}" for kind in kinds))

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """The masters that a first match should have read."""
        kinds = {ours: (kind, key) for kind, (ours, key) in _MASTERS.items()}
        if entity not in kinds:
            return []
        kind, key = kinds[entity]
        rows = ask(f"documents?kind={kind}")["documents"]
        return [Issued(str(row[key]), str(row[key]), Decimal("0.00")) for row in rows]

    def read(self, flow: str, ask: Ask) -> set[str]:
        """A5: accounts and subaccounts. A6: masters, and the documents that have a canonical form."""
        if flow == "A5":
            accounts = {f"gl_account/{row['AccountCD']}" for row in ask("documents?kind=Account")["documents"]}
            return accounts | {
                f"dimension/subaccount/{row['SubaccountCD']}" for row in ask("documents?kind=Subaccount")["documents"]
            }
        found = set()
        for kind, (ours, key) in _MASTERS.items():
            found |= {f"{ours}/{row[key]}" for row in ask(f"documents?kind={kind}")["documents"]}
        for kind in _DOCUMENTS:
            for row in ask(f"documents?kind={kind}")["documents"]:
                if row["type"] in _READ:
                    found.add(f"{_READ[row['type']]}/{row['type']}/{row['number']}")
        return found

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        """One document of the whole amount by every flow."""
        return whole(flow.purpose, one)

    def booked(self, ask: Ask) -> list[BookedDocument]:
        """Documents with their ref, which are done when released; masters by their id."""
        found = []
        memos = {row["number"]: row for row in ask("documents?kind=Payment")["documents"] if row["type"] == _MEMO}
        for kind in _DOCUMENTS:
            for row in ask(f"documents?kind={kind}")["documents"]:
                if (kind, row["type"]) == ("Payment", _MEMO):
                    continue  # a released credit memo also shows on the payment screen, and its applications are counted there
                settling = memos.get(row["number"], row) if row["type"] == _MEMO else row
                # an invoice shows the payments that settle it, a bill the debit adjustments; neither settles anything itself
                rows = [] if settling["type"] in _SETTLED and settling is row else settling["applications"]
                sign, settled = (-1, (_MEMO,)) if row["type"] in _GIVEN_BACK else (1, _SETTLES)
                applied = sum((_amount(one["amount"]) for one in rows if one["released"] and one["type"] in settled), Decimal(0))
                amount, applied = sign * _amount(row["amount"]), sign * applied
                ours = _CREDITS.get(row["type"]) or _DOCUMENTS[kind]
                found.append(BookedDocument(ours, row["number"], row["ref"], amount, row["date"], row["released"], applied))
        for kind, (ours, key) in _MASTERS.items():
            for row in ask(f"documents?kind={kind}")["documents"]:
                found.append(BookedDocument(ours, row[key], row["ref"], Decimal("0.00"), "", True))
        return found

    def balances(self, ask: Ask) -> Balances:
        """From the released documents of each party."""
        told = ask(BALANCES)
        return Balances(*({row["id"]: _amount(row["balance"]) for row in told[kind]} for kind in ("customers", "vendors")))

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """No settings: every flow is event-driven."""
        return {}

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        """No acts: nothing originates here, its people only read."""
        return ()

    def faults(self) -> Sequence[Act]:
        """An outage, a storm of 429, and answers that are lost or late."""
        put, post = {"method": "PUT", "path": "/entity/"}, {"method": "POST", "path": "/entity/"}
        return (
            planned("an outage of the ERP (150 requests answered 503)", {"kind": "refuse", "status": 503, "count": 150}),
            planned("a storm of 429 (80 requests)", {"kind": "refuse", "status": 429, "count": 80, "seconds": 1}),
            planned(
                "lost, halved, late and lying answers to writes",
                {"kind": "lost_answer", "count": 5, "skip": 3, **put},
                {"kind": "half_answer", "count": 3, "bytes": 40, "skip": 10, **put},
                {"kind": "html_after", "count": 2, "skip": 12, **put},
                {"kind": "late_commit", "count": 2, "seconds": 2, "skip": 15, **put},
                {"kind": "fail_after", "count": 2, "skip": 5, **post},
            ),
        )


def _amount(value: Any) -> Decimal:
    return Decimal(str(value or "0.00"))


DEMO = AcumaticaDemo()
