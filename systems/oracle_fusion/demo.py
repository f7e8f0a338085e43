"""What the demo needs to know about Oracle Fusion's simulator: sign-in, a crosswalk for its seeded books, what it keeps, its people, planned
faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from systems.demo import ACTIVE, BALANCES, NAME, NO, YES, Act, Ask, Balances, BookedDocument, Expected, Issued, planned, whole
from systems.flow import Flow

_INVOICES, _MEMOS, _RECEIPTS = "receivablesInvoices", "receivablesCreditMemos", "standardReceipts"
_JOURNALS = "journalBatches"
_RECEIVED, _RETURNED = "receivingReceiptRequests", "receivingReceiptTransactionRequests"
_SUPPLIERS, _CUSTOMERS, _ORDERS = "suppliers", "receivablesCustomerAccountSiteActivities", "purchaseOrders"
_UNITS = (
    ("Plumbing - Service", "01-110-*-100", "40100"),
    ("HVAC - Service", "01-210-*-200", "40200"),
    ("HVAC - Install", "01-220-*-200", "40300"),
    ("Electrical - Service", "01-310-*-100", "40400"),
)
_PAYMENTS = (
    ("Cash", "Field Cash", "10271-17621-620"),
    ("Check", "Field Check", "10271-17621-620"),
    ("Credit Card", "Field Card", "10271-17621-630"),
    ("ACH", "Field ACH", "10271-17621-619"),
)
_LINES = (
    ("PriceModifier", "01-*-40900-*"),
    ("25100", "01-000-23000-000"),
    ("12500", "01-000-12500-000"),
    ("42000", "01-*-42000-*"),
    ("42100", "01-*-42100-*"),
    ("project", "01-*-40000-*"),
)
"""Where each is booked: kinds of line, accounts of the source that are not income of a job, and the billing of a project."""
_ORGANIZATION, _WAREHOUSE = "ACM", "801"
"""Where goods are received: Fusion's inventory organization, and the id of the warehouse on the other side."""
_ITEMS = (
    ("MAT-PVC2", "10001", "", ""),
    ("MAT-VALVE", "10002", "", ""),
    ("MAT-FLTR", "10003", "BX", "6"),
    ("MAT-CAP", "10004", "", ""),
    ("MAT-BRKR", "10005", "", ""),
    ("MAT-WIRE", "10006", "", ""),
    ("MAT-R410", "10007", "", ""),
    ("MAT-THERM", "10008", "", ""),
    ("MAT-ANODE", "10009", "", ""),
    ("MAT-FAUCET", "10010", "", ""),
    ("EQP-WH50", "15001", "", ""),
    ("EQP-AC3T", "15002", "", ""),
)
"""Items that buyers order, the sku of each, and how many of it are in one unit: filters are bought in boxes of six."""
_BY_ACTION = {"apply_by": "action", "reverse_by": "action"}
_PERIOD = {"period": "Mar-26", "application": "AR"}


