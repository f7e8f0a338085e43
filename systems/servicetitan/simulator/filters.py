"""Which rows a list shows: the documented filters of each resource. Undocumented options are ignored silently, as the vendor does.

Source: OpenAPI (names of the query options and their kinds); that unknown options are ignored was observed by lpeluso-dotcom/
mcp-servicetitan. Dates: `...OnOrAfter` and `From` are inclusive, `...Before` exclusive.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from multidict import MultiMapping

from systems.servicetitan.simulator.answers import invalid
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import parsed

Query = MultiMapping[str]
Keep = Callable[[Row], bool]
MAX_IDS = 50
T = TypeVar("T")


def _options(**kinds: str) -> dict[str, tuple[str, str]]:
    """Query option -> (how it is compared, path of members in the row). An option is its own path if none is named after a colon."""
    pairs = [(how, *word.partition(":")[::2]) for how, words in kinds.items() for word in words.split()]
    return {option: (how, path or option) for how, option, path in pairs}


_COMMON = _options(
    since="createdOnOrAfter:createdOn modifiedOnOrAfter:modifiedOn", before="createdBefore:createdOn modifiedBefore:modifiedOn"
)
_ADDRESS = "street:address.street unit:address.unit city:address.city state:address.state zip:address.zip country:address.country"
_BATCH = _options(id="batchId:batch.id", same="batchNumber:batch.number")
_OF = {
    "customers": _options(same=_ADDRESS, part="name phone:_phone"),
    "locations": _options(same=_ADDRESS, part="name", id="customerId"),
    "jobs": _options(
        same="number:jobNumber priority",
        spaceless="jobStatus",
        id="customerId locationId jobTypeId businessUnitId invoiceId",
        since="completedOnOrAfter:completedOn",
        before="completedBefore:completedOn",
    ),
    "job-types": _options(part="name", same="priority"),
    "invoices": _BATCH
    | _options(
        words="statuses:syncStatus reviewStatuses:reviewStatus invoiceConfigurations:invoiceConfiguration",
        id="jobId:job.id businessUnitId:businessUnit.id customerId:customer.id adjustmentToId",
        same="jobNumber:job.number number:referenceNumber",
        since="invoicedOnOrAfter:invoiceDate dueDateOnOrAfter:dueDate",
        before="invoicedOnBefore:invoiceDate dueDateBefore:dueDate",
        above="totalGreater:total",
        below="totalLess:total",
    ),
    "payments": _BATCH
    | _options(
        words="statuses:syncStatus",
        applied="appliedToInvoiceIds:appliedTo",
        ids="businessUnitIds:businessUnit.id depositIds:deposit.id",
        id="customerId:customer.id",
        since="paidOnAfter:date",
        before="paidOnBefore:date",
        above="totalGreater:total",
        below="totalLess:total",
    ),
    "gl-accounts": _options(words="names:name numbers:number types:type subtypes:subtype", same="source"),
    "ap-bills": _BATCH
    | _options(
        same="billNumber:referenceNumber jobNumber purchaseOrderNumber:_purchaseOrderNumber",
        ids="businessUnitIds:businessUnit.id",
        since="dateFrom:billDate",
        until="dateTo:billDate",
        words="syncStatuses:syncStatus statuses:status sources:source",
        least="minCost:billAmount",
        most="maxCost:billAmount",
    ),
    "ap-credits": _options(words="syncStatuses:syncStatus"),
    "ap-payments": _options(words="syncStatuses:syncStatus"),
    "credit-memos": _BATCH
    | _options(
        ids="businessUnitIds:businessUnit.id",
        applied="appliedToInvoiceIds:appliedTo",
        since="dateOnOrAfter:date",
        before="dateBefore:date",
    ),
    "bank-deposits": _options(
        same="depositStatus syncStatus reviewStatus",
        since="depositDateOnOrAfter:depositDate reviewedOnOrAfter:reviewedOn",
        before="depositDateBefore:depositDate reviewedBefore:reviewedOn",
        above="grossAmountGreater:grossAmount",
        below="grossAmountLess:grossAmount",
    ),
    "returns": _options(
        same="number referenceNumber",
        id="jobId purchaseOrderId batchId",
        ids="vendorIds:vendorId businessUnitIds:businessUnitId inventoryLocationIds:inventoryLocationId",
        words="syncStatuses:syncStatus",
        since="returnDateOnOrAfter:returnDate",
        before="returnDateBefore:returnDate",
    ),
    "adjustments": _options(
        same="number referenceNumber",
        id="batchId",
        ids="businessUnitIds:businessUnitId inventoryLocationIds:inventoryLocationId invoiceIds:invoiceId",
        words="syncStatuses:syncStatus adjustmentTypes:type",
        since="dateOnOrAfter:date",
        before="dateBefore:date",
    ),
    "projects": _options(same="number", id="customerId locationId"),
    "purchase-orders": _options(
        same="status number",
        id="jobId",
        ids="jobIds:jobId",
        since="dateOnOrAfter:date sentOnOrAfter:sentOn",
        before="dateBefore:date sentBefore:sentOn",
    ),
    "receipts": _options(
        same="number vendorInvoiceNumber",
        id="billId",
        ids="vendorIds:vendorId businessUnitIds:businessUnitId purchaseOrderIds:purchaseOrderId",
        words="syncStatuses:syncStatus",
        since="receivedOnOrAfter:receivedOn",
        before="receivedBefore:receivedOn",
    ),
    "business-units": _options(part="name"),
    "technicians": _options(part="name"),
}
_DATED = {"since": operator.ge, "before": operator.lt, "until": operator.le}
_SIZED = {"above": operator.gt, "below": operator.lt, "least": operator.ge, "most": operator.le}
_COMPARERS = {"Equals": operator.eq, "NotEquals": operator.ne, "Greater": operator.gt, "Less": operator.lt}


def keeps(kind: str, query: Query) -> list[Keep]:
    """The conditions that a query puts on rows of a kind. Raises 400 if a value cannot be read."""
    known = _COMMON | _OF.get(kind, {})
    found = [_condition(how, path, name, query) for name, (how, path) in known.items() if query.get(name)]
    if query.get("excludeAccountingChangesFromModifiedDateRange", "").lower() == "true":
        marks = {"modifiedOnOrAfter": "since", "modifiedBefore": "before"}
        found += [_condition(how, "_masterModifiedOn", name, query) for name, how in marks.items() if query.get(name)]
    if query.get("balanceFilter.Comparer") and kind == "invoices":
        found.append(_balance(query))
    return found


def ids_of(query: Query) -> list[int] | None:
    """The requested ids, comma-separated or repeated; None if the query names none. Raises 400 above 50."""
    texts = [text for value in query.getall("ids", []) for text in value.split(",") if text.strip()]
    if not texts:
        return None
    if len(texts) > MAX_IDS:
        raise invalid("ids", f"The number of ids must not exceed {MAX_IDS}.")
    return [_read(int, text, "ids") for text in texts]


def _condition(how: str, path: str, name: str, query: Query) -> Keep:
    text = query[name]
    if how in _DATED:
        day = _read(parsed, text, name)
        return lambda row: bool(value := at(row, path)) and _DATED[how](parsed(value), day)
    if how in _SIZED:
        bound = _read(Decimal, text, name)
        return lambda row: _SIZED[how](Decimal(str(at(row, path) or "0")), bound)
    words = {word.strip().lower() for value in query.getall(name) for word in value.split(",")}
    return _worded(how, path, text.strip().lower(), words)


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
    bound = _read(Decimal, query.get("balanceFilter.Balance", "0"), "balanceFilter.Balance")
    comparer = query["balanceFilter.Comparer"]
    if comparer not in _COMPARERS:
        raise invalid("balanceFilter.Comparer", f"The value '{comparer}' is not valid.")
    return lambda row: bool(_COMPARERS[comparer](Decimal(row["balance"] or "0"), bound))


def at(row: Row, path: str) -> Any:
    """The value at a dotted path of a row; None if there is nothing."""
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _read(reader: Callable[[str], T], text: str, name: str) -> T:
    try:
        return reader(text)
    except (ValueError, InvalidOperation) as error:
        raise invalid(name, f"The value '{text}' is not valid.") from error
