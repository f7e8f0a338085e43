"""SYSPRO's refusals: tables for the sign-in, for texts instead of XML, for HTTP, and for business objects (`systems/http/rules.py`). Pure.

Sources: recorded exchanges (`ERROR: Invalid operator password`; `ERROR: Unable to read the SYSPRO base directory registry string BaseDir8` for a
session that does not exist; errors inside HTTP 200 with ErrorNumber and ErrorDescription). The words for an occupied seat, an expired session, a
missing licence or permission and for each business error are assumed. A write whose answer is in no table is AMBIGUOUS.
"""

from __future__ import annotations

import re

from runtime.errors import Broken, ConnectorError, Malformed, Refused, Throttled, Transient
from runtime.exchange import Response
from runtime.redaction import told
from systems.contract import Answer, Verdict
from systems.http import rules
from systems.http.rules import Rule, Words
from systems.syspro.models import SYSTEM, Fault, Outcome, faults_said, outcome, text_of, xml_of
from systems.writing.frame import WORDS, ambiguous

_NO, _MAYBE = Verdict.DEFINITE_NO, Verdict.AMBIGUOUS
DROPPED = "session_dropped"
SEAT = "seat_taken"
_OPERATOR = "Check operator, operator_password, company_id and company_password; each role needs an operator of its own."
_SEAT = "Free an e.net seat, or raise the licence; the connector waits meanwhile."
_LICENCE = "Ask who runs SYSPRO to license e.net for the business objects of SYSTEM.md."
_PERMIT = "Permit the operator the business objects and tables of SYSTEM.md."

SIGN_IN: tuple[Rule, ...] = (
    Rule(
        (),
        r"licen[cs]e|seat|maximum (number )?of|too many (users|operators)|no more (users|operators)",
        _NO,
        SEAT,
        throttled=True,
        remedy=_SEAT,
    ),
    Rule((), r"(already|currently) (logged|signed) (in|on)|in use", _NO, SEAT, throttled=True, remedy=_SEAT),
    Rule((), r"operator|password|company", _NO, "credentials", broken=True, remedy=_OPERATOR),
)
"""By the words of a refused Logon; the first row that fits counts. Any other refusal may be temporary (Transient)."""
_SESSION = r"BaseDir\d*|session|user ?id|not logged|logged (off|out)|\blog[- ]?(on|in)\b.*expired|expired.*\blog[- ]?(on|in)\b"
_LICENSED = r"licen[cs]e"
_RIGHTS = r"not (permitted|authori[sz]ed|allowed)|access .*denied|security"
_POSTING = r"^(?=.*(post|transact|updat|import|set-?up|commit|sav(e|ing)|writ(e|ing|ten)|process|in progress|roll(ed)? ?back))"
TEXTS: tuple[Rule, ...] = (
    Rule((), f"{_POSTING}.*({_LICENSED})", _MAYBE, "licence", read=Broken, remedy=_LICENCE),
    Rule((), _LICENSED, _NO, "licence", broken=True, remedy=_LICENCE),
    Rule((), f"{_POSTING}.*({_SESSION})", _MAYBE, DROPPED),
    Rule((), _SESSION, _NO, DROPPED),
    Rule((), f"{_POSTING}.*({_RIGHTS})", _MAYBE, "rights", read=Broken, remedy=_PERMIT),
    Rule((), _RIGHTS, _NO, "rights", broken=True, remedy=_PERMIT),
)
"""By the words of a text that begins with ERROR and came instead of XML. A text that mentions posting may have come after the document was accepted,
so it never proves that a write was refused. A call that timed out ("Timeout expired") is in no row."""
HTTP: tuple[Rule, ...] = (
    Rule((401,), "", _NO, "signed_out", read=Broken, remedy=_OPERATOR),
    Rule((403,), "", _NO, "rights", broken=True, remedy=_PERMIT),
    Rule((404,), "", _NO, "endpoint", broken=True, remedy="Check rest_url, odata_url and company_id."),
    Rule((414,), "", Verdict.REJECT, "url_limit", words="the address is too long for the server"),
    Rule((429,), "", _NO, "throttled", throttled=True),
    Rule((503,), "", _MAYBE, read=Throttled),
    Rule((400,), "", _MAYBE, read=Refused),
    Rule((), "", _MAYBE, read=Transient),
)
OBJECTS: tuple[Rule, ...] = (
    Rule((), r"already (exists|on file)|duplicate", Verdict.DUPLICATE, "exists"),
    Rule((), r"(period|month|year).*(closed|locked)|(closed|locked) .*(period|month)", Verdict.REJECT, "period_closed"),
    Rule(
        (),
        r"not (permitted|authori[sz]ed|allowed) (for|to) (this )?operator|access denied",
        _NO,
        "rights",
        broken=True,
        remedy=_PERMIT,
    ),
    Rule((), r"on hold", Verdict.REJECT, "supplier_on_hold"),
    Rule((), r"(record|file) (is )?(locked|in use)|try again", _NO, "locked"),
    Rule((), "", Verdict.REJECT, "refused"),
)
"""By the number and words of the first fault of a business object. A document with a fault is not saved at all (ApplyIfEntireDocumentValid)."""


