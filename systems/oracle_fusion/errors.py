"""Fusion's refusals: one table for writes and reads, and where an answer keeps its code and words (`systems/http/rules.py`).

Sources: Set the REST Framework Version (from version 4 on, errors are objects with `o:errorDetails`), status codes of the REST API, public
clients. Below version 4, or for an Accept that does not name the error type, the answer is plain text. The texts and codes of business errors
(`JBO-27014`, `AR-855137`) are assumed. A sign-in page (HTML) is described by its status alone. For a write, an answer that is not in the table is
AMBIGUOUS.
"""

from __future__ import annotations

import re
from typing import Any

from runtime.errors import Broken, ConnectorError, Refused
from runtime.exchange import Response
from runtime.redaction import told
from systems.contract import Answer, Verdict
from systems.http import rules
from systems.http.bodies import said_in
from systems.http.rules import REDIRECTS, Rule, Words

WORDS = 400
_USER = "The token is fresh: map the client to a Fusion user with the roles of the integration, and check token_scope."
_RIGHTS = "Give the integration user a role with the privilege for {what}."
_CODE = re.compile(r"\b((?:JBO|AR|POZ|PO|RCV|GL|FUN|EGP)-[0-9]{4,8})\b")

TABLE: tuple[Rule, ...] = (
    Rule((429,), "", Verdict.DEFINITE_NO, "throttled", throttled=True),
    Rule((401,), "", Verdict.DEFINITE_NO, "signed_out", read=Broken, remedy=_USER),
    Rule((303,), "", Verdict.AMBIGUOUS, read=Broken, remedy=_USER),  # the request was taken, but its answer is at another address
    Rule(REDIRECTS, "", Verdict.DEFINITE_NO, "signed_out", read=Broken, remedy=_USER),  # the sign-in screen (assumed)
    Rule((403,), "", Verdict.DEFINITE_NO, "rights", broken=True, remedy=_RIGHTS),
    Rule((404,), "", Verdict.REJECT, "gone", read=Refused),
    Rule((412,), "", Verdict.DEFINITE_NO, "concurrency"),  # If-Match does not fit any more
    Rule((400, 409), r"already (exists|been used|in use)|not unique|duplicate", Verdict.DUPLICATE, "exists"),
    Rule((400, 500), r"(period|date).*(not open|closed|not in an open)", Verdict.REJECT, "period_closed"),
    Rule((400, 500), r"account combination|code combination", Verdict.REJECT, "account_combination"),
    Rule((400,), r"customer.*(account|site).*(not valid|invalid|inactive)", Verdict.REJECT, "customer"),
    Rule((400,), "", Verdict.REJECT, "refused"),
    Rule((405, 406, 409, 415, 422), "", Verdict.REJECT, "request"),
)


def words_of(answer: Response) -> Words:
    """Fusion's own code and words, shortened. An HTML page, or an answer that cannot be read, gives the status alone."""
    if body := said_in(answer):
        return _json_words(answer.status, body)
    if answer.content_type in ("text/plain", ""):
        text = told(answer.body, WORDS)
        return Words(_code_in(text) or str(answer.status), text)
    return Words(str(answer.status), "")


def _json_words(status: int, body: dict[str, Any]) -> Words:
    details = body.get("o:errorDetails")
    found = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    said = [_detail(one) for one in found] or [str(body[name]) for name in ("detail", "title") if body.get(name)]
    text = told("; ".join(dict.fromkeys(filter(None, said))), WORDS)
    own = next((str(one["o:errorCode"]) for one in (*found, body) if one.get("o:errorCode")), "")
    return Words(_code_in(text) or told(own, 60) or str(status), text)


def _detail(one: dict[str, Any]) -> str:
    detail, path = str(one.get("detail") or ""), str(one.get("o:errorPath") or "")
    return f"{path}: {detail}" if path and detail else detail or path


def _code_in(text: str) -> str:
    found = _CODE.search(text)
    return found.group(1) if found else ""


def classify(answer: Response) -> Answer:
    """The class of an answer to a write that is not 2xx."""
    return rules.classify(TABLE, answer, words_of(answer))


def refused_read(answer: Response, what: str) -> ConnectorError | None:
    """The error that a read raises for an answer that is not 200; None for a 200."""
    if answer.status == 200:
        return None
    return rules.refused_read(TABLE, answer, words_of(answer), "oracle_fusion", what)
