"""Questions that the writer asks SYSPRO about any document: rows of tables, the open months, and whether a document would be accepted. One session.

Facts: PostingPeriod reaches the current month and the two before it (enumeration C, P, B). It is assumed that the current month is that of the
AccountingDate in GetLogonProfile, for payables and stock alike, and that its months are calendar months.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from runtime.errors import Garbled, Refused, Transient
from runtime.exchange import Request, Response
from systems.contract import Answer, Found, ResolvedCommand, Verdict
from systems.syspro import errors
from systems.syspro.client import Client
from systems.syspro.documents import Posting
from systems.syspro.find import Search, Where
from systems.syspro.keys import PERIODS
from systems.syspro.models import SYSTEM, Row, day
from systems.writing.frame import Attempt

_FRESH = timedelta(minutes=5)


class Books:
    """Each method adds its calls to those of the attempt."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.settings = client.settings
        self._current: tuple[date, datetime] | None = None

    async def rows(
        self, attempt: Attempt, table: str, columns: Sequence[str], where: Sequence[Where], order: Sequence[str]
    ) -> list[Row]:
        """The rows that meet the conditions. Raises `Garbled` if they do not fit into one answer, because the relevant row could be in the rest."""
        attempt.calls += 1
        search = Search(table, tuple(columns), tuple(where), tuple(order))
        found = (await self.client.look(search)).whole(table)
        if len(found) >= search.rows:
            raise Garbled(f"{SYSTEM} {table}: {len(found)} rows or more fulfil the conditions")
        return found

    # --- months -------------------------------------------------------------------------------------------------------

    async def period(self, attempt: Attempt, on: date | None) -> str:
        """PostingPeriod of a day. Raises `Refused` (code period_closed) if the day's month takes no postings."""
        if on is None:
            raise Refused(f"{SYSTEM} {attempt.ref}: it has no posting date")
        current = await self._month(attempt)
        back = (current.year - on.year) * 12 + current.month - on.month
        if not 0 <= back < len(PERIODS):
            words = f"{on.isoformat()} is in none of the months that take postings: {current:%Y-%m} and the two before it"
            raise Refused(f"{SYSTEM}: {words}", "period_closed")
        return PERIODS[back]

    async def _month(self, attempt: Attempt) -> date:
        now = self.client.clock.now()
        if self._current is None or now - self._current[1] > _FRESH:
            attempt.calls += 1
            told = day(await self.client.look_profile(), "AccountingDate")
            if told is None:
                raise Transient(f"{SYSTEM}: GetLogonProfile tells no AccountingDate")
            self._current = (told, now)
        return self._current[0]

    # --- whether SYSPRO would accept it -----------------------------------------------------------------------------------

    def request(self, posting: Posting) -> Request:
        """The request of a posting. See `Client.posting`."""
        return self.client.posting(posting.path, posting.name, posting.parameters, posting.xml)

    async def refusal(self, attempt: Attempt, posting: Posting) -> Found:
        """For a document that is not there yet: whether SYSPRO would accept the posting, by its length and, if the settings say so, by
        ValidateOnly."""
        try:
            self.request(posting)
        except Refused as error:
            return Found((), refusal=str(error), refusal_reason=error.code)
        if not self.settings.payables.validate_first:
            return Found(())
        attempt.calls += 1
        trial = self.client.posting(posting.path, posting.name, posting.trial, posting.xml)
        said = await self.client.trial(trial, f"{posting.name} ValidateOnly", lambda answer: _judged(answer, posting))
        return Found((), refusal=said.words, refusal_reason=said.reason) if said is not None else Found(())


def _judged(answer: Response, posting: Posting) -> Answer | None:
    """Why SYSPRO would not accept it; None if it would. Raises the errors of a read if the answer is unclear."""
    errors.readable(answer, f"{posting.name} ValidateOnly")
    said = errors.classify(answer, posting.root)
    if not isinstance(said, Answer):
        return None
    if said.verdict is Verdict.AMBIGUOUS or said.reason == "locked":
        raise Transient(f"{SYSTEM} {posting.name} ValidateOnly: {said.words}")
    return said


def original_of(resolved: ResolvedCommand) -> str:
    """The id of the document that is taken back. Raises `Refused` if it is not known."""
    if resolved.original is None or not resolved.original.erp_id:
        raise Refused(f"{SYSTEM} {resolved.command['ref']}: the document that is taken back is not known")
    return resolved.original.erp_id


def posted_on(resolved: ResolvedCommand) -> date | None:
    """The day on which the document is posted."""
    return resolved.post_on or resolved.command["posting_date"]