# --- texts ------------------------------------------------------------------------------------------------------------


def is_error_text(text: str) -> bool:
    """Whether an answer is a text that begins with ERROR."""
    return text.lstrip().upper().startswith("ERROR")


def said_in(text: str) -> str:
    """The words of such a text."""
    return told(text.strip().partition(":")[2].strip() or text, WORDS)


def is_dropped(answer: Response) -> bool:
    """Whether an answer says that the session no longer exists, whatever else it says. `TEXTS` decides what that means for a write."""
    if answer.status != 200 or len(answer.body) > 4096:
        return False
    try:
        text = text_of(answer.body)
    except Malformed:
        return False
    return is_error_text(text) and re.search(_SESSION, said_in(text), re.IGNORECASE) is not None


def _rule_of_text(text: str) -> Rule:
    return rules.rule_of(TEXTS, 0, Words("", said_in(text))) or Rule((), "", _MAYBE, read=Transient)


def refused_sign_in(text: str, status: int, asked_s: float | None = None) -> ConnectorError:
    """The error for a Logon that returned no session."""
    words = said_in(text) if is_error_text(text) else told(text, 120)
    rule = rules.rule_of(SIGN_IN, 0, Words("", words)) if is_error_text(text) else None
    said = f"{SYSTEM} logon: {status} {words}".strip()
    if rule is not None and rule.throttled:
        return Throttled(f"{said}: the seat is taken; {rule.remedy}", asked_s)
    if rule is not None and rule.broken:
        return Broken(f"{said}.", rule.remedy)
    return Transient(said)


# --- reads ------------------------------------------------------------------------------------------------------------


def readable(answer: Response, what: str) -> str:
    """The text of an answer to a read. Raises the matching error for any other answer."""
    if answer.status != 200:
        raise rules.refused_read(HTTP, answer, Words("", ""), SYSTEM, what)
    try:
        text = text_of(answer.body)
    except Malformed as error:
        raise Transient(f"{SYSTEM} {what}: {error}") from error
    if is_error_text(text):
        rule = _rule_of_text(text)
        words = f"{SYSTEM} {what}: {said_in(text)}"
        raise rule.error(f"{words}.", rule.remedy) if issubclass(rule.error, Broken) else rule.error(words)
    if not text.lstrip().startswith("<"):
        raise Transient(f"{SYSTEM} {what}: a text instead of XML: {told(text, 120)}")
    return text


def refused(found: Outcome, what: str) -> ConnectorError | None:
    """The error for a query whose answer has faults; None if it has none."""
    if found.is_good:
        return None
    first = found.faults[0] if found.faults else Fault("", "refused without words", "", "")
    return Refused(f"{SYSTEM} {what}: {told(faults_said(found.faults), WORDS)}", first.code)


# --- writes -----------------------------------------------------------------------------------------------------------


def classify(answer: Response, root: str) -> Answer | Outcome:
    """What an answer to a posting or setup says: its outcome if nothing contradicts success, else its class. `root` is the document's root
    element."""
    if answer.status != 200:
        return rules.classify(HTTP, answer, Words("", ""))
    try:
        text = text_of(answer.body)
        if is_error_text(text):
            return _of_text(text)
        found = outcome(xml_of(text))
    except Malformed as error:
        return ambiguous(f"the answer cannot be read: {error}", "unreadable", code="200")
    if not found.is_good:
        return of_faults(found)
    if found.root != root.lower():
        return ambiguous(f"{found.root[:60]} was answered to {root}", "unreadable", code="200")
    return found


def _of_text(text: str) -> Answer:
    rule = rules.rule_of(TEXTS, 0, Words("", said_in(text)))
    if rule is None:
        return ambiguous(said_in(text), "unknown_answer", code="ERROR")
    return rules.classed(rule, Words("ERROR", said_in(text)))


def of_faults(found: Outcome) -> Answer:
    """The class of an answer with faults. The first fault decides; every one is kept."""
    words = told(faults_said(found.faults) or "; ".join(found.warnings) or f"{found.invalid} items are invalid", WORDS)
    code = found.faults[0].code if found.faults else ""
    said = Words(code or "invalid", words)
    return rules.classed(rules.rule_of(OBJECTS, 0, said) or OBJECTS[-1], said)
