"""Looks documents up in Acumatica: the condition of each request, and what the rows mean.

A document is found by our ref, and suspects by the same request. An application has no ref, so the payment or debit adjustment that it belongs to is
read. The memo of an adjustment is also read on the payment screen. What a refund pays out is read before the refund is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from runtime.errors import Refused
from systems.acumatica import documents, paying
from systems.acumatica.client import Client
from systems.acumatica.compare import Told, application, credit_application, document, has_target, id_of, memo_steps, suspect
from systems.acumatica.documents import KINDS, MASTERS, pair_of, settled_id
from systems.acumatica.mapping_sightings import ref_in
from systems.acumatica.models import listed
from systems.acumatica.wire import Row, day, money, quoted, text
from systems.contract import Document, Found, ResolvedCommand
from systems.parents import link_name, parent_id
from systems.writing.frame import Attempt, is_seen

APPLICATIONS = {"ar_application": ("Payment", "payment"), "ap_application": ("Bill", "credit")}
"""The entity in which an application is entered, and the role of the document that is applied."""
MOST_LOOKS = 3
_SELECT = "Type,ReferenceNbr,Status,Hold,Description"
_OF_PAYMENT = ("$expand", "DocumentsToApply,ApplicationHistory")
Query = list[tuple[str, str]]


def entity_of(record: str) -> str:
    """The entity that keeps a record."""
    if record == paying.RECORD:
        return "Bill"
    if record in APPLICATIONS:
        return APPLICATIONS[record][0]
    return MASTERS.get(record) or KINDS[record].entity


def keyed(erp_id: str) -> str:
    """The condition that finds one document by its id."""
    kind, number = pair_of(erp_id)
    return f"(Type eq {quoted(kind)} and ReferenceNbr eq {quoted(number)})"


def adjusted_by(resolved: ResolvedCommand) -> str:
    """Id of the invoice that a credit memo adjusts and is applied to; "" if Acumatica has no such invoice."""
    if resolved.record != "ar_credit_memo":
        return ""
    originals = [parent for parent in resolved.command["parents"] if parent["role"] == "original"]
    found = resolved.ids.get(link_name(originals[0]), "") if originals else ""
    return found if found.startswith("Invoice/") else ""


def cannot_be(resolved: ResolvedCommand) -> bool:
    """Whether an application is certainly absent because Acumatica lacks the document that it applies or the one that it settles. A request names
    both, and a document with an application is not taken back. If the ledger was lost, it is not known what had been written."""
    if resolved.tried_since is None:
        return False
    role = APPLICATIONS[resolved.record][1]
    payer = next((resolved.ids.get(link_name(one), "") for one in resolved.command["parents"] if one["role"] == role), "")
    return not payer or not has_target(resolved)


class Looking:
    """The look-ups of one session."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.settings = client.settings

    async def rows(self, attempt: Attempt, entity: str, query: Query) -> list[Row]:
        """The rows of a list. The request is sent once."""
        attempt.calls += 1
        answer = await self._client.look(f"/{entity}", query)
        return [row for _, row in listed(answer, entity)]

    async def payment(self, attempt: Attempt, erp_id: str) -> Row | None:
        """A payment, or a credit memo on the payment screen, with what it settles."""
        found = await self.rows(attempt, "Payment", [("$filter", keyed(erp_id)), _OF_PAYMENT, *self.custom()])
        return found[0] if found else None

    async def invoiced_on(self, attempt: Attempt) -> date | None:
        """The day of the invoice that an application settles; None if Acumatica shows no such invoice."""
        if not has_target(attempt.resolved):
            return None
        target = settled_id(documents.fields(attempt.resolved.command)["applications"][-1], attempt.resolved.ids, "invoice")
        found = await self.rows(attempt, "Invoice", [("$filter", keyed(target)), ("$select", "Type,ReferenceNbr,Date")])
        return day(found[0], "Date") if found else None

    async def found(self, attempt: Attempt) -> Found:
        """What a look-up of an ordinary write shows."""
        resolved = attempt.resolved
        if resolved.record == paying.RECORD and not paying.has_bill(resolved):
            return Found(())  # without a bill there is no hold, and setting a hold twice does no harm
        if resolved.record in APPLICATIONS and cannot_be(resolved):
            return Found(())
        query = [("$filter", self._condition(resolved)), *self.view(resolved.record)]
        rows = await self.rows(attempt, entity_of(resolved.record), query)
        if resolved.record == paying.RECORD:
            return paying.found(rows, resolved)
        if resolved.record in APPLICATIONS:
            shown, told = application if resolved.record == "ar_application" else credit_application, Told(is_seen(attempt))
            seen = [shown(row, resolved, told) for row in rows]
            return Found(tuple(one for one in seen if one is not None))
        mine = await self.mine(attempt, rows)
        if resolved.record in MASTERS:
            return Found(mine)
        others = [row for row in rows if not ref_in(row, self.settings)]
        suspects = tuple(one for row in others if (one := suspect(row, resolved)) is not None)
        if resolved.record == "ar_refund" and not mine:
            return replace(await self._payable(attempt), suspects=suspects)
        return Found(mine, suspects)

    async def mine(self, attempt: Attempt, rows: Sequence[Row]) -> tuple[Document, ...]:
        """The command's own documents among the rows."""
        resolved = attempt.resolved
        made = [document(row, resolved, self.settings) for row in rows if self.is_mine(row, resolved)]
        if resolved.record != "ar_credit_memo":
            return tuple(made)
        target = adjusted_by(resolved)
        original = next((row for row in rows if target and id_of(row) == target), None)
        return tuple([await self._applied(attempt, one, target, original) for one in made])

    async def _applied(self, attempt: Attempt, memo: Document, target: str, original: Row | None) -> Document:
        """The memo, with those of its steps done that apply it to its original."""
        if "release" not in memo.steps_done:
            return memo
        if not target:
            return replace(memo, steps_done=(*memo.steps_done, "apply", "settle"))
        steps = memo_steps(await self.payment(attempt, memo.erp_id), original)
        return replace(memo, steps_done=(*memo.steps_done, *steps))

    async def _payable(self, attempt: Attempt) -> Found:
        """Whether enough is open of what a refund pays out. If not, nothing is sent."""
        try:
            wanted = documents.paid_out(attempt.resolved.command, attempt.resolved.ids)
        except Refused:
            return Found(())  # what it pays out has no id here yet
        condition = " or ".join(keyed(target) for _, target in wanted)
        query = [("$filter", condition), ("$select", "Type,ReferenceNbr,Status,AvailableBalance")]
        found = await self.rows(attempt, "Payment", query)
        left = {id_of(row): money(row, "AvailableBalance") for row in found}
        for one, target in wanted:
            if left.get(target, Decimal(0)) < one["amount"]:
                words = f"{target} has {left.get(target, Decimal(0))} open and the refund takes {one['amount']}: take back what it settles"
                return Found((), refusal=f"{words}, then release this", refusal_reason="refund_exceeds")
        return Found(())

    def is_mine(self, row: Row, resolved: ResolvedCommand) -> bool:
        """Whether a row is a document of the command's own."""
        if resolved.record in MASTERS:
            return text(row, "AccountRef") == resolved.command["ref"]
        return ref_in(row, self.settings) == resolved.command["ref"] and text(row, "Type") in KINDS[resolved.record].types

    # --- conditions and fields ----------------------------------------------------------------------------------------

    def custom(self) -> Query:
        """The user field of our ref."""
        return [("$custom", self.settings.custom_ref)] if self.settings.custom_ref else []

    def view(self, record: str) -> Query:
        """The fields of a record that are asked for, enough to compare it."""
        if record in MASTERS:
            return [("$select", f"{MASTERS[record]}ID,AccountRef")]
        if record == paying.RECORD:
            return [paying.VIEW]
        if record in APPLICATIONS:
            return [_OF_PAYMENT] if record == "ar_application" else [("$expand", "Applications")]
        kind = KINDS[record]
        wanted = [_SELECT, kind.total, kind.party, kind.day, *([kind.currency] if kind.currency else [])]
        if kind.entity == "Invoice":
            wanted.append("Balance")
        if kind.extended:
            wanted += ["Details/Account", "Details/Subaccount", "Details/Amount"]
        expand: Query = [("$expand", "Details")] if kind.extended else []
        return [*expand, ("$select", ",".join(wanted)), *self.custom()]

    def by_ref(self, record: str, ref: str) -> str:
        """The condition that finds a document by our ref."""
        if record in MASTERS:
            return f"AccountRef eq {quoted(ref)}"
        custom = self.settings.custom_ref
        return f"cf.String(f='{custom}') eq {quoted(ref)}" if custom else f"startswith(Description,{quoted(ref)})"

    def _condition(self, resolved: ResolvedCommand) -> str:
        record, command = resolved.record, resolved.command
        if record == paying.RECORD:
            return keyed(paying.parent_of(command, resolved.ids)).strip("()")
        if record in APPLICATIONS:
            return keyed(parent_id(command, APPLICATIONS[record][1], resolved.ids)).strip("()")
        by_ref = self.by_ref(record, command["ref"])
        if record in MASTERS:
            return by_ref
        kind, own_day = KINDS[record], documents.fields(command)["date"]
        try:
            own = documents.party(kind, command, resolved.ids)
        except Refused:
            return by_ref  # a party without an id has no documents there, but one with our ref would still be found
        amount = format(kind.amount(command["amount"]).normalize(), "f")
        same = f"{kind.party} eq {quoted(own)} and {kind.day} eq datetimeoffset'{own_day}' and {kind.total} eq {amount}"
        target = adjusted_by(resolved)
        return f"{by_ref} or ({same})" + (f" or {keyed(target)}" if target else "")
