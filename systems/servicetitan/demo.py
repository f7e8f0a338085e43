"""What the demo needs to know about ServiceTitan's simulator: sign-in, and the simulator's own record of everything it holds."""

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
    Trial,
    TrialEvents,
    whole,
)
from systems.flow import Flow
from systems.servicetitan.order_marks import origin_of

_UNIT = 901
_HELD = {
    "invoice": "invoices",
    "payment": "payments",
    "bill": "bills",
    "vendor_credit": "vendor_credits",
    "credit_memo": "credit_memos",
    "bank_deposit": "deposits",
    "ap_payment": "vendor_payments",
    "return": "returns",
    "inventory_adjustment": "adjustments",
    "purchase_order": "orders",
    "receipt": "receipts",
    "customer": "customers",
    "vendor": "vendors",
}
"""Our entities, with the simulator's name for each."""
_MASTERS = ("customer", "vendor")
_SETTLED = {"payment": ("invoices",), "credit_memo": ("invoices",), "vendor_credit": ("bills",), "ap_payment": ("bills",)}
"""The kinds of documents that the documents of an entity settle."""
_REF = "mlConnectorRef"
_ORDERS = {
    "type_id": "2001",
    "self_receiving_types": ["2002"],
    "business_unit_id": "901",
    "substitute_sku_id": "12001",
    "equal_lines": "by_position",
}
"""How orders are written for an ERP that sends orders here."""
_FIRST_TENANT = 1_234_567_890


