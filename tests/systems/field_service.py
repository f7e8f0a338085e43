"""Canonical records of the field-service side and a crosswalk in memory, as the tests of every ERP's mapping take them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from runtime.json import canonical_bytes
from schemas.records import CommandEnvelope
from systems.mapped import Draft, NoCommand, Plan
from topology.crosswalk import Row, Tables
from topology.rules.identity import ref_of

DAY = date(2026, 3, 10)


def crosswalk(tables: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Tables:
    """A crosswalk whose rows are in force on every day."""
    return Tables({table: {key: (Row(values, None),) for key, values in rows.items()} for table, rows in tables.items()})


def plan(settings: Any, tables: Mapping[str, Mapping[str, Mapping[str, str]]], /, **changes: Any) -> Plan:
    """A connection's choices with an ERP's own settings and its crosswalk; no master is created, and no flow is named."""
    made = Plan(
        connection="acme",
        time_zone="America/Chicago",
        currency="USD",
        tax_mode="source",
        customer_policy="one_to_one",
        create_missing=frozenset(),
        settings=settings,
        crosswalk=crosswalk(tables),
        flows={},
    )
    return replace(made, **changes)


def envelope(entity: str, source_id: str, **more: Any) -> dict[str, Any]:
    """A canonical envelope."""
    return {
        "connection": "acme",
        "system": "servicetitan",
        "entity": entity,
        "source_id": source_id,
        "source_version": "2026-03-10T12:00:00.0000000Z",
        "content_hash": "c" * 64,
        "fingerprint": "f" * 64,
        "origin_ref": None,
        "number": f"N{source_id}",
        "status": "Posted",
        "active": True,
        "created_on": None,
        "raw_topic": "raw.servicetitan",
        "raw_partition": 0,
        "raw_offset": 0,
        **more,
    }


def invoice_line(amount: str, line_id: str = "1", **more: Any) -> dict[str, Any]:
    """A line of an invoice."""
    made = {
        "line_id": line_id,
        "kind": "Service",
        "sku_id": "11",
        "sku_code": "SVC-1",
        "description": "Replace valve",
        "quantity": Decimal(1),
        "unit_price": Decimal(amount),
        "unit_cost": None,
        "amount": Decimal(amount),
        "cost": None,
        "taxable": True,
        "business_unit_id": "",
        "business_unit_name": "",
        "gl_account": "",
        "gl_account_type": "",
        "membership_type_id": "",
        "service_date": None,
        "from_inventory": False,
        "order_vendor_id": "",
    }
    return made | more


def invoice(lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A canonical invoice; its totals follow from its lines unless given."""
    lines = [invoice_line("100.00")] if lines is None else lines
    subtotal = sum((one["amount"] for one in lines), Decimal(0))
    tax = more.get("tax", Decimal("8.25"))
    made = envelope("invoice", "101") | {
        "configuration": "JobInvoice",
        "invoice_date": DAY,
        "due_date": date(2026, 4, 9),
        "subtotal": subtotal,
        "tax": tax,
        "total": subtotal + tax,
        "balance": subtotal + tax,
        "currency": "USD",
        "customer_id": "500",
        "customer_name": "Ana Lopez",
        "location_id": "600",
        "location_name": "12 Elm St",
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "job_id": "700",
        "job_number": "700",
        "project_id": "",
        "term_name": "Net 30",
        "tax_zone_id": "77",
        "tax_code": "Dallas",
        "adjustment_to_id": "",
        "import_id": "",
        "exported_id": "",
        "review_status": "",
        "sent_status": "",
        "summary": "",
        "membership_id": "",
        "lines": lines,
    }
    return made | more


def application(document_id: str, amount: str, application_id: str = "1", applied_on: date | None = DAY) -> dict[str, Any]:
    """An application of a payment."""
    return {
        "application_id": application_id,
        "document_id": document_id,
        "document_number": f"N{document_id}",
        "amount": Decimal(amount),
        "applied_on": applied_on,
    }


