"""Writes documents to Acumatica: looks up by ref, sends one request for a step, classes its answer.

Facts: a repeated PUT without keys makes a second document and no idempotency key exists (guide), so a create carries `If-None-Match: *` and the
look-up by ref as `$filter`; an update carries `If-Match: *`. Actions answer 202 with a Location that is asked until 204 or an error, in the
same session. The answer to a write is a YES only as 200 with a whole record that carries our ref and differs in nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from runtime.errors import ConnectorError, Malformed, Refused, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from schemas.records import CommandEnvelope
from systems.acumatica import documents
from systems.acumatica.client import Client
from systems.acumatica.compare import application, document, suspect
from systems.acumatica.documents import KINDS, MASTERS, Ids
from systems.acumatica.errors import classify, words_of
from systems.acumatica.mapping_sightings import ref_in
from systems.acumatica.models import listed
from systems.acumatica.models import record as whole_record
from systems.acumatica.wire import Row, dumps, quoted, text
from systems.contract import Access, Answer, Document, Found, Verdict
from systems.contract import Document as Kept
from systems.parents import parent_id

STEP_CALLS = 3
"""Look-up, the step's own request, and its reading back."""
MOST_POLLS = 12
_GROWTH = 1.6
_LONGEST_S = 15.0
_AHEAD = timedelta(seconds=180)
"""A sign-in has to be good for this long before an attempt begins."""
_APPLICATION = "ar_application"
_SELECT = "Type,ReferenceNbr,Status,Hold,Description"


@dataclass(frozen=True)
class _Wish:
    """What one call is about; `asked` collects the questions whether an action is done, so that unused calls can be given back."""

    record: str
    command: CommandEnvelope
    ids: Ids
    asked: list[str] = field(default_factory=list)


