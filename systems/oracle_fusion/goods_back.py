"""Receipts and returns that were cancelled or changed: a correction for each line in Fusion's receiving. A changed document is then received or
returned again as a whole, under the same ref.

Facts (REST API for SCM; a mapping guide of Oracle WMS): each `receivingReceiptTransactionRequests` of type CORRECT names the transaction that it
corrects, and the change of its quantity. The receiving processor handles it later. Several of them are sent as one batch, which is all or nothing
("Perform Batch Actions"). Each carries our ref followed by the id of the line. That a return is corrected like a receipt is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed, Refused, Transient
from runtime.exchange import Request
from runtime.wire import dumps
from schemas.records import GoodsPosting
from systems.contract import Document
from systems.oracle_fusion.client import BATCH, Client
from systems.oracle_fusion.documents import body, fields
from systems.oracle_fusion.goods import (
    CENTS,
    HISTORY,
    REFERENCE,
    RETURN_TYPE,
    RETURNS,
    Ask,
    Goods,
    errors_of,
    instant_of,
    is_processed,
)
from systems.oracle_fusion.models import SYSTEM, Row, quoted
from systems.oracle_fusion.undo import CORRECT, Undo
from systems.postings.lines import rounded
from systems.values.members import money_or_zero, required_id, text
from systems.writing.differences import amount_differs, differs
from systems.writing.frame import Attempt

CORRECTION = "CORRECT"


class GoodsBack:
    """The look-ups and requests of corrections. `ask` and `goods` belong to the session; `goods` shows the replacement."""

    def __init__(self, client: Client, ask: Ask, goods: Goods) -> None:
        self._client, self._ask, self._goods = client, ask, goods

    async def look_up(self, attempt: Attempt, undo: Undo) -> tuple[list[Document], list[Document]]:
        """The corrections with our ref, as one document, and the replacement. Raises `Malformed`."""
        condition = f"{REFERENCE} like {quoted(f'{attempt.ref}/%')}"
        asked = await self._ask(attempt, RETURNS, condition, [("expand", "processingErrors")])
        found = [row for row in asked if text(row, REFERENCE).startswith(f"{attempt.ref}/")]
        undone = [_document(undo, found)] if found else []
        anew = await self._goods.shown(attempt) if undo.is_correction else []
        if not undone:
            anew = [replace(one, differences=(*one.differences, "corrects: nothing, the original")) for one in anew]
        return undone, [*anew]

    async def request(self, attempt: Attempt, undo: Undo) -> Request:
        """A correction of every line, in one request."""
        made = [await self._correction(attempt, undo, one) for one in _lines(undo)]
        if len(made) == 1:
            return self._client.request("POST", self._client.url(RETURNS), dumps(made[0]))
        parts = [
            {"id": f"part{at}", "path": f"/{RETURNS}", "operation": "create", "payload": one} for at, one in enumerate(made, 1)
        ]
        return self._client.request("POST", f"{self._client.settings.resources}/", dumps({"parts": parts}), BATCH)

    async def _correction(self, attempt: Attempt, undo: Undo, one: GoodsPosting) -> dict[str, Any]:
        brought = _written_as(undo, one)
        found = await self._ask(attempt, HISTORY, f"{REFERENCE} = {quoted(brought)}", ())
        by_kind = {text(row, "TransactionTypeCode").upper(): row for row in found if text(row, REFERENCE) == brought}
        kinds = (RETURN_TYPE,) if undo.original.record == "return" else ("DELIVER", "RECEIVE")
        parent = next((by_kind[kind] for kind in kinds if kind in by_kind), None)
        if parent is None:
            raise Transient(f"{SYSTEM} {attempt.ref}: what moved line {one['source_line_id']} is not shown as processed yet")
        if undo.day is None:
            raise Refused(f"{SYSTEM} {attempt.ref}: the day of the cancellation is not known")
        return body(
            TransactionType=CORRECTION,
            ParentTransactionId=int(required_id(parent, "TransactionId")),
            OrganizationCode=fields(undo.original.command)["warehouse"],
            Quantity=-one["quantity"],
            UOMCode=text(parent, "UOMCode"),
            Subinventory=one["bin"],
            TransactionDate=instant_of(undo.resolved.post_on or undo.day, self._client.calls.server_now()),
            Comments="changed" if undo.is_correction else str(fields(undo.resolved.command)["reason"])[:240],
            **{REFERENCE: f"{attempt.ref}/{one['source_line_id']}"},
        )


def _lines(undo: Undo) -> Sequence[GoodsPosting]:
    lines: Sequence[GoodsPosting] = fields(undo.original.command)["lines"]
    return lines


def _written_as(undo: Undo, one: GoodsPosting) -> str:
    """The reference of the transaction that moved a line. For a return, which has one line, it is our ref alone."""
    ref = undo.original.command["ref"]
    return ref if undo.original.record == "return" else f"{ref}/{one['source_line_id']}"


def _document(undo: Undo, found: Sequence[Row]) -> Document:
    """The corrections of all lines as one document, refused with each line's errors."""
    ref, wanted = undo.resolved.command["ref"], _lines(undo)
    held = {text(row, REFERENCE): row for row in found}
    if len(held) != len(found):
        raise Malformed(f"{ref}: a line is corrected more than once: {len(found)} requests")
    wrong = [*differs("lines", len(found), len(wanted))]
    for one in wanted:
        row = held.get(f"{ref}/{one['source_line_id']}")
        count = money_or_zero(row, "Quantity") if row is not None else Decimal(0)
        wrong += amount_differs(f"line {one['source_line_id']} quantity", count, -one["quantity"])
        worth = rounded(-count * one["unit_cost"])
        wrong += amount_differs(f"line {one['source_line_id']} amount", worth, one["amount"], CENTS)
        if row is not None:
            wrong += differs(f"line {one['source_line_id']} type", text(row, "TransactionType"), CORRECTION)
    words = "; ".join(filter(None, (_told(ref, row) for row in found)))
    first = min((required_id(row, "InterfaceTransactionId") for row in found), key=lambda key: (len(key), key))
    steps = CORRECT if all(map(is_processed, found)) else CORRECT[:1]
    document = undo.done(first, text(found[0], "ReceiptNumber") or first, steps, wrong)
    return replace(document, refusal=words, refusal_reason="receiving_error" if words else "")


def _told(ref: str, row: Row) -> str:
    words = errors_of(row)
    return f"line {text(row, REFERENCE).removeprefix(f'{ref}/')}: {words}" if words else ""
