"""Acumatica's refusals: one table for writes and reads, and where an answer keeps its code and words (`systems/http/rules.py`).

Sources: OpenAPI Default 24.200.001 (status codes, `HttpError`), Integration Development Guide (412, 422, login limits), field notes against live
tenants (exception types and texts; most business refusals are HTTP 500). The vendor gives no codes except the exception type, so texts decide if the
type says nothing. For a write, an answer that is not in the table is AMBIGUOUS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from runtime.errors import Broken, ConnectorError, Refused
from runtime.exchange import Response
from runtime.redaction import redacted, told
from systems.contract import Answer, Verdict
from systems.http import rules
from systems.http.bodies import said_in
from systems.http.rules import Rule, Words

WORDS = 400
_TYPE = 120
_USER = "The sign-in is fresh: check the integration user's rights and its web-services access."
_RIGHTS = "Give the integration user rights to this form, and the sign-in the scope api."
LOGIN_LIMIT = re.compile(r"API Login Limit|concurrent API logins|number of (sign-ins|logins)", re.IGNORECASE)


TABLE: tuple[Rule, ...] = (
    Rule((), LOGIN_LIMIT.pattern, Verdict.DEFINITE_NO, "sessions", throttled=True),  # guide, C# client: shown as 500, 429 or 302
    Rule((429,), "", Verdict.DEFINITE_NO, "throttled", throttled=True),  # licence limits, screen SM604000
    Rule((301, 302, 303, 307, 308), "", Verdict.DEFINITE_NO, "sessions", throttled=True),  # field notes: /Frames/Error.aspx
    Rule((401,), "", Verdict.DEFINITE_NO, "signed_out", read=Broken, remedy=_USER),
    Rule(
        (403,), "", Verdict.DEFINITE_NO, "rights", broken=True, remedy=_RIGHTS
    ),  # "You have insufficient rights to access ... form."
    Rule((404,), "", Verdict.DEFINITE_NO, "endpoint", broken=True, read=Refused),  # unknown endpoint or entity (assumed)
    Rule((412,), "", Verdict.DUPLICATE, "exists"),  # If-None-Match: * (guide)
    Rule((409, 500), r"Another process has (updated|added)", Verdict.DEFINITE_NO, "concurrency"),  # field notes
    Rule((500, 422), r"financial period .*(closed|locked|inactive|does not exist)", Verdict.REJECT, "period_closed"),  # field notes
    Rule((500, 422), r"same vendor reference", Verdict.REJECT, "vendor_ref_duplicate"),  # preference of AP101000
    Rule((500, 422), r"is deposited", Verdict.REJECT, "deposited"),  # a deposited payment cannot be voided (words assumed)
    Rule((500, 422), r"is reconciled", Verdict.REJECT, "reconciled"),  # as above
    Rule((500, 422), r"was refunded; void the refund", Verdict.REJECT, "refunded"),  # as above
    Rule((500,), r"No entity satisfies the condition", Verdict.REJECT, "gone"),  # field notes
    Rule((500,), r"Document Status is invalid", Verdict.REJECT, "status"),  # on hold, pending approval, released already
    Rule((400, 405, 406, 415), "", Verdict.REJECT, "request"),
    Rule((422,), "", Verdict.REJECT, "refused"),
    Rule((500,), r"^PX\.", Verdict.REJECT, "refused"),  # business exceptions; the transaction is rolled back
    Rule((500,), r"^(System\.Collections\.Generic\.KeyNotFound|System\.Format|Microsoft\.OData)", Verdict.REJECT, "request"),
)


def words_of(answer: Response) -> Words:
    """Type and words of an answer, shortened. An HTML page, or an answer that cannot be read, gives the status alone."""
    if body := said_in(answer):
        return _json_words(answer.status, body)
    if answer.content_type == "text/plain":
        return Words(str(answer.status), told(answer.body, WORDS))
    location = unquote(redacted(answer.headers.get("Location", "")))
    return Words(str(answer.status), _short(location) if 300 <= answer.status < 400 else "")


def _json_words(status: int, body: dict[str, Any]) -> Words:
    if "exceptionMessage" in body or "message" in body:
        said = [str(body[name]) for name in ("exceptionMessage", "message") if body.get(name)]
        inner = body.get("innerException")
        if isinstance(inner, dict) and inner.get("exceptionMessage"):
            said.insert(1, str(inner["exceptionMessage"]))
        text = " / ".join(dict.fromkeys(one for one in said if one != "An error has occurred.")) or "An error has occurred."
        return Words(told(str(body.get("exceptionType") or status), _TYPE), _short(text))
    return Words(str(status), _short("; ".join(f"{path}: {error}" if path else error for path, error in field_errors(body))))


def field_errors(body: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every `error` in a 422 entity with its path, outermost first (OpenAPI: each value and row may carry one)."""
    if isinstance(body, list):
        for number, item in enumerate(body, 1):
            yield from field_errors(item, f"{path}[{number}]")
    elif isinstance(body, dict):
        if isinstance(body.get("error"), str) and body["error"]:
            yield path, body["error"]
        for name, item in body.items():
            if name != "error":
                yield from field_errors(item, f"{path}/{name}" if path else name)


def _short(said: str) -> str:
    return told(said, WORDS)


def classify(answer: Response) -> Answer:
    """The class of an answer to a write that is not 2xx."""
    return rules.classify(TABLE, answer, words_of(answer))


def refused_read(answer: Response, what: str) -> ConnectorError | None:
    """The error that a read raises for an answer that is not the expected one; None for a 200 or 204."""
    if answer.status in (200, 204):
        return None
    return rules.refused_read(TABLE, answer, words_of(answer), "acumatica", what)