class _Writer:
    """A sink's session with one instance. See `systems.contract.Writer`. Its calls are bounded by the lanes, not by `in_flight`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        await self._client.reserve(calls, _AHEAD)

    async def find(self, record: str, command: CommandEnvelope, ids: Mapping[str, str]) -> Found:
        """Look up by ref, with suspects in the same request."""
        wish = _Wish(record, command, ids)
        try:
            answer = await self._client.look(f"/{_entity(record)}", self._query(wish))
            return self._found([row for _, row in listed(answer, _entity(record))], wish)
        except Malformed as error:
            raise Transient(f"acumatica {command['ref']}: {error}") from error
        except Throttled as error:
            self._client.pause(error.asked)
            raise

    async def perform(
        self, step: str, record: str, command: CommandEnvelope, ids: Mapping[str, str], document: Document | None
    ) -> Answer:
        """Send the one request of `step` and class its answer."""
        wish = _Wish(record, command, ids)
        try:
            request, is_action = self._request(step, wish, document)
        except (ConnectorError, Malformed) as error:
            self._client.limiter.give_back(STEP_CALLS + MOST_POLLS - 1)
            return Answer(Verdict.REJECT, code="unsendable", words=str(error)[:400], reason="unsendable")
        try:
            return await (self._act(step, request, wish) if is_action else self._put(step, request, wish))
        finally:
            used = (STEP_CALLS if is_action else STEP_CALLS - 1) + len(wish.asked)
            self._client.limiter.give_back(STEP_CALLS + MOST_POLLS - used)

    async def close(self) -> None:
        """Log out."""
        await self._client.close()

    # --- looking up ---------------------------------------------------------------------------------------------------

    def _query(self, wish: _Wish) -> list[tuple[str, str]]:
        return [("$filter", self._condition(wish)), *self._view(wish.record)]

    def _view(self, record: str) -> list[tuple[str, str]]:
        """What of a record is asked for: enough to compare it."""
        if record in MASTERS:
            return [("$select", f"{MASTERS[record]}ID,AccountRef")]
        if record == _APPLICATION:
            return [("$expand", "DocumentsToApply,ApplicationHistory")]
        kind = KINDS[record]
        wanted = [_SELECT, kind.total, kind.party, kind.day, *([kind.currency] if kind.currency else [])]
        expand: list[str] = []
        if kind.extended:
            expand.append("Details")
            wanted += ["Details/Account", "Details/Subaccount", "Details/Amount"]
        if record == "ap_credit":
            expand.append("Applications")
            wanted += ["Balance", "Applications/DocType", "Applications/ReferenceNbr", "Applications/AmountPaid"]
        custom = [("$custom", self._settings.custom_ref)] if self._settings.custom_ref else []
        return [*([("$expand", ",".join(expand))] if expand else []), ("$select", ",".join(wanted)), *custom]

    def _condition(self, wish: _Wish) -> str:
        if wish.record == _APPLICATION:
            kind, _, number = parent_id(wish.command, "payment", wish.ids).partition("/")
            return f"Type eq {quoted(kind)} and ReferenceNbr eq {quoted(number)}"
        by_ref = self._by_ref(wish)
        if wish.record in MASTERS or not KINDS[wish.record].has_suspects:
            return by_ref
        kind_, day = KINDS[wish.record], documents.fields(wish.command)["date"]
        try:
            own = documents.party(kind_, wish.command, wish.ids)
        except Refused:
            return by_ref  # a party without id has no documents; one with our ref is seen all the same
        amount = format(wish.command["amount"].normalize(), "f")
        same = f"{kind_.party} eq {quoted(own)} and {kind_.day} eq datetimeoffset'{day}' and {kind_.total} eq {amount}"
        return f"{by_ref} or ({same})"

    def _by_ref(self, wish: _Wish) -> str:
        ref = quoted(wish.command["ref"])
        if wish.record in MASTERS:
            return f"AccountRef eq {ref}"
        custom = self._settings.custom_ref
        return f"cf.String(f='{custom}') eq {ref}" if custom else f"startswith(Description,{ref})"

    def _found(self, rows: list[Row], wish: _Wish) -> Found:
        if wish.record == _APPLICATION:
            seen = [application(row, wish.command, wish.ids) for row in rows]
            return Found(tuple(one for one in seen if one is not None))
        mine = [row for row in rows if self._is_ours(row, wish)]
        made = tuple(document(wish.record, row, wish.command, wish.ids, self._settings) for row in mine)
        if wish.record in MASTERS:
            return Found(made)
        others = [row for row in rows if not ref_in(row, self._settings)]
        strangers = [suspect(wish.record, row, wish.command, wish.ids) for row in others]
        return Found(made, tuple(one for one in strangers if one is not None))

    def _is_ours(self, row: Row, wish: _Wish) -> bool:
        if wish.record in MASTERS:
            return text(row, "AccountRef") == wish.command["ref"]
        return ref_in(row, self._settings) == wish.command["ref"] and text(row, "Type") in KINDS[wish.record].types

    # --- writing ------------------------------------------------------------------------------------------------------

    def _request(self, step: str, wish: _Wish, found: Kept | None) -> tuple[Request, bool]:
        """The request of a step, and whether it is an action."""
        record, command, ids = wish.record, wish.command, wish.ids
        if step in ("create", "upsert"):
            return self._create(wish), False
        if record == _APPLICATION:
            erp_id = parent_id(command, "payment", ids)
            if step == "apply":
                return self._update("Payment", documents.application_body(command, ids), record), False
            return self._action("Payment", "ReleasePayment", erp_id), True
        if found is None:
            raise Refused(f"acumatica {command['ref']}: step {step} needs the document")
        kind = KINDS[record]
        if step == "unhold":
            return self._update(kind.entity, documents.unhold_body(found.erp_id), record), False
        if step == "apply":
            applications = documents.fields(command)["applications"]
            return self._update(kind.entity, documents.credit_applications_body(found.erp_id, applications, ids), record), False
        return self._action(kind.entity, kind.release, found.erp_id), True

    def _create(self, wish: _Wish) -> Request:
        guard = [("$filter", self._by_ref(wish))] if self._settings.guarded_create else []
        url = self._client.url(f"/{_entity(wish.record)}", [*guard, *self._view(wish.record)])
        body = documents.create_body(wish.record, wish.command, wish.ids, self._settings)
        return Request("PUT", url, {"Content-Type": "application/json", "If-None-Match": "*"}, dumps(body))

    def _update(self, entity: str, body: dict[str, Any], record: str) -> Request:
        url = self._client.url(f"/{entity}", self._view(record))
        return Request("PUT", url, {"Content-Type": "application/json", "If-Match": "*"}, dumps(body))

    def _action(self, entity: str, action: str, erp_id: str) -> Request:
        body = {"entity": documents.keys_of(erp_id)}
        return Request("POST", self._client.url(f"/{entity}/{action}"), {"Content-Type": "application/json"}, dumps(body))

    async def _send(self, request: Request) -> Response | Answer:
        try:
            return await self._client.write(request)
        except NotSent as error:
            return Answer(Verdict.DEFINITE_NO, code="not_sent", words=str(error)[:400], reason="unreachable")
        except Unanswered as error:
            return Answer(Verdict.AMBIGUOUS, code="unanswered", words=str(error)[:400], reason="unanswered")

    async def _put(self, step: str, request: Request, wish: _Wish) -> Answer:
        answer = await self._send(request)
        if isinstance(answer, Answer):
            return answer
        if answer.status != 200:
            return self._refused(answer, is_create="If-None-Match" in request.headers)
        try:
            kept = self._kept(whole_record(answer, request.method), wish)
        except (ConnectorError, Malformed) as error:
            return Answer(Verdict.AMBIGUOUS, code="200", words=f"the answer cannot be read: {error}"[:400], reason="unreadable")
        return _echoed(step, kept, wish.command)

    def _kept(self, row: Row, wish: _Wish) -> Kept | None:
        """The document that an answer shows; None for one without id."""
        if not isinstance(row.get("id"), str):
            return None
        if wish.record == _APPLICATION:
            return application(row, wish.command, wish.ids)
        return document(wish.record, row, wish.command, wish.ids, self._settings)

    def _refused(self, answer: Response, is_create: bool) -> Answer:
        if 200 <= answer.status < 300:
            return Answer(Verdict.AMBIGUOUS, code=str(answer.status), words="a success without a record", reason="unreadable")
        classed = classify(answer)
        if answer.status == 412 and not is_create:
            return replace(classed, verdict=Verdict.REJECT, reason="gone")
        if classed.throttled:
            return replace(classed, retry_after=self._client.pause(classed.retry_after))
        return classed

    async def _act(self, step: str, request: Request, wish: _Wish) -> Answer:
        """An action: started, asked for until it is done, and read back."""
        answer = await self._send(request)
        if isinstance(answer, Answer):
            return answer
        refusal: Answer | None = None
        if answer.status == 202:
            answer = await self._outcome(answer, wish)
            if isinstance(answer, Answer):
                refusal = answer
        if isinstance(answer, Response) and answer.status not in (200, 204):
            refusal = self._refused(answer, is_create=False)
        if refusal is not None and refusal.verdict is not Verdict.AMBIGUOUS and refusal.reason != "status":
            return refusal
        return await self._read_back(step, wish, refusal)

    async def _outcome(self, started: Response, wish: _Wish) -> Response | Answer:
        """What became of a started action; unknown after the last question."""
        location = self._same_host(started.headers.get("Location", ""))
        if not location:
            return Answer(Verdict.AMBIGUOUS, code="202", words="no Location to ask at", reason="unanswered")
        wait_s, last = self._settings.poll_first_s, "running"
        for _ in range(self._settings.poll_count):
            await self._client.clock.sleep(timedelta(seconds=wait_s))
            wait_s = min(wait_s * _GROWTH, _LONGEST_S)
            wish.asked.append(location)
            try:
                answer = await self._client.ask(location)
            except (NotSent, Unanswered) as error:
                last = str(error)
                continue
            if answer.status == 204 or (answer.status in (422, 500) and answer.content_type == "application/json"):
                return answer
            last = f"{answer.status} {words_of(answer).text}".strip()
        return Answer(Verdict.AMBIGUOUS, code="202", words=f"not told to be done: {last}"[:400], reason="unanswered")

    def _same_host(self, location: str) -> str:
        """The full address of a Location; "" for one of another host, which would be given our token."""
        url = urljoin(self._settings.entity_root, location)
        is_ours = urlsplit(url)[:2] == urlsplit(self._settings.root)[:2]
        return url if location and is_ours else ""

    async def _read_back(self, step: str, wish: _Wish, refusal: Answer | None) -> Answer:
        try:
            found = (await self.find(wish.record, wish.command, wish.ids)).documents
        except ConnectorError as error:
            return Answer(Verdict.AMBIGUOUS, code="200", words=f"could not be read back: {error}"[:400], reason="unanswered")
        kept = found[0] if len(found) == 1 else None
        if kept is not None and step in kept.steps_done:
            return _echoed(step, kept, wish.command)
        if refusal is not None:
            return refusal
        return Answer(Verdict.AMBIGUOUS, kept, code="204", words=f"told to be done, yet {step} is not seen", reason="echo")


def _echoed(step: str, kept: Kept | None, command: CommandEnvelope) -> Answer:
    """YES where the answer shows our ref, the step done and nothing that differs; else the document is looked up again."""
    if kept is None or kept.ref != command["ref"] or not kept.erp_id.strip("/"):
        return Answer(Verdict.AMBIGUOUS, kept, code="200", words="the answer does not carry our ref", reason="echo")
    if kept.differences or step not in kept.steps_done:
        words = "; ".join(kept.differences) or f"{step} is not done"
        return Answer(Verdict.AMBIGUOUS, kept, code="200", words=words[:400], reason="echo")
    return Answer(Verdict.YES, kept)


def _entity(record: str) -> str:
    if record == _APPLICATION:
        return "Payment"
    return MASTERS.get(record) or KINDS[record].entity


def open_writer(access: Access) -> _Writer:
    """A sink's session with one instance."""
    return _Writer(Client(access))
