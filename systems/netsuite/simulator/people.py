"""What people do at NetSuite's screens: enter and change any record, approve, receive and close orders, pay bills, close and lock periods.

They follow the same rules of entry as an integration, but need neither its permissions nor approvals. `context` CSV is an import, for which the
user-event script need not be deployed.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from systems.netsuite.simulator.account import Account, Change, Row, cents, left, money
from systems.netsuite.simulator.answers import NsError
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.rules import entry, orders
from systems.netsuite.simulator.rules.periods import FLAGS
from systems.netsuite.simulator.rules.work import Work
from systems.netsuite.simulator.service.body import Reading
from systems.netsuite.spec import shapes

Body = dict[str, Any]
_TREES = ("department", "classification", "location", "subsidiary")


def enter(account: Account, body: Body) -> Body:
    """`{"type", "id"?, "values": {...}, "replace"?: ["item"], "context"?: "UI"}`: save a record with a body like that of the record service."""
    kind = str(body["type"])
    if kind not in KINDS:
        raise ValueError(f"no type {kind!r}")
    before = account.get(kind, str(body["id"])) if body.get("id") else None
    if body.get("id") and before is None:
        raise ValueError(f"no {kind} {body['id']}")
    values = {name: _decimals(value) for name, value in body["values"].items()}
    reading = Reading(account, "Error", frozenset(body.get("replace", ())), frozenset(("entity", "account", "apAcct", "approved")))
    try:
        row = reading.row(shapes()[kind], values, before or {"_kind": kind})
        _complete(account, row)
        saved = entry.save(Work(account, row, before, str(body.get("context", "UI"))))
    except NsError as error:
        raise ValueError(str(error)) from error
    return {"type": kind, "id": saved["id"], "number": saved.get("tranId") or saved.get("entityId") or saved.get("name", "")}


def _decimals(value: Any) -> Any:
    """A body of the control routes has floats; an amount that a person enters has exactly the digits that were typed."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list):
        return [_decimals(one) for one in value]
    return {name: _decimals(one) for name, one in value.items()} if isinstance(value, dict) else value


def _complete(account: Account, row: Row) -> None:
    if row["_kind"] in _TREES:
        parent = account.get(row["_kind"], str(row.get("parent") or ""))
        row["fullName"] = f"{parent['fullName']} : {row['name']}" if parent else row["name"]
        row.setdefault("isInactive", False)
        if row["_kind"] != "subsidiary":
            row.setdefault("subsidiary", ["1"])
            row.setdefault("includeChildren", True)


def remove(account: Account, body: Body) -> Body:
    """`{"type", "id"}`: delete a record."""
    row = _held(account, str(body["type"]), str(body["id"]))
    try:
        entry.delete(account, row, "UI")
    except NsError as error:
        raise ValueError(str(error)) from error
    return {"type": body["type"], "id": body["id"]}


def _held(account: Account, kind: str, key: str) -> Row:
    held = account.get(kind, key)
    if held is None:
        raise ValueError(f"no {kind} {key}")
    return copy.deepcopy(held)


def receive(account: Account, body: Body) -> Body:
    """`{"id", "lines"?: {"1": "2"}}`: goods of an order arrive; without lines, everything that is still expected."""
    row = _held(account, "purchaseOrder", str(body["id"]))
    if row["status"] in ("A", "C", "H"):
        raise ValueError(f"the order {row['tranId']} cannot be received")
    for line in row.get("item") or []:
        rest = money(line, "quantity") - money(line, "quantityReceived")
        came = Decimal(str(body["lines"].get(line["line"], 0))) if "lines" in body else rest
        if not 0 <= came <= rest:
            raise ValueError(f"line {line['line']}: {came} is not between 0 and {rest}")
        line["quantityReceived"] = format((money(line, "quantityReceived") + came).normalize(), "f")
    return _stood(account, row, "received")


def close_order(account: Account, body: Body) -> Body:
    """`{"id"}`: close an order, so that no more of it is expected."""
    row = _held(account, "purchaseOrder", str(body["id"]))
    for name in ("item", "expense"):
        for line in row.get(name) or []:
            line["isClosed"] = True
    return _stood(account, row, "closed")


def approve(account: Account, body: Body) -> Body:
    """`{"type", "id", "as"?: "2"}`: approve an order or bill, or reject it (`"3"`)."""
    row = _held(account, str(body["type"]), str(body["id"]))
    row["approvalStatus"] = str(body.get("as", "2"))
    if row["_kind"] == "purchaseOrder":
        return _stood(account, row, "approved")
    row["status"] = {"1": "D", "3": "E"}.get(row["approvalStatus"], "A")
    account.commit([Change(row, "update", "approved by a person", "UI")])
    return {"id": row["id"], "status": row["status"]}


def _stood(account: Account, row: Row, word: str) -> Body:
    orders.stand(row)
    account.commit([Change(row, "update", f"{word} by a person", "UI")])
    return {"id": row["id"], "status": row["status"]}


def pay(account: Account, body: Body) -> Body:
    """`{"bill", "amount"?, "date"?}`: pay a bill."""
    bill = _held(account, "vendorBill", str(body["bill"]))
    amount = Decimal(str(body.get("amount", left(bill))))
    row: Row = {"_kind": "vendorPayment", "entity": bill["entity"], "apply": [{"doc": bill["id"], "amount": cents(amount)}]}
    if body.get("date"):
        row["tranDate"] = str(body["date"])
    try:
        saved = entry.save(Work(account, row, None, "UI"))
    except NsError as error:
        raise ValueError(str(error)) from error
    return {"id": saved["id"], "number": saved["tranId"], "amount": saved["total"]}


def set_period(account: Account, body: Body) -> Body:
    """`{"period": "Mar 2026", "closed"|"allLocked"|"apLocked"|"arLocked": true}`."""
    named = [row for row in account.rows("accountingPeriod") if row["periodName"] == body["period"]]
    if not named:
        raise ValueError(f"no period {body['period']!r}; periods are named like {account.today():%b %Y}")
    told = {name: bool(body[name]) for name in FLAGS if name in body}
    row = named[0] | told
    account.commit([Change(row, "update", f"{body['period']} {told}", "UI")])
    return {name: row[name] for name in ("periodName", *FLAGS)}
