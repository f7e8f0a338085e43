"""Master data, and jobs: what documents refer to.

Source: OpenAPI CRM, JPM, Inventory, Settings and Accounting V2. Phone and e-mail of customers and locations are contacts, a separate resource that no
flow needs; they stay empty. External data is read only of vendors. Rows of export feeds lack it (assumed), so that one state would look like two for
entities that have an export feed.
"""

from __future__ import annotations

from typing import Any

from systems.servicetitan.mapping_shape import Context, Shaped
from systems.values.members import ZERO, Row, currency, flag, identifier, instant, near_money, nested, quantity, rows, text


def customer(row: Row, context: Context) -> Shaped:  # noqa: ARG001 - all shapes have the same signature
    """A customer. A merged customer names the one that survived. Its balance is not kept, so a change of it changes nothing here."""
    body = {
        **_address(nested(row, "address")),
        "name": text(row, "name"),
        "kind": text(row, "type"),
        "tax_exempt": flag(row, "taxExempt", absent=False),
        "payment_term_id": identifier(row, "paymentTermId"),
        "merged_to_id": identifier(row, "mergedToId"),
    }
    return Shaped(body)


def location(row: Row, context: Context) -> Shaped:  # noqa: ARG001 - all shapes have the same signature
    """A service location of a customer."""
    body = {
        **_address(nested(row, "address")),
        "name": text(row, "name"),
        "customer_id": identifier(row, "customerId"),
        "tax_zone_id": identifier(row, "taxZoneId"),
        "tax_exempt": flag(row, "taxExempt", absent=False),
        "merged_to_id": identifier(row, "mergedToId"),
    }
    return Shaped(body)


def vendor(row: Row, context: Context) -> Shaped:
    """A vendor. It has no number; the ERP's code is kept in external data."""
    external, contact = _external(row), nested(row, "contactInfo")
    body = {
        **_address(nested(row, "address")),
        "phone": text(contact, "phone"),
        "email": text(contact, "email"),
        "name": text(row, "name"),
        "code": external.get(context.settings.external_code_key, ""),
        "memo": text(row, "memo"),
        "external_ref": external.get(context.settings.external_code_key, ""),
    }
    return Shaped(body, origin_ref=_origin(external, context))


def job(row: Row, context: Context) -> Shaped:
    """A job. Status is free text; third parties report it with spaces (`In Progress`), which are removed."""
    body: dict[str, Any] = {
        "customer_id": identifier(row, "customerId"),
        "location_id": identifier(row, "locationId"),
        "business_unit_id": identifier(row, "businessUnitId"),
        "invoice_id": identifier(row, "invoiceId"),
        "completed_on": instant(row, "completedOn"),
        "total": near_money(row, "total", context.notes),
        "currency": context.currency,
    }
    names = ("customer_id", "location_id", "business_unit_id", "invoice_id", "completed_on")
    status = text(row, "jobStatus").replace(" ", "")
    return Shaped(body, text(row, "jobNumber"), status, [body[name] for name in names])


def business_unit(row: Row, context: Context) -> Shaped:  # noqa: ARG001 - all shapes have the same signature
    """A business unit, with the account code and division that people keep on it as mapping aids."""
    body = {
        "name": text(row, "name"),
        "account_code": text(row, "accountCode"),
        "division": text(nested(row, "division"), "name"),
        "currency": currency(row, "currency"),
    }
    return Shaped(body)


def tax_zone(row: Row, context: Context) -> Shaped:
    """A tax zone and its rates, as fractions."""
    rates = [
        {
            "name": text(rate, "taxName"),
            "base": text_of(rate.get("taxBaseType")),
            "rate": quantity(rate, "taxRate", context.notes) or ZERO,
        }
        for rate in rows(row, "rates")
    ]
    return Shaped({"name": text(row, "name"), "rates": rates})


def text_of(value: Any) -> str:
    """A tax base: one word, or in some answers a list of words, joined by +."""
    if isinstance(value, list):
        return "+".join(str(item) for item in value)
    return "" if value is None else str(value)


def payment_term(row: Row, context: Context) -> Shaped:  # noqa: ARG001 - all shapes have the same signature
    """A payment term. Invoices and bills refer to it by name only."""
    due_day = row.get("dueDay")
    return Shaped(
        {
            "name": text(row, "name"),
            "due_day_type": text(row, "dueDayType"),
            "due_day": due_day if type(due_day) is int else 0,
        }
    )


def payment_type(row: Row, context: Context) -> Shaped:  # noqa: ARG001 - all shapes have the same signature
    """A payment type: the tenant's own name for it."""
    return Shaped({"name": text(row, "name")})


def _address(row: Row) -> dict[str, str]:
    return {name: text(row, name) for name in ("street", "unit", "city", "state", "zip", "country")}


def _external(row: Row) -> dict[str, str]:
    return {text(item, "key"): text(item, "value") for item in rows(row, "externalData")}


def _origin(external: dict[str, str], context: Context) -> str | None:
    """Our ref, if the vendor carries it because we created it."""
    return external.get(context.settings.external_ref_key) or None
