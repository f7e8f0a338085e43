"""The REST framework's part of a request: version, query options, and the page of rows that they ask for.

Sources: FWK (versions 1 to 9, default 1), PRC:Collections (q only on queryable attributes), TSUP and KLIB (default limit 25, above 499 silently
499). Refused although the product might ignore it: an unknown query option, a version that is not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import bad, collection_answer
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.query import ordered, where
from systems.oracle_fusion.simulator.shapes import Shape
from systems.oracle_fusion.simulator.view import Place, Sheet, View, envelope, view_of

_DIGITS = re.compile(r"[0-9]{1,9}")
_ROWS = ("q", "finder", "orderBy", "limit", "offset", "totalResults", "effectiveDate")
OPTIONS = frozenset((*_ROWS, "fields", "expand", "onlyData", "dependency", "links"))


def version_of(request: web.Request, pod: Pod) -> int:
    """The framework version of a request; raises 400."""
    text = request.headers.get("REST-Framework-Version", "1")
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= pod.settings.framework_versions:
        raise bad(f"The REST framework version {text!r} is not allowed.", "JBO-25058")
    return int(text)


@dataclass(frozen=True)
class Ask:
    """A request for rows; `base` is the address of the resources as the client calls it."""

    pod: Pod
    request: web.Request
    version: int
    base: str

    def option(self, name: str) -> str | None:
        """A query option."""
        return self.request.query.get(name)

    def refuse_unknown(self) -> None:
        """Raise 400 for a query option that the framework does not have, or that occurs twice."""
        for name in self.request.query:
            if name not in OPTIONS or len(self.request.query.getall(name)) > 1:
                raise bad(f"The query parameter {name} is not valid.", "JBO-25058", name)

    def says(self, name: str) -> bool:
        """A query option that is true or false."""
        text = self.option(name) or "false"
        if text not in ("true", "false"):
            raise bad(f"The value {text!r} of the parameter {name} is not valid.", "JBO-25058", name)
        return text == "true"

    @property
    def sheet(self) -> Sheet:
        """How the rows are written."""
        relations = frozenset((self.option("links") or "").split(",")) - {""}
        return Sheet(self.pod, self.version, self.base, not self.says("onlyData"), relations)

    def view(self, shape: Shape) -> View:
        """What is shown of each row."""
        return view_of(shape, self.option("fields"), self.option("expand"))

    def chosen(self, shape: Shape, rows: Iterable[Row]) -> list[Row]:
        """The rows that match `q`, in the order of `orderBy`."""
        text = self.option("q")
        if text:
            wanted = where(text, self.version, shape.attributes)
            rows = (row for row in rows if wanted.matches(row))
        return ordered(rows, self.option("orderBy") or "", shape.attributes)

    def page(self, shape: Shape, rows: list[Row], address: str) -> web.Response:
        """The page of these rows that `limit` and `offset` ask for."""
        settings, path = self.pod.settings, self.request.path
        limit = min(self._number("limit", settings.default_limit, 1), settings.page_cap)
        offset = self._number("offset", 0, 0)
        start = offset + 1 if offset and self.pod.faults.take("page_drift", "GET", path) else offset
        items = [self.sheet.row(shape, row, self.view(shape), address) for row in rows[start : start + limit]]
        has_more = start + limit < len(rows) and self.pod.faults.take("lost_more", "GET", path) is None
        if self.pod.faults.take("short_page", "GET", path) is not None:
            items = items[:-1]
        total = len(rows) if self.says("totalResults") else None
        return collection_answer(envelope(items, Place(address, shape.name, limit, offset, has_more, total)))

    def _number(self, name: str, default: int, least: int) -> int:
        text = self.option(name)
        if text is None:
            return default
        if not _DIGITS.fullmatch(text) or int(text) < least:
            raise bad(f"The value {text!r} of the parameter {name} is not valid.", "JBO-25058", name)
        return int(text)
