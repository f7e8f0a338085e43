"""Orders, receipts and adjustments of stock for the writer: how each is found, and how it differs from its command.

Assumed: a receipt and an adjustment leave rows of InvMovements that have our Reference, the quantity with its sign and the stock code; an
order that is cancelled keeps its row with OrderStatus `*`; comment, freight and charge lines have other values of LineType than a stocked line (1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runtime.errors import Refused
from schemas.records import CommandEnvelope
from systems.contract import Document, Found, Pair, ResolvedCommand
from systems.mapped import REVERSAL
from systems.parents import parent_id
from systems.postings.lines import rounded
from systems.syspro import documents
from systems.syspro.books import Books, original_of, posted_on
from systems.syspro.documents import Move, Posting, fields, moves
from systems.syspro.find import Where
from systems.syspro.keys import CANCELLED, STOCKED, line_id, order_ref_in, order_reference
from systems.syspro.mapping_goods import ORDER_LINE
from systems.syspro.models import SYSTEM, Row, count, day
from systems.writing.differences import Line, amount_differs, day_differs, differs, lines_differ
from systems.writing.frame import Attempt

ORDER, RECEIPT, ADJUSTMENT = "purchase_order", "receipt", "inventory_adjustment"
CENTS = Decimal("0.05")
"""How much quantity times cost may differ from the amount of a line whose unit was converted."""
CREATE, CANCEL, REVERSE = "create", "cancel", "reverse"
_HEADER = ("PurchaseOrder", "OrderStatus", "CancelledFlag", "Supplier", "OrderEntryDate", "CustomerPoNumber", "Warehouse")
_DETAIL = (
    "PurchaseOrder",
    "Line",
    "LineType",
    "MStockCode",
    "MWarehouse",
    "MOrderQty",
    "MReceivedQty",
    "MPrice",
    "NMscChargeValue",
)
_MOVED = ("StockCode", "Warehouse", "Journal", "JournalEntry", "EntryDate", "TrnType", "TrnQty", "Reference")


class Orders:
    """See `systems.syspro.sink`."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def look_up(self, attempt: Attempt) -> Found:
        """The order that has our reference; for a cancellation, whether it is done."""
        if found := await self.shown(attempt):
            return Found(tuple(found))
        if attempt.resolved.original is not None and (refused := await self._received(attempt)):
            return refused
        return await self._books.refusal(attempt, await self._first(attempt))

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """What a step wrote."""
        resolved, rows = attempt.resolved, await self._ours(attempt)
        if resolved.original is None:
            return [await self._order(attempt, row) for row in rows]
        old = [row for row in rows if row["OrderStatus"] == CANCELLED and row["PurchaseOrder"] == resolved.original.erp_id]
        back = [await self._cancelled(attempt, row) for row in old]
        if resolved.record == REVERSAL:
            return back
        new = [await self._order(attempt, row) for row in rows if row not in old]
        if not new:
            return [replace(one, amount=resolved.command["amount"]) for one in back]
        if len(new) > 1:
            return new
        told = () if back else ("cancellation: not there, wanted",)
        return [replace(new[0], steps_done=(*((CANCEL,) if back else ()), CREATE), differences=(*new[0].differences, *told))]

    async def posting(self, attempt: Attempt) -> Posting:
        """The posting of a step."""
        if attempt.step == CANCEL:
            return await self._cancellation(attempt)
        return self._new(attempt)

    async def _first(self, attempt: Attempt) -> Posting:
        return await self._cancellation(attempt) if attempt.resolved.original is not None else self._new(attempt)

    def _new(self, attempt: Attempt) -> Posting:
        command = attempt.resolved.command
        return documents.order(command, parent_id(command, "vendor", attempt.resolved.ids), self._books.settings)

    async def _cancellation(self, attempt: Attempt) -> Posting:
        rows = await self._original(attempt)
        if not rows:
            raise Refused(f"{SYSTEM} {attempt.ref}: order {original_of(attempt.resolved)} is not there", "missing_in_erp")
        return documents.cancellation(rows[0]["PurchaseOrder"], rows[0]["Supplier"], self._reference(attempt))

    # --- reading ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _reference(attempt: Attempt) -> str:
        return order_reference(attempt.resolved.command["source_id"], attempt.ref)

    async def _ours(self, attempt: Attempt) -> list[Row]:
        wanted = self._reference(attempt)
        where = (Where("CustomerPoNumber", "EQ", wanted),)
        rows = await self._books.rows(attempt, "PorMasterHdr", _HEADER, where, ("PurchaseOrder",))
        return [row for row in rows if row["CustomerPoNumber"] == wanted]

    async def _original(self, attempt: Attempt) -> list[Row]:
        wanted = original_of(attempt.resolved)
        where = (Where("PurchaseOrder", "EQ", wanted),)
        rows = await self._books.rows(attempt, "PorMasterHdr", _HEADER, where, ("PurchaseOrder",))
        return [row for row in rows if row["PurchaseOrder"] == wanted]

    async def _lines(self, attempt: Attempt, purchase_order: str) -> list[Row]:
        where = (Where("PurchaseOrder", "EQ", purchase_order),)
        rows = await self._books.rows(attempt, "PorMasterDetail", _DETAIL, where, ("PurchaseOrder", "Line"))
        return [row for row in rows if row["PurchaseOrder"] == purchase_order]

    async def _cancelled(self, attempt: Attempt, header: Row) -> Document:
        return _cancelled(header, await self._lines(attempt, header["PurchaseOrder"]), attempt.resolved)

    async def _order(self, attempt: Attempt, header: Row) -> Document:
        return _order(header, await self._lines(attempt, header["PurchaseOrder"]), attempt.resolved)

    async def _received(self, attempt: Attempt) -> Found | None:
        """Why an order cannot be cancelled: goods were received."""
        purchase_order = original_of(attempt.resolved)
        if any(count(row, "MReceivedQty") for row in await self._lines(attempt, purchase_order)):
            words = f"order {purchase_order} is received in part: return the goods in SYSPRO, close it there, then skip this"
            return Found((), refusal=words, refusal_reason="order_received")
        return None


