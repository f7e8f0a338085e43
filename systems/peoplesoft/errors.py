"""PeopleSoft's refusals: tables by HTTP status, of the Integration Broker and of Component Interfaces (`systems/http/rules.py`). Pure.

Sources: recorded faults of Query Access Service ((158,45), (158,10001), (159,5)); PeopleBooks and the Integration Broker book (errors of both kinds
also arrive with HTTP 200; an asynchronous acknowledgement means queued, not processed; `Error-Warning/Message` of an interface; (91,49) row exists);
clients of CI services (`notification` 1 or 0 with messages). Two things are assumed: that the rest of set 158 is configuration, and that an interface
that reports an error has saved nothing. A write whose answer is in no table is AMBIGUOUS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from runtime.errors import Broken, ConnectorError, Refused, Throttled, Transient
from runtime.exchange import Response
from runtime.redaction import told
from systems.contract import Answer, Verdict
from systems.http import rules
from systems.http.bodies import said_in
from systems.http.rules import Rule, Words
from systems.peoplesoft.markup import local
from systems.peoplesoft.models import Broker, broker
from systems.writing.frame import WORDS, ambiguous

OPERATION = "QAS_EXECUTEQRY_REST_GET"
"""Service operation that executes queries over REST."""
NO_ROWS = "91,50"
"""No rows exist for the specified keys (assumed number)."""


@dataclass(frozen=True)
class Message:
    """One message of PeopleSoft's catalogue: type, set, number, and its own words."""

    type: str
    message_set: str
    number: str
    text: str

    @property
    def code(self) -> str:
        """Set and number as people write them: `91,49`."""
        return f"{self.message_set},{self.number}"


class QueryAbsent(Broken):
    """The site has no such public query, or hides it from this user."""


class Inactive(Broken):
    """The Integration Broker itself refuses: an operation, its routing or handler is not active, or not permitted."""


_NO, _MAYBE = Verdict.DEFINITE_NO, Verdict.AMBIGUOUS
_SIGN_IN = "Check username and password, or the token server, and that the operation takes this way of sign-in."
_PERMIT = f"Give the integration user the query's access group and the service operation {OPERATION} (install/INSTALL.md)."
_PUBLIC = f"Make {{what}} public at the site, or activate {OPERATION} (install/INSTALL.md)."
_PASSWORD = "Check username and password of the integration user."  # noqa: S105 - says what to check
_ACTIVATE = "An administrator activates the operation, its routing and handler, and permits it to the integration user (install/INSTALL.md)."

HTTP: tuple[Rule, ...] = (
    Rule((401,), "", _NO, "signed_out", read=Broken, remedy=_SIGN_IN),
    Rule((403,), "", _NO, "rights", broken=True, read=Inactive, remedy=_PERMIT),
    Rule((404,), "", _NO, "endpoint", broken=True, read=QueryAbsent, remedy=_PUBLIC),
    Rule((410,), "", _MAYBE, read=QueryAbsent, remedy=_PUBLIC),
    Rule((429,), "", _NO, "throttled", throttled=True),
    Rule((503,), "", _MAYBE, read=Throttled),
    Rule((400,), "", _MAYBE, read=Refused),
    Rule((), "", _MAYBE, read=Transient),
)
"""By HTTP status, for an answer without an error of PeopleSoft's own."""
BROKER: tuple[Rule, ...] = (
    Rule((), "", _NO, "signed_out", broken=True, remedy=_PASSWORD, code="158,45"),  # "User password failed." (recorded)
    Rule((), "", _MAYBE, "handler", read=Inactive, remedy=_ACTIVATE, code="158,10001"),  # it failed after it had begun (recorded)
    # operation, routing, handler, permission
    Rule((), "", _NO, "configuration", broken=True, read=Inactive, remedy=_ACTIVATE, code="158,.*"),
    Rule((), "", Verdict.REJECT, "request", read=Transient, code="159,5"),  # our message could not be parsed (recorded)
    Rule((), "", _MAYBE, read=Transient),
)
"""Rules for the Integration Broker, by message set and number. A 158 is about configuration, never about data (recorded faults; numbers assumed)."""
INTERFACE: tuple[Rule, ...] = (
    Rule((), "", Verdict.DUPLICATE, "exists", code="91,49"),  # "Row already exists with the specified keys." (PeopleBooks)
    Rule((), r"not authori[sz]ed|no authority|permission", _NO, "rights", broken=True),  # no CI permission (book)
    Rule((), r"period .*(closed|locked)|not within an open period", Verdict.REJECT, "period_closed"),  # words assumed
    Rule((), r"related voucher .* is paid", Verdict.REJECT, "paid"),  # what is corrected has been paid since (words assumed)
    Rule((), r"duplicate invoice", Verdict.REJECT, "duplicate_invoice"),  # the duplicate check rejects (assumed)
    Rule((), "", Verdict.REJECT, "refused"),
)
"""Rules for a Component Interface, by message set and number or by words."""


