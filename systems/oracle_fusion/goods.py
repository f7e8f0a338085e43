"""Receipts of orders and returns to vendor in Fusion's receiving: the requests, their outcome, and the documents that they refer to.

Facts (REST API for SCM; a mapping guide of Oracle WMS): a request goes into the receiving interface and is processed later, so 201 does not mean
received. `ReturnStatus`, `ProcessingStatusCode` and `processingErrors` of each line show the outcome. A return names the transaction of
`receivingTransactionsHistory` that it takes back, and has one line. The ExternalSystemTransactionReference of a request is our ref. That of each line
is our ref followed by the line's id, by which later returns find the line. Status words are assumed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from runtime.errors import Refused, Transient
from runtime.exchange import Request
from runtime.wire import dumps
from schemas.records import GoodsPosting
from systems.contract import Document, Pair, ResolvedCommand
from systems.oracle_fusion.client import Client, Query
from systems.oracle_fusion.documents import body, fields, numbered
from systems.oracle_fusion.mapping_goods import ORDER_LINE, RECEIPT_LINE
from systems.oracle_fusion.models import SYSTEM, Row, quoted
from systems.parents import parent_id
from systems.postings.lines import rounded
from systems.values.codes import code
from systems.values.members import money_or_zero, required_id, rows, text
from systems.writing.differences import amount_differs, differs
from systems.writing.frame import Attempt

RECEIPTS, RETURNS, HISTORY = "receivingReceiptRequests", "receivingReceiptTransactionRequests", "receivingTransactionsHistory"
ORDERS = "purchaseOrders"
REFERENCE = "ExternalSystemTransactionReference"
RETURN_TYPE = "RETURN TO VENDOR"
_DONE, _FAILED = ("SUCCESS", "COMPLETED"), ("ERROR", "FAILURE", "FAILED")
_NUMBER = 30
CENTS = Decimal("0.05")
"""How much quantity times cost may differ from the amount of a line whose unit was converted."""
Ask = Callable[[Attempt, str, str, Query], Awaitable[list[Row]]]
"""Reads the rows of a resource that meet a condition."""
Read = Callable[[Attempt, Row, str, str], Awaitable[list[Row]]]
"""Reads a child list of a row to its end, including the named child lists of its rows."""


class Goods:
    """How receipts and returns are looked up and sent. `ask` and `read` belong to the session."""

    def __init__(self, client: Client, ask: Ask, read: Read) -> None:
        self._client, self._ask, self._read = client, ask, read

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """The document with our ref, as the interface shows it."""
        is_receipt = attempt.resolved.record == "receipt"
        resource, condition = RECEIPTS if is_receipt else RETURNS, f"{REFERENCE} = {quoted(attempt.ref)}"
        expand = "lines,lines.processingErrors" if is_receipt else "processingErrors"
        found = await self._ask(attempt, resource, condition, [("expand", expand)])
        made = []
        for row in found:
            if text(row, REFERENCE) == attempt.ref:
                made.append(receipt(row, await self._lines(attempt, row), attempt) if is_receipt else returned(row, attempt))
        return made

    async def _lines(self, attempt: Attempt, row: Row) -> list[Row]:
        return await self._read(attempt, row, "lines", "processingErrors")

    async def request(self, attempt: Attempt) -> Request:
        """The request of the first step."""
        if attempt.resolved.record == "receipt":
            made = await self._receipt(attempt)
            return self._client.request("POST", self._client.url(RECEIPTS), dumps(made))
        return self._client.request("POST", self._client.url(RETURNS), dumps(await self._return(attempt)))

    # --- receipts -----------------------------------------------------------------------------------------------------

    async def _receipt(self, attempt: Attempt) -> dict[str, Any]:
        """A request to receive. Its lines are named by number of order, line and schedule, as the order shows them now."""
        command, own = attempt.resolved.command, fields(attempt.resolved.command)
        lines: list[GoodsPosting] = own["lines"]
        ids = [_schedule(attempt, one) for one in lines]
        headers = {one[0] for one in ids}
        if len(headers) != 1:
            raise Refused(f"{SYSTEM} {attempt.ref}: its lines are of {len(headers)} orders; a receipt is of one")
        order = await self._order(attempt, headers.pop())
        schedules = await self._schedules(attempt, order)
        at = self._instant(attempt.resolved.post_on or own["date"])
        made = body(
            ReceiptSourceCode="VENDOR",
            OrganizationCode=own["warehouse"],
            ReceiptNumber=_number(attempt.resolved),
            VendorName=text(order, "Supplier"),
            VendorSiteCode=text(order, "SupplierSite"),
            TransactionDate=at,
            PackingSlip=str(own["vendor_number"])[:25],
            **{REFERENCE: command["ref"]},
        )
        made["lines"] = [
            _line(one, order, schedules.get(key[1:]), f"{command['ref']}/{one['source_line_id']}", self._route(one))
            for one, key in zip(lines, ids, strict=True)
        ]
        return made

    def _route(self, one: GoodsPosting) -> str:
        """Whether goods are delivered to a subinventory in the same step as they are received."""
        return "DELIVER" if one["bin"] else "RECEIVE"

    async def _order(self, attempt: Attempt, key: str) -> Row:
        found = await self._ask(attempt, ORDERS, f"POHeaderId = {key}", [("expand", "lines,lines.schedules")])
        if len(found) != 1:
            raise Refused(f"{SYSTEM} {attempt.ref}: order {key} is not there", "gone")
        return found[0]

    async def _schedules(self, attempt: Attempt, order: Row) -> dict[tuple[str, str], tuple[Row, Row]]:
        """Line and schedule by their ids."""
        made = {}
        for line in await self._read(attempt, order, "lines", "schedules"):
            for one in await self._read(attempt, line, "schedules", ""):
                made[(required_id(line, "POLineId"), required_id(one, "LineLocationId"))] = (line, one)
        return made

    def _instant(self, day: date) -> str:
        return instant_of(day, self._client.calls.server_now())

    # --- returns ------------------------------------------------------------------------------------------------------

    async def _return(self, attempt: Attempt) -> dict[str, Any]:
        """A return of one line to the vendor. It takes back the transaction that delivered the line, or else the one that received it."""
        own = fields(attempt.resolved.command)
        (one,) = own["lines"]
        brought = parent_id(attempt.resolved.command, f"{RECEIPT_LINE} {one['receipt_line_id']}", attempt.resolved.ids)
        found = await self._ask(attempt, HISTORY, f"{REFERENCE} = {quoted(brought)}", ())
        by_kind = {text(row, "TransactionTypeCode").upper(): row for row in found if text(row, REFERENCE) == brought}
        parent = by_kind.get("DELIVER") or by_kind.get("RECEIVE")
        if parent is None:
            raise Transient(f"{SYSTEM} {attempt.ref}: what brought line {one['receipt_line_id']} is not shown as received yet")
        return body(
            TransactionType=RETURN_TYPE,
            ParentTransactionId=int(required_id(parent, "TransactionId")),
            OrganizationCode=own["warehouse"],
            Quantity=one["quantity"],
            UOMCode=text(parent, "UOMCode"),
            Subinventory=one["bin"],
            TransactionDate=self._instant(attempt.resolved.post_on or own["date"]),
            Comments=str(own["reason"])[:240],
            **{REFERENCE: attempt.ref},
        )


def instant_of(day: date, now: datetime) -> str:
    """Noon of a day, which is that day in every zone of America and Europe; never later than the server's clock, because the server refuses the
    future."""
    return min(datetime.combine(day, time(12), UTC), now).isoformat(timespec="milliseconds")


def _number(resolved: ResolvedCommand) -> str:
    """The number of a receipt. A replacement has a suffix, because the corrected receipt keeps the number."""
    number = str(fields(resolved.command)["human_number"])
    return (numbered(number, f"C{resolved.command['ref'][-4:]}") if resolved.original is not None else number)[:_NUMBER]


def _schedule(attempt: Attempt, one: GoodsPosting) -> tuple[str, str, str]:
    """Order, line and schedule of a goods line, from the link of its order line. Raises `Refused`."""
    found = parent_id(attempt.resolved.command, f"{ORDER_LINE} {one['order_line_id']}", attempt.resolved.ids)
    parts = found.split("/")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise Refused(f"{SYSTEM} {attempt.ref}: {found!r} is no ORDER/LINE/SCHEDULE; the order's line is not paired")
    return parts[0], parts[1], parts[2]


def _line(one: GoodsPosting, order: Row, held: tuple[Row, Row] | None, reference: str, route: str) -> dict[str, Any]:
    if held is None:
        raise Refused(
            f"{SYSTEM}: line {one['order_line_id']} is no longer a schedule of order {text(order, 'OrderNumber')}", "gone"
        )
    line, schedule = held
    unit, name = text(line, "UOMCode"), text(line, "UOM")
    if one["unit"] and code(one["unit"]) not in (code(unit), code(name)):
        raise Refused(f"{SYSTEM}: {one['item']} is ordered in {unit or name}, its row of order_item is for {one['unit']}")
    return body(
        ReceiptSourceCode="VENDOR",
        SourceDocumentCode="PO",
        TransactionType="RECEIVE",
        AutoTransactCode=route,
        OrganizationCode=one["warehouse"],
        DocumentNumber=text(order, "OrderNumber"),
        DocumentLineNumber=money_or_zero(line, "LineNumber"),
        DocumentScheduleNumber=money_or_zero(schedule, "ScheduleNumber"),
        ItemNumber=text(line, "Item"),
        Quantity=one["quantity"],
        UOMCode=unit,
        UnitOfMeasure=None if unit else name,
        Subinventory=one["bin"],
        **{REFERENCE: reference},
    )


# --- the outcome ------------------------------------------------------------------------------------------------------


def receipt(row: Row, lines: Sequence[Row], attempt: Attempt) -> Document:
    """A receipt as its request shows it: received when every line is processed, refused with each line's errors. Raises `Malformed`."""
    command, own = attempt.resolved.command, fields(attempt.resolved.command)
    wanted: list[GoodsPosting] = own["lines"]
    held = {text(one, REFERENCE): one for one in lines}
    refs = {f"{command['ref']}/{one['source_line_id']}": one for one in wanted}
    differences = [*differs("lines", len(lines), len(wanted))]
    for name, one in refs.items():
        theirs = held.get(name)
        count = money_or_zero(theirs, "Quantity") if theirs is not None else Decimal(0)
        differences += amount_differs(f"line {one['source_line_id']} quantity", count, one["quantity"])
        differences += amount_differs(
            f"line {one['source_line_id']} amount", rounded(count * one["unit_cost"]), one["amount"], CENTS
        )
    words = "; ".join(filter(None, map(errors_of, lines))) or errors_of(row)
    is_done = bool(lines) and all(map(is_processed, lines))
    return Document(
        required_id(row, "HeaderInterfaceId"),
        text(row, "ReceiptNumber"),
        text(row, REFERENCE),
        command["amount"],
        command["currency"],
        ("create", "received") if is_done else ("create",),
        tuple(differences),
        refusal=words,
        refusal_reason="receiving_error" if words else "",
        pairs=tuple(Pair(RECEIPT_LINE, one["source_line_id"], name) for name, one in refs.items()),
    )


