"""What the account answers: records, collections, and refusals in NetSuite's form with `o:errorDetails`.

Sources: media types, the members of an error and the codes of the REST API Browser and the help pages on errors and
idempotency). Assumed: the words of most details, USER_ERROR, INSUFFICIENT_PERMISSION, NONEXISTENT_ID, CONCURRENCY_LIMIT_EXCEEDED as codes.
`type` comes in two forms in the field, so a client cannot match on it; here it is the newer one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

from runtime.wire import dumps

MEDIA = "application/vnd.oracle.resource+json"
_SECTIONS = {400: "15.5.1", 401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 405: "15.5.6", 415: "15.5.16", 500: "15.6.1"}
_TITLES = {429: "Too Many Requests"}


@dataclass(frozen=True)
class Detail:
    """One entry of `o:errorDetails`; `path` is a path into the body, `param` a query parameter, `header` a header."""

    text: str
    code: str
    path: str = ""
    param: str = ""
    header: str = ""

    def shown(self) -> dict[str, str]:
        """The entry as it goes out."""
        named = {"o:errorPath": self.path, "o:errorQueryParam": self.param, "o:errorHeader": self.header}
        return {"detail": self.text, "o:errorCode": self.code} | {name: text for name, text in named.items() if text}


@dataclass
class NsError(Exception):
    """A refusal: HTTP status and its details; `title` and `headers` if they are special."""

    status: int
    details: tuple[Detail, ...]
    title: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "; ".join(detail.text for detail in self.details)


def refuse(status: int, code: str, text: str, **where: str) -> NsError:
    """A refusal with one detail; `where` is `path`, `param` or `header`."""
    return NsError(status, (Detail(text, code, **where),))


def invalid(text: str, path: str = "") -> NsError:
    """A wrong value or reference in the body."""
    return refuse(400, "INVALID_CONTENT", f"Error while accessing a resource. {text}", path=path)


def user_error(text: str, path: str = "") -> NsError:
    """A rule of the account or of the books is violated."""
    return refuse(400, "USER_ERROR", f"Error while accessing a resource. {text}", path=path)


def missing(kind: str, key: str) -> NsError:
    """No such record."""
    text = f"The record instance does not exist. Provide a valid record instance ID. ({kind} {key})"
    return refuse(404, "NONEXISTENT_ID", text)


def bad_parameter(text: str, param: str = "") -> NsError:
    """An impossible query or query parameter."""
    return refuse(400, "INVALID_PARAMETER", text, param=param)


def bad_header(text: str, header: str) -> NsError:
    """An impossible header."""
    return refuse(400, "INVALID_HEADER", text, header=header)


def answer_of(error: NsError) -> web.Response:
    """The body of a refusal."""
    section = _SECTIONS.get(error.status)
    about = f"rfc9110.html#section-{section}" if section else "rfc6585.html#section-4"
    body = {
        "type": f"https://www.rfc-editor.org/rfc/{about}",
        "title": error.title or _TITLES.get(error.status) or HTTPStatus(error.status).phrase,
        "status": error.status,
        "o:errorDetails": [detail.shown() for detail in error.details],
    }
    return resource(body, "error", error.status, error.headers)


def resource(body: Any, kind: str = "singular", status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A record (`singular`), a list (`collection`) or an error."""
    told = {"Content-Type": f"{MEDIA}; type={kind}"} | (headers or {})
    return web.Response(status=status, body=dumps(body), headers=told)


def made(location: str, headers: dict[str, str] | None = None) -> web.Response:
    """204 with the address of what was written."""
    return web.Response(status=204, headers={"Location": location} | (headers or {}))