def payment(total: str = "108.25", applications: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A canonical payment."""
    made = envelope("payment", "201") | {
        "paid_on": DAY,
        "type_id": "3",
        "type_name": "Check",
        "total": Decimal(total),
        "unapplied": Decimal(0),
        "currency": "USD",
        "customer_id": "500",
        "customer_name": "Ana Lopez",
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "memo": "",
        "check_number": "5501",
        "auth_code": "",
        "refunded_payment_id": "",
        "applications": [application("101", total)] if applications is None else applications,
    }
    return made | more


def credit_memo(lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A canonical credit memo, whose amounts are positive; its total follows from its lines and tax unless given."""
    lines = [invoice_line("100.00")] if lines is None else lines
    subtotal = sum((one["amount"] for one in lines), Decimal(0)) or Decimal("50.00")
    tax = Decimal("8.25") if lines else Decimal(0)
    made = envelope("credit_memo", "501") | {
        "memo_date": DAY,
        "total": subtotal + tax,
        "unapplied": Decimal(0),
        "currency": "USD",
        "customer_id": "500",
        "customer_name": "Ana Lopez",
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "memo": "Goodwill",
        "subtotal": subtotal,
        "tax": tax,
        "tax_zone_id": "77",
        "tax_code": "Dallas",
        "location_name": "12 Elm St",
        "lines": lines,
        "applications": [application("101", "40.00", "9")],
    }
    return made | more


def bill_line(amount: str, line_id: str = "1", **more: Any) -> dict[str, Any]:
    """A line of a bill."""
    made = {
        "line_id": line_id,
        "kind": "item",
        "sku_type": "Material",
        "sku_code": "PIPE",
        "description": "Copper pipe",
        "quantity": Decimal(4),
        "unit_cost": Decimal(amount) / 4,
        "amount": Decimal(amount),
        "gl_account": "",
        "business_unit_id": "",
        "business_unit_name": "",
        "inventory_location": "",
    }
    return made | more


def bill(lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A canonical bill; its total follows unless given."""
    lines = [bill_line("80.00")] if lines is None else lines
    charges = {name: more.get(name, Decimal(0)) for name in ("tax", "shipping", "other")}
    subtotal = sum((one["amount"] for one in lines), Decimal(0))
    made = (
        envelope("bill", "301")
        | charges
        | {
            "vendor_number": "FER-9001",
            "bill_date": DAY,
            "due_date": None,
            "subtotal": subtotal,
            "total": subtotal + sum(charges.values()),
            "currency": "USD",
            "vendor_id": "800",
            "vendor_name": "Ferguson",
            "business_unit_id": "1",
            "business_unit_name": "Plumbing - Service",
            "purchase_order_id": "55",
            "job_id": "700",
            "job_number": "700",
            "term_name": "",
            "kind": "Procurement",
            "reconciliation": "Reconciled",
            "do_not_pay": False,
            "canceled_on": None,
            "summary": "",
            "lines": lines,
        }
    )
    return made | more


def credit(lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A canonical vendor credit."""
    lines = [bill_line("20.00")] if lines is None else lines
    made = envelope("vendor_credit", "401") | {
        "vendor_number": "FER-CR-1",
        "credit_date": DAY,
        "subtotal": sum((one["amount"] for one in lines), Decimal(0)),
        "tax": Decimal(0),
        "shipping": Decimal(0),
        "total": sum((one["amount"] for one in lines), Decimal(0)),
        "currency": "USD",
        "vendor_id": "800",
        "vendor_name": "Ferguson",
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "return_id": "9",
        "memo": "",
        "canceled_on": None,
        "lines": lines,
        "applications": [application("301", "20.00")],
    }
    return made | more


def customer(**more: Any) -> dict[str, Any]:
    """A canonical customer."""
    made = envelope("customer", "500") | {
        "street": "12 Elm St",
        "unit": "",
        "city": "Dallas",
        "state": "TX",
        "zip": "75201",
        "country": "USA",
        "phone": "214-555-0100",
        "email": "ana@example.com",
        "name": "Ana O'Brien",
        "kind": "Residential",
        "code": "",
        "tax_exempt": False,
        "tax_id": "",
        "payment_term_id": "",
        "merged_to_id": "",
        "external_ref": "",
    }
    return made | more


def vendor(**more: Any) -> dict[str, Any]:
    """A canonical vendor."""
    made = {name: value for name, value in customer().items() if name not in ("tax_exempt", "merged_to_id")}
    made |= envelope("vendor", "800") | {"name": "Ferguson", "legal_name": "", "kind": "", "memo": ""}
    return made | more


def command(draft: Draft, record: Mapping[str, Any], system: str) -> CommandEnvelope:
    """The command of a draft for a system, with an identity like the hop's."""
    source_id = record["source_id"]
    key = f"books|{draft.purpose}|{record['entity']}:{source_id}|{draft.part}|{draft.action}"
    made: dict[str, Any] = {
        **draft.body,
        "connection": "acme",
        "system": system,
        "op_key": key,
        "ref": ref_of(key),
        "purpose": draft.purpose,
        "action": draft.action,
        "source_system": "servicetitan",
        "source_entity": record["entity"],
        "source_id": source_id,
        "source_version": "",
        "source_number": record["number"],
        "part": draft.part,
        "parts": None,
        "source_hash": "",
        "payload_hash": "",
        "posting_date": draft.posting_date,
        "amount": draft.amount,
        "currency": draft.currency,
        "parents": list(draft.parents),
        "unresolved": list(draft.unresolved),
        "defaulted": list(draft.defaulted),
        "hold": draft.hold,
        "hold_detail": draft.hold_detail,
        "config_version": "",
        "crosswalk_version": "",
        "canonical_topic": "",
        "canonical_partition": 0,
        "canonical_offset": 0,
        "canonical": None,
    }
    return cast("CommandEnvelope", made)


def shown(value: Any) -> Any:
    """A value as JSON shows it: decimals as shortest text, dates as ISO text."""
    return json.loads(canonical_bytes(value))


def drafted(one: Draft | NoCommand) -> dict[str, Any]:
    """A draft or decision as an example file tells it."""
    told: dict[str, Any] = shown(vars(one))
    return {name: value for name, value in told.items() if value not in ("", [], None) and value is not False}


_MONEY = frozenset(
    [
        "subtotal",
        "tax",
        "total",
        "balance",
        "amount",
        "quantity",
        "unit_price",
        "unit_cost",
        "unapplied",
        "shipping",
        "other",
        "cost",
    ]
)


def typed(name: str, value: Any) -> Any:
    """A value of an example's JSON with dates, instants and decimals again."""
    if isinstance(value, dict):
        return {key: typed(key, one) for key, one in value.items()}
    if isinstance(value, list):
        return [typed(name, one) for one in value]
    if name in _MONEY and isinstance(value, str):
        return Decimal(value)
    if isinstance(value, str) and name.endswith(("_date", "paid_on", "applied_on")) and value:
        return date.fromisoformat(value)
    if isinstance(value, str) and name in ("canceled_on", "created_on"):
        return datetime.fromisoformat(value)
    return value
