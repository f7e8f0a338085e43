"""What PeopleSoft says to a write, as verdicts: two tables, one for the Integration Broker and one for Component Interfaces. Pure.

Sources: recorded faults of Query Access Service ((158,45), (158,10001), (159,5)); PeopleBooks and the Integration Broker book (errors of both
kinds arrive inside HTTP 200 too, an asynchronous acknowledgement is queued and not processed, `Error-Warning/Message` of an interface, (91,49)
row exists); clients of CI services (`notification` 1 or 0 with messages). That the rest of set 158 is configuration, and that an interface that
reports an error has saved nothing, is assumed. What is in no table is AMBIGUOUS once it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from runtime.answers import asked_pause
from runtime.exchange import Response
from runtime.redaction import told
from systems.contract import Answer, Verdict
from systems.peoplesoft.markup import local
from systems.peoplesoft.models import Broker

WORDS = 400
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


@dataclass(frozen=True)
class Rule:
    """One row: message set and numbers ("" and none = any), a pattern in the words, and what it means for a write."""

    message_set: str
    numbers: tuple[str, ...]
    pattern: str
    verdict: Verdict
    reason: str
    broken: bool = False

    def fits(self, message_set: str, number: str, words: str) -> bool:
        """Whether this row is about such a message."""
        return (
            self.message_set in ("", message_set)
            and (not self.numbers or number in self.numbers)
            and (not self.pattern or re.search(self.pattern, words, re.IGNORECASE) is not None)
        )


BROKER: tuple[Rule, ...] = (
    Rule("158", ("45",), "", Verdict.DEFINITE_NO, "signed_out", broken=True),  # "User password failed." (recorded)
    Rule("158", ("10001",), "", Verdict.AMBIGUOUS, "handler"),  # the handler failed: it had begun (recorded)
    Rule("158", (), "", Verdict.DEFINITE_NO, "configuration", broken=True),  # operation, routing, handler, permission
    Rule("159", ("5",), "", Verdict.REJECT, "request"),  # our message could not be parsed (recorded)
)
INTERFACE: tuple[Rule, ...] = (
    Rule("91", ("49",), "", Verdict.DUPLICATE, "exists"),  # "Row already exists with the specified keys." (PeopleBooks)
    Rule(
        "", (), r"not authori[sz]ed|no authority|permission", Verdict.DEFINITE_NO, "rights", broken=True
    ),  # no CI permission (book)
    Rule("", (), r"period .*(closed|locked)|not within an open period", Verdict.REJECT, "period_closed"),  # words assumed
    Rule("", (), r"duplicate invoice", Verdict.REJECT, "duplicate_invoice"),  # the duplicate check rejects (assumed)
    Rule("", (), "", Verdict.REJECT, "refused"),
)
_STATUSES: dict[int, tuple[str, bool]] = {
    401: ("signed_out", False),
    403: ("rights", True),
    404: ("endpoint", True),
    429: ("throttled", False),
}
"""HTTP statuses that say that nothing was handled: reason, and whether the connection is broken."""


def of_status(answer: Response) -> Answer | None:
    """The class of an answer that its HTTP status alone decides; None where it does not."""
    known = _STATUSES.get(answer.status)
    if known is None:
        return None
    reason, is_broken = known
    throttles = answer.status == 429
    return Answer(
        Verdict.DEFINITE_NO,
        code=str(answer.status),
        words=f"HTTP {answer.status}",
        reason=reason,
        throttled=throttles,
        broken=is_broken,
        retry_after=asked_pause(answer) if throttles else None,
    )


def of_broker(said: Broker) -> Answer:
    """The class of an `IBResponse`, bare or in a fault, with HTTP 200 or 500."""
    if not said.is_error:
        words = f"queued as {said.transaction}, not processed" if said.transaction else "acknowledged, not processed"
        return ambiguous(words, "acknowledged", code="IBResponse")
    for rule in BROKER:
        if rule.fits(said.message_set, said.message, said.words):
            return Answer(rule.verdict, code=said.code, words=said.words, reason=rule.reason, broken=rule.broken)
    return ambiguous(said.words or "an error without words", "unknown_answer", code=said.code or "IBResponse")


def of_interface(messages: Sequence[Message], interface: str) -> Answer:
    """The class of an interface's own messages: every error is kept, the first decides; warnings alone decide nothing."""
    errors = [one for one in messages if one.type.lower() != "warning"]
    words = _joined(errors or messages)
    if not errors:
        return ambiguous(words or "warnings without a result", "unknown_answer", code=messages[0].code if messages else "")
    first = _deciding(errors, interface)
    rule = next(rule for rule in INTERFACE if rule.fits(first.message_set, first.number, first.text))
    return Answer(rule.verdict, code=first.code, words=words, reason=rule.reason, broken=rule.broken)


def _deciding(errors: Sequence[Message], interface: str) -> Message:
    """The first, but for (91,49): about the interface itself it says that the document exists, about a row of ours it does not."""
    exists = [one for one in errors if one.code == "91,49"]
    about_it = [one for one in exists if f"{{{interface}}}" in one.text]
    others = [one for one in errors if one.code != "91,49"]
    return (about_it or others or exists)[0]


def of_outcome(message_set: str, number: str, text: str) -> tuple[str, str]:
    """What a batch (edit, build) noted about a document: set, number and words in one line, and the name of the hold."""
    said = _with_pair(text, f"{message_set},{number}".strip(","))
    rule = next(rule for rule in INTERFACE[1:] if rule.fits(message_set, number, text))
    return told(said, WORDS), rule.reason


def ambiguous(words: str, reason: str, code: str = "") -> Answer:
    """It may have been done."""
    return Answer(Verdict.AMBIGUOUS, code=code, words=told(words, WORDS), reason=reason)


# --- messages of an interface in an answer ----------------------------------------------------------------------------


def messages_of(element: etree._Element) -> list[Message] | None:
    """The messages of an interface's answer: of `{X}/Error-Warning`, or beside a `notification` of 0; None where it reports neither."""
    if found := [part for part in element.iter() if local(part) == "Error-Warning"]:
        return [_message(part) for one in found for part in one if local(part) == "Message"]
    told = [part for part in element if local(part) == "notification"]
    if any((part.text or "").strip() != "1" for part in told):
        rows = [part for part in element.iter() if local(part) in ("messages", "message")]
        return [_message(part) for part in rows if len(part)] or [Message("Error", "", "", "notification 0")]
    return None


def interface_of(element: etree._Element) -> str:
    """Whose answer it is: `{X}` of an error, `Create__CompIntfc__{X}Response` of a notification."""
    name = local(element)
    return name.partition("__CompIntfc__")[2].removesuffix("Response") or name


def _message(element: etree._Element) -> Message:
    """Both spellings: MessageSetNumber of Error-Warning, messagesetnumber of a notification."""
    said = {local(part).lower(): " ".join((part.text or "").split()) for part in element}
    number = said.get("messagenumber", "")
    return Message(said.get("type", "Error"), said.get("messagesetnumber", ""), number, said.get("messagetext", ""))


def _joined(messages: Sequence[Message]) -> str:
    """The words of all, each with its pair once."""
    said = [_with_pair(one.text, one.code.strip(",")) for one in messages]
    return told("; ".join(dict.fromkeys(said)), WORDS)


def _with_pair(text: str, pair: str) -> str:
    return text if not pair or f"({pair})" in text else f"{text} ({pair})".strip()
