"""ServiceTitan's refusals: tables for writes and reads, and the API's own words (`systems/http/rules.py`).

Source: ServiceTitan OpenAPI (400, 404, 409 with ApiErrorResponse). 401, 403, 429 and 5xx are declared nowhere and are taken from clients that run
against production (assumed): HTML pages come with 5xx, and Retry-After may come with 429.
"""

from __future__ import annotations

from typing import Any

from runtime.errors import Broken, ConnectorError, Transient
from runtime.exchange import Response
from runtime.redaction import told
from systems.contract import Answer, Verdict
from systems.http import rules
from systems.http.bodies import said_in
from systems.http.rules import REDIRECTS, Rule, Words

_WORDS = 400
_NO = Verdict.DEFINITE_NO
_APP = "Check app_key (ST-App-Key), that the app is connected to this tenant, and client_id and client_secret."


class Absent(Broken):
    """404: no such object, or no such path (wrong tenant or module)."""


_ANY = (
    Rule((401,), "", _NO, "signed_out", read=Broken, words="the token was not taken", remedy=_APP),
    Rule((403,), "", _NO, "rights", broken=True, words="not allowed"),  # the scope is not granted
    Rule((404,), "", Verdict.AMBIGUOUS, read=Absent, remedy="Check tenant_id and that the tenant has this module."),
    Rule((413, 415), "", Verdict.REJECT, "request", words="the request is not taken"),
    Rule((429,), "", _NO, "throttled", throttled=True, words="throttled"),  # gateway, before the API
)
_API_ERROR = (
    Rule((400, 422), "", Verdict.REJECT, "refused"),
    Rule((404,), "", Verdict.REJECT, "gone"),
    Rule((409,), "", Verdict.REJECT, "conflict"),
)
"""Refusals that the API documents or has been seen to give. They count as such only in the API's own ApiErrorResponse form."""


def refused_read(answer: Response, what: str, scope: str) -> ConnectorError | None:
    """The error that an answer other than 200 means; None for 200."""
    if answer.status == 200:
        return None
    if answer.status == 403:
        return Broken(
            f"servicetitan {what}: 403, the scope {scope} is not granted, or the app key or tenant is wrong.",
            f"Add {scope} to the app in the developer portal and let the tenant's admin accept the new version.",
        )
    if answer.status in REDIRECTS:
        return Transient(f"servicetitan {what}: {answer.status} redirect, not followed")  # a gateway's login or maintenance page
    return rules.refused_read(_ANY, answer, _words(answer), "servicetitan", what)


def classify(answer: Response) -> Answer:
    """The class of an answer to a write that is not 200."""
    table = (*_API_ERROR, *_ANY) if _api_error(answer) else _ANY
    return rules.classify(table, answer, _words(answer))


def _words(answer: Response) -> Words:
    return Words(str(answer.status), _api_error(answer) or told(answer.body, _WORDS))


def _api_error(answer: Response) -> str:
    """Title and errors of an ApiErrorResponse in one line; "" if the body is not one."""
    body = said_in(answer)
    if not isinstance(body.get("title"), str) or body.get("status") not in (None, answer.status):
        return ""
    errors = body.get("errors")
    said = [f"{name}: {_joined(of)}" for name, of in errors.items()] if isinstance(errors, dict) else []
    return told("; ".join([body["title"], *said]), _WORDS)


def _joined(said: Any) -> str:
    return ", ".join(str(one) for one in said) if isinstance(said, list) else str(said)