def _order(header: Row, rows: Sequence[Row], resolved: ResolvedCommand) -> Document:
    """An order as SYSPRO keeps it, with the ids of its lines in the order of entry. Raises `Malformed`."""
    command, own = resolved.command, fields(resolved.command)
    lines = [row for row in rows if row["LineType"] == STOCKED]
    wanted, held = [_wanted(one) for one in own["lines"]], [_held(one) for one in lines]
    worth = _worth(rows)
    told = [
        *differs("Supplier", header["Supplier"], parent_id(command, "vendor", resolved.ids)),
        *lines_differ(held, wanted),
        *amount_differs("amount", worth, command["amount"]),
        *(["status: cancelled, open"] if header["OrderStatus"] == CANCELLED else []),
        *(day_differs("OrderEntryDate", header["OrderEntryDate"], own["date"]) if own["date"] is not None else []),
    ]
    pairs: tuple[Pair, ...] = ()
    if held == wanted:
        together = zip(own["lines"], lines, strict=True)
        pairs = tuple(Pair(ORDER_LINE, one["source_line_id"], line_id(row["PurchaseOrder"], row["Line"])) for one, row in together)
    number = header["PurchaseOrder"]
    own_pair = (Pair(ORDER, command["source_id"], number),)
    ref = order_ref_in(header["CustomerPoNumber"])
    return Document(number, number, ref, worth, command["currency"], (CREATE,), tuple(told), pairs=(*own_pair, *pairs))


def _worth(rows: Sequence[Row]) -> Decimal:
    """The amount of an order: its stocked lines at their price, freight and charges."""
    stocked = sum(
        (rounded(count(row, "MOrderQty") * count(row, "MPrice")) for row in rows if row["LineType"] == STOCKED), Decimal(0)
    )
    return rounded(stocked + sum((count(row, "NMscChargeValue") for row in rows if row["LineType"] != STOCKED), Decimal(0)))


def _wanted(one: dict[str, Any]) -> Line:
    return one["item"], one["warehouse"], _plain(one["quantity"]), _plain(one["unit_cost"])


def _held(row: Row) -> Line:
    return row["MStockCode"], row["MWarehouse"], _plain(count(row, "MOrderQty")), _plain(count(row, "MPrice"))


def _plain(value: Decimal) -> Decimal:
    return Decimal(format(value.normalize(), "f"))


