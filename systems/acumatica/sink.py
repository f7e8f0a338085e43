"""Writes documents to Acumatica: how a document is looked up, which request makes each step, and what an answer means.

Facts: a repeated PUT without keys makes a second document, and no idempotency key exists (guide). A create therefore carries `If-None-Match: *` and
the look-up by ref as `$filter`; an update carries `If-Match: *`. An action answers 202 with a Location, which is polled in the same session until 204
or an error. The answer to a write is a YES only if it is 200 with a complete record that carries our ref and has no differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from runtime.errors import Refused, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.wire import dumps
from systems.acumatica import documents, paying
from systems.acumatica.client import Client
from systems.acumatica.compare import Told, applicable, application, credit_application, document
from systems.acumatica.documents import KINDS
from systems.acumatica.errors import classify, words_of
from systems.acumatica.looking import APPLICATIONS, MOST_LOOKS, Looking, adjusted_by, entity_of, keyed
from systems.acumatica.mapping_sightings import ref_in
from systems.acumatica.models import record as whole_record
from systems.acumatica.taking_back import ACTION, TakingBack, action
from systems.acumatica.undo import UNDOING
from systems.acumatica.wire import Row, day
from systems.contract import Access, Answer, Document, Found, Verdict
from systems.parents import parent_id
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack, ambiguous, is_seen

MOST_POLLS = 12
BUDGET = Budget(find=MOST_LOOKS, step=2 * MOST_LOOKS + 1 + MOST_POLLS)
"""The calls of a step: reads for its request, the request, polls whether an action is done, and reading back."""
_GROWTH = 1.6
_LONGEST_S = 15.0
_MEMO = "ar_credit_memo"


class _Dialect:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._looking = Looking(client)
        self._back = TakingBack(client, self._looking)

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        await self._client.reserve(calls, AHEAD)

    async def look_up(self, attempt: Attempt) -> Found:
        """By ref, with suspects in the same request. For a command that takes something back, how far that is."""
        return await (self._looking.found(attempt) if attempt.resolved.original is None else self._back.look_up(attempt))

    async def _shown(self, attempt: Attempt) -> Sequence[Document]:
        return (await self.look_up(attempt)).documents

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> Request:
        """The request of a step. Only actions use POST."""
        step, found, resolved = attempt.step, attempt.document, attempt.resolved
        record, command, ids = resolved.record, resolved.command, resolved.ids
        if step in UNDOING:
            return await self._back.request(attempt)
        if step in ("create", "upsert"):
            return await self._create(attempt)
        if record == "ar_application":
            if step == "apply":
                invoiced_on = await self._looking.invoiced_on(attempt)
                return self._update("Payment", documents.application_body(resolved, invoiced_on), record)
            return action(self._client, "Payment", "ReleasePayment", parent_id(command, "payment", ids))
        if record == "ap_application":
            if step == "apply":
                return self._update("Bill", documents.credit_application_body(resolved), record)
            return action(self._client, "Bill", "ReleaseBill", parent_id(command, "credit", ids))
        if record == paying.RECORD:
            return self._update("Bill", paying.body(paying.parent_of(command, ids), may_be_paid=False), record)
        if found is None:
            raise Refused(f"acumatica {attempt.ref}: step {step} needs the document")
        kind = KINDS[record]
        if step == "unhold":
            return self._update(kind.entity, documents.unhold_body(found.erp_id), record)
        if step == "apply":
            return await self._apply_memo(attempt, found.erp_id)
        if step == "settle":
            return action(self._client, "Payment", "ReleasePayment", found.erp_id)
        return action(self._client, kind.entity, kind.release, found.erp_id)

    async def _create(self, attempt: Attempt) -> Request:
        resolved = attempt.resolved
        is_guarded = self._settings.guarded_create and resolved.original is None
        guard = [("$filter", self._looking.by_ref(resolved.record, attempt.ref))] if is_guarded else []
        url = self._client.url(f"/{entity_of(resolved.record)}", [*guard, *self._looking.view(resolved.record)])
        body = documents.create_body(resolved, self._settings, await self._back.period(attempt))
        return Request("PUT", url, {"Content-Type": "application/json", "If-None-Match": "*"}, dumps(body))

    async def _apply_memo(self, attempt: Attempt, memo_id: str) -> Request:
        """Applies a credit memo to the document that it adjusts, as far as both are open now."""
        resolved, target = attempt.resolved, adjusted_by(attempt.resolved)
        memo = await self._looking.payment(attempt, memo_id)
        found = await self._looking.rows(attempt, "Invoice", [("$filter", keyed(target))])
        amount = applicable(memo, found[0]) if memo is not None and found else None
        if not amount:
            raise Transient(f"acumatica {attempt.ref}: nothing of {memo_id} can be applied to {target} any more")
        days = [resolved.post_on or documents.fields(resolved.command)["date"], day(found[0], "Date")]
        on = max(one for one in days if one is not None)
        return self._update("Payment", documents.memo_application_body(memo_id, target, amount, on), "ar_application")

    def _update(self, entity: str, body: dict[str, Any], record: str) -> Request:
        url = self._client.url(f"/{entity}", self._looking.view(record))
        return Request("PUT", url, {"Content-Type": "application/json", "If-Match": "*"}, dumps(body))

    async def send(self, request: Request) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await self._client.write(request)

    async def read(self, attempt: Attempt, request: Request, answer: Response) -> Answer | Document | ReadBack:
        """A 200 shows the document. If an action was started, it is polled until it is done, and then the document is read back."""
        if request.method == ACTION:
            return await self._acted(attempt, answer)
        if request.method == "DELETE" and answer.status in (200, 204):
            return ReadBack(self._shown)
        if answer.status != 200:
            return _refused(answer, is_create="If-None-Match" in request.headers)
        row = whole_record(answer, request.method)
        if not isinstance(row.get("id"), str):
            return ambiguous("the answer shows no document", "echo", code="200")
        return self._kept(row, attempt)

    def _kept(self, row: Row, attempt: Attempt) -> Answer | Document | ReadBack:
        """The document that an answer shows. If the command takes something back, or makes an entry on another document, it is read back instead."""
        resolved = attempt.resolved
        if resolved.record == paying.RECORD and resolved.original is None:
            return paying.held(row, resolved) or ambiguous("the answer shows no hold", "echo", code="200")
        if resolved.record in APPLICATIONS and resolved.original is None:
            shown = application if resolved.record == "ar_application" else credit_application
            made = shown(row, resolved, Told(is_seen(attempt), is_answer=True))
            return made or ambiguous("the answer shows no application of ours", "echo", code="200")
        if resolved.original is None and not (resolved.record == _MEMO and attempt.step == "apply"):
            return document(row, resolved, self._settings)
        is_marked = resolved.record not in (*APPLICATIONS, paying.RECORD) and attempt.step in (
            "reverse",
            "reverse_unhold",
            "void_date",
            "create",
        )
        if is_marked and ref_in(row, self._settings) != attempt.ref:
            return ambiguous("the document that is shown does not carry our ref", "echo", code="200")
        return ReadBack(self._shown)

    async def _acted(self, attempt: Attempt, answer: Response) -> Answer | ReadBack:
        """The result of an action. A refusal that may belong to an earlier action of ours counts only if the document agrees."""
        outcome = await self._outcome(answer, attempt) if answer.status == 202 else answer
        if isinstance(outcome, Response) and outcome.status in (200, 204):
            return ReadBack(self._shown)
        refusal = outcome if isinstance(outcome, Answer) else _refused(outcome, is_create=False)
        if refusal.verdict is Verdict.AMBIGUOUS or refusal.reason == "status":
            return ReadBack(self._shown, otherwise=refusal)
        return refusal

    async def _outcome(self, started: Response, attempt: Attempt) -> Response | Answer:
        """The outcome of an action that was started; unknown after the last poll."""
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
        """The full address of a Location; "" if it names another host, to which our token must not be sent."""
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


def open_writer(access: Access) -> FramedWriter[Request]:
    """A sink's session with one instance."""
    client = Client(access)
    return FramedWriter(_Dialect(client), client, access, BUDGET)