def returned(row: Row, attempt: Attempt) -> Document:
    """A return as its request shows it. Raises `Malformed`."""
    command = attempt.resolved.command
    (one,) = fields(command)["lines"]
    words = errors_of(row)
    differences = [
        *differs("type", text(row, "TransactionType"), RETURN_TYPE),
        *amount_differs("quantity", money_or_zero(row, "Quantity"), one["quantity"]),
        *amount_differs("amount", rounded(money_or_zero(row, "Quantity") * one["unit_cost"]), one["amount"], CENTS),
    ]
    return Document(
        required_id(row, "InterfaceTransactionId"),
        text(row, "ReceiptNumber") or required_id(row, "InterfaceTransactionId"),
        text(row, REFERENCE),
        command["amount"],
        command["currency"],
        ("create", "returned") if is_processed(row) else ("create",),
        tuple(differences),
        refusal=words,
        refusal_reason="receiving_error" if words else "",
    )


def is_processed(row: Row) -> bool:
    """Whether the receiving processor has done what a request or line asks for."""
    return _state(row) in _DONE


def _state(row: Row) -> str:
    return text(row, "ProcessingStatusCode").upper()


def errors_of(row: Row) -> str:
    """Why a request or one of its lines was not processed, in Fusion's words; "" if there is no error."""
    if _state(row) not in _FAILED and text(row, "ReturnStatus").upper() not in _FAILED:
        return ""
    found = row.get("processingErrors")
    listed = rows(found, "items") if isinstance(found, dict) else rows(row, "processingErrors")
    said = [": ".join(filter(None, (text(one, "ErrorMessageName"), text(one, "ErrorMessage")))) for one in listed]
    number = text(row, "DocumentLineNumber")
    words = "; ".join(filter(None, said)) or text(row, "ReturnMessage") or f"it is {_state(row) or 'in error'}"
    return f"line {number}: {words}" if number else words
