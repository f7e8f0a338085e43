"""NetSuite's refusals: one table for writes and reads, and where an answer keeps its codes and words (`systems/http/rules.py`).

Sources: help page on error handling (`o:errorDetails`, each with `detail`, `o:errorCode` and the place that it refers to), REST API Browser
(nsError), field reports of refusals over the limit of simultaneous requests. `type` is never matched, because it comes in two forms. The codes
USER_ERROR, INSUFFICIENT_PERMISSION, NONEXISTENT_ID and CONCURRENCY_LIMIT_EXCEEDED, and all words, are assumed.

An answer may have several details; all of them are kept, each with its place. A request over the limit of simultaneous requests may be answered as an
invalid login, which says nothing about the credentials. So 401 is throttling here, and the client decides when it is not (`client.py`). A 204 without
`Location` does not say what was written and is AMBIGUOUS, as is, for a write, an answer that is not in the table.
"""

from __future__ import annotations

from typing import Any

from runtime.errors import ConnectorError, Refused, Throttled
from runtime.exchange import Response
from runtime.redaction import told
from systems.contract import Answer, Verdict
from systems.http import rules
from systems.http.bodies import said_in
from systems.http.rules import REDIRECTS, Rule, Words

WORDS, OF_ONE = 4000, 1000
"""The most characters that are kept of all details together, and of one detail, so that a long one does not crowd out the others."""
_RIGHTS = "Give the integration's role the permission for {what} (Setup > Users/Roles > Manage Roles)."
_PLACES = ("o:errorPath", "o:errorQueryParam", "o:errorHeader")
_CODE = 60
_ABSENT = ("NONEXISTENT_ID", "RCRD_DSNT_EXIST")
"""Codes which say that a record does not exist (assumed)."""

TABLE: tuple[Rule, ...] = (
    Rule((), "", Verdict.DEFINITE_NO, "throttled", throttled=True, code="CONCURRENCY_LIMIT_EXCEEDED|SSS_REQUEST_LIMIT_EXCEEDED"),
    Rule((429,), "", Verdict.DEFINITE_NO, "throttled", throttled=True),
    Rule((401,), "", Verdict.DEFINITE_NO, "signed_out", throttled=True, code="INVALID_LOGIN"),
    Rule((401,), "", Verdict.DEFINITE_NO, "signed_out", read=Throttled),
    Rule((403,), "", Verdict.DEFINITE_NO, "rights", broken=True, remedy=_RIGHTS),
    Rule((404,), "", Verdict.REJECT, "gone", read=Refused),
    Rule((400,), "", Verdict.AMBIGUOUS, "job", code="IDEMPOTENCY_ERROR"),  # the key was used: see the first job
    Rule(
        (400, 409), r"this record already exists|external ?id.*already", Verdict.DUPLICATE, "exists"
    ),  # a name that is already in use is not our ref
    Rule((400,), r"record has been changed", Verdict.DEFINITE_NO, "concurrency"),
    Rule((400,), r"period.*(closed|locked)|(closed|locked).*period", Verdict.REJECT, "period_closed"),
    Rule((400,), "", Verdict.REJECT, "refused"),
    Rule((405, 406, 409, 413, 415, 422), "", Verdict.REJECT, "request"),
    Rule(REDIRECTS, "", Verdict.AMBIGUOUS),
)


def words_of(answer: Response) -> Words:
    """The code of the first detail, and the words of all details, each with its own code and place. For an answer that is not JSON, its status."""
    body = said_in(answer)
    found = details_of(body)
    if found:
        codes = [str(one.get("o:errorCode") or "") for one in found]
        said = "; ".join(dict.fromkeys(filter(None, (told(_detail(one, codes[0]), OF_ONE) for one in found))))
        return Words(told(codes[0], _CODE) or str(answer.status), told(said, WORDS))
    if error := body.get("error"):  # the token endpoint
        return Words(told(str(error), _CODE), told(str(body.get("error_description") or ""), WORDS))
    return Words(str(answer.status), told(str(body.get("title") or ""), WORDS))


def details_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of `o:errorDetails`; empty if there are none."""
    details = body.get("o:errorDetails")
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []


def _detail(one: dict[str, Any], first: str) -> str:
    code, words = str(one.get("o:errorCode") or ""), str(one.get("detail") or "")
    place = next((str(one[name]) for name in _PLACES if one.get(name)), "")
    return ": ".join(filter(None, (code if code != first else "", place, words)))


def classify(answer: Response) -> Answer:
    """The class of an answer to a write that did not succeed."""
    return rules.classify(TABLE, answer, words_of(answer))


def refused_read(answer: Response, what: str) -> ConnectorError | None:
    """The error that a read raises for an answer that is not 200; None for a 200."""
    if answer.status == 200:
        return None
    return rules.refused_read(TABLE, answer, words_of(answer), "netsuite", what)


def is_absent(answer: Response) -> bool:
    """Whether an answer says that there is no such record. A 404 of a proxy or gateway does not."""
    return answer.status == 404 and words_of(answer).code in _ABSENT
