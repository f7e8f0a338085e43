"""What an answer of ServiceTitan means, by status: to a read, and to a write.

Source: ServiceTitan OpenAPI (400, 404, 409 with ApiErrorResponse); 401, 403, 429 and 5xx are declared nowhere and are taken from
clients that run against production (assumed): HTML pages come with 5xx, Retry-After may come with 429.
"""

from __future__ import annotations

from typing import Any

from runtime.answers import asked_pause, asked_pause_s
from runtime.errors import Broken, ConnectorError, Malformed, Refused, Throttled, Transient
from runtime.exchange import Response
from runtime.json import parse
from runtime.redaction import told
from systems.contract import Answer, Verdict

_WORDS = 400


class QueryRefused(Refused):
    """The API understood the request and refuses it (400, 409, 410, 422, ...): a parameter, an id or a continuation token is not good."""


class Absent(Broken):
    """404: no such object, or no such path (wrong tenant or module)."""


def refused_read(answer: Response, what: str, scope: str) -> ConnectorError | None:
    """The error that an answer other than 200 means; None for 200 and for 401, which the client answers with a fresh token.

    | status | meaning |
    |---|---|
    | 3xx | never followed; transient, for gateways redirect to a login or maintenance page |
    | 400, 409, 422, any other 4xx | `QueryRefused` with the title of the ApiErrorResponse |
    | 403 | `Broken`: scope not granted, wrong tenant or app key |
    | 404 | `Absent` |
    | 429, 503 with Retry-After | `Throttled` |
    | 408, 425, 5xx, anything else | `Transient` |
    """
    status = answer.status
    if status in (200, 401):
        return None
    if status == 403:
        return Broken(
            f"servicetitan {what}: 403, the scope {scope} is not granted, or the app key or tenant is wrong.",
            f"Add {scope} to the app in the developer portal and let the tenant's admin accept the new version.",
        )
    if status == 404:
        return Absent(f"servicetitan {what}: 404.", "Check tenant_id and that the tenant has this module.")
    if status == 429 or (status == 503 and asked_pause(answer) is not None):
        return Throttled(f"servicetitan {what}: {status}.", asked_pause_s(answer))
    if 400 <= status < 500 and status not in (408, 425):
        return QueryRefused(f"servicetitan {what}: {status} {words(answer)}.", str(status))
    if 300 <= status < 400:
        return Transient(f"servicetitan {what}: {status} redirect, not followed")
    return Transient(f"servicetitan {what}: {status}")


def words(answer: Response) -> str:
    """The vendor's own words, shortened, one line."""
    return told(answer.body, 300)


_REFUSALS = {400: "refused", 404: "gone", 409: "conflict", 422: "refused"}
"""Refusals that the API documents or is seen to give; they count as such only in its own ApiErrorResponse form."""


def classify(answer: Response) -> Answer:
    """The class of an answer to a write that is not 200.

    | status | meaning |
    |---|---|
    | 400, 404, 409, 422 as ApiErrorResponse | REJECT with title and errors by member |
    | 401 | DEFINITE_NO: the token was not taken; the next attempt signs in anew |
    | 403 | DEFINITE_NO, broken: the write scope is not granted |
    | 413, 415 | REJECT: the request itself is not taken |
    | 429 | DEFINITE_NO, throttled (gateway, before the API) |
    | anything else: 2xx without a body, 3xx, 5xx, pages | AMBIGUOUS |
    """
    status, said = answer.status, words(answer)
    if status == 401:
        return Answer(Verdict.DEFINITE_NO, code="401", words=said or "the token was not taken", reason="signed_out")
    if status == 403:
        return Answer(Verdict.DEFINITE_NO, code="403", words=said or "not allowed", reason="rights", broken=True)
    if status == 429:
        pause = asked_pause(answer)
        return Answer(
            Verdict.DEFINITE_NO, code="429", words=said or "throttled", reason="throttled", throttled=True, retry_after=pause
        )
    if status in (413, 415):
        return Answer(Verdict.REJECT, code=str(status), words=said or "the request is not taken", reason="request")
    refusal = _api_error(answer) if status in _REFUSALS else ""
    if refusal:
        return Answer(Verdict.REJECT, code=str(status), words=refusal, reason=_REFUSALS[status])
    return Answer(Verdict.AMBIGUOUS, code=str(status), words=said, reason="unknown_answer")


def _api_error(answer: Response) -> str:
    """Title and errors of an ApiErrorResponse in one line; "" where the body is none."""
    if not (answer.content_type == "application/json" or answer.content_type.endswith("+json")):
        return ""
    try:
        body = parse(answer.body)
    except Malformed:
        return ""
    if not isinstance(body, dict) or not isinstance(body.get("title"), str) or body.get("status") not in (None, answer.status):
        return ""
    errors = body.get("errors")
    said = [f"{name}: {_joined(of)}" for name, of in errors.items()] if isinstance(errors, dict) else []
    return told("; ".join([body["title"], *said]), _WORDS)


def _joined(said: Any) -> str:
    return ", ".join(str(one) for one in said) if isinstance(said, list) else str(said)
