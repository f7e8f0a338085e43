"""Takes back what was written to Fusion and, if the command is a correction, writes the replacement (`undo.py` has the rules).

A look-up reads the original, its reversal and its replacement. It reports all of this as one document, whose steps are those of the reversal followed
by those of the replacement. Nothing is sent if a person has to undo something else first, or if Fusion has no way to do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from runtime.errors import Transient
from runtime.exchange import Request
from runtime.wire import dumps
from systems.contract import Document, Found, ResolvedCommand
from systems.oracle_fusion import compare, documents
from systems.oracle_fusion import undo as u
from systems.oracle_fusion.client import ACTION, Client
from systems.oracle_fusion.documents import FORMS
from systems.oracle_fusion.goods import Goods
from systems.oracle_fusion.goods_back import GoodsBack
from systems.oracle_fusion.looking import RECEIPTS, Looking, key_of
from systems.oracle_fusion.models import Row
from systems.oracle_fusion.validation import Validation
from systems.postings.siblings import Presence
from systems.values.members import required_id, text
from systems.writing.frame import Attempt, original_of

GOODS = ("receipt", "return")


def undo_of(resolved: ResolvedCommand, client: Client) -> u.Undo:
    """What is taken back. Raises `Refused` if the command names nothing, or something that cannot be taken back in Fusion."""
    return u.Undo(resolved, original_of(resolved, u.STEPS, "oracle_fusion"), client.settings)


class TakingBack:
    """The look-ups and requests of a command that takes something back. `validation` and `goods` belong to the session."""

    def __init__(self, client: Client, looking: Looking, validation: Validation, goods: Goods) -> None:
        self._client, self._looking, self._validation = client, looking, validation
        self._goods = GoodsBack(client, looking.rows, goods)

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt, *, is_answer: bool = False) -> Found:
        """How far the original is taken back, and the replacement. `is_answer`: the request of this step was answered with a yes."""
        undo = undo_of(attempt.resolved, self._client)
        record = undo.original.record
        if record == "ar_receipt":
            return await self._receipt(attempt, undo)
        if record == "ar_application":
            return await self._application(attempt, undo, is_answer=is_answer)
        if record in GOODS:
            return told(*await self._goods.look_up(attempt, undo))
        return await self._transaction(attempt, undo)

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """The documents of a look-up, used to read a step back whose request was answered."""
        return (await self.look_up(attempt, is_answer=True)).documents

    async def _transaction(self, attempt: Attempt, undo: u.Undo) -> Found:
        mine = await self._looking.by_ref(attempt, undo.form)
        counters = [row for row in mine if compare.reverses(row, undo.form)]
        anew = await self._anew(attempt, undo, mine)
        if not counters and not anew:
            original = await self._looking.by_id(attempt, FORMS[undo.original.record], undo.original.erp_id)
            refusal, reason = u.refused_transaction(undo, original)
            if not refusal:
                refusal, reason = await self._validation.of(attempt, undo.counter())
            return Found((), refusal=refusal, refusal_reason=reason)
        undone = [await self._counter(attempt, undo, row) for row in counters]
        if undo.is_correction and not undone:
            anew = [replace(one, differences=(*one.differences, "reverses: nothing, the original")) for one in anew]
        if not undo.is_correction and anew:  # another ledger wrote a correction under this ref
            return Found(
                tuple(replace(one, differences=(*one.differences, "kind: document, reversal")) for one in (*undone, *anew))
            )
        return told(undone, anew)

    async def _counter(self, attempt: Attempt, undo: u.Undo, row: Row) -> Document:
        seen = await self._looking.transaction(attempt, row, undo.counter())
        is_done = undo.form is FORMS["ar_credit_memo"] or "complete" in seen.steps_done
        steps = undo.steps if is_done else undo.steps[:1]
        return undo.done(seen.erp_id, seen.number, steps, (*u.counter_differences(undo, row), *seen.differences))

    async def _anew(self, attempt: Attempt, undo: u.Undo, mine: Sequence[Row]) -> list[Document]:
        """The replacement, or a document that another ledger wrote where none should be."""
        record = attempt.resolved.record if undo.is_correction else undo.original.record
        form = FORMS[record]
        rows = mine if form is undo.form else await self._looking.by_ref(attempt, form)
        wanted = attempt.resolved if undo.is_correction else undo.original.as_written
        return [await self._looking.transaction(attempt, row, wanted) for row in rows if not compare.reverses(row, form)]

    async def _receipt(self, attempt: Attempt, undo: u.Undo) -> Found:
        erp_id = undo.original.erp_id
        rows = await self._looking.rows(attempt, RECEIPTS, f"StandardReceiptId = {key_of(erp_id)}")
        row = rows[0] if rows else None
        anew: list[Document] = []
        if undo.is_correction:
            found = await self._looking.receipts(attempt)
            anew = [compare.receipt(one, attempt.resolved.command, attempt.resolved.ids) for one in found]
        begun = u.by_reversal(undo, row) if row is not None else None
        if begun is not None:
            return told([begun], anew)
        if anew:
            return Found(tuple(replace(one, differences=(*one.differences, "reversed: no, the original")) for one in anew))
        refusal, reason = u.refused_receipt(undo, row)
        return Found((), refusal=refusal, refusal_reason=reason)

    # --- applications -------------------------------------------------------------------------------------------------

    async def _application(self, attempt: Attempt, undo: u.Undo, *, is_answer: bool) -> Found:
        receipt, settled = await self._looking.pair(attempt, undo.original.as_written, undo.original.erp_id)
        found = u.unapplied(undo, (receipt, settled), await self._looking.applications(attempt, receipt, settled))
        key = f"{required_id(receipt, 'StandardReceiptId')}/{required_id(settled, 'CustomerTransactionId')}"
        number = text(receipt, "ReceiptNumber")
        if found.standing is not None and u.wants_the_same(undo):
            return Found((undo.done(key, number, (*undo.steps, "apply")),))
        if not found.is_done:
            return Found((), refusal=found.refusal[0], refusal_reason=found.refusal[1])
        if not undo.is_correction or not self._looking.has_keys(attempt.resolved):
            return told([undo.done(key, number, undo.steps)], [])
        receipt, settled = await self._looking.pair(attempt, attempt.resolved)
        rows = await self._looking.applications(attempt, receipt, settled)
        anew = u.applied_anew(undo, rows, is_known=is_answer and attempt.step == "apply")
        if anew is Presence.UNCLEAR:
            words = f"receipt {number} shows applications of {undo.resolved.command['amount']} to it, perhaps this one: enter what is missing there"
            unclear = replace(undo.done(key, number, undo.steps), refusal=f"{words}, then skip this", refusal_reason=u.UNCLEAR)
            return told([unclear], [])
        if anew is Presence.ABSENT:
            return told([undo.done(key, number, undo.steps)], [])
        key = f"{required_id(receipt, 'StandardReceiptId')}/{required_id(settled, 'CustomerTransactionId')}"
        return told([undo.done(key, number, (*undo.steps, "apply"))], [])

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> Request:
        """The request of a step that takes the original back."""
        undo = undo_of(attempt.resolved, self._client)
        if undo.original.record == "ar_receipt":
            return await self._reverse(attempt, undo)
        if undo.original.record == "ar_application":
            return await self._unapply(attempt, undo)
        if undo.original.record in GOODS:
            return await self._goods.request(attempt, undo)
        if attempt.step == "debit_complete":
            return await self._looking.completion(attempt, undo.form)
        made = documents.transaction_body(undo.counter(), self._client.settings)
        return self._client.request("POST", self._client.url(undo.form.collection), dumps(made))

    async def _reverse(self, attempt: Attempt, undo: u.Undo) -> Request:
        """Writes our mark into the comments. After that, calls the action for the one receipt that has the mark."""
        rows = await self._looking.rows(attempt, RECEIPTS, f"StandardReceiptId = {key_of(undo.original.erp_id)}")
        if len(rows) != 1 or compare.is_reversed(rows[0]):
            raise Transient(f"oracle_fusion {attempt.ref}: receipt {undo.original.erp_id} is gone, or was reversed meanwhile")
        if attempt.step == "mark":
            return self._client.request(
                "PATCH", self._looking.address(rows[0]), dumps({"Comments": u.marked_comments(undo, rows[0])})
            )
        return self._action(rows[0], "reverseReceipt", u.reversal_body(undo))

    async def _unapply(self, attempt: Attempt, undo: u.Undo) -> Request:
        receipt, settled = await self._looking.pair(attempt, undo.original.as_written, undo.original.erp_id)
        found = u.unapplied(undo, (receipt, settled), await self._looking.applications(attempt, receipt, settled))
        if found.standing is None or found.refusal[1] == u.NO_ACTION:
            raise Transient(f"oracle_fusion {attempt.ref}: {found.refusal[0] or 'it was un-applied meanwhile'}")
        told_by = {"receivableApplicationId": int(required_id(found.standing, "ApplicationId")), "calledFrom": attempt.ref}
        return self._action(receipt, "unapplyReceipt", told_by)

    def _action(self, row: Row, name: str, parameters: dict[str, Any]) -> Request:
        return self._client.request("POST", f"{self._looking.address(row)}/action/{name}", dumps(parameters), ACTION)


def told(undone: Sequence[Document], anew: Sequence[Document]) -> Found:
    """The reversal and the replacement as one document; as several if Fusion has more than one of either."""
    if len(undone) > 1 or len(anew) > 1:
        return Found((*undone, *anew))
    if not anew:
        return Found(tuple(undone))
    steps = undone[0].steps_done if undone else ()
    wrong = (*(undone[0].differences if undone else ()), *anew[0].differences)
    return Found((replace(anew[0], steps_done=(*steps, *anew[0].steps_done), differences=wrong),))
