"""The operations of Component Interfaces: Create, Get and Find over the tables.

Sources: PeopleBooks (Create answers keys, Get the buffer, Find a key collection; missing CI permission is a CI error), clients of CI services
(`Create__CompIntfc__{CI}Response/detail/{CI}/{keys}`, `notification`). (91,49) PeopleBooks; (91,50) and (90,6) as remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from runtime.simulator.records import Row
from systems.peoplesoft.simulator import journals, vouchers
from systems.peoplesoft.simulator.answers import Message, Refused, handler_failed, interface_errors
from systems.peoplesoft.simulator.buffer import read, written
from systems.peoplesoft.simulator.definitions import Shape
from systems.peoplesoft.simulator.services import Operation, is_granted, message, namespace
from systems.peoplesoft.simulator.site import JOURNAL, VOUCHER, Site

_MOST_FOUND = 300


@dataclass(frozen=True)
class Call:
    """One call of an operation: the root of its request, and who calls."""

    operation: Operation
    root: Any
    user: str
    request_id: str


def answered(site: Site, call: Call) -> str:
    """The content of the answer's Body: the response, or the interface's errors. Raises `BrokerError` if the handler cannot start."""
    operation = call.operation
    if etree.QName(call.root).localname != operation.element:
        raise handler_failed(f"The request is not {operation.element}.")
    asked = namespace(message(site, operation, "request"))
    if etree.QName(call.root).namespace != asked:
        raise handler_failed(f"The namespace of the request is not {asked}.")
    kept: Row = {}
    try:
        _require_methods(site, call)
        shape = operation.definition.shape if operation.letter == "C" else Shape(operation.definition.key_fields)
        kept = read(operation.interface, asked, shape, call.root)
        body = _WORK[operation.letter](site, call, kept)
    except Refused as refused:
        return _refused(site, call, kept, refused)
    name = f"{operation.element}Response"
    return f'<m:{name} xmlns:m="{namespace(message(site, operation, "response"))}">{body}</m:{name}>'


def _require_methods(site: Site, call: Call) -> None:
    """Require the permission list to name the interface's methods, in addition to the service operation."""
    if not is_granted(site, call.user, call.operation.interface):
        raise Refused(Message(90, 6, "Not Authorized", call.operation.interface))


def _refused(site: Site, call: Call, sent: Row, refused: Refused) -> str:
    operation = call.operation
    keys = {name: str(sent.get(name, "")) for name in operation.definition.keys}
    where = namespace(message(site, operation, "response")) if site.settings.qualified_errors else ""
    messages = refused.messages
    if operation.letter == "C" and messages[0].set not in (90, 91):
        messages = (*messages, Message(91, 37, f"Error saving Component Interface. {{{operation.interface}}}"))
    return interface_errors(operation.interface, keys, messages, where)


def _create(site: Site, call: Call, sent: Row) -> str:
    make = journals.create if call.operation.definition.about == "journal" else vouchers.create
    row = make(site, sent, call.request_id)
    if site.faults.take("wrong_echo", "POST", call.operation.name) is not None:
        row = row | {call.operation.definition.keys[1]: "WRONG000"}
    return f"<m:notification>1</m:notification><m:detail>{_keys(call.operation, row)}</m:detail>"


def _keys(operation: Operation, row: Row) -> str:
    rows = "".join(f"<m:{name}>{escape(str(row[name]))}</m:{name}>" for name in operation.definition.keys)
    return f"<m:{operation.interface}>{rows}</m:{operation.interface}>"


def _get(site: Site, call: Call, sent: Row) -> str:
    definition = call.operation.definition
    kind = JOURNAL if definition.about == "journal" else VOUCHER
    values = [_key_text(sent.get(name, ""), name) for name in definition.keys]
    row = site.get(kind, "/".join(values))
    if row is None or not all(values):
        raise Refused(Message(91, 50, f"No rows exist for the specified keys. {{{call.operation.interface}}}"))
    return written("m", definition.shape, row)


def _find(site: Site, call: Call, sent: Row) -> str:
    definition = call.operation.definition
    kind = JOURNAL if definition.about == "journal" else VOUCHER
    wanted = {name: _key_text(value, name) for name, value in sent.items() if value}
    found = [row for row in site.rows(kind) if all(str(row[name]).startswith(value) for name, value in wanted.items())]
    return "".join(_keys(call.operation, row) for row in found[:_MOST_FOUND])


def _key_text(value: str, name: str) -> str:
    return value or "0" if name == "UNPOST_SEQ" else value


_WORK = {"C": _create, "G": _get, "F": _find}
