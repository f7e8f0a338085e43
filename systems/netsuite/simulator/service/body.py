"""How a body becomes a row: names, values, references and sublists. All errors are reported at once.

Sources: references as `{"id": "5"}` or `{"externalId": "X"}`, sublists as `{"items": [...]}`, `replace`, X-NetSuite- PropertyNameValidation (REST API
Browser, help pages). On an update the lines of a sublist are added to the existing ones unless `replace` names the sublist; a line with the `line`
(or `id`) of an existing line changes that one. Assumed and stricter: a read-only field is refused, numbers are JSON numbers, an amount has at most
two places, a bare id is taken as a reference, a reference by name only is not.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from systems.netsuite.simulator.account import Account, Row
from systems.netsuite.simulator.answers import Detail, NsError
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.spec import Field, Shape

KEYS = {"addressBook": "id", "apply": "doc", "deposit": "doc"}
"""The member that identifies an existing line of a sublist; `line` for all others."""
_AMOUNTS = ("amount", "payment", "debit", "credit", "creditLimit")
_LONGEST = {"memo": 4000, "tranId": 45, "externalId": 255, "entityId": 83, "companyName": 83, "description": 4000, "phone": 32}
_LARGEST = Decimal(10) ** 13


@dataclass
class Reading:
    """One body that is being read: its `errors`, and `warnings` about names that were ignored. `names` is Error, Warning or Ignore; `replace` names
    sublists whose lines are replaced; `allowed` are read-only fields that may be written nevertheless."""

    account: Account
    names: str = "Warning"
    replace: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    errors: list[Detail] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def row(self, shape: Shape, body: Any, before: Row | None) -> Row:
        """The existing row with the changes in the body; raises `NsError` with all errors."""
        if not isinstance(body, dict):
            self._wrong("The body must be an object.", "")
            body = {}
        row = copy.deepcopy(before or {})
        self._members(shape, body, row, "")
        if self.errors:
            raise NsError(400, tuple(self.errors))
        return row

    def _wrong(self, text: str, path: str) -> None:
        self.errors.append(Detail(f"Error while accessing a resource. {text}", "INVALID_CONTENT", path))

    def _members(self, shape: Shape, body: dict[str, Any], row: Row, path: str) -> None:
        for name, value in body.items():
            where = f"{path}{name}"
            if name in shape.parts:
                self._part(shape.parts[name], value, row, where)
            elif name in shape.fields:
                self._field(shape.fields[name], value, row, where)
            elif name == "links":
                continue
            elif self.names == "Error":
                self._wrong(f"Unknown property '{name}'.", where)
            else:
                self.warnings.append(where)

    def _part(self, shape: Shape, value: Any, row: Row, path: str) -> None:
        if shape.name == "addressBookAddress":
            inner = dict(row.get(shape.name) or {})
            if isinstance(value, dict):
                self._members(shape, value, inner, f"{path}.")
            else:
                self._wrong("A subrecord is an object.", path)
            row[shape.name] = inner
            return
        if not isinstance(value, dict) or not isinstance(value.get("items"), list):
            self._wrong("A sublist is an object with the member 'items'.", path)
            return
        held = [] if shape.name in self.replace else [dict(line) for line in row.get(shape.name) or []]
        for place, one in enumerate(value["items"]):
            where = f"{path}.items[{place}]"
            if isinstance(one, dict):
                self._line(shape, one, held, where)
            else:
                self._wrong("A line is an object.", where)
        row[shape.name] = held

    def _line(self, shape: Shape, one: dict[str, Any], held: list[Row], where: str) -> None:
        key = KEYS.get(shape.name, "line")
        named = self._document(shape, one, where) if key == "doc" else one.get(key)
        line = next((known for known in held if named is not None and str(known.get(key)) == str(named)), None)
        if line is None:
            taken = [int(known[key]) for known in held]
            line = {key: named or "0"} if key == "doc" else {key: str(max(taken, default=0) + 1)}
            held.append(line)
        self._members(shape, {name: value for name, value in one.items() if name != key}, line, f"{where}.")

    def _document(self, shape: Shape, one: dict[str, Any], where: str) -> str | None:
        try:
            return _reference(self.account, shape.fields["doc"], one.get("doc"))
        except ValueError as error:
            self._wrong(str(error), f"{where}.doc")
            return None

    def _field(self, known: Field, value: Any, row: Row, path: str) -> None:
        if known.is_read_only and known.name not in self.allowed:
            self._wrong(f"The field {known.name} is read-only.", path)
            return
        if value is None:
            row.pop(known.name, None)
            return
        try:
            row[known.name] = _READERS[known.kind](self.account, known, value)
        except ValueError as error:
            self._wrong(str(error), path)


def _text(_: Account, known: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"Invalid value for the field {known.name}: a text is expected.")  # noqa: TRY004 - one way to say so
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"Invalid value for the field {known.name}: it is no text.") from error
    longest = _LONGEST.get(known.name, 999)
    if len(value) > longest:
        raise ValueError(f"The field {known.name} contained more than the maximum number ( {longest} ) of characters allowed.")
    return value


def _boolean(_: Account, known: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"Invalid value for the field {known.name}: true or false is expected.")  # noqa: TRY004
    return value


def _number(_: Account, known: Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"Invalid value for the field {known.name}: a number is expected.")  # noqa: TRY004
    number = Decimal(value)
    places = 2 if known.name in _AMOUNTS else 8
    if abs(number) >= _LARGEST or round(number, places) != number:
        raise ValueError(f"Invalid number {number} for the field {known.name}.")
    return f"{number:.2f}" if places == 2 else format(number, "f")


def _integer(_: Account, known: Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"Invalid value for the field {known.name}: an integer is expected.")  # noqa: TRY004
    return str(value)


def _day(_: Account, known: Field, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat() if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) else _fail(known, value)
    except ValueError as error:
        raise ValueError(f"Invalid date {value!r} for the field {known.name}; it is YYYY-MM-DD.") from error


def _fail(known: Field, value: Any) -> str:
    raise ValueError(f"{known.name} {value}")


def _choice(_: Account, known: Field, value: Any) -> str:
    chosen = str(value.get("id")) if isinstance(value, dict) else str(value)
    if chosen not in known.values:
        raise ValueError(f"You have entered an Invalid Field Value {chosen} for the following field: {known.name}")
    return chosen


def _reference(account: Account, known: Field, value: Any) -> str:
    found = None
    shown = value
    if isinstance(value, dict):
        shown = value.get("id") or value.get("externalId") or ""
        if value.get("id") is not None:
            found = referred(account, known.target, str(value["id"]))
        elif value.get("externalId"):
            found = _by_external(account, known.target, str(value["externalId"]))
    elif isinstance(value, str | int) and not isinstance(value, bool):
        found = referred(account, known.target, str(value))
    if found is None or found.get("isInactive"):
        raise ValueError(f"You have entered an Invalid Field Value {shown} for the following field: {known.name}")
    return str(found["id"])


def _by_external(account: Account, target: str, external: str) -> Row | None:
    """The record with an external id; None if there is none, or if two types of the family have one."""
    kinds = [kind.name for kind in KINDS.values() if target in (kind.name, kind.family)]
    found = [row for row in (account.by_external(kind, external) for kind in kinds) if row is not None]
    return found[0] if len(found) == 1 else None


def _references(account: Account, known: Field, value: Any) -> list[str]:
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        raise ValueError(f"The field {known.name} is an object with the member 'items'.")  # noqa: TRY004
    return [_reference(account, known, one) for one in value["items"]]


def referred(account: Account, target: str, key: str) -> Row | None:
    """The record that a reference names; `entity` and `transaction` stand for every type of the family."""
    if target in ("entity", "transaction"):
        return account.shared(target, key)
    return account.get(target, key) if target in KINDS else None


_READERS: dict[str, Callable[[Account, Field, Any], Any]] = {
    "string": _text,
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
    "date": _day,
    "date-time": _text,
    "enum": _choice,
    "ref": _reference,
    "refs": _references,
}