class ServiceTitanDemo:
    """See `systems.demo.Demo`."""

    @property
    def connection(self) -> str:
        """Empty: a connection is named after its ERP's contractor."""
        return ""

    @property
    def label(self) -> str:
        """See `connection`."""
        return ""

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        """60 calls in a scaled second, because the simulator counts real seconds. Each tenant has its own id."""
        return {"calls_per_second": f"{max(60, round(60 * scale))}", "tenant_id": str(_FIRST_TENANT + number)}

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets for that simulator."""
        own: dict[str, Any] = {"environment": "test", "tenant_id": str(ready["tenant_id"]), "api_url": url, "auth_url": url}
        own["poll_s"] = 120
        own["external_data_application_guid"] = str(ready["external_data_application_guid"])
        own["orders"] = dict(_ORDERS)
        quota = {
            "group": "servicetitan-demo",
            "calls": 60,
            "per_s": 1,
            "at_once": 16,
            "poller": 0.6,
            "sink": 0.2,
            "check": 0.1,
            "kept": 0.1,
        }
        return own, quota, {name: str(ready[name]) for name in ("client_id", "client_secret", "app_key")}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """No tables: they belong to the ERP."""
        return {}

    def paths(self) -> tuple[str, ...]:
        """The path of every kind of object that is asked for."""
        return (BALANCES, *(f"holdings?entity={kind}" for kind in _HELD.values()))

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """Every object of one of our entities, including inactive and cancelled ones."""
        if entity not in _HELD:
            return []
        rows = ask(f"holdings?entity={_HELD[entity]}")
        found = rows["holdings"] if isinstance(rows, Mapping) else rows
        gone = {
            row["id"] for kind in _SETTLED.get(entity, ()) for row in ask(f"holdings?entity={kind}")["holdings"] if _is_void(row)
        }
        return [_issued(entity, row, gone) for row in found]

    def read(self, flow: str, ask: Ask) -> set[str]:
        """Nothing: no flow only reads from here."""
        return set()

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        """Nothing: the ERP declares the flows."""
        return whole(flow.purpose, one)

    def booked(self, ask: Ask) -> list[BookedDocument]:
        """Vendors, by our ref if we created them, and purchase orders that carry our ref."""
        rows = ask("holdings?entity=vendors")["holdings"]
        vendors = [
            BookedDocument("vendor", str(row["id"]), row["external"].get(_REF, ""), Decimal("0.00"), "", True, None, _facts(row))
            for row in rows
        ]
        return vendors + [_order(row) for row in ask("holdings?entity=orders")["holdings"] if row["memo"] or row["document_number"]]

    def balances(self, ask: Ask) -> Balances:
        """From documents that are posted and those that are not yet posted."""
        told = ask(BALANCES)
        return Balances(*({str(row["id"]): _open(row) for row in told[kind]} for kind in ("customers", "vendors")))

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """No settings: the ERP declares the flows."""
        return {}

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        """The simulator plays the day of jobs by itself. These acts change the name and the memo of a vendor that both sides know."""
        known = sorted(links.get("vendor", {}).items(), key=lambda pair: pair[1])
        if not known:
            return ()
        edit = {"do": "change_vendor", "vendor": int(known[0][0]), "name": "Known here by another name", "memo": "Ask for Dana"}
        return (Act(f"vendor {known[0][0]} is renamed and gets a memo", "events", {"events": [edit]}),)

    def events_of(self, trial: Trial, ask: Ask) -> TrialEvents:
        """See `systems.demo.Trying`: a job done and posted, a payment by check, a new customer."""
        if trial.kind == "customer":
            made = {"do": "create_customer", "name": trial.name or "Quinn Alder", "street": "12 Trial Lane", "city": "Austin"}
            return TrialEvents([made], "customer", 0, "customer", f"customer {made['name']}")
        return _payment(trial, ask) if trial.kind == "payment" else _invoice(trial, ask)

    def faults(self) -> Sequence[Act]:
        """No planned faults: the simulator drops, repeats and reorders its webhooks all day."""
        return ()


def _held(ask: Ask, entity: str) -> list[Mapping[str, Any]]:
    return [row for row in ask(f"holdings?entity={entity}")["holdings"] if row["active"]]


def _invoice(trial: Trial, ask: Ask) -> TrialEvents:
    placed = {row["customer_id"] for row in _held(ask, "locations")}
    found = [row for row in _held(ask, "customers") if row["id"] in placed and trial.name.lower() in row["name"].lower()]
    if not found:
        raise ValueError(f"there is no customer {trial.name!r} with a location: make one with `try customer --name ...`")
    item = {"sku": "SVC-DIAG", "quantity": 1, "taxable": False, **({} if trial.amount is None else {"price": f"{trial.amount:f}"})}
    events = [
        {"do": "book_job", "customer": found[-1]["id"], "business_unit": _UNIT, "as": "j"},
        {"do": "add_items", "invoice": "@j.invoice", "items": [item]},
        {"do": "complete_job", "job": "@j.job"},
        {"do": "post", "invoices": ["@j.invoice"]},
    ]
    return TrialEvents(events, "invoice", 0, "invoice", f"invoice {{number}} for {found[-1]['name']}")


def _payment(trial: Trial, ask: Ask) -> TrialEvents:
    paid = {one["document_id"] for row in _held(ask, "payments") for one in row["applications"]}
    posted = [row for row in _held(ask, "invoices") if row["status"] == "Posted" and Decimal(row["amount"]) > 0]
    found = [row for row in posted if (row["number"] == trial.of if trial.of else row["id"] not in paid)]
    if not found:
        raise ValueError(f"there is no posted invoice {trial.of or 'without a payment'}: make one with `try invoice`")
    split = {"invoice": found[-1]["id"], **({} if trial.amount is None else {"amount": f"{trial.amount:f}"})}
    pay = {"do": "pay", "customer": found[-1]["customer_id"], "type": "Check", "check": "1001", "invoices": [split], "as": "p"}
    events = [pay, {"do": "post_payments", "payments": ["@p"]}]
    return TrialEvents(events, "payment", 0, "payment", f"payment {{number}} of invoice {found[-1]['number']}")


def _facts(row: Mapping[str, Any]) -> dict[str, str]:
    return {NAME: str(row["name"]), ACTIVE: YES if row["active"] else NO}


def _order(row: Mapping[str, Any]) -> BookedDocument:
    told = {"summary": row["memo"], "vendorDocumentNumber": row["document_number"]}
    amount, is_done = Decimal(str(row["amount"])), not row["canceled"]
    return BookedDocument("purchase_order", str(row["id"]), origin_of(told), amount, row["date"], is_done, None)


def _open(row: Mapping[str, Any]) -> Decimal:
    return Decimal(str(row["balance"])) + Decimal(str(row["pending"]))


def _is_void(row: Mapping[str, Any]) -> bool:
    return not row.get("active", True) or bool(row.get("canceled"))


def _issued(entity: str, row: Mapping[str, Any], gone: set[Any]) -> Issued:
    applications = row.get("applications") or ()
    settled = {str(one["id"]): Decimal(str(one["amount"])) for one in applications}
    of_void = frozenset(str(one["id"]) for one in applications if one["document_id"] in gone)
    shown = {"invoice": _line, "return": _goods, "receipt": _goods, "inventory_adjustment": _goods}.get(entity)
    lines = tuple(map(shown, row["lines"])) if shown is not None else ()
    amount = Decimal(str(row.get("amount") or "0.00"))
    is_void = entity not in _MASTERS and _is_void(row)
    number, order = str(row.get("number") or ""), str(row.get("purchase_order_id") or "")
    facts = {KIND: str(row["type"])} if "type" in row else _facts(row)
    return Issued(str(row["id"]), number, amount, settled, facts, lines, is_void, of_void, order)


def _goods(row: Mapping[str, Any]) -> IssuedLine:
    amount = (Decimal(str(row["quantity"])) * Decimal(str(row["cost"]))).quantize(Decimal("0.01"))
    return IssuedLine(str(row["sku"]), amount, amount, id=str(row["id"]))


def _line(row: Mapping[str, Any]) -> IssuedLine:
    amount, cost = (Decimal(str(row[name])) for name in ("amount", "cost"))
    return IssuedLine(str(row["sku"]), amount, cost, str(row["business_unit"]), bool(row["inventory"]))


DEMO = ServiceTitanDemo()