class OracleFusionDemo:
    """See `systems.demo.Demo`."""

    @property
    def connection(self) -> str:
        """Id of the demo's connection."""
        return "hill-country"

    @property
    def label(self) -> str:
        """The name of its contractor."""
        return "Hill Country Air, demo"

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        """A pod of a release with actions on receipts; suppliers, customers and orders that already exist; receiving within a scaled minute; and a
        period that nobody has opened yet in Receivables."""
        return {"suppliers": "40", "customers": "200", "orders": "30", "release": "26d", "closed": "Mar-26/AR"}

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets for that simulator."""
        own = {
            "base_url": url,
            "token_url": f"{url}/oauth2/v1/token",
            "token_scope": ready["scope"],
            "instance_id": "hill-country-demo",
            "company_id": "US1",
            "business_unit": ready["business_unit"],
            "request_s": 3,
            "vendor_scan_s": 900,
            "open_orders_s": 900,
            "receivables": {"numbering": "ours", "payment_terms": "30 Net", "tax_code": "EXEMPT", **_BY_ACTION},
            "ledger": {"segments": ["Company", "CostCenter", "Account", "Location"]},
            "accounts": {
                "receivable": "01-000-11000-000",
                "discount": "01-*-40900-*",
                "rounding": "01-*-80900-*",
            },
        }
        quota = {"group": "oracle-fusion-demo", "calls": 6000, "per_s": 60, "at_once": 36}
        shares = {"poller": 0.2, "sink": 0.65, "check": 0.05, "kept": 0.1}
        names = ("client_id", "client_secret", "username", "password")
        return own, quota | shares, {name: str(ready[name]) for name in names}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """Business units, line types, tax zones and payment types on the seeded values."""
        return {
            "business_unit": tuple(
                {"business_unit": name, "segments": segments, "sales_account": f"01-*-{account}-*"}
                for name, segments, account in _UNITS
            ),
            "line_type": tuple({"line_type": kind, "account": account} for kind, account in _LINES),
            "tax_zone": (
                {"tax_zone": "401", "account": "01-000-22000-000"},
                {"tax_zone": "402", "part": "county", "account": "01-000-22100-000", "share": "0.0200"},
                {"tax_zone": "402", "part": "state", "account": "01-000-22000-000", "share": "0.0625"},
            ),
            "payment_type": tuple({"payment_type": n, "receipt_method": m, "bank_account": a} for n, m, a in _PAYMENTS),
            "order_place": ({"place": _ORGANIZATION, "inventory_location_id": _WAREHOUSE, "business_unit_id": "901"},),
            "order_item": tuple(
                {"item": item, "sku_id": sku, "unit": unit, "factor": factor} for item, sku, unit, factor in _ITEMS
            ),
            "receiving_place": ({"place": _WAREHOUSE, "organization": _ORGANIZATION, "subinventory": "Stores"},),
        }

    def paths(self) -> tuple[str, ...]:
        """The path of every kind of object that is asked for."""
        kinds = (_INVOICES, _MEMOS, _RECEIPTS, _JOURNALS, _RECEIVED, _RETURNED, _SUPPLIERS, _CUSTOMERS, _ORDERS)
        return (BALANCES, *(f"documents?kind={kind}" for kind in kinds))

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """Suppliers, and orders."""
        if entity == "vendor":
            return [_supplier(row) for row in _of(ask, _SUPPLIERS)]
        if entity == "purchase_order":
            return [_order(row) for row in _of(ask, _ORDERS)]
        return []

    def read(self, flow: str, ask: Ask) -> set[str]:
        """Nothing: F6 asks for customers when they are matched, and lists none by itself."""
        return set()

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        """One return to vendor for each line that goes back, and one receipt of what was received, both without tax and freight. Every other flow
        makes one document of the whole amount."""
        if flow.entity not in ("receipt", "return"):
            return whole(flow.purpose, one)
        goods = sum((line.amount for line in one.lines), Decimal(0))
        parts = {line.id: line.amount for line in one.lines} if flow.entity == "return" else {"": goods} if one.lines else {}
        return (Expected(flow.purpose, one.amount, parts, (one.amount - goods,) if one.amount != goods else ()),)

    def booked(self, ask: Ask) -> list[BookedDocument]:
        """Documents with their ref; suppliers and customers by their id."""
        found = [_document("invoice", row) for row in _of(ask, _INVOICES)]
        found += [_document("credit_memo", row) for row in _of(ask, _MEMOS)]
        found += [_document("payment", row) for row in _of(ask, _RECEIPTS)]
        found += [_document("journal", row) for row in _of(ask, _JOURNALS)]
        found += [_document("receipt", row) for row in _of(ask, _RECEIVED)]
        found += [_document("return", row) for row in _of(ask, _RETURNED)]
        found += [BookedDocument("vendor", str(row["SupplierId"]), "", Decimal("0.00"), "", True) for row in _of(ask, _SUPPLIERS)]
        customers = [f"{row['AccountNumber']}/{row['BillToSiteNumber']}" for row in _of(ask, _CUSTOMERS)]
        return [*found, *(BookedDocument("customer", key, "", Decimal("0.00"), "", True) for key in customers)]

    def balances(self, ask: Ask) -> Balances:
        """What each bill-to site owes. Fusion's own payables enter the bills of vendors, because we send none there."""
        return Balances({row["id"]: Decimal(str(row["balance"])) for row in ask(BALANCES)["sites"]}, None)

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Invoices and receipts wait for a window every other hour."""
        return {flow: {"window": "cron: 0 */2 * * *"} for flow in ("F4", "F5")}

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        """Two suppliers are created; one that both sides know is renamed; buyers order and change orders; AP bills what was received."""
        day = {"orders": 6, "changes": 3, "bills": 8, "sites": 3}
        new = [
            *(
                Act(f"supplier {name} is created", "suppliers", {"Supplier": name})
                for name in ("Cedar Fork Supply", "Mesquite Pipe Company")
            ),
            Act("buyers order and change orders, AP bills what was received, sites change", "day", day),
        ]
        names = {str(row["SupplierId"]): str(row["Supplier"]) for row in _of(ask, _SUPPLIERS)}
        known = sorted(key for key in links.get("vendor", {}) if key in names)
        if not known:
            return new
        renamed = f"{names[known[0]][:60]} and Sons"
        body = {"SupplierId": int(known[0]), "Supplier": renamed}
        return [*new, Act(f"supplier {known[0]} is renamed to {renamed}", "suppliers", body)]

    def faults(self) -> Sequence[Act]:
        """An outage, a period that is opened late, a storm of 429, and answers that are lost, truncated, late, or not from Fusion at all."""
        post = {"method": "POST", "path": "/fscmRestApi/resources/11.13.18.05/receivablesInvoices"}
        patch = {"method": "PATCH", "path": "/fscmRestApi/"}
        return (
            planned("an outage of the ERP (150 requests answered 503)", {"kind": "refuse", "status": 503, "count": 150}),
            Act("the period is opened in Receivables", "periods", {**_PERIOD, "status": "Open"}, once_held="period_closed"),
            planned("a storm of 429 (80 requests)", {"kind": "refuse", "status": 429, "count": 80, "seconds": 1}),
            planned(
                "lost, halved, late and lying answers to writes",
                {"kind": "lost_answer", "count": 4, "skip": 2, **post},
                {"kind": "half_answer", "count": 3, "bytes": 40, "skip": 8, **post},
                {"kind": "html_after", "count": 2, "skip": 11, **post},
                {"kind": "late_commit", "count": 2, "seconds": 2, "skip": 14, **post},
                {"kind": "lost_answer", "count": 2, "skip": 3, **patch},
            ),
        )


def _of(ask: Ask, kind: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = ask(f"documents?kind={kind}")["documents"]
    return found


def _supplier(row: Mapping[str, Any]) -> Issued:
    facts = {NAME: str(row["Supplier"]), ACTIVE: YES if row["Status"] == "ACTIVE" else NO}
    return Issued(str(row["SupplierId"]), str(row["SupplierNumber"]), Decimal("0.00"), facts=facts)


def _order(row: Mapping[str, Any]) -> Issued:
    """An order, with the amount that remains of it; nothing remains of a canceled order."""
    is_void = row["StatusCode"] == "CANCELED"
    return Issued(str(row["POHeaderId"]), str(row["OrderNumber"]), Decimal(str(row["Total"])), is_void=is_void)


def _document(kind: str, row: Mapping[str, Any]) -> BookedDocument:
    """A document of Receivables or receiving. A credit memo, which Fusion shows as negative, is a positive amount of its own kind. Goods settle
    nothing, and nothing remains of a receipt that was reversed."""
    if kind == "payment" and row["status"] == "Reversed":
        return BookedDocument(kind, row["id"], row["ref"], Decimal("0.00"), row["date"], True)
    applied = Decimal(str(row["applied"])) if "applied" in row else None
    amount = Decimal(str(row["amount"])) * (-1 if kind == "credit_memo" else 1)
    return BookedDocument(kind, row["id"], row["ref"], amount, row["date"], row["done"], applied)


DEMO = OracleFusionDemo()
