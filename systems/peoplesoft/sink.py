"""Writes documents to PeopleSoft: looks up by ref, sends one request for a step, classes its answer.

Facts: a Create with explicit keys is refused the second time (91,49) and answers nothing but keys (PeopleBooks), so a create is a YES only once
the echoed keys are ours and the document, found again by its ref and read by Get, differs in nothing. VOUCHER_BUILD is only acknowledged: it is
a YES once the row is seen staged, or its voucher built. Edit, build and posting are the site's own batches: nothing is sent for them, `find` tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from runtime.errors import Broken, ConnectorError, Malformed, Refused, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from schemas.records import CommandEnvelope
from systems.contract import Access, Answer, Document, Found, Verdict
from systems.peoplesoft import answers, compare, documents, errors, staging
from systems.peoplesoft.client import Client
from systems.peoplesoft.documents import JOURNAL, VOUCHER, Ids, Tree
from systems.peoplesoft.query import Prompts, address
from systems.peoplesoft.rows import Row, text
from systems.peoplesoft.services import Services, user_of
from systems.peoplesoft.soap import CREATE, GET
from systems.peoplesoft.wsdl import endpoint

FIND_CALLS = 3
"""Vouchers, staged rows, and suspects or the Get of what was found."""
STAGED_LOOKS = 4
STEP_CALLS = 1 + FIND_CALLS + 2 * (STAGED_LOOKS - 1)
"""The request of the step, and reading it back; what was staged is looked for a few times."""
CALLS = FIND_CALLS + STEP_CALLS
"""What one attempt of one step reserves; what it does not use is given back."""
MOST_ROWS = 50
"""Rows that one look-up asks for; as many are too many to be told apart."""
MOST_SUSPECTS = 2000
"""Vouchers of one vendor, day and amount that are looked through, ours among them; a site with more of them shows the first."""
_AHEAD = timedelta(seconds=180)
"""A token has to be good for this long before an attempt begins."""
_DOUBTED = frozenset(["handler", "configuration", "fault", "request"])
"""Reasons that a site whose messages have changed may give."""
_GET = re.compile(rb"<([A-Za-z0-9_.-]+:)?Get__CompIntfc__")
_UNSEEN = "unseen"
_FIRST_LOOK = timedelta(seconds=1)


@dataclass
class _Wish:
    """What one call is about; `calls` counts its requests, so that unused ones can be given back."""

    record: str
    command: CommandEnvelope
    ids: Ids
    calls: int = field(default=0)

    @property
    def unit(self) -> str:
        """Business unit of the document."""
        return documents.business_unit(self.record, self.command)


class _Writer:
    """A sink's session with one site. See `systems.contract.Writer`. Its calls are bounded by the lanes, not by `in_flight`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._services = Services(client)
        self._clashed: set[str] = set()

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, hold a token good for the whole attempt, and see that the WSDLs in use are still the accepted ones."""
        await self._client.reserve(calls, _AHEAD)
        await self._services.renew()

    async def find(self, record: str, command: CommandEnvelope, ids: Mapping[str, str]) -> Found:
        """Look up by ref, in the books and among what is staged; for vouchers with suspects."""
        wish = _Wish(record, command, ids)
        if self._unsendable(wish):
            return Found(())
        try:
            return await self._found(wish, with_suspects=True)
        except Malformed as error:
            raise Transient(f"peoplesoft {command['ref']}: {error}") from error
        except Throttled as error:
            self._pause(error)
            raise
        finally:
            self._client.limiter.give_back(max(0, FIND_CALLS - wish.calls))

    async def perform(
        self,
        step: str,
        record: str,
        command: CommandEnvelope,
        ids: Mapping[str, str],
        document: Document | None,  # noqa: ARG002 - the contract's; every step begins from the books
    ) -> Answer:
        """Send the one request of `step` and class its answer."""
        wish = _Wish(record, command, ids)
        try:
            return await (self._stage(wish) if step == "stage" else self._create(step, wish))
        except (Refused, Malformed) as error:
            return Answer(Verdict.REJECT, code="unsendable", words=str(error)[: errors.WORDS], reason="unsendable")
        except ConnectorError as error:
            return _unready(error)
        finally:
            self._client.limiter.give_back(max(0, STEP_CALLS - wish.calls))

    async def close(self) -> None:
        """Drop the connections; PeopleSoft keeps no session."""
        await self._client.close()

    def _unsendable(self, wish: _Wish) -> bool:
        """Whether no document can have this command's key: the write says why."""
        try:
            self._keyed(wish)
        except Refused:
            return True
        return False

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def _found(self, wish: _Wish, *, with_suspects: bool) -> Found:
        if wish.record == JOURNAL:
            return Found(await self._journals(wish))
        made = await self._vouchers(wish)
        if made or not with_suspects:
            return Found(made)
        return Found((), await self._suspects(wish))

    async def _journals(self, wish: _Wish) -> tuple[Document, ...]:
        await self._services.of(self._settings.journal.interface)
        rows = await self._look(wish, "JOURNALS", (("BUSINESS_UNIT", wish.unit), ("REF", wish.command["ref"])))
        own = [row for row in rows if compare.starts_with(row, "DESCR254", wish.command["ref"])]
        by_key: dict[str, list[Row]] = {}
        for row in sorted(own, key=lambda one: int(text(one, "UNPOST_SEQ") or 0)):
            by_key.setdefault(compare.journal_key(row), []).append(row)
        if not by_key:
            return await self._by_key(wish)
        return tuple([await self._journal(wish, found) for found in by_key.values()])

    async def _journal(self, wish: _Wish, rows: list[Row]) -> Document:
        head = rows[0]
        keys = {name: text(head, name) for name in ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE")}
        buffer = await self._get(wish, self._settings.journal.interface, keys | {"UNPOST_SEQ": text(head, "UNPOST_SEQ") or "0"})
        if buffer is None:
            raise Transient(f"peoplesoft journal {keys['JOURNAL_ID']}: its query shows it, its interface does not")
        return compare.journal(rows, buffer, wish.command, self._settings)

    async def _vouchers(self, wish: _Wish) -> tuple[Document, ...]:
        """The vouchers that carry the ref; where none is built, or one was recycled, what the staging table says as well."""
        if self._reads_vouchers():
            await self._services.of(self._settings.voucher.interface)
        prompts = (("BUSINESS_UNIT", wish.unit), ("REF", wish.command["ref"]))
        rows = await self._look(wish, "VOUCHERS", prompts)
        own = [row for row in rows if compare.starts_with(row, self._settings.voucher.ref_field, wish.command["ref"])]
        made = [await self._voucher(wish, row) for row in own]
        if made and not any(text(row, "ENTRY_STATUS") == "R" for row in own):
            return tuple(made)
        waiting = await self._look(wish, "STAGED", prompts)
        waiting = [row for row in waiting if text(row, "VCHR_BLD_KEY_C1") == wish.command["ref"]]
        if made:
            return tuple(compare.with_build_error(one, row) if (row := _of(one, waiting)) else one for one in made)
        staged = tuple(compare.staged(row, wish.command, self._settings) for row in waiting)
        return staged or await self._by_key(wish)

    def _reads_vouchers(self) -> bool:
        """Whether the interface shows vouchers: a site that only stages may have none."""
        own = self._settings.voucher
        return own.writer == "interface" or own.interface in self._settings.wsdl_hashes

    async def _voucher(self, wish: _Wish, row: Row) -> Document:
        if not self._reads_vouchers():
            return compare.voucher(row, None, wish.command, wish.ids, self._settings)
        keys = {name: text(row, name) for name in ("BUSINESS_UNIT", "VOUCHER_ID")}
        buffer = await self._get(wish, self._settings.voucher.interface, keys)
        if buffer is None:
            raise Transient(f"peoplesoft voucher {keys['VOUCHER_ID']}: its query shows it, its interface does not")
        return compare.voucher(row, buffer, wish.command, wish.ids, self._settings)

    async def _suspects(self, wish: _Wish) -> tuple[Document, ...]:
        """Vouchers of the same vendor, date and amount without a ref of ours."""
        try:
            party, own = documents.vendor(wish.command, wish.ids), documents.fields(wish.command)
            prompts = (
                ("BUSINESS_UNIT", wish.unit),
                ("VENDOR_SETID", party.setid),
                ("VENDOR_ID", party.vendor_id),
                ("INVOICE_DT", own["date"].isoformat()),
                ("GROSS_AMT", format(documents.cents(wish.command["amount"]), "f")),
            )
        except Refused:
            return ()  # a vendor that cannot be one has no vouchers; the write says why
        rows = await self._look(wish, "SUSPECTS", prompts, MOST_SUSPECTS)
        found = [compare.suspect(row, wish.command, wish.ids, self._settings) for row in rows]
        return tuple(one for one in found if one is not None)

    async def _by_key(self, wish: _Wish) -> tuple[Document, ...]:
        """After a (91,49) that no look-up by ref explains: what has our key. It is ours where it has our ref, which the query then
        does not show (row security); else a clash, or a document whose ref somebody took away."""
        if wish.command["ref"] not in self._clashed:
            return ()
        interface, keys = self._keyed(wish)
        buffer = await self._get(wish, interface, keys)
        if buffer is None:
            return ()
        column = "DESCR254" if wish.record == JOURNAL else self._settings.voucher.ref_field
        if not compare.starts_with(buffer, column, wish.command["ref"]):
            return (compare.stranger(wish.record, buffer, wish.command),)
        row = {"ERROR_SET": "", "ERROR_NBR": "", "ERROR_TEXT": ""} | buffer
        if wish.record == JOURNAL:
            return (compare.journal([row], buffer, wish.command, self._settings),)
        return (compare.voucher(row, buffer, wish.command, wish.ids, self._settings),)

    async def _look(self, wish: _Wish, query: str, prompts: Prompts, most: int = MOST_ROWS) -> list[Row]:
        try:
            address(self._settings, query, prompts, most)
        except Refused:
            return []  # a value that no prompt can carry is in no column either
        wish.calls += 1
        try:
            rows = await self._client.look(query, prompts, most)
        except Refused as error:
            raise Transient(f"peoplesoft {query}: {error}") from error  # the site refuses the question: that tells nothing
        if most == MOST_ROWS and len(rows) >= most:
            raise Transient(f"peoplesoft {query}: {len(rows)} rows for one ref; the query does not compare its prompts")
        return rows

    async def _get(self, wish: _Wish, interface: str, keys: Tree) -> Tree | None:
        """The buffer of a document by its key; None where the interface has no such row."""
        message = (await self._services.of(interface)).message(GET, keys)
        wish.calls += 1
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

    async def _create(self, step: str, wish: _Wish) -> Answer:
        if step != "create":
            raise Refused(f"peoplesoft {wish.command['ref']}: {step} is the site's own step, nothing is sent for it")
        interface, keys = self._keyed(wish)
        tree = self._tree(wish)
        message = (await self._services.of(interface)).message(CREATE, tree)
        answer = await self._sent(wish, message.action, message.body)
        if isinstance(answer, Answer):
            return answer
        said = answers.said(answer, message)
        if isinstance(said, Answer):
            return self._classed(said, wish)
        echoed = answers.echoed_keys(said, interface)
        if echoed is None or not compare.is_key_of(echoed, keys):
            return errors.ambiguous("the answer does not echo our keys", "echo", code="200")
        return await self._read_back(step, wish)

    async def _stage(self, wish: _Wish) -> Answer:
        body = staging.message(wish.command, wish.ids, self._settings, user_of(self._client))
        answer = await self._sent(wish, staging.ACTION, body)
        if isinstance(answer, Answer):
            return answer
        said = answers.unacknowledged(answer)
        if said is not None:
            return self._classed(said, wish)
        wait = _FIRST_LOOK
        for _ in range(STAGED_LOOKS - 1):
            seen = await self._read_back("stage", wish)
            if seen.reason != _UNSEEN:
                return seen
            await self._client.clock.sleep(wait)
            wait *= 2
        return await self._read_back("stage", wish)

    async def _sent(self, wish: _Wish, action: str, body: bytes) -> Response | Answer:
        wish.calls += 1
        try:
            return await self._client.post_soap(endpoint(self._settings), action, body)
        except NotSent as error:
            return Answer(Verdict.DEFINITE_NO, code="not_sent", words=str(error)[: errors.WORDS], reason="unreachable")
        except Unanswered as error:
            return errors.ambiguous(str(error), "unanswered", code="unanswered")

    def _classed(self, said: Answer, wish: _Wish) -> Answer:
        if said.reason in _DOUBTED:
            self._services.doubt()
        if said.verdict is Verdict.DUPLICATE:
            self._clashed.add(wish.command["ref"])
        if said.throttled:
            pause = self._client.pause(said.retry_after)
            return Answer(**{**vars(said), "retry_after": pause})
        return said

    async def _read_back(self, step: str, wish: _Wish) -> Answer:
        """YES where the books show one document with our ref, the step done and nothing that differs."""
        try:
            found = (await self._found(wish, with_suspects=False)).documents
        except (ConnectorError, Malformed) as error:
            return errors.ambiguous(f"could not be read back: {error}", "unanswered", code="200")
        kept = found[0] if len(found) == 1 else None
        if kept is None or kept.ref != wish.command["ref"]:
            return errors.ambiguous("the books do not show our ref", _UNSEEN, code="200")
        if kept.differences or step not in kept.steps_done:
            words = "; ".join(kept.differences) or f"{step} is not done"
            return Answer(Verdict.AMBIGUOUS, kept, code="200", words=words[: errors.WORDS], reason="echo")
        return Answer(Verdict.YES, kept)

    def _tree(self, wish: _Wish) -> Tree:
        if wish.record == JOURNAL:
            return documents.journal(wish.command, self._settings)
        return documents.voucher(wish.command, wish.ids, self._settings)

    def _keyed(self, wish: _Wish) -> tuple[str, Tree]:
        """The interface of a record and the key of its document."""
        if wish.record == JOURNAL:
            return self._settings.journal.interface, documents.journal_keys(wish.command)
        if wish.record == VOUCHER:
            return self._settings.voucher.interface, documents.voucher_keys(wish.command)
        raise Refused(f"peoplesoft {wish.command['ref']}: {wish.record} is not written")

    def _pause(self, error: Throttled) -> None:
        self._client.pause(error.asked)


def _of(document: Document, waiting: list[Row]) -> Row | None:
    """The staged row that became this voucher; the ref is the same, so the only one is it."""
    return next((row for row in waiting if text(row, "VOUCHER_ID") in ("", document.number)), None)


def _unready(error: ConnectorError) -> Answer:
    """Nothing was sent: the service could not be made ready."""
    is_broken = isinstance(error, Broken)
    reason = "configuration" if is_broken else "unreachable"
    return Answer(Verdict.DEFINITE_NO, code="not_sent", words=str(error)[: errors.WORDS], reason=reason, broken=is_broken)


def is_write(request: Request) -> bool:
    """Whether a request changes something: no GET, and no SOAP call that is the Get of an interface."""
    return request.method != "GET" and _GET.search(request.body) is None


def open_writer(access: Access) -> _Writer:
    """A sink's session with one site."""
    return _Writer(Client(access))
