"""Writes documents to Acumatica: how a document is looked up, what request a step is, what an answer says.

Facts: a repeated PUT without keys makes a second document and no idempotency key exists (guide), so a create carries `If-None-Match: *` and the
look-up by ref as `$filter`; an update carries `If-Match: *`. Actions answer 202 with a Location that is asked until 204 or an error, in the
same session. The answer to a write is a YES only as 200 with a whole record that carries our ref and differs in nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from runtime.errors import Refused
from runtime.exchange import NotSent, Request, Response, Unanswered
from systems.acumatica import documents
from systems.acumatica.client import Client
from systems.acumatica.compare import application, document, suspect
from systems.acumatica.documents import KINDS, MASTERS
from systems.acumatica.errors import classify, words_of
from systems.acumatica.mapping_sightings import ref_in
from systems.acumatica.models import listed
from systems.acumatica.models import record as whole_record
from systems.acumatica.wire import Row, dumps, quoted, text
from systems.contract import Access, Answer, Document, Found, ResolvedCommand, Verdict
from systems.parents import parent_id
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack, ambiguous

MOST_POLLS = 12
BUDGET = Budget(find=1, step=2 + MOST_POLLS)
"""The calls of a step: its request, reading the document back, and asking whether an action is done."""
_GROWTH = 1.6
_LONGEST_S = 15.0
_APPLICATION = "ar_application"
_SELECT = "Type,ReferenceNbr,Status,Hold,Description"
_ACTION = "POST"


class _Dialect:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        await self._client.reserve(calls, AHEAD)

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """By ref, with suspects in the same request."""
        resolved = attempt.resolved
        entity, query = _entity(resolved.record), [("$filter", self._condition(resolved)), *self._view(resolved.record)]
        attempt.calls += 1
        answer = await self._client.look(f"/{entity}", query)
        return self._found([row for _, row in listed(answer, entity)], resolved)

    async def _shown(self, attempt: Attempt) -> Sequence[Document]:
        return (await self.look_up(attempt)).documents

    def _view(self, record: str) -> list[tuple[str, str]]:
        """The fields of a record that are asked for, enough to compare it."""
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

    def _condition(self, resolved: ResolvedCommand) -> str:
        if resolved.record == _APPLICATION:
            kind, _, number = parent_id(resolved.command, "payment", resolved.ids).partition("/")
            return f"Type eq {quoted(kind)} and ReferenceNbr eq {quoted(number)}"
        by_ref = self._by_ref(resolved)
        if resolved.record in MASTERS:
            return by_ref
        kind_, day = KINDS[resolved.record], documents.fields(resolved.command)["date"]
        try:
            own = documents.party(kind_, resolved.command, resolved.ids)
        except Refused:
            return by_ref  # a party without id has no documents; one with our ref is seen all the same
        amount = format(kind_.amount(resolved.command["amount"]).normalize(), "f")
        same = f"{kind_.party} eq {quoted(own)} and {kind_.day} eq datetimeoffset'{day}' and {kind_.total} eq {amount}"
        return f"{by_ref} or ({same})"

    def _by_ref(self, resolved: ResolvedCommand) -> str:
        ref = quoted(resolved.command["ref"])
        if resolved.record in MASTERS:
            return f"AccountRef eq {ref}"
        custom = self._settings.custom_ref
        return f"cf.String(f='{custom}') eq {ref}" if custom else f"startswith(Description,{ref})"

    def _found(self, rows: list[Row], resolved: ResolvedCommand) -> Found:
        if resolved.record == _APPLICATION:
            seen = [application(row, resolved.command, resolved.ids) for row in rows]
            return Found(tuple(one for one in seen if one is not None))
        mine = [row for row in rows if self._is_ours(row, resolved)]
        made = tuple(document(resolved.record, row, resolved.command, resolved.ids, self._settings) for row in mine)
        if resolved.record in MASTERS:
            return Found(made)
        others = [row for row in rows if not ref_in(row, self._settings)]
        strangers = [suspect(resolved.record, row, resolved.command, resolved.ids) for row in others]
        return Found(made, tuple(one for one in strangers if one is not None))

    def _is_ours(self, row: Row, resolved: ResolvedCommand) -> bool:
        if resolved.record in MASTERS:
            return text(row, "AccountRef") == resolved.command["ref"]
        return ref_in(row, self._settings) == resolved.command["ref"] and text(row, "Type") in KINDS[resolved.record].types

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> Request:
        """The request of a step; an action is the only POST."""
        step, found, resolved = attempt.step, attempt.document, attempt.resolved
        record, command, ids = resolved.record, resolved.command, resolved.ids
        if step in ("create", "upsert"):
            return self._create(resolved)
        if record == _APPLICATION:
            if step == "apply":
                return self._update("Payment", documents.application_body(command, ids), record)
            return self._action("Payment", "ReleasePayment", parent_id(command, "payment", ids))
        if found is None:
            raise Refused(f"acumatica {attempt.ref}: step {step} needs the document")
        kind = KINDS[record]
        if step == "unhold":
            return self._update(kind.entity, documents.unhold_body(found.erp_id), record)
        if step == "apply":
            applications = documents.fields(command)["applications"]
            return self._update(kind.entity, documents.credit_applications_body(found.erp_id, applications, ids), record)
        return self._action(kind.entity, kind.release, found.erp_id)

    def _create(self, resolved: ResolvedCommand) -> Request:
        guard = [("$filter", self._by_ref(resolved))] if self._settings.guarded_create else []
        url = self._client.url(f"/{_entity(resolved.record)}", [*guard, *self._view(resolved.record)])
        body = documents.create_body(resolved.record, resolved.command, resolved.ids, self._settings)
        return Request("PUT", url, {"Content-Type": "application/json", "If-None-Match": "*"}, dumps(body))

    def _update(self, entity: str, body: dict[str, Any], record: str) -> Request:
        url = self._client.url(f"/{entity}", self._view(record))
        return Request("PUT", url, {"Content-Type": "application/json", "If-Match": "*"}, dumps(body))

    def _action(self, entity: str, action: str, erp_id: str) -> Request:
        body = {"entity": documents.keys_of(erp_id)}
        return Request(_ACTION, self._client.url(f"/{entity}/{action}"), {"Content-Type": "application/json"}, dumps(body))

    async def send(self, request: Request) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await self._client.write(request)

    async def read(self, attempt: Attempt, request: Request, answer: Response) -> Answer | Document | ReadBack:
        """A 200 shows the document. If an action was started, it is asked for until it is done, and then the document is read back."""
        if request.method == _ACTION:
            return await self._acted(attempt, answer)
        if answer.status != 200:
            return _refused(answer, is_create="If-None-Match" in request.headers)
        kept = self._kept(whole_record(answer, request.method), attempt.resolved)
        return kept or ambiguous("the answer shows no document", "echo", code="200")

    def _kept(self, row: Row, resolved: ResolvedCommand) -> Document | None:
        """The document that an answer shows; None for one without id."""
        if not isinstance(row.get("id"), str):
            return None
        if resolved.record == _APPLICATION:
            return application(row, resolved.command, resolved.ids)
        return document(resolved.record, row, resolved.command, resolved.ids, self._settings)

    async def _acted(self, attempt: Attempt, answer: Response) -> Answer | ReadBack:
        """What became of an action. A refusal that may belong to an earlier action of ours counts only if the document agrees."""
        outcome = await self._outcome(answer, attempt) if answer.status == 202 else answer
        if isinstance(outcome, Response) and outcome.status in (200, 204):
            return ReadBack(self._shown)
        refusal = outcome if isinstance(outcome, Answer) else _refused(outcome, is_create=False)
        if refusal.verdict is Verdict.AMBIGUOUS or refusal.reason == "status":
            return ReadBack(self._shown, otherwise=refusal)
        return refusal

    async def _outcome(self, started: Response, attempt: Attempt) -> Response | Answer:
        """The outcome of an action that was started; unknown after the last question."""
        location = self._same_host(started.headers.get("Location", ""))
        if not location:
            return ambiguous("no Location to ask at", "unanswered", code="202")
        wait_s, last = self._settings.poll_first_s, "running"
        for _ in range(self._settings.poll_count):
            await self._client.clock.sleep(timedelta(seconds=wait_s))
            wait_s = min(wait_s * _GROWTH, _LONGEST_S)
            attempt.calls += 1
            try:
                answer = await self._client.ask(location)
            except (NotSent, Unanswered) as error:
                last = str(error)
                continue
            if answer.status == 204 or (answer.status in (422, 500) and answer.content_type == "application/json"):
                return answer
            last = f"{answer.status} {words_of(answer).text}".strip()
        return ambiguous(f"not told to be done: {last}", "unanswered", code="202")

    def _same_host(self, location: str) -> str:
        """The full address of a Location; "" for an address of another host, to which our token must not be sent."""
        url = urljoin(self._settings.entity_root, location)
        is_ours = urlsplit(url)[:2] == urlsplit(self._settings.root)[:2]
        return url if location and is_ours else ""


def _refused(answer: Response, is_create: bool) -> Answer:
    if 200 <= answer.status < 300:
        return ambiguous("a success without a record", "unreadable", code=str(answer.status))
    classed = classify(answer)
    if answer.status == 412 and not is_create:
        return replace(classed, verdict=Verdict.REJECT, reason="gone")
    return classed


def _entity(record: str) -> str:
    if record == _APPLICATION:
        return "Payment"
    return MASTERS.get(record) or KINDS[record].entity


def open_writer(access: Access) -> FramedWriter[Request]:
    """A sink's session with one instance."""
    client = Client(access)
    return FramedWriter(_Dialect(client), client, access, BUDGET)
