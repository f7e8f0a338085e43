"""Query Access Service over REST: `ExecuteQuery.v1/{public|private}/{QUERY}/{format}/{FILE|NONFILE}`.

Sources: PeopleBooks and public clients: names are case-sensitive, prompts are named in the query's own order, commas are not encoded, `maxrows`
truncates silently, JSON has `queryname=` (the equals sign is part of the key) and `attr:rownumber`, values are texts, columns have the alias `A.`;
XML has `row` elements. A refusal by the gateway is HTTP 500 with an IBResponse. A refusal by the handler has its own status: 404 for a query that
does not exist or is not the user's, 400 for options that it cannot use. Which options are required, and the bodies, are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

from aiohttp import web

from runtime.simulator.answers import json_answer
from runtime.simulator.records import Row
from runtime.simulator.switches import names
from systems.peoplesoft.simulator.answers import BrokerError, broker_answer, handler_failed, xml_answer
from systems.peoplesoft.simulator.listener import require_active, unauthorized
from systems.peoplesoft.simulator.queries import NUMBERS, QUERIES, BadPrompt, Query, visible
from systems.peoplesoft.simulator.security import Security, Unauthorized
from systems.peoplesoft.simulator.services import QUERY
from systems.peoplesoft.simulator.site import Site

PATH = "/PSIGW/RESTListeningConnector/{node}/ExecuteQuery.v1/{owner}/{query}/{format}/{file}"
_FORMATS = ("WEBROWSET", "XMLP")
_KNOWN = frozenset({"isconnectedquery", "maxrows", "prompt_uniquepromptname", "prompt_fieldvalue", "json_resp", "filterfields"})
_DATES = frozenset({"LAST_MODIFIED_DATE", "EFFDT", "BEGIN_DT", "END_DT", "JOURNAL_DATE", "INVOICE_DT"})


class HandlerRefused(Exception):
    """The handler of ExecuteQuery refuses with an HTTP status of its own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class _Asked:
    name: str
    format: str
    is_json: bool
    most: int
    prompts: tuple[str, ...]
    columns: tuple[str, ...]


class QueryService:
    """Answers ExecuteQuery."""

    def __init__(self, site: Site, security: Security) -> None:
        self._site = site
        self._security = security

    def add(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get(PATH, self.execute)

    async def execute(self, request: web.Request) -> web.Response:
        """One query; errors before the handler are HTTP 500 with an IBResponse."""
        try:
            return self._executed(request)
        except Unauthorized as error:
            return unauthorized(error)
        except HandlerRefused as error:
            return web.Response(status=error.status, text=str(error))
        except BrokerError as error:
            error.status, error.is_fault = 500, False
            return broker_answer(error, 500)

    def _executed(self, request: web.Request) -> web.Response:
        site, part = self._site, request.match_info
        if part["node"] != site.settings.node:
            raise BrokerError(3, "The requested node is not known to this gateway.")
        user = self._security.rest(request)
        require_active(site, user, QUERY)
        query = self._query(part["owner"], part["query"])
        asked = self._asked(request, query)
        site.calls[asked.name] += 1
        try:
            found = visible(site, query, asked.prompts)
        except BadPrompt as error:
            raise handler_failed(f"Query {asked.name}: prompt {error} cannot be used.") from error
        if site.faults.take("page_drift", request.method, request.path) is not None:
            found = found[1:]
        rows = [_shown(asked.columns, row) for row in islice(found, min(asked.most, site.settings.max_rows))]
        return _json(asked, rows) if asked.is_json else _xml(asked, rows)

    def _query(self, owner: str, name: str) -> Query:
        prefix = self._site.settings.query_prefix
        bare = name.removeprefix(prefix)
        is_there = owner == "public" and name.startswith(prefix) and bare in QUERIES
        if not is_there or names(self._site.settings.missing_queries) & {name, bare}:
            raise HandlerRefused(404, f"Query {name} does not exist or is not yours.")
        return QUERIES[bare]

    def _asked(self, request: web.Request, query: Query) -> _Asked:
        part, name = request.match_info, request.match_info["query"]
        options = _options(request.raw_path.partition("?")[2])
        if options.keys() - _KNOWN or part["format"] not in _FORMATS or part["file"] != "NONFILE":
            raise HandlerRefused(400, f"Query {name}: an option is not known.")
        most = options.get("maxrows", "")
        if options.get("isconnectedquery") != "N" or not most.isascii() or not most.isdigit() or int(most) < 1:
            raise HandlerRefused(400, f"Query {name}: isconnectedquery=N and maxrows are required.")
        wanted = tuple(unquote_plus(one) for one in options.get("prompt_uniquepromptname", "").split(",") if one)
        values = tuple(unquote_plus(one) for one in options.get("prompt_fieldvalue", "").split(","))
        if wanted != query.prompts or len(values) != len(wanted):
            raise HandlerRefused(400, f"Query {name} asks for {','.join(query.prompts)}, in this order.")
        columns = tuple(unquote_plus(one) for one in options.get("filterfields", "").split(",") if one) or query.columns
        if set(columns) - set(query.columns):
            raise HandlerRefused(400, f"Query {name}: filterfields names a column that it does not have.")
        return _Asked(name, part["format"], options.get("json_resp") == "true", int(most), values, columns)


def _options(text: str) -> Mapping[str, str]:
    """The options of a query string, with their values still encoded, because an encoded comma does not separate."""
    found: dict[str, str] = {}
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        if name in found:
            raise HandlerRefused(400, f"The option {name} occurs twice.")
        found[name] = value
    return found


def _shown(columns: tuple[str, ...], row: Row) -> Row:
    return {name: _text(name, str(row.get(name, ""))) for name in columns}


def _text(name: str, value: str) -> str:
    """A CHAR column is never empty but has one blank. An empty date is empty."""
    if name in NUMBERS:
        return value or "0.000"
    return value or ("" if name in _DATES else " ")


def _json(asked: _Asked, rows: list[Row]) -> web.Response:
    listed = [
        {"attr:rownumber": number} | {f"A.{name}": value for name, value in row.items()} for number, row in enumerate(rows, 1)
    ]
    body: dict[str, Any] = {"numrows": len(rows), "queryname=": asked.name, "rows": listed}
    return json_answer({"status": "success", "data": {"query": body}})


def _xml(asked: _Asked, rows: list[Row]) -> web.Response:
    parts = [
        f'<row rownumber="{number}">{"".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items())}</row>'
        for number, row in enumerate(rows, 1)
    ]
    root = "query" if asked.format == "XMLP" else "webRowSet"
    return xml_answer(f'<?xml version="1.0"?>\n<{root} numrows="{len(rows)}" queryname="{asked.name}">{"".join(parts)}</{root}>')
