"""What a request wants to write: a body, checked against the attributes of its resource.

A member that the resource does not have, a value of another type, a control character and a text that is too long are refused, although the product
might ignore or convert them. A number may come as text (the samples send `"451.23"` and `"1"`). Lengths: columns of the receivables and receiving
tables, assumed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import plain
from systems.oracle_fusion.simulator.query import typed
from systems.oracle_fusion.simulator.shapes import Shape
from systems.oracle_fusion.spec import Attribute

_LENGTHS = {
    "TransactionNumber": 20,
    "ReceiptNumber": 30,
    "CrossReference": 150,
    "PurchaseOrder": 50,
    "Description": 240,
    "LineDescription": 240,
    "Comments": 1760,
    "CreditMemoComments": 1760,
    "ExternalSystemTransactionReference": 300,
    "ReferenceNumber": 30,
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LARGEST = 10**18
_PYTHON = {"string": str, "boolean": bool, "date": str, "date-time": str}


def draft_of(shape: Shape, body: Any) -> Row:
    """A row of the body; raises 400."""
    if not isinstance(body, dict):
        raise bad("The body has to be an object.", "JBO-25003")
    row: Row = {}
    for name, value in body.items():
        if name in shape.children:
            row[name] = _children(shape.children[name], name, value)
        elif name in shape.attributes:
            row[name] = _value(shape.attributes[name], value)
        else:
            raise bad(f"The attribute {name} is not known for {shape.name}.", "JBO-25058", name)
    return row


def _children(shape: Shape, name: str, value: Any) -> list[Row]:
    if not isinstance(value, list):
        raise bad(f"The child {name} has to be an array.", "JBO-25003", name)
    return [draft_of(shape, one) for one in value]


def _value(attribute: Attribute, value: Any) -> Any:
    name = attribute.name
    if value is None:
        return None
    if not _is_of_type(attribute, value):
        raise bad(f"The value {str(value)[:60]!r} is not valid for the attribute {name}.", "JBO-25009", name)
    if isinstance(value, str) and _CONTROL.search(value):
        raise bad(f"The value of the attribute {name} holds a control character.", "JBO-25009", name)
    if isinstance(value, str) and len(value) > _LENGTHS.get(name, 4000):
        raise bad(f"The value of the attribute {name} is longer than {_LENGTHS.get(name, 4000)} characters.", "JBO-27024", name)
    return plain(Decimal(str(value))) if attribute.type == "number" else value


def _is_of_type(attribute: Attribute, value: Any) -> bool:
    if attribute.type in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, int if attribute.type == "integer" else int | Decimal | str):
            return False
    elif not isinstance(value, _PYTHON[attribute.type]):
        return False
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    try:
        read = typed(attribute, text)
    except ValueError:
        return False
    return abs(read) < _LARGEST if isinstance(read, Decimal) else attribute.type != "date" or len(text) == len("yyyy-MM-dd")
