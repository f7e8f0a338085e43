"""What an answer means, by a table of rules that each system writes down. One function reads the table for writes, another for reads. Pure.

A row names HTTP statuses, a pattern in the words, and a vendor's code, and says what such an answer means. For a write this is the verdict. For a
read it is the error, which follows from the verdict unless the row names another one:

    Rule((429,), "", Verdict.DEFINITE_NO, "throttled", throttled=True)                     a read: `Throttled`
    Rule((403,), "", Verdict.DEFINITE_NO, "rights", broken=True, remedy="Grant ...")       a read: `Broken`
    Rule((500,), r"period .*closed", Verdict.REJECT, "period_closed")                      a read: `Refused`
    Rule((), "", Verdict.DUPLICATE, "exists", code=r"91,49")                               a read: `Transient`
    Rule((409,), "", Verdict.DEFINITE_NO, "concurrency")                                   a read: `Transient`

The first row that fits counts. If none fits, a write is AMBIGUOUS; a read is `Refused` for a 4xx (except 408 and 425), otherwise `Transient`. Each
system has its own way of reading the vendor's code and words out of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from runtime.errors import Broken, ConnectorError, Refused, Throttled, Transient
from runtime.exchange import Response
from systems.contract import Answer, Verdict
from systems.http.answers import asked_pause, asked_pause_s, is_throttled

REDIRECTS = range(300, 400)
_REFUSALS = frozenset(range(400, 500)) - {408, 425}


@dataclass(frozen=True)
class Words:
    """What an answer says: the vendor's own code ("" if it has none), and its words, shortened and without secrets."""

    code: str
    text: str


@dataclass(frozen=True)
class Rule:
    """One row. `statuses` (empty = any), `pattern` (searched in the code and in the words, "" = any) and `code` (the whole code, "" = any; words that
    look like it do not count) say which answers it applies to. `words` stand in for the words of an answer to a write that has none. `remedy` says
    what to do about a read ("{what}" in it becomes what was read)."""

    statuses: Collection[int]
    pattern: str
    verdict: Verdict
    reason: str = "unknown_answer"
    throttled: bool = False
    broken: bool = False
    read: type[ConnectorError] | None = None
    words: str = ""
    remedy: str = ""
    code: str = ""

    def fits(self, status: int, said: Words) -> bool:
        """Whether this row applies to such an answer."""
        if self.statuses and status not in self.statuses:
            return False
        if self.code and not re.fullmatch(self.code, said.code):
            return False
        return not self.pattern or any(re.search(self.pattern, one, re.IGNORECASE) for one in (said.code, said.text))

    @property
    def error(self) -> type[ConnectorError]:
        """The error that a read raises for such an answer."""
        if self.read is not None:
            return self.read
        if self.throttled:
            return Throttled
        if self.broken:
            return Broken
        return Refused if self.verdict is Verdict.REJECT else Transient


def rule_of(table: Sequence[Rule], status: int, said: Words) -> Rule | None:
    """The first row that applies to such an answer."""
    return next((rule for rule in table if rule.fits(status, said)), None)


def classify(table: Sequence[Rule], answer: Response, said: Words) -> Answer:
    """The class of an answer to a write that did not succeed."""
    rule = rule_of(table, answer.status, said) or _UNKNOWN
    told = Words(said.code or str(answer.status), said.text or rule.words or f"HTTP {answer.status}")
    return classed(rule, told, asked_pause(answer))


def classed(rule: Rule, said: Words, asked: timedelta | None = None) -> Answer:
    """The class of an answer to a write to which a row applies. `asked` is the pause for which the answer asks."""
    return Answer(
        rule.verdict,
        code=said.code,
        words=said.text,
        reason=rule.reason,
        throttled=rule.throttled,
        broken=rule.broken,
        retry_after=asked if rule.throttled else None,
    )


def refused_read(table: Sequence[Rule], answer: Response, said: Words, system: str, what: str) -> ConnectorError:
    """The error that a read raises for an answer. `what` names what was read."""
    status = answer.status
    rule = rule_of(table, status, said) or (_REFUSED if status in _REFUSALS else _UNKNOWN)
    error = Throttled if is_throttled(answer) else rule.error
    own_code = said.code if said.code != str(status) else ""
    words = " ".join(filter(None, (f"{system} {what}: {status}", own_code, said.text)))
    if issubclass(error, Throttled):
        return Throttled(words, asked_pause_s(answer))
    if issubclass(error, Broken):
        return error(f"{words}.", rule.remedy.format(what=what))
    return error(words, said.code or str(status)) if issubclass(error, Refused) else error(words)


_UNKNOWN = Rule((), "", Verdict.AMBIGUOUS)
_REFUSED = Rule((), "", Verdict.AMBIGUOUS, read=Refused)
