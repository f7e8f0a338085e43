"""What is billed without a job: memberships, projects with retainage, interest.

Source: OpenAPI Accounting V2 (`invoiceConfiguration`, `membershipId`, `membershipTypeId`, `projectId`, GL accounts of items) and JPM V2
(ProjectResponse). Assumed: a membership's line names a liability account until it is earned; retainage is a line of a negative amount on the
project's invoice that names an asset account, and a positive one on the invoice that asks for it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.invoices import day_of, new_invoice, post_invoices, total
from systems.servicetitan.simulator.books.items import item_of
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, midnight

Event = dict[str, Any]
_MEMBERSHIP_TYPE = 1301


def sell_membership(tenant: Tenant, event: Event) -> Row:
    """`{location, business_unit, price?, date?}` -> invoice, membership: billed in advance."""
    membership = tenant.next_id("membership", 3_046_000_001)
    line = {"sku": "MBR-GOLD", **({"price": event["price"]} if event.get("price") else {})}
    row = _invoice(tenant, event, "MembershipInvoice", [line])
    row["items"] = [item | {"membershipTypeId": _MEMBERSHIP_TYPE} for item in row["items"]]
    row["membershipId"] = membership
    return _posted(tenant, row) | {"membership": membership}


def open_project(tenant: Tenant, event: Event) -> Row:
    """`{location, business_unit, name?, date?}` -> project."""
    location = tenant.get("locations", int(event["location"]))
    row = tenant.new(
        "projects",
        {
            "number": str(tenant.next_id("project-number", 60_001)),
            "name": str(event.get("name", "Installation")),
            "status": "In Progress",
            "customerId": location["customerId"],
            "locationId": location["id"],
            "businessUnitIds": [tenant.unit_of(event)["id"]],
            "startDate": midnight(day_of(tenant, event)),
            "_externalData": [],
        },
    )
    return {"project": tenant.save("projects", row, "create")["id"]}


def bill_project(tenant: Tenant, event: Event) -> Row:
    """`{project, amount, retained? (a share), date?}` -> invoice: progress billing, less what the customer retains."""
    project = tenant.get("projects", int(event["project"]))
    amount = cents(event["amount"])
    held = cents(amount * Decimal(str(event.get("retained", 0))))
    lines = [{"sku": "SVC-INST", "price": str(amount)}]
    if held:
        lines.append({"sku": "RET-HELD", "price": str(-held)})
    return _posted(tenant, _of_project(tenant, event, project, lines))


def release_retainage(tenant: Tenant, event: Event) -> Row:
    """`{project, amount, date?}` -> invoice: bills what was retained."""
    project = tenant.get("projects", int(event["project"]))
    return _posted(tenant, _of_project(tenant, event, project, [{"sku": "RET-HELD", "price": str(cents(event["amount"]))}]))


def charge_interest(tenant: Tenant, event: Event) -> Row:
    """`{location, business_unit, amount, date?}` -> invoice: interest on overdue amounts."""
    return _posted(
        tenant, _invoice(tenant, event, "InterestChargeInvoice", [{"sku": "INT-LATE", "price": str(cents(event["amount"]))}])
    )


def _of_project(tenant: Tenant, event: Event, project: Row, lines: list[Event]) -> Row:
    place = {"location": project["locationId"], "business_unit": project["businessUnitIds"][0]}
    return _invoice(tenant, event | place, "ProjectInvoice", lines) | {"projectId": project["id"]}


def _invoice(tenant: Tenant, event: Event, configuration: str, lines: list[Event]) -> Row:
    row = new_invoice(tenant, tenant.get("locations", int(event["location"])), event | {"configuration": configuration})
    row["items"] = [item_of(tenant, row, line, place) for place, line in enumerate(lines)]
    return total(tenant, row)


def _posted(tenant: Tenant, row: Row) -> Row:
    with tenant.changing():
        made = tenant.save("invoices", row, "create")
        post_invoices(tenant, {"invoices": [made["id"]]})
    return {"invoice": made["id"], "number": made["referenceNumber"]}
