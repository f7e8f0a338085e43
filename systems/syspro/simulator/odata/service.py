"""The OData service: `/SYSPRO8Odata/SYSPROOData/{company}/{table}` with Basic, at most 5,000 rows an answer, read only.

Sources: the vendor's help (OData 4.0, HTTPS, Basic by an operator, read only, 5,000 rows a request, no rate limit); the form of the address from a
secondary source. Assumed: the form of errors (OData 4.0 JSON), that a truncated page names the next one (switch `next_link`), that a date is midnight
with Z, and that without $orderby the order is arbitrary.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from xml.sax.saxutils import quoteattr

from aiohttp import web

from runtime.simulator.conditions import BadCondition
from runtime.simulator.records import Row
from runtime.simulator.switches import names
from runtime.simulator.tokens import authorization
from runtime.wire import dumps
from systems.syspro.simulator.answers import page
from systems.syspro.simulator.company import Company, key_of
from systems.syspro.simulator.door.signin import SignIn
from systems.syspro.simulator.odata.filters import KINDS, parse_filter, value_of
from systems.syspro.spec import Column, tables

BASE = "/SYSPRO8Odata/SYSPROOData"
_OPTIONS = ("$filter", "$select", "$orderby", "$top", "$skip", "$count", "$format")
_JSON = "application/json; odata.metadata=minimal; charset=utf-8"


class _BadQuery(Exception):
    """The query is not valid OData; the words say why."""


@dataclass(frozen=True)
class _Asked:
    """A query of a table: its options as texts."""

    table: str
    columns: dict[str, Column]
    options: dict[str, str]

    def count(self, name: str, otherwise: int) -> int:
        text = self.options.get(name, str(otherwise))
        if not text.isdecimal():
            raise _BadQuery(f"The value '{text}' for the query option '{name}' is not a number of at least 0.")
        return int(text)

    def column(self, name: str) -> Column:
        if name not in self.columns:
            raise _BadQuery(f"Could not find a property named '{name}' on type '{self.table}'.")
        return self.columns[name]


class OData:
    """The service."""

    def __init__(self, company: Company, signin: SignIn) -> None:
        self._company, self._signin = company, signin

    def takes(self, path: str) -> bool:
        """Whether a path belongs to this service."""
        return path.lower().startswith(BASE.lower() + "/")

    def answer(self, request: web.Request) -> web.Response:
        """One call."""
        settings = self._company.settings
        if not settings.odata:
            return page(404, "404 - File or directory not found.", "The resource you are looking for does not exist.")
        if request.method != "GET":
            return _error(405, f"The requested resource does not support http method '{request.method}'.")
        scheme, credential = authorization(request)
        if scheme != "Basic" or not self._signin.may_read(credential):
            headers = {"WWW-Authenticate": 'Basic realm="SYSPRO"'}
            return web.Response(status=401, headers=headers, text="Access is denied.", content_type="text/html")
        company, _, table = request.path[len(BASE) + 1 :].partition("/")
        if company != settings.company:
            return _error(404, f"Company '{company}' not found.")
        return self._of_company(request, table.rstrip("/"))

    def _of_company(self, request: web.Request, table: str) -> web.Response:
        shown = [name for name in tables() if name not in names(self._company.settings.hidden_tables)]
        self._company.calls[f"odata {table}"] += 1
        root = f"{request.scheme}://{request.host}{BASE}/{quote(self._company.settings.company)}"
        if not table:
            value = [{"name": name, "kind": "EntitySet", "url": name} for name in shown]
            return _json({"@odata.context": f"{root}/$metadata", "value": value})
        if table == "$metadata":
            return web.Response(text=_metadata(shown), content_type="application/xml")
        if table not in shown:
            return _error(404, f"Resource not found for the segment '{table}'.")
        try:
            return _json(self._page(root, _asked(request, table)))
        except (BadCondition, _BadQuery) as error:
            return _error(400, f"The query specified in the URI is not valid. {error}")

    def _page(self, root: str, asked: _Asked) -> dict[str, Any]:
        settings = self._company.settings
        rows = self._rows(asked)
        skip, top = asked.count("$skip", 0), asked.count("$top", len(rows))
        most = min(top, settings.odata_rows)
        given = rows[skip : skip + most]
        columns = (
            [asked.column(name.strip()) for name in asked.options["$select"].split(",")] if "$select" in asked.options else None
        )
        whole: dict[str, Any] = {"@odata.context": f"{root}/$metadata#{asked.table}"}
        if asked.options.get("$count") == "true":
            whole["@odata.count"] = len(rows)
        whole["value"] = [_entity(row, columns or list(asked.columns.values()), settings.padded) for row in given]
        if settings.next_link and top > most and skip + most < len(rows):
            following = asked.options | {"$skip": str(skip + most)}
            following |= {"$top": str(top - most)} if "$top" in asked.options else {}
            whole["@odata.nextLink"] = f"{root}/{asked.table}?{urlencode(following, quote_via=quote, safe='$')}"
        return whole

    def _rows(self, asked: _Asked) -> list[Row]:
        rows = self._company.rows(asked.table)
        if "$filter" in asked.options:
            condition = parse_filter(asked.options["$filter"], asked.columns)
            rows = [row for row in rows if condition.matches(row)]
        rows = sorted(rows, key=lambda row: hashlib.sha256(f"odata/{key_of(asked.table, row)}".encode()).hexdigest())
        for told in reversed(asked.options.get("$orderby", "").split(",") if asked.options.get("$orderby") else []):
            name, _, direction = told.strip().partition(" ")
            if direction.strip() not in ("", "asc", "desc"):
                raise _BadQuery(f"Syntax error in '{told}'.")
            rows.sort(key=partial(_sortable, asked.column(name)), reverse=direction.strip() == "desc")
        return rows


def _sortable(column: Column, row: Row) -> Any:
    value = value_of(row, column)
    return "" if value is None else value


def _asked(request: web.Request, table: str) -> _Asked:
    pairs = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
    options = dict(pairs)
    for name in options:
        if name not in _OPTIONS:
            raise _BadQuery(f"The query parameter '{name}' is not supported.")
    if len(options) != len(pairs):
        raise _BadQuery("A query option appears twice.")
    if options.get("$count", "false") not in ("true", "false"):
        raise _BadQuery(f"'{options['$count']}' is not a valid count option.")
    return _Asked(table, {column.name: column for column in tables()[table]}, options)


def _entity(row: Row, columns: list[Column], padded: bool) -> dict[str, Any]:
    return {column.name: _value(row, column, padded) for column in columns}


def _value(row: Row, column: Column, padded: bool) -> Any:
    found = value_of(row, column)
    if column.kind == "rowversion":
        return base64.b64encode(int(found).to_bytes(8, "big")).decode()
    if column.kind == "decimal":
        return found.quantize(Decimal(1).scaleb(-column.places))
    if column.kind == "datetime":
        return None if found is None else f"{found}T00:00:00Z"
    return found.ljust(column.width) if padded else found


def _metadata(shown: list[str]) -> str:
    types, sets = [], []
    for name in shown:
        keys = "".join(f"<PropertyRef Name={quoteattr(one.name)}/>" for one in tables()[name] if one.key)
        told = "".join(f"<Property Name={quoteattr(one.name)} Type={quoteattr(KINDS[one.kind])}/>" for one in tables()[name])
        types.append(f"<EntityType Name={quoteattr(name)}><Key>{keys}</Key>{told}</EntityType>")
        sets.append(f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr(f'Syspro.{name}')}/>")
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="Syspro" xmlns="http://docs.oasis-open.org/odata/ns/edm">{"".join(types)}'
        f'<EntityContainer Name="Container">{"".join(sets)}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    )


def _json(body: dict[str, Any]) -> web.Response:
    return web.Response(body=dumps(body), headers={"Content-Type": _JSON, "OData-Version": "4.0"})


def _error(status: int, text: str) -> web.Response:
    body = {"error": {"code": "", "message": text}}
    return web.Response(status=status, body=dumps(body), headers={"Content-Type": _JSON, "OData-Version": "4.0"})