def _cancelled(row: Row, rows: Sequence[Row], resolved: ResolvedCommand) -> Document:
    """A cancelled order, with what it takes back. If its lines keep no quantity, the amount is unknown (assumed: they keep it)."""
    number, command, worth = row["PurchaseOrder"], resolved.command, _worth(rows)
    assert resolved.original is not None
    written = resolved.original.command["amount"]
    told = tuple(amount_differs("amount", worth, written)) if worth else ()
    return Document(number, number, command["ref"], worth or written, command["currency"], (CANCEL,), told)


# --- movements --------------------------------------------------------------------------------------------------------


class Movements:
    """Receipts and adjustments. See `systems.syspro.sink`."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def look_up(self, attempt: Attempt) -> Found:
        """The movements that have our reference. If there are none, whether SYSPRO would accept them."""
        if found := await self.shown(attempt):
            return Found(tuple(found))
        try:
            posting = await self.posting(attempt)
        except Refused as error:
            return Found((), refusal=str(error), refusal_reason=error.code)
        return await self._books.refusal(attempt, posting)

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """What a step wrote: all rows with our reference as one document."""
        where = (Where("Reference", "EQ", attempt.ref),)
        rows = await self._books.rows(attempt, "InvMovements", _MOVED, where, ("StockCode", "Warehouse", "Journal", "JournalEntry"))
        own = [row for row in rows if row["Reference"] == attempt.ref]
        return [_moved(own, attempt.resolved)] if own else []

    async def posting(self, attempt: Attempt) -> Posting:
        """The posting of a step."""
        resolved = attempt.resolved
        on = posted_on(resolved)
        if resolved.record == RECEIPT:
            return documents.receipt(resolved.command, on, received(resolved))
        period = await self._books.period(attempt, on)
        return documents.adjustment(_written(resolved), attempt.ref, on, period, _moves(resolved))


def received(resolved: ResolvedCommand) -> list[tuple[str, int, dict[str, Any]]]:
    """Order, line and goods of each line of a receipt, from the link of the order line. Raises `Refused`."""
    made = []
    for one in fields(resolved.command)["lines"]:
        found = parent_id(resolved.command, f"{ORDER_LINE} {one['order_line_id']}", resolved.ids)
        purchase_order, _, number = found.rpartition("/")
        if not purchase_order or not (number.isascii() and number.isdigit()):
            raise Refused(f"{SYSTEM} {resolved.command['ref']}: {found!r} is no ORDER/LINE; the order's line is not paired")
        made.append((purchase_order, int(number), one))
    return made


def _written(resolved: ResolvedCommand) -> CommandEnvelope:
    return resolved.original.command if resolved.original is not None else resolved.command


def _moves(resolved: ResolvedCommand) -> list[Move]:
    return moves(_written(resolved), is_reversed=resolved.original is not None)


def _moved(rows: Sequence[Row], resolved: ResolvedCommand) -> Document:
    """The movements with our reference as one document, compared in any order. Raises `Malformed`."""
    command = resolved.command
    if resolved.record == RECEIPT:
        wanted: list[Line] = [(one["item"], one["warehouse"], _plain(one["quantity"])) for _, _, one in received(resolved)]
    else:
        wanted = [(one.item, one.warehouse, _plain(one.quantity)) for one in _moves(resolved)]
    held: list[Line] = [(row["StockCode"], row["Warehouse"], _plain(count(row, "TrnQty"))) for row in rows]
    told = list(lines_differ(held, wanted))
    first = rows[0]
    on = posted_on(resolved)
    if on is not None and day(first, "EntryDate") is not None:
        told += day_differs("EntryDate", day(first, "EntryDate"), on)
    told += _values_differ(_written(resolved))
    step = REVERSE if resolved.original is not None else CREATE
    value = resolved.original.command["amount"] if resolved.original is not None else command["amount"]
    journal = first["Journal"] or command["ref"]
    return Document(command["ref"], journal, command["ref"], value, command["currency"], (step,), tuple(told))


def _values_differ(command: CommandEnvelope) -> list[str]:
    """Lines whose amount is not quantity times cost. Stock moves by quantity, so such a line would be posted with another value than the
    command's."""
    told: list[str] = []
    for one in fields(command)["lines"]:
        told += amount_differs(
            f"line {one['source_line_id']} amount", rounded(one["quantity"] * one["unit_cost"]), one["amount"], CENTS
        )
    return told
