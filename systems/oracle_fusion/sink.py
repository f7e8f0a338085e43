"""Writes documents to Fusion: how a document is looked up, which request makes each step, and what an answer means.

Facts (REST API for Financials): POST and PATCH are not idempotent and no idempotency key exists, so a document is looked up by our ref first. An
invoice is created incomplete, read back, and then completed by PATCH, which is used for nothing else. A receipt is applied later by AutoMatch, or by
an action of newer releases. A row's address is taken from its links.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from runtime.errors import Refused
from runtime.exchange import Request, Response
from runtime.wire import dumps
from systems.contract import Access, Answer, Document, Found, ResolvedCommand, Verdict
from systems.oracle_fusion import compare, documents
from systems.oracle_fusion.client import ACTION, Client
from systems.oracle_fusion.documents import COMPLETED, fields
from systems.oracle_fusion.errors import classify
from systems.oracle_fusion.goods import Goods
from systems.oracle_fusion.importing import JOURNAL, Importing
from systems.oracle_fusion.looking import INSTALLMENTS, RECEIPTS, REFERENCES, Looking
from systems.oracle_fusion.mapping_shape import day
from systems.oracle_fusion.models import Row, link, quoted, record
from systems.oracle_fusion.taking_back import GOODS, TakingBack
from systems.oracle_fusion.undo import UNDOING
from systems.oracle_fusion.validation import CALLS, Validation
from systems.values.members import required_id, text
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack, ambiguous, is_seen

_READING = 1 + 2 * 2
"""The calls that read a document: the row itself, and two child lists of up to a thousand rows."""
BUDGET = Budget(find=2 * _READING + 1 + CALLS, step=2 + 2 * _READING)
"""Twice, because a correction reads both the reversal and the replacement."""
_LOOKS = 3
_SUSPECTS = 100
_MOST_KEPT = 1000
_APPLICATION = "ar_application"


class _Dialect:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._validation = Validation(client)
        self._looking = Looking(client)
        self._addresses: dict[str, str] = {}
        self._goods = Goods(client, self._looking.rows, self._looking.child)
        self._back = TakingBack(client, self._looking, self._validation, self._goods)
        self._importing = Importing(client, self._looking, self._validation)

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        await self._client.reserve(calls, AHEAD)

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """By ref. If nothing is found: suspects, and whether Fusion would accept the document."""
        resolved = attempt.resolved
        if _is_journal(resolved):
            return await self._importing.look_up(attempt)
        if resolved.original is not None:
            return await self._back.look_up(attempt)
        if found := await self._shown(attempt):
            return Found(tuple(found))
        if resolved.record in (_APPLICATION, *GOODS):
            return Found(())
        suspects = tuple(await self._suspects(attempt))
        try:
            refusal, reason = await self._validation.of(attempt, resolved)
        except Refused as error:  # a customer without an id has no documents
            return Found((), suspects, str(error), "customer")
        return Found((), suspects, refusal, reason)

    async def _shown(self, attempt: Attempt) -> Sequence[Document]:
        resolved = attempt.resolved
        if resolved.record == _APPLICATION:
            return await self._applications(attempt)
        if resolved.record in GOODS:
            return await self._goods.shown(attempt)
        rows = await self._ours(attempt)
        if resolved.record == "ar_receipt":
            return [compare.receipt(row, resolved.command, resolved.ids) for row in rows]
        return [await self._transaction(attempt, row) for row in rows]

    async def _ours(self, attempt: Attempt) -> list[Row]:
        """The rows that carry our ref."""
        if attempt.resolved.record == "ar_receipt":
            return await self._looking.receipts(attempt)
        return await self._looking.by_ref(attempt, documents.FORMS[attempt.resolved.record])

    async def _transaction(self, attempt: Attempt, row: Row) -> Document:
        self._keep(row)
        return await self._looking.transaction(attempt, row, attempt.resolved)

    async def _suspects(self, attempt: Attempt) -> list[Document]:
        """Documents that a person may have typed: same customer, day and amount; a receipt also by its number."""
        command, own = attempt.resolved.command, fields(attempt.resolved.command)
        try:
            account, _ = documents.customer_of(command, attempt.resolved.ids)
        except Refused:
            return []
        attempt.calls += 1
        if attempt.resolved.record == "ar_receipt":
            condition = f"CustomerAccountNumber = {quoted(account)} and ReceiptDate = '{own['date']}'"
            page = await self._client.look(RECEIPTS, [("q", condition), ("limit", str(_SUSPECTS))])
            return [one for row in page.whole(RECEIPTS) if (one := compare.suspect_receipt(row, command)) is not None]
        where = documents.FORMS[attempt.resolved.record].collection
        condition = f"BillToCustomerNumber = {quoted(account)} and TransactionDate = '{own['date']}'"
        page = await self._client.look(where, [("q", condition), ("limit", str(_SUSPECTS))])
        return [one for row in page.whole(where) if (one := compare.suspect_transaction(row, command)) is not None]

    async def _applications(self, attempt: Attempt, *, is_answer: bool = False) -> list[Document]:
        """An application, by the references of its receipt. Applications are read only if the references do not show it."""
        if not self._looking.has_keys(attempt.resolved):
            return []
        receipt, settled = await self._looking.pair(attempt, attempt.resolved)
        shown = compare.Shown(await self._looking.child(attempt, receipt, REFERENCES), (), is_answer or is_seen(attempt))
        found = compare.application(receipt, settled, shown, attempt.resolved.command)
        if (found is None or not found.steps_done) and compare.settles(receipt, settled) > 0:
            shown = replace(shown, applications=await self._looking.applications(attempt, receipt, settled))
            found = compare.application(receipt, settled, shown, attempt.resolved.command)
        return [] if found is None else [found]

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> Request:
        """The request of a step."""
        resolved, step = attempt.resolved, attempt.step
        if _is_journal(resolved):
            return self._importing.request(attempt)
        if step in UNDOING:
            return await self._back.request(attempt)
        if resolved.record in GOODS:
            return await self._goods.request(attempt)
        if step == "create":
            return self._create(resolved)
        if resolved.record == _APPLICATION:
            return await self._apply(attempt)
        where = self._addresses.get(attempt.document.erp_id, "") if attempt.document is not None else ""
        if not where:
            return await self._looking.completion(attempt, documents.FORMS[resolved.record])
        return self._client.request("PATCH", where, dumps(COMPLETED))

    def _keep(self, row: Row) -> None:
        """Keep the address of a row from a look-up, for the step that follows."""
        if len(self._addresses) >= _MOST_KEPT:
            self._addresses.clear()
        self._addresses[required_id(row, "CustomerTransactionId")] = self._looking.address(row)

    def _create(self, resolved: ResolvedCommand) -> Request:
        if resolved.record == "ar_receipt":
            return self._client.request("POST", self._client.url(RECEIPTS), dumps(documents.receipt_body(resolved)))
        made = documents.transaction_body(resolved, self._settings)
        where = self._client.url(documents.FORMS[resolved.record].collection)
        return self._client.request("POST", where, dumps(made))

    async def _apply(self, attempt: Attempt) -> Request:
        """Adds a remittance reference to the receipt, or calls the action that applies it."""
        receipt, settled = await self._looking.pair(attempt, attempt.resolved)
        one, number = fields(attempt.resolved.command)["applications"][-1], text(settled, "TransactionNumber")
        if attempt.step == "reference":
            where = link(receipt, "child", REFERENCES)
            return self._client.request("POST", self._client.at(where, REFERENCES), dumps(documents.reference_body(one, number)))
        installments = await self._looking.child(attempt, settled, INSTALLMENTS)
        if not installments:
            raise Refused(f"oracle_fusion {attempt.ref}: invoice {number} has no installment, so that nothing can be applied to it")
        installment, invoiced_on = int(required_id(installments[0], "InstallmentId")), day(settled, "TransactionDate")
        made = documents.apply_body(attempt.resolved, one, installment, invoiced_on)
        return self._client.request("POST", f"{self._looking.address(receipt)}/action/applyReceipt", dumps(made), ACTION)

    async def send(self, request: Request) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await self._client.write(request)

    async def read(self, attempt: Attempt, request: Request, answer: Response) -> Answer | Document | ReadBack:  # noqa: ARG002
        """Reads the row back if the answer shows one. What Fusion then shows counts, with its lines, tax and total."""
        if not 200 <= answer.status < 300:
            return _refused(answer)
        if _is_journal(attempt.resolved):
            return self._importing.read(attempt, answer)
        found: Mapping[str, Any] = record(answer, attempt.step)
        if not found:
            return ambiguous("a success without a row", "unreadable", code=str(answer.status))
        if attempt.resolved.record == _APPLICATION and attempt.resolved.original is None:
            return ReadBack(partial(self._applications, is_answer=True), _LOOKS)
        return ReadBack(self._back.shown if attempt.resolved.original is not None else self._shown, _LOOKS)


def _is_journal(resolved: ResolvedCommand) -> bool:
    """Whether a command is a journal, or takes one back."""
    return JOURNAL in (resolved.record, resolved.original.record if resolved.original is not None else "")


def is_write(request: Request) -> bool:
    """Whether a request changes something. A token request does not."""
    is_form = request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
    return request.method not in ("GET", "HEAD") and not is_form


def _refused(answer: Response) -> Answer:
    classed = classify(answer)
    if answer.status == 404 and classed.verdict is Verdict.REJECT:
        return replace(classed, reason="gone")
    return classed


def open_writer(access: Access) -> FramedWriter[Request]:
    """A sink's session with one pod."""
    client = Client(access)
    return FramedWriter(_Dialect(client), client, access, BUDGET)