def of_status(answer: Response) -> Answer | None:
    """The class of an answer to a write if its HTTP status alone decides; None if it does not."""
    found = rules.classify(HTTP, answer, Words("", ""))
    return None if found.verdict is _MAYBE else found


def refused_read(answer: Response, what: str) -> ConnectorError | None:
    """The error that a read raises for an answer that is not the expected one; None for a 200 without an error of the Integration Broker."""
    said = broker(answer.body)
    if said is not None and not said.is_error:
        return Transient(f"peoplesoft {what}: {answer.status}, a queue's acknowledgement instead of an answer")
    if said is not None:
        return rules.refused_read(BROKER, answer, _of(said), "peoplesoft", what)
    if answer.status == 200:
        return None
    return rules.refused_read(HTTP, answer, Words("", _words(answer)), "peoplesoft", what)


def _words(answer: Response) -> str:
    """What a refusal in JSON says, shortened; "" for anything else, such as a page of HTML."""
    found = said_in(answer)
    return told(" ".join(str(found[name]) for name in ("message", "error", "errorMessage") if found.get(name)), 300)


def of_broker(said: Broker) -> Answer:
    """The class of an `IBResponse`, bare or in a fault, with HTTP 200 or 500."""
    if not said.is_error:
        words = f"queued as {said.transaction}, not processed" if said.transaction else "acknowledged, not processed"
        return ambiguous(words, "acknowledged", code="IBResponse")
    message = _of(said)
    return rules.classed(_row(BROKER, message), message)


def _of(said: Broker) -> Words:
    return Words(said.code or "IBResponse", said.words or "an error without words")


def _row(table: Sequence[Rule], said: Words) -> Rule:
    """The row that applies to such a message. The last row of each table applies to any."""
    return rules.rule_of(table, 0, said) or table[-1]


def of_interface(messages: Sequence[Message], interface: str) -> Answer:
    """The class of an interface's own messages. Every error is kept, and the first one decides. Warnings alone decide nothing."""
    errors = [one for one in messages if one.type.lower() != "warning"]
    words = _joined(errors or messages)
    if not errors:
        return ambiguous(words or "warnings without a result", "unknown_answer", code=messages[0].code if messages else "")
    first = _deciding(errors, interface)
    return rules.classed(_row(INTERFACE, Words(first.code, first.text)), Words(first.code, words))


def _deciding(errors: Sequence[Message], interface: str) -> Message:
    """The first error, unless it is (91,49). If that is about the interface itself, the document exists; if it is about one of our rows, it does
    not."""
    exists = [one for one in errors if one.code == "91,49"]
    about_it = [one for one in exists if f"{{{interface}}}" in one.text]
    others = [one for one in errors if one.code != "91,49"]
    return (about_it or others or exists)[0]


def of_outcome(message_set: str, number: str, text: str) -> tuple[str, str]:
    """What a batch (edit, build) noted about a document: set, number and words in one line, and the name of the hold."""
    said = _with_pair(text, f"{message_set},{number}".strip(","))
    return told(said, WORDS), _row(INTERFACE[1:], Words("", text)).reason


# --- messages of an interface in an answer ----------------------------------------------------------------------------


def messages_of(element: etree._Element) -> list[Message] | None:
    """The messages in an interface's answer: in `{X}/Error-Warning`, or next to a `notification` of 0; None if it reports neither."""
    if found := [part for part in element.iter() if local(part) == "Error-Warning"]:
        return [_message(part) for one in found for part in one if local(part) == "Message"]
    told = [part for part in element if local(part) == "notification"]
    if any((part.text or "").strip() != "1" for part in told):
        rows = [part for part in element.iter() if local(part) in ("messages", "message")]
        return [_message(part) for part in rows if len(part)] or [Message("Error", "", "", "notification 0")]
    return None


def interface_of(element: etree._Element) -> str:
    """The interface that answers: `{X}` of an error, `Create__CompIntfc__{X}Response` of a notification."""
    name = local(element)
    return name.partition("__CompIntfc__")[2].removesuffix("Response") or name


def _message(element: etree._Element) -> Message:
    """Reads both spellings: MessageSetNumber of Error-Warning, messagesetnumber of a notification."""
    said = {local(part).lower(): " ".join((part.text or "").split()) for part in element}
    number = said.get("messagenumber", "")
    return Message(said.get("type", "Error"), said.get("messagesetnumber", ""), number, said.get("messagetext", ""))


def _joined(messages: Sequence[Message]) -> str:
    """The words of all messages, each with its set and number once."""
    said = [_with_pair(one.text, one.code.strip(",")) for one in messages]
    return told("; ".join(dict.fromkeys(said)), WORDS)


def _with_pair(text: str, pair: str) -> str:
    return text if not pair or f"({pair})" in text else f"{text} ({pair})".strip()
