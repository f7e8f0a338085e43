"""Takes back what was written to Acumatica and, if the command is a correction, writes the replacement (`undo.py` has the rules).

A look-up reads the original, its reversal and its replacement in one list, and applications on the payment screen. It reports all of this as one
document, whose steps are those of the reversal followed by those of the replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from runtime.errors import Refused, Transient
from runtime.exchange import Request
from runtime.wire import dumps
from systems.acumatica import paying, unapply
from systems.acumatica import undo as u
from systems.acumatica.client import Client
from systems.acumatica.compare import RELEASED, application, id_of
from systems.acumatica.documents import keys_of, pair_of, unhold_body
from systems.acumatica.looking import Looking, Query, adjusted_by, cannot_be, keyed
from systems.acumatica.wire import Row, body, text
from systems.contract import Document, Found, ResolvedCommand
from systems.mapped import REVERSAL
from systems.parents import parent_id
from systems.writing.frame import Attempt, original_of

_RELEASES = {"Invoice": "ReleaseInvoice", "Bill": "ReleaseBill", "Payment": "ReleasePayment"}
_JSON = {"Content-Type": "application/json"}
_UPDATE = {**_JSON, "If-Match": "*"}
ACTION = "POST"


def undo_of(resolved: ResolvedCommand, client: Client) -> u.Undo:
    """What is taken back. Raises `Refused` if the command names nothing, or something that cannot be taken back in Acumatica."""
    return u.Undo(resolved, original_of(resolved, u.STEPS, "acumatica"), client.settings)


def action(client: Client, entity: str, name: str, erp_id: str, parameters: dict[str, Any] | None = None) -> Request:
    """An action on one document. An action with parameters uses the extended endpoint."""
    sent = {"entity": keys_of(erp_id)} | ({"parameters": parameters} if parameters is not None else {})
    root = client.settings.entity_root if parameters is None else client.settings.extended_root
    return Request(ACTION, f"{root}/{entity}/{name}", _JSON, dumps(sent))


class TakingBack:
    """The look-ups and requests of a command that takes something back."""

    def __init__(self, client: Client, looking: Looking) -> None:
        self._client = client
        self._looking = looking

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """How far the original is taken back, and the replacement."""
        undo = undo_of(attempt.resolved, self._client)
        if undo.original.record == "ar_application":
            return await self._application(attempt, undo)
        if undo.original.record == paying.RECORD:
            return await self._pay_hold(attempt, undo)
        rows = await self._rows(attempt, undo)
        undone = await self._undone(attempt, undo, rows)
        anew: tuple[Document, ...] = ()
        if attempt.resolved.record != REVERSAL:
            anew = await self._looking.mine(attempt, [row for row in rows if u.counts_anew(row)])
        return told(undone, anew)

    async def _rows(self, attempt: Attempt, undo: u.Undo) -> list[Row]:
        """The original, its reversal, and the replacement."""
        entity, ref = undo.kind.entity, attempt.resolved.command["ref"]
        conditions = [self._looking.by_ref(undo.original.record, ref), keyed(undo.original.erp_id)]
        if u.STEPS[undo.original.record] == u.VOID:
            conditions.append(keyed(u.voiding(undo)))
        if undo.is_bill:
            copied = self._looking.by_ref(undo.original.record, undo.original.command["ref"])
            conditions.append(f"(Type eq 'Debit Adj.' and {copied})")
        if target := adjusted_by(attempt.resolved):
            conditions.append(keyed(target))
        expand = {"Bill": "Details,Applications", "Invoice": "Details"}.get(entity)
        query: Query = [("$filter", " or ".join(dict.fromkeys(conditions))), *([("$expand", expand)] if expand else [])]
        return await self._looking.rows(attempt, entity, [*query, *self._looking.custom()])

    async def _undone(self, attempt: Attempt, undo: u.Undo, rows: Sequence[Row]) -> list[u.Undone]:
        if u.STEPS[undo.original.record] == u.VOID:
            return [u.by_void(undo, rows, is_correction=attempt.resolved.record != REVERSAL)]
        original = u.original_in(undo, rows)
        found = u.counters(undo, rows)
        payment = None
        if len(found) == 1 and undo.kind.entity == "Invoice" and text(found[0], "Status") in RELEASED:
            payment = await self._looking.payment(attempt, u.payer_of(undo, id_of(found[0])))
        return [u.by_counter(undo, original, one, payment) for one in found] or [u.by_counter(undo, original, None, None)]

    async def _application(self, attempt: Attempt, undo: u.Undo) -> Found:
        paid, _ = unapply.applied_by(undo)
        row = await self._looking.payment(attempt, paid)
        invoiced_on = None if attempt.resolved.record == REVERSAL else await self._looking.invoiced_on(attempt)
        undone = unapply.unapplied(undo, row, invoiced_on)
        is_taken_back = undone.document is not None and set(undo.steps) <= set(undone.document.steps_done)
        if attempt.resolved.record == REVERSAL or not is_taken_back or cannot_be(attempt.resolved):
            return told([undone], ())
        payer = parent_id(attempt.resolved.command, "payment", attempt.resolved.ids)
        row = row if payer == paid else await self._looking.payment(attempt, payer)  # the payment may have been written anew, too
        anew = application(row, attempt.resolved) if row is not None else None
        return told([undone], () if anew is None else (anew,))

    async def _pay_hold(self, attempt: Attempt, undo: u.Undo) -> Found:
        """How far a hold is lifted."""
        rows = await self._looking.rows(attempt, "Bill", [("$filter", keyed(paying.bill_of(undo)).strip("()")), paying.VIEW])
        return told([paying.lifted(undo, rows[0] if rows else None)], ())

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> Request:
        """The request of a step that takes the original back."""
        undo = undo_of(attempt.resolved, self._client)
        if undo.original.record == "ar_application":
            return await self._unapply(attempt, undo)
        if undo.original.record == paying.RECORD:
            return self._put("Bill", paying.body(paying.bill_of(undo), may_be_paid=True))
        if attempt.document is None:
            return await self._first(attempt, undo)
        if attempt.step.startswith("void"):
            return self._void(attempt.step, undo)
        counter = self._counter(attempt, undo)
        if attempt.step == "reverse_unhold":
            period = await self.period(attempt)
            return self._put(undo.kind.entity, u.marked_body(undo, counter, period) if undo.is_bill else unhold_body(counter))
        if attempt.step == "reverse_apply":
            return self._put(*u.applied_body(undo, counter))
        entity, released = undo.kind.entity, counter
        if attempt.step == "reverse_settle":
            entity, released = ("Bill" if entity == "Bill" else "Payment"), u.payer_of(undo, counter)
        return action(self._client, entity, _RELEASES[entity], released)

    async def _first(self, attempt: Attempt, undo: u.Undo) -> Request:
        """The first step: the action or document that reverses, or the deletion of a document that is not released."""
        rows = await self._rows(attempt, undo)
        (undone,) = await self._undone(attempt, undo, rows)
        if undone.refusal or undone.document is not None:
            raise Transient(f"acumatica {attempt.ref}: {undone.refusal or 'it was begun meanwhile'}")
        entity, erp_id = undo.kind.entity, undo.original.erp_id
        if undone.is_deleted:
            path = "/".join(quote(one, safe="") for one in (entity, *pair_of(erp_id)))
            return Request("DELETE", self._client.url(f"/{path}"))
        if undo.steps == u.VOID:
            return action(self._client, "Payment", "VoidPayment", erp_id)
        if undo.is_bill:
            return action(self._client, "Bill", "ReverseBill", erp_id)
        guard = [("$filter", self._looking.by_ref(undo.original.record, attempt.ref))] if self._is_guarded(attempt) else []
        url = self._client.url(f"/{entity}", [*guard, *self._looking.custom()])
        made = u.counter_body(undo, await self.period(attempt))
        return Request("PUT", url, {**_JSON, "If-None-Match": "*"}, dumps(made))

    def _is_guarded(self, attempt: Attempt) -> bool:
        """Whether the create carries the look-up by ref. A correction does not, because it has two documents under one ref."""
        return self._client.settings.guarded_create and attempt.resolved.record == REVERSAL

    def _void(self, step: str, undo: u.Undo) -> Request:
        if step == "void_date":
            return self._put("Payment", u.void_date_body(undo))
        return action(self._client, "Payment", "ReleasePayment", u.voiding(undo))

    def _counter(self, attempt: Attempt, undo: u.Undo) -> str:
        """Id of the reversing document. The look-up reports it until the replacement is written."""
        found = attempt.document.erp_id if attempt.document is not None else ""
        if pair_of(found)[0] != undo.opposite:
            raise Refused(
                f"acumatica {attempt.ref}: {found or 'nothing'} reverses {undo.original.erp_id}; it should be a {undo.opposite}"
            )
        return found

    async def _unapply(self, attempt: Attempt, undo: u.Undo) -> Request:
        paid, _ = unapply.applied_by(undo)
        if attempt.step == "unapply_release":
            return action(self._client, "Payment", "ReleasePayment", paid)
        row = await self._looking.payment(attempt, paid)
        if row is None:
            raise Transient(f"acumatica {attempt.ref}: {paid} is not shown")
        if attempt.step == "unapply_date":
            return self._put("Payment", keys_of(paid) | body(ApplicationDate=unapply.unapply_day(undo, row)))
        return action(self._client, "Payment", "ReverseApplication", paid, unapply.unapply_parameters(undo, row))

    def _put(self, entity: str, made: dict[str, Any]) -> Request:
        return Request("PUT", self._client.url(f"/{entity}", self._looking.custom()), _UPDATE, dumps(made))

    async def period(self, attempt: Attempt) -> str:
        """Code of the period of the day on which a document is posted, from Acumatica's own list; "" if it is posted on its own day."""
        on = attempt.resolved.post_on
        if on is None:
            return ""
        for year in await self._looking.rows(attempt, "FinancialPeriod", [("$expand", "Details")]):
            if code := u.period_in(year, on):
                return code
        raise Refused(f"acumatica {attempt.ref}: the calendar has no period of {on}")


def told(undone: Sequence[u.Undone], anew: Sequence[Document]) -> Found:
    """The reversal and the replacement as one document; as several if Acumatica has more than one of either."""
    begun = [one.document for one in undone if one.document is not None]
    if len(begun) > 1 or len(anew) > 1:
        return Found((*begun, *anew))
    if not begun and not anew:
        return Found((), refusal=undone[0].refusal, refusal_reason=undone[0].reason)
    if not anew:
        return Found(tuple(begun))
    steps = begun[0].steps_done if begun else ()
    wrong = (*(begun[0].differences if begun else ()), *anew[0].differences)
    return Found((replace(anew[0], steps_done=(*steps, *anew[0].steps_done), differences=wrong),))
