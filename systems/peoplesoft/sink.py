"""Writes documents to PeopleSoft: how a document is looked up, what request a step is, what an answer says.

Facts: a Create with explicit keys is refused the second time (91,49) and answers nothing but keys (PeopleBooks), so a create is a YES only once
the echoed keys are ours and the document, found again by its ref and read by Get, differs in nothing. VOUCHER_BUILD is only acknowledged: it is
a YES once the row is seen staged, or its voucher built. Edit, build and posting are the site's own batches: nothing is sent for them, `find` tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.errors import Broken, Refused, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from systems.contract import Access, Answer, Document, Found, ResolvedCommand, Verdict
from systems.peoplesoft import answers, compare, documents, errors, staging
from systems.peoplesoft.client import Client
from systems.peoplesoft.documents import JOURNAL, VOUCHER, Tree
from systems.peoplesoft.query import Prompts, address
from systems.peoplesoft.rows import Row, text
from systems.peoplesoft.services import Services, user_of
from systems.peoplesoft.soap import CREATE, GET, Message
from systems.peoplesoft.wsdl import endpoint
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack, ambiguous

STAGED_LOOKS = 4
"""How often a staged row is looked for."""
_FIND_CALLS = 3
"""Vouchers, staged rows, and suspects or the Get of what was found."""
BUDGET = Budget(_FIND_CALLS, 1 + _FIND_CALLS + 2 * (STAGED_LOOKS - 1))
"""The calls of a step: its request, and reading the document back."""
MOST_ROWS = 50
"""The rows that one look-up asks for. If there are as many, the document cannot be told from others."""
MOST_SUSPECTS = 2000
"""Vouchers of one vendor, day and amount that are looked through, ours among them; a site with more of them shows the first."""
_DOUBTED = frozenset(["handler", "configuration", "fault", "request"])
"""Reasons that a site whose messages have changed may give."""
_GET = re.compile(rb"<([A-Za-z0-9_.-]+:)?Get__CompIntfc__")


@dataclass(frozen=True)
class _Request:
    """One SOAP message: a Create with its message, or a staged voucher (`message` is None)."""

    action: str
    body: bytes
    message: Message | None = None


class _Dialect:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._services = Services(client)
        self._clashed: set[str] = set()

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, have a token that is good for the whole attempt, and check that the WSDLs in use are still the accepted ones."""
        await self._client.reserve(calls, AHEAD)
        await self._services.renew()

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """By ref, among posted and staged documents; for vouchers with suspects."""
        if not self._has_key(attempt.resolved):
            return Found(())  # no document can have this command's key: the write says why
        made = await self._shown(attempt)
        return Found(made, () if made or attempt.resolved.record == JOURNAL else await self._suspects(attempt))

    async def _shown(self, attempt: Attempt) -> tuple[Document, ...]:
        return await (self._journals(attempt) if attempt.resolved.record == JOURNAL else self._vouchers(attempt))

    async def _journals(self, attempt: Attempt) -> tuple[Document, ...]:
        await self._services.of(self._settings.journal.interface)
        rows = await self._look(attempt, "JOURNALS", (("BUSINESS_UNIT", _unit(attempt)), ("REF", attempt.ref)))
        own = [row for row in rows if compare.starts_with(row, "DESCR254", attempt.ref)]
        by_key: dict[str, list[Row]] = {}
        for row in sorted(own, key=lambda one: int(text(one, "UNPOST_SEQ") or 0)):
            by_key.setdefault(compare.journal_key(row), []).append(row)
        if not by_key:
            return await self._by_key(attempt)
        return tuple([await self._journal(attempt, found) for found in by_key.values()])

    async def _journal(self, attempt: Attempt, rows: list[Row]) -> Document:
        head = rows[0]
        keys = {name: text(head, name) for name in ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE")}
        buffer = await self._get(attempt, self._settings.journal.interface, keys | {"UNPOST_SEQ": text(head, "UNPOST_SEQ") or "0"})
        if buffer is None:
            raise Transient(f"peoplesoft journal {keys['JOURNAL_ID']}: its query shows it, its interface does not")
        return compare.journal(rows, buffer, attempt.resolved.command, self._settings)

    async def _vouchers(self, attempt: Attempt) -> tuple[Document, ...]:
        """The vouchers that carry the ref. If none is built, or one was recycled, also what the staging table says."""
        if self._reads_vouchers():
            await self._services.of(self._settings.voucher.interface)
        prompts = (("BUSINESS_UNIT", _unit(attempt)), ("REF", attempt.ref))
        rows = await self._look(attempt, "VOUCHERS", prompts)
        own = [row for row in rows if compare.starts_with(row, self._settings.voucher.ref_field, attempt.ref)]
        made = [await self._voucher(attempt, row) for row in own]
        if made and not any(text(row, "ENTRY_STATUS") == "R" for row in own):
            return tuple(made)
        waiting = await self._look(attempt, "STAGED", prompts)
        waiting = [row for row in waiting if text(row, "VCHR_BLD_KEY_C1") == attempt.ref]
        if made:
            return tuple(compare.with_build_error(one, row) if (row := _of(one, waiting)) else one for one in made)
        staged = tuple(compare.staged(row, attempt.resolved.command, self._settings) for row in waiting)
        return staged or await self._by_key(attempt)

    def _reads_vouchers(self) -> bool:
        """Whether the interface shows vouchers: a site that only stages may have none."""
        own = self._settings.voucher
        return own.writer == "interface" or own.interface in self._settings.wsdl_hashes

    async def _voucher(self, attempt: Attempt, row: Row) -> Document:
        if not self._reads_vouchers():
            return compare.voucher(row, None, attempt.resolved.command, attempt.resolved.ids, self._settings)
        keys = {name: text(row, name) for name in ("BUSINESS_UNIT", "VOUCHER_ID")}
        buffer = await self._get(attempt, self._settings.voucher.interface, keys)
        if buffer is None:
            raise Transient(f"peoplesoft voucher {keys['VOUCHER_ID']}: its query shows it, its interface does not")
        return compare.voucher(row, buffer, attempt.resolved.command, attempt.resolved.ids, self._settings)

    async def _suspects(self, attempt: Attempt) -> tuple[Document, ...]:
        """Vouchers of the same vendor, date and amount without a ref of ours."""
        try:
            party, own = (
                documents.vendor(attempt.resolved.command, attempt.resolved.ids),
                documents.fields(attempt.resolved.command),
            )
            prompts = (
                ("BUSINESS_UNIT", _unit(attempt)),
                ("VENDOR_SETID", party.setid),
                ("VENDOR_ID", party.vendor_id),
                ("INVOICE_DT", own["date"].isoformat()),
                ("GROSS_AMT", format(documents.cents(attempt.resolved.command["amount"]), "f")),
            )
        except Refused:
            return ()  # a vendor that cannot be one has no vouchers; the write says why
        rows = await self._look(attempt, "SUSPECTS", prompts, MOST_SUSPECTS)
        found = [compare.suspect(row, attempt.resolved.command, attempt.resolved.ids, self._settings) for row in rows]
        return tuple(one for one in found if one is not None)

    async def _by_key(self, attempt: Attempt) -> tuple[Document, ...]:
        """After a (91,49) that no look-up by ref explains: what has our key. It is ours where it has our ref, which the query then
        does not show (row security); else a clash, or a document whose ref somebody took away."""
        if attempt.ref not in self._clashed:
            return ()
        interface, keys = self._keyed(attempt.resolved)
        buffer = await self._get(attempt, interface, keys)
        if buffer is None:
            return ()
        column = "DESCR254" if attempt.resolved.record == JOURNAL else self._settings.voucher.ref_field
        if not compare.starts_with(buffer, column, attempt.ref):
            return (compare.stranger(attempt.resolved.record, buffer, attempt.resolved.command),)
        row = {"ERROR_SET": "", "ERROR_NBR": "", "ERROR_TEXT": ""} | buffer
        if attempt.resolved.record == JOURNAL:
            return (compare.journal([row], buffer, attempt.resolved.command, self._settings),)
        return (compare.voucher(row, buffer, attempt.resolved.command, attempt.resolved.ids, self._settings),)

    async def _look(self, attempt: Attempt, query: str, prompts: Prompts, most: int = MOST_ROWS) -> list[Row]:
        try:
            address(self._settings, query, prompts, most)
        except Refused:
            return []  # a value that no prompt can carry is in no column either
        attempt.calls += 1
        try:
            rows = await self._client.look(query, prompts, most)
        except Refused as error:
            raise Transient(f"peoplesoft {query}: {error}") from error  # the site refuses the question: that tells nothing
        if most == MOST_ROWS and len(rows) >= most:
            raise Transient(f"peoplesoft {query}: {len(rows)} rows for one ref; the query does not compare its prompts")
        return rows

    async def _get(self, attempt: Attempt, interface: str, keys: Tree) -> Tree | None:
        """The buffer of a document by its key; None if the interface has no such row."""
        message = (await self._services.of(interface)).message(GET, keys)
        attempt.calls += 1
        try:
            answer = await self._client.post_soap(endpoint(self._settings), message.action, message.body)
        except (NotSent, Unanswered) as error:
            raise Transient(f"peoplesoft {interface} Get: {error}") from error
        said = answers.said(answer, message)
        if isinstance(said, dict):
            if not compare.is_key_of(said, keys):
                raise Transient(f"peoplesoft {interface} Get: another document was answered")
            return said
        if said.code == errors.NO_ROWS:
            return None
        told = f"peoplesoft {interface} Get: {said.code} {said.words}"
        if said.throttled:
            raise Throttled(told, said.retry_after.total_seconds() if said.retry_after else None)
        raise Broken(told, "Permit Get of the interface to the integration user.") if said.broken else Transient(told)

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> _Request:
        """The message of a step. Edit, build and posting have none."""
        resolved = attempt.resolved
        if attempt.step == "stage":
            return _Request(staging.ACTION, staging.message(resolved.command, resolved.ids, self._settings, user_of(self._client)))
        if attempt.step != "create":
            raise Refused(f"peoplesoft {attempt.ref}: {attempt.step} is the site's own step, nothing is sent for it")
        interface, _ = self._keyed(resolved)
        tree = self._tree(resolved)
        message = (await self._services.of(interface)).message(CREATE, tree)
        return _Request(message.action, message.body, message)

    async def send(self, request: _Request) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await self._client.post_soap(endpoint(self._settings), request.action, request.body)

    async def read(self, attempt: Attempt, request: _Request, answer: Response) -> Answer | ReadBack:
        """A Create has to echo our keys; a staged voucher is only acknowledged. Reading the document back tells the rest."""
        if request.message is None:
            said = answers.unacknowledged(answer)
            return ReadBack(self._shown, STAGED_LOOKS) if said is None else self._classed(said, attempt)
        shown = answers.said(answer, request.message)
        if isinstance(shown, Answer):
            return self._classed(shown, attempt)
        interface, keys = self._keyed(attempt.resolved)
        echoed = answers.echoed_keys(shown, interface)
        if echoed is None or not compare.is_key_of(echoed, keys):
            return ambiguous("the answer does not echo our keys", "echo", code="200")
        return ReadBack(self._shown)

    def _classed(self, said: Answer, attempt: Attempt) -> Answer:
        if said.reason in _DOUBTED:
            self._services.doubt()
        if said.verdict is Verdict.DUPLICATE:
            self._clashed.add(attempt.ref)
        return said

    def _tree(self, resolved: ResolvedCommand) -> Tree:
        if resolved.record == JOURNAL:
            return documents.journal(resolved.command, self._settings)
        return documents.voucher(resolved.command, resolved.ids, self._settings)

    def _keyed(self, resolved: ResolvedCommand) -> tuple[str, Tree]:
        """The interface of a record and the key of its document."""
        if resolved.record == JOURNAL:
            return self._settings.journal.interface, documents.journal_keys(resolved.command)
        if resolved.record == VOUCHER:
            return self._settings.voucher.interface, documents.voucher_keys(resolved.command)
        raise Refused(f"peoplesoft {resolved.command['ref']}: {resolved.record} is not written")

    def _has_key(self, resolved: ResolvedCommand) -> bool:
        try:
            self._keyed(resolved)
        except Refused:
            return False
        return True


def _unit(attempt: Attempt) -> str:
    """Business unit of the document."""
    return documents.business_unit(attempt.resolved.record, attempt.resolved.command)


def _of(document: Document, waiting: list[Row]) -> Row | None:
    """The staged row that became this voucher. It carries the same ref, so it is the only one."""
    return next((row for row in waiting if text(row, "VOUCHER_ID") in ("", document.number)), None)


def is_write(request: Request) -> bool:
    """Whether a request changes something: every request that is neither a GET nor the SOAP call Get of an interface."""
    return request.method != "GET" and _GET.search(request.body) is None


def open_writer(access: Access) -> FramedWriter[_Request]:
    """A sink's session with one site."""
    client = Client(access)
    return FramedWriter(_Dialect(client), client, access, BUDGET)
