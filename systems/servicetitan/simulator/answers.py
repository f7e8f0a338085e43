"""What the tenant answers: JSON with exact decimals, and refusals in the vendor's ApiErrorResponse form.

Source: OpenAPI `ApiErrorResponse` (RFC 7807 style, all six members required); texts and the trace id's look are assumed.
"""

from __future__ import annotations

import hashlib
from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer, read_json


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
    """A 400 that names the member whose value does not bind."""
    return Refused(400, "One or more validation errors occurred.", {member: [words]})


def unreadable(member: str = "$") -> Refused:
    """A 400 for a value that does not have the type of its member."""
    return invalid(member, "The JSON value could not be converted.")


async def body_of(request: web.Request) -> Any:
    """The JSON of a request. Raises 400."""
    try:
        return read_json(await request.read())
    except ValueError as error:
        raise unreadable() from error


def throttled(seconds: int = 1) -> web.Response:
    """429 as the gateway before the API answers (assumed: Azure API Management's form)."""
    body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
    return json_answer(body, 429, {"Retry-After": str(seconds)})
