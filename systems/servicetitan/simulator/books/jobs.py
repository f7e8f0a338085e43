"""Jobs: booked, completed, canceled. Booking makes the job's invoice, at $0 and without items.

Source: developer documentation FAQ ("a job invoice is created when the job is booked"); OpenAPI JPM V2. The status in answers is a
free string; third parties report `In Progress` with a space, so the simulator writes it that way.
"""

from __future__ import annotations

from typing import Any

from systems.servicetitan.simulator.books.invoices import new_invoice
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, instant

Event = dict[str, Any]


def book_job(tenant: Tenant, event: Event) -> Row:
    """`{location or customer, business_unit, job_type?, date?, term?, summary?}` -> job, invoice, number."""
    location = _location(tenant, event)
    with tenant.changing():
        invoice = new_invoice(tenant, location, event)
        number = invoice["referenceNumber"]
        job = tenant.new("jobs", _job(tenant, location, event) | {"jobNumber": number, "invoiceId": invoice["id"]})
        invoice["job"] = {"id": job["id"], "number": number, "type": "Service Call"}
        tenant.save("jobs", job, "create")
        tenant.save("invoices", invoice, "create")
    return {"job": job["id"], "invoice": invoice["id"], "number": number}


def start_job(tenant: Tenant, event: Event) -> Row:
    """`{job}`: a technician has started work."""
    return _move(tenant, event, {"jobStatus": "In Progress"}, "update")


def complete_job(tenant: Tenant, event: Event) -> Row:
    """`{job}`: done; the job shows its invoice's subtotal."""
    job = tenant.get("jobs", int(event["job"]))
    invoice = tenant.get("invoices", job["invoiceId"])
    done = {"jobStatus": "Completed", "completedOn": instant(tenant.clock.now()), "total": invoice["subTotal"]}
    return _move(tenant, event, done, "complete")


def cancel_job(tenant: Tenant, event: Event) -> Row:
    """`{job}`: canceled; its invoice is removed."""
    job = tenant.get("jobs", int(event["job"]))
    invoice = tenant.get("invoices", job["invoiceId"])
    if invoice["syncStatus"] != "Pending":
        raise ValueError(f"invoice {invoice['id']} of job {job['id']} is {invoice['syncStatus']}; void or adjust it")
    with tenant.changing():
        tenant.save("invoices", invoice | {"active": False}, "void")
        return _move(tenant, event, {"jobStatus": "Canceled", "completedOn": instant(tenant.clock.now())}, "cancel")


def _move(tenant: Tenant, event: Event, change: Row, operation: str) -> Row:
    job = tenant.get("jobs", int(event["job"]))
    return {"job": tenant.save("jobs", job | change, operation)["id"]}


def _location(tenant: Tenant, event: Event) -> Row:
    if event.get("location"):
        return tenant.get("locations", int(event["location"]))
    customer = tenant.get("customers", int(event["customer"]))
    for row in tenant.rows("locations"):
        if row["customerId"] == customer["id"]:
            return row
    raise ValueError(f"customer {customer['id']} has no location")


def _job(tenant: Tenant, location: Row, event: Event) -> Row:
    appointment = tenant.next_id("appointment", 3_035_000_001)
    return {
        "customerId": location["customerId"],
        "locationId": location["id"],
        "jobStatus": "Scheduled",
        "businessUnitId": int(event["business_unit"]),
        "jobTypeId": int(event.get("job_type", 41)),
        "priority": "Normal",
        "campaignId": 1001,
        "appointmentCount": 1,
        "firstAppointmentId": appointment,
        "lastAppointmentId": appointment,
        "createdById": 6001,
        "total": "0.00",
        "summary": str(event.get("summary", "")),
        "_externalData": [],
    }
