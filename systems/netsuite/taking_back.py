"""Takes back what was written to NetSuite and, if the command is a correction, writes the replacement (`undo.py` has the rules).

A look-up reads the opposite document, the original, and the replacement. It reports all of this as one document, whose steps are those that take back
followed by those of the replacement.
"""

from __future__ import annotations

from dataclasses import replace

from runtime.errors import Transient
from runtime.exchange import Request
from systems.contract import Document, Found, ResolvedCommand
from systems.netsuite import compare
from systems.netsuite import documents as d
from systems.netsuite import undo as u
from systems.netsuite.client import Client
from systems.netsuite.looking import Looking, applied_by, cannot_be
from systems.netsuite.models import Row, external
from systems.netsuite.refs import REVERSES
from systems.netsuite.segments import existing
from systems.writing.frame import Attempt, original_of

_REPLACED = (("replace", "apply"),)


def undo_of(resolved: ResolvedCommand, client: Client) -> u.Undo:
    """What is taken back. Raises `Refused` if the command names nothing, or something that cannot be taken back."""
    return u.Undo(resolved, original_of(resolved, u.STEPS, "netsuite"), client.settings)


class TakingBack:
    """The look-ups and requests of a command that takes something back."""

    def __init__(self, client: Client, looking: Looking) -> None:
        self._client = client
        self._looking = looking

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """How far the original is taken back, and the replacement."""
        undo = undo_of(attempt.resolved, self._client)
        undone = await self._undone(attempt, undo)
        is_over = undone.document is not None and set(undo.steps) <= set(undone.document.steps_done)
        anew = await self._anew(attempt, undo) if undo.is_correction and is_over else None
        return told(undone, anew)

    async def _undone(self, attempt: Attempt, undo: u.Undo) -> u.Undone:
        if undo.record == d.APPLICATION:
            return await self._application(attempt, undo)
        counter = await self._looking.by_ref(attempt, undo.opposite, REVERSES)
        if counter is not None:
            needs_original = u.REVERSE_APPLY in undo.steps
            original = await self._original(attempt, undo) if needs_original else None
            return u.reversed_by(undo, counter, original)
        return u.before(undo, await self._original(attempt, undo))

    async def _original(self, attempt: Attempt, undo: u.Undo) -> Row | None:
        return await self._looking.by_id(attempt, undo.original.erp_id)

    async def _application(self, attempt: Attempt, undo: u.Undo) -> u.Undone:
        ids = _applied_by(undo)
        if not compare.is_deposit(ids[0]):
            row = await self._looking.by_id(attempt, ids[0])
            return u.unapplied(undo, row, ids, is_ours=attempt.step == u.UNAPPLY)
        row = await self._deposited(attempt, undo)
        return u.not_there(undo, ids[0]) if row is None else u.Undone()

    async def _deposited(self, attempt: Attempt, undo: u.Undo) -> Row | None:
        return await self._looking.at(attempt, "depositApplication", external(undo.original.command["ref"]))

    async def _anew(self, attempt: Attempt, undo: u.Undo) -> Document | None:
        if undo.resolved.record == d.APPLICATION:
            return None if cannot_be(attempt.resolved) else await self._looking.application(attempt)
        found = await self._looking.mine(attempt)
        return found.documents[0] if found.documents else None

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> Request:
        """The request of a step that takes the original back."""
        undo = undo_of(attempt.resolved, self._client)
        if undo.record == d.APPLICATION:
            return await self._unapply(attempt, undo)
        kind, key = d.pair_of(undo.original.erp_id)
        if attempt.step == u.REVERSE_APPLY:
            counter = attempt.document.erp_id if attempt.document is not None else ""
            return self._client.request("PATCH", self._client.url(kind, key, _REPLACED), u.applied_body(undo, counter))
        original = await self._original(attempt, undo)
        seen = u.before(undo, original)
        if original is None or seen.refusal:
            raise Transient(f"netsuite {attempt.ref}: {seen.refusal}")
        if attempt.step == u.UNAPPLY:
            url = self._client.url(kind, key, () if undo.kind is d.DEPOSIT else _REPLACED)
            return self._client.request("PATCH", url, u.freed_body(undo, original))
        made = await existing(self._client, attempt, u.reversing_body(undo, original))
        return self._client.request("POST", self._client.url(undo.opposite.type), made)

    async def _unapply(self, attempt: Attempt, undo: u.Undo) -> Request:
        payer, target = _applied_by(undo)
        if compare.is_deposit(payer):
            return self._client.request("DELETE", self._client.url("depositApplication", external(undo.original.command["ref"])))
        row = await self._looking.by_id(attempt, payer)
        if row is None:
            raise Transient(f"netsuite {attempt.ref}: {payer} is not shown")
        seen = u.unapplied(undo, row, (payer, target))
        if seen.document is not None or seen.refusal:
            raise Transient(f"netsuite {attempt.ref}: {seen.refusal or f'{payer} gives {target} nothing any more'}")
        body = u.unapplied_body(undo, row, d.pair_of(target)[1])
        return self._client.request("PATCH", self._client.url(*d.pair_of(payer)), body)


def _applied_by(undo: u.Undo) -> tuple[str, str]:
    """Ids of the payment and of the invoice of an application: those of what was written, for the source's payment may be voided, or another
    document by now. An application of a deposit is a record of its own."""
    written = undo.original.erp_id.split("/")
    if len(written) == 3:
        return "/".join(written[:2]), d.typed(d.INVOICE.type, written[2])
    return applied_by(undo.as_written)


def told(undone: u.Undone, anew: Document | None) -> Found:
    """The reversal and the replacement as one document."""
    begun = undone.document
    if begun is None and anew is None:
        return Found((), refusal=undone.refusal, refusal_reason=undone.reason)
    if begun is None or anew is None:
        return Found((begun,) if begun is not None else (anew,) if anew is not None else ())
    steps, wrong = (*begun.steps_done, *anew.steps_done), (*begun.differences, *anew.differences)
    return Found((replace(anew, steps_done=steps, differences=wrong),))
