"""What the tenant answers: JSON with decimals exact, and refusals in the vendor's ApiErrorResponse form.

Source: OpenAPI `ApiErrorResponse` (RFC 7807 style, all six members required); texts and the trace id's look are assumed.
"""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import web

JSON = "application/json"


class Refused(Exception):
    """A refusal: HTTP status, title, and the errors by member."""

    def __init__(self, status: int, title: str, errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(title)
        self.status, self.title, self.errors = status, title, errors or {}

    def answer(self) -> web.Response:
        """The error as the vendor sends it."""
        trace = hashlib.md5(f"{self.title}{self.errors}".encode(), usedforsecurity=False).hexdigest()
        body = {
            "type": f"https://httpstatuses.io/{self.status}",
            "title": self.title,
            "status": self.status,
            "traceId": f"00-{trace}-{trace[:16]}-00",
            "errors": self.errors,
            "data": {},
        }
        return json_answer(body, self.status)


def invalid(member: str, words: str) -> Refused:
    """A 400 that names the member which does not bind."""
    return Refused(400, "One or more validation errors occurred.", {member: [words]})


def json_bytes(value: Any) -> bytes:
    """JSON in which a Decimal is a number with all its digits."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode())
    raise TypeError(f"cannot be sent: {type(value).__name__}")


def json_answer(value: Any, status: int = 200) -> web.Response:
    """A JSON answer; bytes are taken as they are."""
    body = value if isinstance(value, bytes) else json_bytes(value)
    return web.Response(body=body, status=status, content_type=JSON, charset="utf-8")


def throttled(wait_s: float) -> web.Response:
    """429 as the gateway before the API answers (assumed: Azure API Management's form)."""
    seconds = max(1, math.ceil(wait_s))
    body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
    answer = json_answer(body, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
