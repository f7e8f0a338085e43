"""How a row is shown: references with their names and links, enumerations with their words, sublists as links or in full.

Source: schemas of the REST API Browser. A sublist is a link unless `expandSubResources=true`; booleans are JSON's, days are `YYYY-MM-DD`, instants
are in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from systems.netsuite.simulator.account import Account, Row, applying, left, money
from systems.netsuite.simulator.kinds import ITEM_TYPES, KINDS
from systems.netsuite.simulator.service.body import KEYS, referred
from systems.netsuite.spec import Field, Shape, shapes

RECORDS = "/services/rest/record/v1"
_NAMES = ("entityId", "tranId", "fullName", "periodName", "symbol", "itemId", "name", "acctName")
_BY_TYPE = {item_type: name for name, item_type in ITEM_TYPES.items()}
_WORDS = {"approvalStatus": {"1": "Pending Approval", "2": "Approved", "3": "Rejected", "11": "Open"}}


@dataclass(frozen=True)
class View:
    """What a reader asked for. `host` is the address of the account, `fields` the requested names, () = all."""

    host: str
    is_expanded: bool = False
    is_simple_enum: bool = False
    fields: tuple[str, ...] = ()


def name_of(row: Row) -> str:
    """The name of a record in references to it."""
    if row.get("_kind") == "account":
        return f"{row['acctNumber']} {row['acctName']}"
    if row.get("_kind") in KINDS and KINDS[row["_kind"]].family == "transaction":
        return f"{KINDS[row['_kind']].label} #{row.get('tranId', '')}"
    return next((str(row[name]) for name in _NAMES if row.get(name)), "")


def status_word(row: Row) -> str:
    """The word of a transaction's status."""
    return KINDS[row["_kind"]].statuses.get(str(row.get("status") or ""), "")


def service_name(row: Row) -> str:
    """The record type under which the record service shows a row."""
    return _BY_TYPE[row["itemType"]] if row["_kind"] == "item" else str(row["_kind"])


def address(host: str, row: Row) -> str:
    """The address of a record."""
    return f"{host}{RECORDS}/{service_name(row)}/{row['id']}"


def shown(account: Account, row: Row, view: View, open_of: Mapping[str, Decimal]) -> dict[str, Any]:
    """A record. `open_of` has what each entity owes or is owed."""
    full = row | computed(row, open_of)
    here = address(view.host, row)
    body: dict[str, Any] = {"links": [{"rel": "self", "href": here}]}
    body |= _members(account, shapes()[row["_kind"]], full, (view, here))
    kept = {"links", "id", *view.fields}
    return body if not view.fields else {name: value for name, value in body.items() if name in kept}


def computed(row: Row, open_of: Mapping[str, Decimal]) -> Row:
    """Members that a record shows but does not store: balances, remaining amounts."""
    kind = row["_kind"]
    if kind in ("vendor", "customer"):
        return {"balance": f"{open_of.get(row['id'], Decimal(0)):.2f}"}
    if KINDS[kind].family != "transaction":
        return {}
    rest, given = f"{left(row):.2f}", f"{applying(row):.2f}"
    told = {"transactionNumber": row.get("transactionNumber", "")}
    if kind == "invoice":
        told |= {"amountRemaining": rest, "amountPaid": f"{money(row, 'total') - left(row):.2f}"}
    if kind == "vendorBill":
        told |= {"balance": rest, "userTotal": row["total"], "documentStatus": status_word(row)}
    if kind in ("creditMemo", "vendorCredit", "customerPayment", "depositApplication"):
        told |= {"applied": given, "unapplied": rest, "unApplied": rest, "amountRemaining": rest}
    return told


def _members(account: Account, shape: Shape, row: Row, seen: tuple[View, str]) -> dict[str, Any]:
    view, here = seen
    body: dict[str, Any] = {}
    for name, known in shape.fields.items():
        value = row.get(name)
        if value is not None and value != "":
            body[name] = _value(account, known, value, row, view)
    for name, part in shape.parts.items():
        if name == "addressBookAddress":
            body[name] = _members(account, part, row.get(name) or {}, seen)
        elif view.is_expanded:
            lines = row.get(name) or []
            items = [_line(account, part, line, (view, f"{here}/{name}")) for line in lines]
            body[name] = {"links": [], "items": items, "totalResults": len(items)}
        else:
            body[name] = {"links": [{"rel": "self", "href": f"{here}/{name}"}]}
    return body


def _line(account: Account, shape: Shape, line: Row, seen: tuple[View, str]) -> dict[str, Any]:
    view, here = seen
    key = line[KEYS.get(shape.name, "line")]
    return {"links": [{"rel": "self", "href": f"{here}/{key}"}], **_members(account, shape, line, (view, f"{here}/{key}"))}


def sublist(account: Account, row: Row, name: str, view: View) -> list[dict[str, Any]]:
    """The lines of a sublist."""
    here = f"{address(view.host, row)}/{name}"
    return [_line(account, shapes()[row["_kind"]].parts[name], line, (view, here)) for line in row.get(name) or []]


def _value(account: Account, known: Field, value: Any, row: Row, view: View) -> Any:
    if known.kind in ("number", "integer"):
        return int(value) if known.kind == "integer" else _plain(Decimal(value))
    if known.kind == "enum":
        word = status_word(row) if known.name in ("status", "orderStatus") else _WORDS.get(known.name, {}).get(value, value)
        return value if view.is_simple_enum else {"id": value, "refName": word}
    if known.kind == "ref":
        return _reference(account, known.target, str(value), view.host)
    if known.kind == "refs":
        items = [_reference(account, known.target, key, view.host) for key in value]
        return {"links": [], "items": items, "totalResults": len(items)}
    return value


def _reference(account: Account, target: str, key: str, host: str) -> dict[str, Any]:
    found = referred(account, target, key)
    if found is None:
        return {"links": [], "id": key}
    return {"links": [{"rel": "self", "href": address(host, found)}], "id": key, "refName": name_of(found)}


def _plain(number: Decimal) -> int | Decimal:
    """A number in JavaScript's JSON form: without trailing zeros."""
    return int(number) if number == number.to_integral_value() else number.normalize()
