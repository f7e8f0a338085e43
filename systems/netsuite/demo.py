"""What the demo needs to know about NetSuite's simulator: sign-in, a crosswalk for its seeded books, what it keeps, its people, and planned
faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from systems.demo import (
    ACTIVE,
    BALANCES,
    NAME,
    NO,
    YES,
    Act,
    Ask,
    Balances,
    BookedDocument,
    Expected,
    Issued,
    at_cost,
    planned,
    whole,
)
from systems.flow import Flow
from systems.netsuite.refs import ORDER, ref_of

_SUBSIDIARY = "2"
_CUSTOMERS, _VENDORS = 200, 40
_FIRST_ID = 1001
_CLEARING = str(_FIRST_ID + _CUSTOMERS)
"""The first vendor of the seed: customers have the ids before it."""
_ORDERS, _BILL_PAYMENTS = "purchaseOrder", "vendorPayment"
_BOOKED = {
    "vendorBill": "ap_bill",
    "vendorCredit": "vendor_credit",
    "invoice": "invoice",
    "creditMemo": "credit_memo",
    "customerPayment": "payment",
    "customerDeposit": "payment",
    "customerRefund": "payment",
    "journalEntry": "journal",
}
_READ = {
    "vendorBill": "bill",
    "vendorCredit": "vendor_credit",
    _BILL_PAYMENTS: "ap_payment",
    "invoice": "invoice",
    "creditMemo": "credit_memo",
    "customerPayment": "payment",
    "customerDeposit": "payment",
    "customerRefund": "payment",
    "journalEntry": "journal",
}
"""Kinds that have a canonical form, each with its entity."""
_TAKES_OFF = ("customerRefund",)
"""Documents that NetSuite shows as positive amounts, while the source shows what they stem from as negative."""
_OF_THE_DAY = f"{BALANCES}?since=2026-01-01"
"""Documents of last year are left out, because both sides do not have them: they were entered in NetSuite only."""
_UNITS = (
    # business unit, department, class, location; one unit has no row, another names a department that does not exist: both post to the default
    ("Plumbing - Service", "3", "1", "1"),
    ("HVAC - Service", "2", "1", "2"),
    ("HVAC - Install", "99", "4", "2"),
)
_COSTS = (("Material", "20"), ("Equipment", "23"), ("Service", "21"))
_SALES = (("Material", "1"), ("Equipment", "3"), ("Service", "2"), ("PriceModifier", "10"), ("25100", "7"), ("project", "2"))
_ORDER_ITEMS = (("MATERIALS", "10001"), ("LABOR", "10002"), ("EQUIPMENT", "15001"), ("SUBCONTRACT", "10004"))
"""Items that buyers order, and the sku of each on the other side."""
_PERIOD, _SIDE = "Mar 2026", "AP"
"""The period and side that an accountant locked too early and unlocks."""
_PLACES = ("1", "2", "3", "4")
_WAREHOUSE = "801"
_BANK = "1"
"""The account that pays refunds."""
_PAYMENTS = (("Cash", "1"), ("Check", "2"), ("Credit Card", "3"), ("ACH", "4"), ("Refund", "2"))


class NetSuiteDemo:
    """See `systems.demo.Demo`."""

    @property
    def connection(self) -> str:
        """Id of the demo's connection."""
        return "sundial"

    @property
    def label(self) -> str:
        """The name of its contractor."""
        return "Sundial Heating and Air, demo"

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        """Masters that already exist, open orders, last year's books, the request limit of a large account, and this month locked in payables."""
        return {
            "customers": str(_CUSTOMERS),
            "vendors": str(_VENDORS),
            "orders": "26",
            "history": "2000",
            "concurrent_requests": "40",
            "locked": f"{_PERIOD}/{_SIDE}",
        }

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets for that simulator."""
        own = {
            "base_url": url,
            "account": ready["account"],
            "instance_id": "sundial-demo",
            "company_id": "SUNDIAL",
            "time_zone": ready["timezone"],
            "subsidiary": _SUBSIDIARY,
            "subsidiaries": [_SUBSIDIARY],
            "request_s": 3,
            "defaults": {"department": "8"},
            "payables": {"cost_account": "20", "clearing_vendor": _CLEARING},
            "receivables": {
                "sales_item": "2",
                "discount_item": "10",
                "tax_item": "8",
                "rounding_item": "9",
                "clearing_account": "11",
            },
            "labor": {"cost_account": "21", "applied_account": "24"},
        }
        quota = {"group": "netsuite-demo", "calls": 6000, "per_s": 60, "at_once": 36}
        shares = {"poller": 0.2, "sink": 0.65, "check": 0.05, "kept": 0.1}
        names = ("client_id", "certificate_id", "private_key", "certificate")
        return own, quota | shares, {name: str(ready[name]) for name in names}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """Business units, costs, items, tax zones, payment types and what is ordered on the seeded values."""
        columns = ("business_unit", "department", "class", "location")
        return {
            "business_unit": tuple(dict(zip(columns, unit, strict=True)) for unit in _UNITS),
            "cost_line": tuple({"cost_line": kind, "account": account} for kind, account in _COSTS),
            "line_type": tuple({"line_type": kind, "item": item} for kind, item in _SALES),
            "tax_zone": ({"tax_zone": "401", "item": "8"}, {"tax_zone": "402", "item": "8"}),
            "order_place": tuple(
                {"place": place, "inventory_location_id": _WAREHOUSE, "business_unit_id": "901"} for place in _PLACES
            ),
            "order_item": tuple({"item": item, "sku_id": sku, "factor": "1"} for item, sku in _ORDER_ITEMS),
            "payment_type": tuple(
                {"payment_type": name, "payment_method": method, "refund_account": _BANK} for name, method in _PAYMENTS
            ),
        }

    def paths(self) -> tuple[str, ...]:
        """The path of every kind of object that is asked for."""
        return (_OF_THE_DAY, *(f"documents?kind={kind}" for kind in (*_BOOKED, _ORDERS, _BILL_PAYMENTS, "vendor", "customer")))

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """Vendors and customers of the subsidiary that is passed on, and the orders that people entered."""
        if entity in ("vendor", "customer"):
            return [_party(row) for row in _of(ask, entity) if row["subsidiary"] == _SUBSIDIARY]
        if entity == "purchase_order":
            rows = [row for row in _of(ask, _ORDERS) if not ref_of(row["ref"]) and row["subsidiary"] == _SUBSIDIARY]
            return [Issued(row["id"], row["number"], Decimal(row["amount"])) for row in rows]
        return []

    def read(self, flow: str, ask: Ask) -> set[str]:
        """N2C: bill payments. N6: every document of the subsidiary, including those of last year."""
        kinds = {"N2C": {_BILL_PAYMENTS: "ap_payment"}, "N6": _READ}.get(flow, {})
        return {f"{entity}/{row['id']}" for kind, entity in kinds.items() for row in _of(ask, kind)}

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        """An invoice at cost makes a payable to the clearing vendor. A bill of an order only confirms that it was read. Everything else makes a
        document of its whole amount."""
        if flow.id == "N1":
            return at_cost("payable", one, lambda _: _CLEARING)
        if flow.id == "N5" and (one.order or one.is_void):
            return (Expected(flow.purpose, one.amount, {}, (one.amount,)),)
        return whole(flow.purpose, one)

    def booked(self, ask: Ask) -> list[BookedDocument]:
        """Documents with their ref; an order of ours is a step of its bill. Masters by their id."""
        found = [_document(kind, row) for kind in _BOOKED for row in _of(ask, kind)]
        for kind in ("vendor", "customer"):
            found += [BookedDocument(kind, row["id"], ref_of(row["ref"]), Decimal("0.00"), "", True) for row in _of(ask, kind)]
        return found

    def balances(self, ask: Ask) -> Balances:
        """From this year's posted documents of each party. The clearing vendor is owed what the jobs cost (flow N1). The other side has no such
        payable; it has the vendors' own bills, which are read and never written (N5)."""
        told = ask(_OF_THE_DAY)
        customers = {row["id"]: Decimal(row["balance"]) - Decimal(row["deposits"]) for row in told["customers"]}
        return Balances(customers, {row["id"]: Decimal(row["balance"]) for row in told["vendors"] if row["id"] != _CLEARING})

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """The profile of the product page and the accountant's together: what a job cost, and what it was sold for, with its credits."""
        return {"N1S": {"enabled": True}, "N1C": {"enabled": True}}

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        """Two vendors are created; one that both sides know is renamed."""
        new = [
            _entered(f"vendor {name} is created", "vendor", "", {"companyName": name, "subsidiary": {"id": _SUBSIDIARY}})
            for name in ("Cedar Fork Supply", "Mesquite Pipe Company")
        ]
        names = {row["id"]: str(row.get("companyName") or row["entityId"]) for row in _of(ask, "vendor")}
        known = sorted(key for key in links.get("vendor", {}) if key in names)
        if not known:
            return new
        renamed = f"{names[known[0]][:60]} and Sons"
        changed = _entered(f"vendor {known[0]} is renamed to {renamed}", "vendor", known[0], {"companyName": renamed})
        return [*new, changed]

    def faults(self) -> Sequence[Act]:
        """An outage, a storm over the limit, a period that is unlocked late, and answers that are lost, truncated, late, without Location, or not
        from NetSuite at all."""
        post = {"method": "POST", "path": "/services/rest/record/v1/"}
        return (
            planned("an outage of the ERP (150 requests answered 503)", {"kind": "refuse", "status": 503, "count": 150}),
            planned("a storm of 429 (80 requests)", {"kind": "refuse", "status": 429, "count": 80, "seconds": 1}),
            Act("the period is unlocked in payables", "periods", {"period": _PERIOD, "apLocked": False}, once_held="period_closed"),
            planned("a full account, told as an invalid login (20 requests)", {"kind": "invalid_login", "count": 20}),
            planned(
                "lost, halved, late and lying answers to writes",
                {"kind": "lost_answer", "count": 4, "skip": 2, **post},
                {"kind": "no_location", "count": 3, "skip": 8, **post},
                {"kind": "html_after", "count": 2, "skip": 12, **post},
                {"kind": "late_commit", "count": 2, "seconds": 2, "skip": 15, **post},
            ),
        )


def _of(ask: Ask, kind: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = ask(f"documents?kind={kind}")["documents"]
    return found


def _party(row: Mapping[str, Any]) -> Issued:
    name = str(row.get("companyName") or f"{row.get('firstName', '')} {row.get('lastName', '')}".strip() or row["entityId"])
    facts = {NAME: name, ACTIVE: NO if row.get("isInactive") else YES}
    return Issued(row["id"], str(row["entityId"]), Decimal("0.00"), facts=facts)


def _document(kind: str, row: Mapping[str, Any]) -> BookedDocument:
    sign = -1 if kind in _TAKES_OFF else 1
    applied = sum((Decimal(one["amount"]) for one in row["applications"]), Decimal(0))
    ref = "" if row["ref"].endswith(ORDER) else ref_of(row["ref"])
    settles = applied if kind in ("customerPayment", "creditMemo") else None
    return BookedDocument(_BOOKED[kind], row["id"], ref, sign * Decimal(row["amount"]), row["date"], bool(row["posted"]), settles)


def _entered(words: str, kind: str, key: str, values: Mapping[str, Any]) -> Act:
    return Act(words, "enter", {"type": kind, "values": dict(values)} | ({"id": key} if key else {}))


DEMO = NetSuiteDemo()
