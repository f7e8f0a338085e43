"""Writes and reads JSON for simulators with every digit of an amount, and reads XML without entities.

`[{"amount": 12.50}]` is written for `Decimal("12.50")` and read as that Decimal again. Reading is stricter than the vendors are.
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
    """JSON with Decimals for fractions. Raises ValueError for NaN, for a member that appears twice, and for anything that is not JSON."""
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
    """The root of an XML document. Raises ValueError for a DOCTYPE and for anything that is not XML."""
    if b"<!DOCTYPE" in raw:
        raise ValueError("a document type is declared")
    try:
        return etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
