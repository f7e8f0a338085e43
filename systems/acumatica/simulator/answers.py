"""What the tenant answers when it refuses, in the vendor's HttpError form.

Sources: swagger `HttpError`, field notes against live tenants for the exception types; texts marked "assumed" in SYSTEM.md.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer

PX = "PX.Data.PXException"


class VendorError(Exception):
    """A refusal: HTTP status, the vendor's message and exception type."""

    def __init__(self, status: int, message: str, kind: str = PX) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind


class Unprocessable(Exception):
    """HTTP 422: `body` is the submitted entity, with `error` added to each wrong value."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__("422")
        self.body = body


def missing() -> VendorError:
    """No record with that key (HTTP 500 on most builds; setting `missing_by_key`)."""
    return VendorError(500, "No entity satisfies the condition.", "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException")


def unknown_field(name: str) -> VendorError:
    """A name that the endpoint does not have, in `$select`, `$filter`, `$expand` or `$custom`."""
    text = f"The given key '{name}' was not present in the dictionary."
    return VendorError(500, text, "System.Collections.Generic.KeyNotFoundException")


def precondition(text: str) -> VendorError:
    """If-Match or If-None-Match is violated."""
    return VendorError(412, text)


def refusal(error: VendorError) -> web.Response:
    """The HttpError body of a refusal."""
    body = {
        "message": "An error has occurred." if error.status >= 500 else error.message,
        "exceptionMessage": error.message,
        "exceptionType": error.kind,
        "stackTrace": "   at PX.Api.ContractBased.EntityImpl.Invoke()",
    }
    return json_answer(body, error.status)
