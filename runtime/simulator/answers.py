"""JSON of a simulator's, out and in, with every digit of an amount kept; and XML in, without entities.

`[{"amount": 12.50}]` goes out for `Decimal("12.50")` and is read as that Decimal again. What is read is held to more than vendors ask for.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from aiohttp import web
from lxml import etree

from runtime.wire import dumps


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(status=status, body=dumps(value), headers=headers, content_type="application/json", charset="utf-8")


def read_json(raw: bytes) -> Any:
    """JSON with Decimals for fractions. Raises ValueError for NaN, a member that appears twice, and what is no JSON."""
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member appears twice")
    return members


def read_xml(raw: bytes) -> Any:
    """The root of an XML document. Raises ValueError for a DOCTYPE and for what is no XML."""
    if b"<!DOCTYPE" in raw:
        raise ValueError("a document type is declared")
    try:
        return etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
