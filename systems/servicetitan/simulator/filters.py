"""Which rows a list shows: the documented filters of each resource. What is not documented is ignored silently, as the vendor does.

Source: OpenAPI (names of the query options and their kinds); that unknown options are ignored was observed by lpeluso-dotcom/
mcp-servicetitan. Dates: `...OnOrAfter` and `From` are inclusive, `...Before` exclusive.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from multidict import MultiMapping

from systems.servicetitan.simulator.answers import invalid
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import parsed

Query = MultiMapping[str]
Keep = Callable[[Row], bool]
MAX_IDS = 50

# option -> (how it is compared, path of members in the row)
_COMMON = {
    "createdOnOrAfter": ("from", "createdOn"),
    "createdBefore": ("before", "createdOn"),
    "modifiedOnOrAfter": ("from", "modifiedOn"),
    "modifiedBefore": ("before", "modifiedOn"),
}
_ADDRESS = {name: ("same", f"address.{name}") for name in ("street", "unit", "city", "state", "zip", "country")}
_BATCH = {"batchId": ("id", "batch.id"), "batchNumber": ("same", "batch.number")}
_BILLS = _BATCH | {
    "billNumber": ("same", "referenceNumber"),
    "businessUnitIds": ("ids", "businessUnit.id"),
    "dateFrom": ("from", "billDate"),
    "dateTo": ("until", "billDate"),
    "jobNumber": ("same", "jobNumber"),
    "purchaseOrderNumber": ("same", "_purchaseOrderNumber"),
    "syncStatuses": ("words", "syncStatus"),
    "statuses": ("words", "status"),
    "sources": ("words", "source"),
    "minCost": ("least", "billAmount"),
    "maxCost": ("most", "billAmount"),
}
_OF = {
    "customers": _ADDRESS | {"name": ("part", "name"), "phone": ("part", "_phone")},
    "locations": _ADDRESS | {"name": ("part", "name"), "customerId": ("id", "customerId")},
    "jobs": {
        "number": ("same", "jobNumber"),
        "jobStatus": ("spaceless", "jobStatus"),
        "customerId": ("id", "customerId"),
        "locationId": ("id", "locationId"),
        "jobTypeId": ("id", "jobTypeId"),
        "businessUnitId": ("id", "businessUnitId"),
        "invoiceId": ("id", "invoiceId"),
        "priority": ("same", "priority"),
        "completedOnOrAfter": ("from", "completedOn"),
        "completedBefore": ("before", "completedOn"),
    },
    "job-types": {"name": ("part", "name"), "priority": ("same", "priority")},
    "invoices": _BATCH
    | {
        "statuses": ("words", "syncStatus"),
        "jobId": ("id", "job.id"),
        "jobNumber": ("same", "job.number"),
        "businessUnitId": ("id", "businessUnit.id"),
        "customerId": ("id", "customer.id"),
        "invoicedOnOrAfter": ("from", "invoiceDate"),
        "invoicedOnBefore": ("before", "invoiceDate"),
        "adjustmentToId": ("id", "adjustmentToId"),
        "number": ("same", "referenceNumber"),
        "totalGreater": ("above", "total"),
        "totalLess": ("below", "total"),
        "dueDateOnOrAfter": ("from", "dueDate"),
        "dueDateBefore": ("before", "dueDate"),
        "reviewStatuses": ("words", "reviewStatus"),
        "invoiceConfigurations": ("words", "invoiceConfiguration"),
    },
    "payments": _BATCH
    | {
        "statuses": ("words", "syncStatus"),
        "appliedToInvoiceIds": ("applied", "appliedTo"),
        "businessUnitIds": ("ids", "businessUnit.id"),
        "customerId": ("id", "customer.id"),
        "paidOnAfter": ("from", "date"),
        "paidOnBefore": ("before", "date"),
        "totalGreater": ("above", "total"),
        "totalLess": ("below", "total"),
    },
    "gl-accounts": {
        "names": ("words", "name"),
        "numbers": ("words", "number"),
        "types": ("words", "type"),
        "subtypes": ("words", "subtype"),
        "source": ("same", "source"),
    },
    "ap-bills": _BILLS,
    "ap-credits": {"syncStatuses": ("words", "syncStatus")},
    "ap-payments": {"syncStatuses": ("words", "syncStatus")},
    "credit-memos": _BATCH
    | {
        "businessUnitIds": ("ids", "businessUnit.id"),
        "appliedToInvoiceIds": ("applied", "appliedTo"),
        "dateOnOrAfter": ("from", "date"),
        "dateBefore": ("before", "date"),
    },
    "purchase-orders": {
        "status": ("same", "status"),
        "number": ("same", "number"),
        "jobId": ("id", "jobId"),
        "jobIds": ("ids", "jobId"),
        "dateOnOrAfter": ("from", "date"),
        "dateBefore": ("before", "date"),
        "sentOnOrAfter": ("from", "sentOn"),
        "sentBefore": ("before", "sentOn"),
    },
    "receipts": {
        "number": ("same", "number"),
        "vendorInvoiceNumber": ("same", "vendorInvoiceNumber"),
        "billId": ("id", "billId"),
        "vendorIds": ("ids", "vendorId"),
        "businessUnitIds": ("ids", "businessUnitId"),
        "purchaseOrderIds": ("ids", "purchaseOrderId"),
        "syncStatuses": ("words", "syncStatus"),
        "receivedOnOrAfter": ("from", "receivedOn"),
        "receivedBefore": ("before", "receivedOn"),
    },
    "business-units": {"name": ("part", "name")},
    "technicians": {"name": ("part", "name")},
}


def keeps(kind: str, query: Query) -> list[Keep]:
    """The conditions that a query puts on rows of a kind. Raises 400 where a value cannot be read."""
    known = _COMMON | _OF.get(kind, {})
    found = [_condition(how, path, name, query) for name, (how, path) in known.items() if query.get(name)]
    if query.get("excludeAccountingChangesFromModifiedDateRange", "").lower() == "true":
        marks = {"modifiedOnOrAfter": "from", "modifiedBefore": "before"}
        found += [_condition(how, "_masterModifiedOn", name, query) for name, how in marks.items() if query.get(name)]
    if query.get("balanceFilter.Comparer") and kind == "invoices":
        found.append(_balance(query))
    return found


def ids_of(query: Query) -> list[int] | None:
    """Ids asked for, comma-separated or repeated; None where the query names none. Raises 400 above 50."""
    texts = [text for value in query.getall("ids", []) for text in value.split(",") if text.strip()]
    if not texts:
        return None
    if len(texts) > MAX_IDS:
        raise invalid("ids", f"The number of ids must not exceed {MAX_IDS}.")
    return [_number(text, "ids") for text in texts]


def _condition(how: str, path: str, name: str, query: Query) -> Keep:
    text = query[name]
    if how in ("from", "before", "until"):
        return _dated(how, path, _instant(text, name))
    if how in ("above", "below", "least", "most"):
        return _sized(how, path, _decimal(text, name))
    words = {word.strip().lower() for value in query.getall(name) for word in value.split(",")}
    return _worded(how, path, text.strip().lower(), words)


def _dated(how: str, path: str, bound: datetime) -> Keep:
    def keep(row: Row) -> bool:
        value = at(row, path)
        if not value:
            return False
        moment = parsed(value)
        return moment >= bound if how == "from" else moment < bound if how == "before" else moment <= bound

    return keep


def _sized(how: str, path: str, bound: Decimal) -> Keep:
    def keep(row: Row) -> bool:
        value = Decimal(str(at(row, path) or "0"))
        return {"above": value > bound, "below": value < bound, "least": value >= bound, "most": value <= bound}[how]

    return keep


def _worded(how: str, path: str, text: str, words: set[str]) -> Keep:
    if how == "applied":
        return lambda row: any(str(split["appliedTo"]) in words for split in at(row, path) or [])
    if how == "part":
        return lambda row: text in str(at(row, path) or "").lower()
    if how == "spaceless":
        return lambda row: str(at(row, path) or "").replace(" ", "").lower() == text.replace(" ", "")
    if how in ("words", "ids"):
        return lambda row: str(at(row, path)).lower() in words
    return lambda row: str(at(row, path) if at(row, path) is not None else "").lower() == text


def _balance(query: Query) -> Keep:
    bound = _decimal(query.get("balanceFilter.Balance", "0"), "balanceFilter.Balance")
    comparer = query["balanceFilter.Comparer"]

    def keep(row: Row) -> bool:
        value = Decimal(row["balance"] or "0")
        return {"Equals": value == bound, "NotEquals": value != bound, "Greater": value > bound, "Less": value < bound}[comparer]

    if comparer not in ("Equals", "NotEquals", "Greater", "Less"):
        raise invalid("balanceFilter.Comparer", f"The value '{comparer}' is not valid.")
    return keep


def at(row: Row, path: str) -> Any:
    """What stands at a dotted path of a row; None where there is nothing."""
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _instant(text: str, name: str) -> datetime:
    try:
        return parsed(text)
    except ValueError as error:
        raise invalid(name, f"The value '{text}' is not valid.") from error


def _decimal(text: str, name: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise invalid(name, f"The value '{text}' is not valid.") from error


def _number(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise invalid(name, f"The value '{text}' is not valid.") from error
