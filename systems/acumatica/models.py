"""Shapes of Acumatica's answers outside its entities: the list of endpoints, and the rows of a list.

Source: Integration Development Guide (GET /entity), OpenAPI Default 24.200.001.
"""

from __future__ import annotations

from typing import Any

from runtime.errors import Garbled, Malformed, Transient
from runtime.exchange import Response
from runtime.json import Unreadable, slices
from systems.acumatica.wire import Row
from systems.http.bodies import object_of, page_of, require_json


def offered(answer: Response, endpoint: str) -> list[str]:
    """The versions of an endpoint that the instance offers."""
    found = record(answer, "GET /entity").get("endpoints")
    if not isinstance(found, list):
        raise Transient("acumatica GET /entity: the answer lists no endpoints")
    return [str(one.get("version")) for one in found if isinstance(one, dict) and one.get("name") == endpoint]


def record(answer: Response, what: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises `Transient` if it is not one."""
    return object_of(answer, f"acumatica {what}")


def listed(answer: Response, what: str) -> list[tuple[bytes, Row]]:
    """The rows of a list answer, each with its exact bytes. Raises `Garbled` if the answer is not a list, so that it never looks empty."""
    require_json(answer, f"acumatica {what}")
    try:
        found = slices(answer.body, None)
    except Malformed as error:
        raise Garbled(f"acumatica {what}: {error}") from error
    if not all(isinstance(row, dict) and isinstance(row.get("id"), str) for _, row in found):
        raise Garbled(f"acumatica {what}: a row has no id")
    return found


def cut(answer: Response, what: str, member: str | None = None) -> list[tuple[bytes, Any]]:
    """The rows of a list answer (of its `member`) with their exact bytes; a row that cannot be read is `Unreadable`. Raises the errors of
    `page_of`."""
    found = page_of(answer, member, f"acumatica {what}")[1]
    if not all(isinstance(row, (dict, Unreadable)) for _, row in found):
        raise Garbled(f"acumatica {what}: a row is not an object", answer.body)
    return found
