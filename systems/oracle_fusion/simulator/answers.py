"""What the pod answers: rows as JSON, and refusals in the form that the framework version and the Accept header ask for.

Sources: "Set the REST Framework Version" (o:errorDetails from version 4), a public client's note (without Accept
`application/vnd.oracle.adf.error+json` an error may be plain text). Code and path of a detail, and the JSON below version 4, are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from runtime.wire import dumps

ERROR_TYPE = "application/vnd.oracle.adf.error+json"
ITEM_TYPE = "application/vnd.oracle.adf.resourceitem+json"
COLLECTION_TYPE = "application/vnd.oracle.adf.resourcecollection+json"
ACTION_TYPE = "application/vnd.oracle.adf.action+json"
BATCH_TYPE = "application/vnd.oracle.adf.batch+json"
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Problem:
    """One detail of a refusal: the words, the code (`JBO-27014`, `AR-855000`) and the attribute."""

    words: str
    code: str = ""
    attribute: str = ""

    @property
    def text(self) -> str:
        """As one line: `JBO-27014: Attribute X is required`."""
        return f"{self.code}: {self.words}" if self.code else self.words


class Refused(Exception):
    """The pod says no."""

    def __init__(self, status: int, *problems: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__("\n".join(problem.text for problem in problems) or _TITLES[status])
        self.status, self.problems, self.headers = status, problems, headers or {}

    def answer(self, version: int, accept: str) -> web.Response:
        """In the form of a framework version."""
        if ERROR_TYPE not in accept:
            return web.Response(status=self.status, text=str(self), content_type="text/plain", headers=self.headers)
        body: dict[str, Any] = {"title": _TITLES[self.status], "status": str(self.status)}
        if version < 4:
            body["detail"] = str(self)
        else:
            body["o:errorDetails"] = [_detail(problem) for problem in self.problems or (Problem(_TITLES[self.status]),)]
        return web.Response(status=self.status, body=dumps(body), content_type=ERROR_TYPE, headers=self.headers)


def _detail(problem: Problem) -> dict[str, str]:
    found = {"detail": problem.text}
    if problem.code:
        found["o:errorCode"] = problem.code.removeprefix("JBO-")
    if problem.attribute:
        found["o:errorPath"] = f"/{problem.attribute}"
    return found


def bad(words: str, code: str = "", attribute: str = "") -> Refused:
    """A 400 with one detail."""
    return Refused(400, Problem(words, code, attribute))


def missing(names: Iterable[str]) -> list[Problem]:
    """Details for attributes that have to be there."""
    return [Problem(f"Attribute {name} is required.", "JBO-27014", name) for name in names]


def row_answer(body: Any, status: int = 200, etag: str = "") -> web.Response:
    """One row."""
    headers = {"ETag": f'"{etag}"'} if etag else None
    return web.Response(status=status, body=dumps(body), content_type=ITEM_TYPE, headers=headers)


def collection_answer(body: Any) -> web.Response:
    """A page of rows."""
    return web.Response(body=dumps(body), content_type=COLLECTION_TYPE)
