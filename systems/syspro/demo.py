"""What the demo needs to know about SYSPRO's simulator: sign-in, a crosswalk for its seeded books, what it keeps, its people, and planned faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from systems.demo import (
    ACTIVE,
    BALANCES,
    KIND,
    NAME,
    NO,
    YES,
    Act,
    Ask,
    Balances,
    BookedDocument,
    Expected,
    Issued,
    IssuedLine,
    at_cost,
    planned,
    whole,
)
from systems.flow import Flow
from systems.syspro.keys import order_ref_in, ref_in

_INVOICES, _ENTRIES, _SUPPLIERS, _ORDERS, _LINES, _MOVES, _LEVELS = (
    "ApInvoice", "ApInvoicePay", "ApSupplier", "PorMasterHdr", "PorMasterDetail", "InvMovements", "InvWarehouse",
)  # fmt: skip
_UNITS = (("Plumbing - Service", "10"), ("HVAC - Service", "20"), ("HVAC - Install", "30"), ("Electrical - Service", "40"))
CLEARING = "0000001"
"""The supplier of costs without a vendor."""
_STOCK_CODES = (
    ("MAT-PVC2", "PIPE-PVC2"),
    ("MAT-VALVE", "VALVE-34"),
    ("MAT-FLTR", "FILTER-16"),
    ("MAT-CAP", "CAP-455"),
    ("MAT-BRKR", "BRKR-20A"),
    ("MAT-WIRE", "WIRE-122"),
    ("MAT-R410", "R410A"),
    ("MAT-THERM", "TSTAT-SM"),
    ("MAT-ANODE", "ANODE"),
    ("MAT-FAUCET", "FAUCET-K"),
    ("EQP-WH50", "WH-50"),
    ("EQP-AC3T", "AC-3T"),
    ("SVC-DIAG", "SERVICE"),
    ("SVC-TUNE", "SERVICE"),
    ("SVC-DRAIN", "SERVICE"),
    ("SVC-PANEL", "SERVICE"),
    ("SVC-INST", "SERVICE"),
    ("SVC-HOUR", "LABOR"),
    ("MAT-MISC", "MISC"),
)
_UNIT_IDS = ("901", "902", "903", "904")
"""The ids of these business units, which orders and receipts use."""
_PLACES = (("801", "MA"), ("802", "NO"), ("851", "T1"), ("852", "T2"))
"""Warehouses and trucks by their ids, which adjustments and receipts use."""
_ORDER_ITEMS = (
    *((code, str(10_001 + place)) for place, (_, code) in enumerate(_STOCK_CODES[:10])),
    ("WH-50", "15001"),
    ("AC-3T", "15002"),
)
"""Stock codes that buyers order, and the sku of each on the other side."""
_COUNTED, _COSTED = ("Cycle Count", "Damaged"), "Job"
"""Kinds of adjustments that are posted, and the kind whose goods an invoice already costs."""
_ZERO = Decimal("0.00")


class SysproDemo:
    """See `systems.demo.Demo`."""

    @property
    def connection(self) -> str:
        """Id of the demo's connection."""
        return "five-branches"

    @property
    def label(self) -> str:
        """Its contractor."""
        return "Five Branches Mechanical, demo"

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        """Suppliers and orders of last month, and a seat for every role."""
        return {"suppliers": "40", "orders": "24", "history": "0", "seats": "8"}

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets for that simulator. The secrets are the sink's; each other role has its own operator (`roles`)."""
        own = {
            "rest_url": f"{url}/SYSPROWCFService/Rest",
            "odata_url": f"{url}/SYSPRO8Odata/SYSPROOData",
            "instance_id": "five-branches-demo",
            "company_id": str(ready["company"]),
            "request_s": 3,
            "payables": {"cost_gl_code": "5900-*"},
            "suppliers": {"code_prefix": "ST", "branch": "10", "terms_code": "30", "bank": "1"},
            "stock": {"adjustment_gl_code": "5200-00"},
        }
        quota = {"group": "syspro-demo", "calls": 6000, "per_s": 60, "at_once": 6}
        shares = {"poller": 0.2, "sink": 0.65, "check": 0.05, "kept": 0.1}
        names = ("operator", "operator_password", "company_password")
        return own, quota | shares, {name: str(ready[name]) for name in names}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """Business units, line types, warehouses and kinds of adjustments on the seeded values."""
        named = (*_UNITS, *((source_id, branch) for source_id, (_, branch) in zip(_UNIT_IDS, _UNITS, strict=True)))
        units = tuple(
            {"business_unit": name, "branch": branch, "gl_part": branch, "clearing_vendor": CLEARING, "warehouse": "MA"}
            for name, branch in named
        )
        kinds = (("Service", "5100-*"), ("Material", "5000-*"), ("Equipment", "5000-*"), ("PriceModifier", "5900-*"))
        return {
            "business_unit": units,
            "line_type": tuple({"line_type": kind, "gl_code": code} for kind, code in kinds),
            "stock_code": tuple({"sku": sku, "stock_code": code} for sku, code in _STOCK_CODES),
            "warehouse": tuple({"place": place, "warehouse": code} for place, code in _PLACES),
            "order_place": tuple(
                {"place": code, "inventory_location_id": place, "business_unit_id": _UNIT_IDS[0]} for place, code in _PLACES
            ),
            "order_item": tuple({"item": code, "sku_id": sku_id, "factor": "1"} for code, sku_id in _ORDER_ITEMS),
            "adjustment_type": (
                *({"kind": kind, "post": "yes", "gl_code": "5200-00"} for kind in _COUNTED),
                {"kind": _COSTED, "post": "no"},
            ),
        }

    def paths(self) -> tuple[str, ...]:
        """The path of every kind of object that is asked for."""
        kinds = (_INVOICES, _ENTRIES, _SUPPLIERS, _ORDERS, _LINES, _MOVES, _LEVELS)
        return (*(f"documents?kind={kind}" for kind in kinds), BALANCES)

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """Suppliers, and orders that people entered."""
        if entity == "vendor":
            return [_supplier(row) for row in _of(ask, _SUPPLIERS)]
        if entity == "purchase_order":
            return [_ordered(row, ask) for row in _of(ask, _ORDERS) if not order_ref_in(str(row["CustomerPoNumber"]))]
        return []

    def read(self, flow: str, ask: Ask) -> set[str]:
        """Stock levels are read, and AP invoices."""
        if flow == "S5":
            return {f"bill/{row['id']}" for row in _of(ask, _INVOICES)}
        if flow == "S4L":
            return {f"stock_level/{row['StockCode']}/{row['Warehouse']}" for row in _of(ask, _LEVELS)}
        return set()

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        """An AP invoice for each supplier, for the cost of the lines. A receipt counts its goods, without tax and freight. An adjustment that a job
        costed makes nothing. Every other flow makes one document of the whole amount."""
        if flow.id == "S1":
            return at_cost(flow.purpose, one, _vendor_of)
        if flow.id == "S3R":
            goods = sum((line.amount for line in one.lines), _ZERO)
            return (Expected(flow.purpose, one.amount, {"": goods}, (one.amount - goods,) if one.amount != goods else ()),)
        if flow.id == "S4" and one.facts.get(KIND) == _COSTED:
            return (Expected(flow.purpose, one.amount, {}, (one.amount,)),)
        return whole(flow.purpose, one)

    def booked(self, ask: Ask) -> list[BookedDocument]:
        """Documents with their ref; suppliers by their code."""
        found = [
            BookedDocument("bill", row["id"], row["ref"], Decimal(row["amount"]), row["date"], True) for row in _of(ask, _INVOICES)
        ]
        found += [
            BookedDocument("reversal", row["id"], row["ref"], Decimal(row["amount"]), row["posted_on"], True)
            for row in _of(ask, _ENTRIES)
        ]
        found += [_order(row, ask) for row in _of(ask, _ORDERS)]
        found += _moved(_of(ask, _MOVES))
        return [*found, *(BookedDocument("vendor", row["Supplier"], "", _ZERO, "", True) for row in _of(ask, _SUPPLIERS))]

    def balances(self, ask: Ask) -> Balances:
        """What suppliers are owed by the company's own figures. The clearing supplier is owed what the jobs cost (flow S1). The other side has no
        such payable, but the vendors' own bills."""
        told = ask(BALANCES)["vendors"]
        return Balances(None, {row["id"]: Decimal(row["open"]) for row in told if row["id"] != CLEARING})

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """No settings: nothing waits for a window."""
        return {}

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        """Two suppliers are created; one that both sides know is renamed; buyers order and change orders, and the stock is counted."""
        names = {str(row["Supplier"]): str(row["SupplierName"]) for row in _of(ask, _SUPPLIERS)}
        new = [
            Act("two suppliers are created", "masters", {"suppliers": len(names) + 2}),
            Act("buyers order and change orders, the stock is counted", "day", {"orders": 6, "order_changes": 3, "adjustments": 4}),
        ]
        known = sorted(key for key in links.get("vendor", {}) if key in names)
        if not known:
            return new
        renamed = f"{names[known[0]][:40]} and Sons"
        item = {"Key": {"Supplier": known[0]}, "SupplierName": renamed}
        entered = {"object": "APSSSP", "action": "update", "item": item}
        return [*new, Act(f"supplier {known[0]} is renamed to {renamed}", "enter", entered)]

    def faults(self) -> Sequence[Act]:
        """An outage, dropped sessions, and answers that are lost, truncated, late, or not from SYSPRO at all."""
        post = {"method": "GET", "path": "/SYSPROWCFService/Rest/Transaction/Post"}
        return (
            planned("an outage of the ERP (60 requests answered 503)", {"kind": "refuse", "status": 503, "count": 60}),
            Act("every session is dropped", "sessions/drop", {}),
            planned(
                "lost, halved and late answers to writes",
                {"kind": "lost_answer", "count": 4, "skip": 3, **post},
                {"kind": "half_answer", "count": 3, "bytes": 40, "skip": 9, **post},
                {"kind": "html_after", "count": 2, "skip": 13, **post},
                {"kind": "late_commit", "count": 2, "seconds": 2, "skip": 16, **post},
            ),
        )


