"""`POST /services/rest/query/v1/suiteql`: pages of a query.

Sources: help pages on executing SuiteQL: `Prefer: transient`, `limit` at most 1000, at most 100,000 rows of a query over all pages; every value is a
text, a column's name is in lower case, an empty column is absent. Assumed: `offset` is a multiple of `limit`; rows above the limit are neither shown
nor counted; without ORDER BY (or with one that leaves ties) rows come in a different order in each answer; a column without a name is `expr1`, and a
repeated name gets `_0`.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from decimal import Decimal
from typing import Any

from aiohttp import web

from systems.netsuite.simulator.answers import NsError, bad_header, bad_parameter, invalid, resource
from systems.netsuite.simulator.dates import written
from systems.netsuite.simulator.door.entrance import Door, lacking
from systems.netsuite.simulator.query.dialect import Statement, translated
from systems.netsuite.simulator.query.grouping import NotParsed
from systems.netsuite.simulator.query.mirror import Mirror
from systems.netsuite.simulator.query.tables import MARK, PERMITTED_BY
from systems.netsuite.simulator.service.records import body_of, envelope, page_of

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
SUITEQL = "/services/rest/query/v1/suiteql"


class SuiteQL:
    """The route."""

    def __init__(self, door: Door, mirror: Mirror) -> None:
        self._door, self._mirror, self._account = door, mirror, door.account

    def add(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_post(SUITEQL, self._door.guarded("POST /suiteql", self._asked))

    async def _asked(self, request: web.Request) -> web.Response:
        if self._door.is_denied("suiteql"):
            raise lacking("SuiteAnalytics Workbook")
        if "transient" not in [part.strip() for part in request.headers.get("Prefer", "").split(",")]:
            raise bad_header("The header Prefer must have the value transient.", "Prefer")
        for name in request.query:
            if name not in ("limit", "offset"):
                raise bad_parameter(f"The query parameter '{name}' is not supported here.", name)
        limit, offset = page_of(request)
        body = await body_of(request)
        if not isinstance(body, dict) or not isinstance(body.get("q"), str) or body.keys() != {"q"}:
            raise invalid("The body has one member: q, the query.", "q")
        items, total = self._page(body["q"], limit, offset)
        return resource(envelope(request, items, offset, total), "collection")

    def _page(self, text: str, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        ceiling = self._account.settings.row_ceiling
        if offset >= ceiling:
            raise bad_parameter(f"A query gives at most {ceiling} rows; the offset {offset} lies behind them.", "offset")
        self._mirror.catch_up()
        self._mirror.functions.problem = ""
        try:
            statement = self._permitted(translated(text))
            _, [(count,)] = self._mirror.ask(f"SELECT COUNT(*) FROM ({statement.sql})")  # noqa: S608 - translated token by token
            total = min(int(count), ceiling, statement.rows if statement.rows is not None else ceiling)
            if self._account.faults.take("page_drift", "POST", SUITEQL):
                offset += 1  # a row before this page was removed while the client was paging
            wanted = max(min(limit, total - offset), 0)
            names, rows = self._mirror.ask(f"{self._ordered(statement)} LIMIT ? OFFSET ?", wanted, offset)
        except NotParsed as error:
            raise _refused(str(error)) from error
        except sqlite3.Error as error:
            raise _refused(self._mirror.functions.problem or _in_words(str(error))) from error
        return [self._item(_keys(names), row) for row in rows], total

    def _permitted(self, statement: Statement) -> Statement:
        for table in statement.tables:
            if table in PERMITTED_BY and self._door.is_denied(PERMITTED_BY[table]):
                raise NotParsed(f"Record '{table}' was not found.")
        return statement

    def _ordered(self, statement: Statement) -> str:
        """The statement with ties in random order, as the service leaves them."""
        if not self._account.settings.shuffled or not statement.has_ties:
            return statement.sql
        if statement.is_compound:
            return statement.sql if statement.has_order else f"SELECT * FROM ({statement.sql}) ORDER BY sim_tie()"  # noqa: S608
        return f"{statement.sql}{', sim_tie()' if statement.has_order else ' ORDER BY sim_tie()'}"

    def _item(self, keys: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
        shown = {key: self._shown(value) for key, value in zip(keys, row, strict=True) if value is not None and value != ""}
        return {"links": []} | shown

    def _shown(self, value: Any) -> str:
        if isinstance(value, float):
            return format(round(Decimal(repr(value)), 8).normalize() + 0, "f")
        text = str(value)
        if not text.startswith(MARK):
            return text
        return written(text[1:], self._account.settings) if _DATE.match(text, 1) else text[1:]


def _keys(names: list[str]) -> list[str]:
    found: list[str] = []
    unnamed, seen = 0, Counter[str]()
    for name in names:
        key = name.lower()
        if not re.fullmatch(r"\w+", key):
            unnamed += 1
            key = f"expr{unnamed}"
        found.append(key if not seen[key] else f"{key}_{seen[key] - 1}")
        seen[key] += 1
    return found


def _in_words(error: str) -> str:
    match = re.match(r"no such column: (.*)", error)
    if match:
        return f"Field '{match[1]}' was not found. Reason: NOT_EXISTS - Field does not exist."
    return "the query took too long" if error == "interrupted" else error


def _refused(words: str) -> NsError:
    return bad_parameter(f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {words}", "q")
