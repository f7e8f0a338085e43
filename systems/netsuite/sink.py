"""Writes documents to NetSuite: how a document is looked up, which request makes each step, and what an answer means.

Facts (REST API Browser, help pages): POST creates and answers 204 with the address of the record. The account refuses a second record of a type with
the same external id (assumed, probed by `check`). `!transform` makes the bill of an order. PUT by external id is an upsert. An update adds to the
lines of a sublist unless `replace` names the sublist, so every update of a sublist without keys names it. Synchronous requests ignore the idempotency
header, so none is sent. A 204 without Location proves nothing. A YES rests on the record that is read back by our external id.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from runtime.errors import Refused, Transient
from runtime.exchange import Request, Response
from systems.contract import Access, Answer, Document, Found
from systems.netsuite import compare, documents
from systems.netsuite import undo as u
from systems.netsuite.client import Client
from systems.netsuite.documents import APPLICATION, MASTERS, PURCHASE_ORDER, kind_of, pair_of
from systems.netsuite.errors import classify
from systems.netsuite.looking import MOST_LOOKS, Looking, applied_by
from systems.netsuite.masters import master_body
from systems.netsuite.models import external, made_id
from systems.netsuite.segments import MOST_CALLS, existing
from systems.netsuite.taking_back import TakingBack
from systems.owners import FIELD_SERVICE, owned
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack, ambiguous

BUDGET = Budget(find=MOST_LOOKS, step=2 + MOST_CALLS + 1 + MOST_LOOKS)
"""The calls of a step: reads for its request, the request, and reading back."""
_BOOK = (("replace", "addressBook"),)


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
        """By our external id. For a command that takes something back, how far that is."""
        return await (self._looking.found(attempt) if attempt.resolved.original is None else self._back.look_up(attempt))

    async def _shown(self, attempt: Attempt) -> Sequence[Document]:
        return (await self.look_up(attempt)).documents

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> Request:
        """The request of a step."""
        step, resolved = attempt.step, attempt.resolved
        if step in u.UNDOING:
            return await self._back.request(attempt)
        if resolved.record in MASTERS:
            return self._master(attempt)
        if resolved.record == APPLICATION:
            return await self._apply(attempt)
        if step == compare.ORDER_STEP:
            body = await existing(self._client, attempt, documents.order_body(resolved))
            return self._client.request("POST", self._client.url(PURCHASE_ORDER.type), body)
        if step == compare.BILL_STEP:
            return self._bill(attempt)
        return await self._create(attempt)

    def _bill(self, attempt: Attempt) -> Request:
        """The request that makes the bill of the order that was looked up."""
        found = attempt.document.erp_id if attempt.document is not None else ""
        kind, key = pair_of(found)
        if kind != PURCHASE_ORDER.type:
            raise Refused(f"netsuite {attempt.ref}: {found} is not an order of which a bill can be made")
        url = self._client.url(kind, f"{key}/!transform/{documents.BILL.type}")
        return self._client.request("POST", url, documents.bill_body(attempt.resolved, self._settings))

    async def _create(self, attempt: Attempt) -> Request:
        resolved, settings = attempt.resolved, self._settings
        record = resolved.record
        if record == "ar_invoice":
            body = documents.sale_body(resolved, settings)
        elif record == "ar_credit_memo":
            body = documents.memo_body(resolved, settings, await self._open(attempt))
        elif record == "ap_credit":
            body = documents.credit_body(resolved, settings, await self._open(attempt))
        elif record == "ar_receipt":
            body = documents.receipt_body(resolved, settings)
        elif record == "ar_refund":
            body = documents.refund_body(resolved, settings)
        else:
            body = documents.journal_body(resolved)
        body = await existing(self._client, attempt, body)
        return self._client.request("POST", self._client.url(kind_of(record, resolved.command).type), body)

    async def _open(self, attempt: Attempt) -> dict[str, Decimal]:
        """What a credit is applied to: the document that it adjusts, as far as it is open."""
        resolved = attempt.resolved
        target = documents.original_id(resolved.command, resolved.ids)
        if not target:
            return {}
        kind, key = pair_of(target)
        applies = {"ar_credit_memo": documents.INVOICE, "ap_credit": documents.BILL}[resolved.record]
        if kind != applies.type:
            return {}
        row = await self._looking.by_id(attempt, target)
        if row is None:
            raise Transient(f"netsuite {attempt.ref}: {target}, which it adjusts, is not shown")
        amount = min(abs(resolved.command["amount"]), compare.left(row, applies))
        return {key: amount} if amount > 0 else {}

    async def _apply(self, attempt: Attempt) -> Request:
        """An application: a separate record for a deposit, else a line of the payment or credit memo."""
        resolved = attempt.resolved
        payer, target = applied_by(resolved)
        amount, key = documents.fields(resolved.command)["applications"][-1]["amount"], pair_of(target)[1]
        kind, internal = pair_of(payer)
        if compare.is_deposit(payer):
            body = {
                "externalId": attempt.ref,
                "tranDate": documents.day_of(resolved).isoformat(),
                "apply": documents.applied({key: amount}),
            }
            return self._client.request("POST", self._client.url(kind, f"{internal}/!transform/depositApplication"), body)
        row = await self._looking.by_id(attempt, payer)
        if row is None:
            raise Transient(f"netsuite {attempt.ref}: {payer}, which is applied, is not shown")
        return self._client.request("PATCH", self._client.url(kind, internal), u.applying_body(row, key, amount, attempt.ref))

    def _master(self, attempt: Attempt) -> Request:
        """An upsert by our external id if nothing is there; else an update of the fields that our side owns, at the partner."""
        resolved, found = attempt.resolved, attempt.document
        record, command = resolved.record, resolved.command
        if found is None and resolved.known_id:
            raise Refused(f"netsuite {attempt.ref}: {record} {resolved.known_id}, to which it is linked, is not there", "gone")
        if found is None:
            body = master_body(record, command, self._settings)
            return self._client.request("PUT", self._client.url(record, external(attempt.ref), _BOOK), body)
        body = master_body(record, command, self._settings, owned(record, FIELD_SERVICE))
        return self._client.request("PATCH", self._client.url(record, found.erp_id, _BOOK), body)

    async def send(self, request: Request) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await self._client.write(request)

    async def read(self, attempt: Attempt, request: Request, answer: Response) -> Answer | Document | ReadBack:  # noqa: ARG002 - the frame's signature
        """A 204 gives the address of what was written, and the record is read back."""
        if answer.status != 204:
            return (
                classify(answer)
                if answer.status >= 300
                else ambiguous("a success that is no 204", "unreadable", str(answer.status))
            )
        if request.method != "DELETE" and not made_id(answer):
            return ambiguous("a success without the address of what was written", "unreadable", code="204")
        return ReadBack(self._shown)


def open_writer(access: Access) -> FramedWriter[Request]:
    """A sink's session with one account."""
    client = Client(access)
    return FramedWriter(_Dialect(client), client, access, BUDGET)