def _of(ask: Ask, kind: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = ask(f"documents?kind={kind}")["documents"]
    return found


def _vendor_of(_: IssuedLine) -> str:
    return CLEARING


def _supplier(row: Mapping[str, Any]) -> Issued:
    facts = {NAME: str(row["SupplierName"]), ACTIVE: NO if row["OnHold"] == "Y" else YES}
    return Issued(row["Supplier"], row["Supplier"], _ZERO, facts=facts)


def _worth(number: str, ask: Ask) -> Decimal:
    own = [row for row in _of(ask, _LINES) if row["PurchaseOrder"] == number]
    stocked = sum((Decimal(row["MOrderQty"]) * Decimal(row["MPrice"]) for row in own if row["LineType"] == "1"), Decimal(0))
    charges = sum((Decimal(row["NMscChargeValue"] or "0") for row in own if row["LineType"] != "1"), Decimal(0))
    return (stocked + charges).quantize(Decimal("0.01"))


def _ordered(row: Mapping[str, Any], ask: Ask) -> Issued:
    number = str(row["PurchaseOrder"])
    return Issued(number, number, _worth(number, ask), is_void=row["OrderStatus"] == "*")


def _order(row: Mapping[str, Any], ask: Ask) -> BookedDocument:
    number = str(row["PurchaseOrder"])
    ref = order_ref_in(str(row["CustomerPoNumber"]))
    return BookedDocument("purchase_order", number, ref, _worth(number, ask), row["OrderEntryDate"], True, None)


def _moved(rows: Sequence[Mapping[str, Any]]) -> list[BookedDocument]:
    """The movements of each reference as one document. Movements that people entered have no ref of ours."""
    by_ref: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_ref.setdefault(str(row["Reference"]) or f"{row['Journal']}/{row['JournalEntry']}", []).append(row)
    made = []
    for ref, own in by_ref.items():
        value = sum((Decimal(row["TrnValue"]) for row in own), Decimal(0))
        made.append(BookedDocument("goods", str(own[0]["Journal"]), ref_in(ref), value, own[0]["EntryDate"], True, None))
    return made


DEMO = SysproDemo()
