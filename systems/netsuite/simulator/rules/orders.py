"""Purchase orders: the received and billed quantity of each line, the order's resulting status, and the bill that is made from it.

Sources: `!transform/vendorBill`, members of the order's lines; the names of statuses. Assumed: their letters; goods (`InvtPart`, `NonInvtPart`) are
received, services are not; a bill takes at most what is not billed yet; a line with `orderLine` in the body of a transform changes that line, and
with `replace=item` only the named lines are billed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.netsuite.simulator.account import Row, cents, money
from systems.netsuite.simulator.answers import invalid, user_error
from systems.netsuite.simulator.rules import documents, lines
from systems.netsuite.simulator.rules.work import Work, round_cents, total_of

_GOODS = ("InvtPart", "NonInvtPart")
_COPIED = ("item", "description", "rate", "department", "class", "location", "customer", "job", "units", "vendorName", "isBillable")
_EXPENSE = ("account", "memo", "department", "class", "location", "customer", "isBillable")


def order(work: Work) -> None:
    """A purchase order."""
    row, before, settings = work.row, work.before, work.account.settings
    if before is not None and before["status"] in ("G", "H"):
        raise user_error("A purchase order that is fully billed or closed cannot be changed.")
    party = documents.header(work)
    documents.due(row, party, work)
    total_of(row, lines.complete(work, "item", "expense"))
    row["subtotal"] = row["total"]
    for place, line in enumerate(row.get("item") or []):
        for name in ("quantityReceived", "quantityBilled"):
            line.setdefault(name, "0")
            if money(line, "quantity") < money(line, name):
                raise user_error(f"The quantity may not be less than the {name} {line[name]}.", f"item.items[{place}].quantity")
    _refuse_lost_lines(before, row)
    waits = settings.order_approval and work.context == "REST"
    row.setdefault("approvalStatus", "1" if waits else "2")
    documents.refuse_own_approval(work, asked=settings.order_approval)
    row["source"] = row.get("source") or ("restWebServices" if work.context == "REST" else "CSV")
    stand(row)


def _refuse_lost_lines(before: Row | None, row: Row) -> None:
    for name in ("item", "expense"):
        kept = {line["line"] for line in row.get(name) or []}
        for line in (before or {}).get(name) or []:
            if line["line"] not in kept and (
                money(line, "quantityBilled") or money(line, "quantityReceived") or line.get("_billed")
            ):
                raise user_error(f"Line {line['line']} is received or billed and cannot be removed.", name)


def stand(row: Row) -> None:
    """Set the status of an order by its lines."""
    if row["approvalStatus"] in ("1", "3"):
        row["status"] = {"1": "A", "3": "C"}[row["approvalStatus"]]
    else:
        row["status"] = _status(row)
    row["orderStatus"] = row["status"]


def _status(row: Row) -> str:
    items = [line for line in row.get("item") or [] if not line.get("isClosed")]
    expenses = [line for line in row.get("expense") or [] if not line.get("isClosed")]
    if not items and not expenses:
        return "H"
    if all(unbilled(line) == 0 for line in items) and all(line.get("_billed") for line in expenses):
        return "G"
    goods = [line for line in items if line["itemType"] in _GOODS]
    received = [money(line, "quantityReceived") for line in goods]
    if not any(received):
        return "B" if goods else "F"
    if all(money(line, "quantityReceived") >= money(line, "quantity") for line in goods):
        return "F"
    return "E" if any(money(line, "quantityReceived") > money(line, "quantityBilled") for line in goods) else "D"


def unbilled(line: Row) -> Decimal:
    """The quantity of an order's line that is on no bill yet."""
    return max(money(line, "quantity") - money(line, "quantityBilled"), Decimal(0))


def note_billed(work: Work) -> None:
    """Record on the orders what a bill takes of their lines, after giving back what it took before."""
    for held, sign in ((work.before, -1), (work.row, 1)):
        for name in ("item", "expense"):
            for place, line in enumerate((held or {}).get(name) or []):
                if line.get("orderDoc"):
                    _move(work, name, line, (sign, f"{name}.items[{place}]"))
    for row, _ in work.others.values():
        if row["_kind"] == "purchaseOrder":
            stand(row)


def give_back(work: Work) -> None:
    """Give back to the orders what a deleted bill took."""
    for name in ("item", "expense"):
        for line in work.row.get(name) or []:
            if line.get("orderDoc"):
                _move(work, name, line, (-1, name))
    for row, _ in work.others.values():
        stand(row)


def _move(work: Work, name: str, line: Row, how: tuple[int, str]) -> None:
    sign, path = how
    held = work.other("purchaseOrder", line["orderDoc"], f"billed by {work.row['id']}")
    target = next((one for one in held.get(name) or [] if one["line"] == str(line["orderLine"])), None)
    if target is None:
        raise invalid(f"The order {line['orderDoc']} has no line {line['orderLine']}.", f"{path}.orderLine")
    if name == "expense":
        target["_billed"] = sign > 0
        return
    billed = money(target, "quantityBilled") + sign * money(line, "quantity")
    if billed > money(target, "quantity"):
        raise user_error(f"The quantity is more than the {unbilled(target)} that is left to bill.", f"{path}.quantity")
    target["quantityBilled"] = format(billed.normalize(), "f")


def bill_of(work: Work, order_row: Row) -> Row:
    """The bill that an order makes, before the changes in the transform's body; refused if nothing is left to bill."""
    may = work.account.settings.bill_before_receipt
    if order_row["status"] in ("A", "C", "G", "H"):
        word = {"A": "pending approval", "C": "rejected", "G": "fully billed", "H": "closed"}[order_row["status"]]
        raise user_error(f"The purchase order {order_row['tranId']} is {word} and cannot be billed.")
    items = [_billed_item(order_row, line, may) for line in order_row.get("item") or [] if not line.get("isClosed")]
    expenses = [
        {name: line[name] for name in _EXPENSE if name in line} | _from(order_row, line) | {"amount": line["amount"]}
        for line in order_row.get("expense") or []
        if not line.get("isClosed") and not line.get("_billed")
    ]
    items = [line for line in items if Decimal(line["quantity"]) > 0]
    if not items and not expenses:
        raise user_error(f"The purchase order {order_row['tranId']} has nothing that can be billed.")
    row: dict[str, Any] = {"_kind": "vendorBill", "createdFrom": order_row["id"], "entity": order_row["entity"]}
    for name in ("subsidiary", "currency", "department", "class", "location", "memo", "terms"):
        if order_row.get(name):
            row[name] = order_row[name]
    for name, found in (("item", items), ("expense", expenses)):
        row[name] = [line | {"line": str(place)} for place, line in enumerate(found, 1)]
    return row


def _billed_item(order_row: Row, line: Row, may_be_early: bool) -> Row:
    limit = unbilled(line)
    if not may_be_early and line["itemType"] in _GOODS:
        limit = min(limit, max(money(line, "quantityReceived") - money(line, "quantityBilled"), Decimal(0)))
    made = {name: line[name] for name in _COPIED if name in line} | _from(order_row, line)
    whole = limit == money(line, "quantity")
    amount = money(line, "amount") if whole else round_cents(limit * money(line, "rate"))
    return made | {"quantity": format(limit.normalize(), "f"), "amount": cents(amount)}


def _from(order_row: Row, line: Row) -> Row:
    return {"orderDoc": order_row["id"], "orderLine": line["line"]}
