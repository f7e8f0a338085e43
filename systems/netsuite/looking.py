"""Looks documents up in NetSuite: by our external id in the record service, which shows at once what was saved, and by SuiteQL for what people typed.

SuiteQL may lag. It shows a second document with our external id, and suspects: same type, party, day and amount without a ref of ours. It is queried
before a step, but not when a step is read back. An application has no field for a ref, so the payment that it belongs to is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runtime.errors import Refused
from systems.contract import Document, Found, ResolvedCommand
from systems.netsuite import compare
from systems.netsuite.client import Client
from systems.netsuite.documents import (
    APPLICATION,
    JOURNAL,
    MASTERS,
    PURCHASE_ORDER,
    REFUND,
    Kind,
    day_of,
    fields,
    kind_of,
    paid_out,
    party_or_none,
    settled_id,
)
from systems.netsuite.models import Row, can_stand, external, is_id, quoted
from systems.netsuite.refs import ORDER, external_id
from systems.parents import parent_id
from systems.values.members import money_or_zero, required_id, text
from systems.writing.frame import Attempt

MOST_LOOKS = 8
"""The most requests of one look-up: a query, the document, further ones, its order, the currency, what it takes back or pays out."""
_MOST_OTHERS = 2


class Looking:
    """The look-ups of one session."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.settings = client.settings

    async def at(self, attempt: Attempt, kind: str, key: str) -> Row | None:
        """A record with its sublists, by internal id or `eid:<external id>`; None if the key has neither form."""
        if not can_stand(key):
            return None
        attempt.calls += 1
        return await self._client.look_at(kind, key)

    async def by_ref(self, attempt: Attempt, kind: Kind, of: str = "") -> Row | None:
        """The record that carries the command's ref."""
        return await self.at(attempt, kind.type, external(external_id(attempt.ref, of)))

    async def by_id(self, attempt: Attempt, erp_id: str) -> Row | None:
        """The transaction with this id of ours (`type/internal id`); None if the text has another form."""
        kind, _, key = erp_id.partition("/")
        return await self.at(attempt, kind, key) if kind.isalpha() else None

    async def found(self, attempt: Attempt) -> Found:
        """What a look-up of an ordinary write shows."""
        resolved = attempt.resolved
        if resolved.record in MASTERS:
            return await self._master(attempt)
        if resolved.record == APPLICATION:
            one = None if cannot_be(resolved) else await self.application(attempt)
            return Found(() if one is None else (one,))
        mine = await self.mine(attempt)
        if attempt.step:
            return mine
        others, suspects = await self._queried(attempt, mine.documents)
        if not (*mine.documents, *others):
            if why := await self._other_currency(attempt):
                return Found((), suspects, refusal=why, refusal_reason="currency")
            if kind_of(resolved.record, resolved.command) is REFUND:
                return await self._payable(attempt, suspects)
        return replace(mine, documents=(*mine.documents, *others), suspects=suspects)

    async def mine(self, attempt: Attempt) -> Found:
        """The document that carries the command's ref. For a bill that is not made yet, its order, and why the order cannot be billed."""
        resolved = attempt.resolved
        row = await self.by_ref(attempt, kind_of(resolved.record, resolved.command))
        if row is not None:
            return Found((compare.document(row, resolved, self.settings),))
        if resolved.record != "ap_bill" or (ordered := await self.by_ref(attempt, PURCHASE_ORDER, ORDER)) is None:
            return Found(())
        why = compare.not_billable(ordered)
        found = compare.order(ordered, resolved, self.settings)
        return Found((found,), refusal=why, refusal_reason="order_not_billable" if why else "")

    async def _queried(self, attempt: Attempt, mine: Sequence[Document]) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
        """Further documents with our external id, and suspects."""
        resolved = attempt.resolved
        kind = kind_of(resolved.record, resolved.command)
        attempt.calls += 1
        query = _query(resolved, kind)
        rows = (await self._client.look(query, f"documents like {attempt.ref}", 50)).whole(f"documents like {attempt.ref}")
        known = {one.erp_id for one in mine}
        others: list[Document] = []
        suspects: list[Document] = []
        for row in rows:
            seen = compare.suspect(row, resolved, kind)
            if text(row, "externalid") != attempt.ref:
                suspects.append(seen)
            elif seen.erp_id not in known and len(others) < _MOST_OTHERS:
                whole = await self.at(attempt, kind.type, required_id(row))
                others += [compare.document(whole, resolved, self.settings)] if whole is not None else []
        return tuple(others), () if mine or others else tuple(suspects)

    async def _master(self, attempt: Attempt) -> Found:
        """The partner by its id if a link names one, else the record that carries our ref."""
        resolved, partner = attempt.resolved, attempt.resolved.known_id
        if partner and not is_id(partner):
            return Found(())
        row = await self.at(attempt, resolved.record, partner or external(attempt.ref))
        is_ours = bool(attempt.step)
        return Found(() if row is None else (compare.master(row, resolved.record, resolved.command, is_ours=is_ours),))

    async def _other_currency(self, attempt: Attempt) -> str:
        """Why the document would be in a currency other than its command's: NetSuite uses the currency of the customer, vendor or subsidiary. It is
        "" if the currencies agree, if the party's id is not known yet, and in an account of one currency, which refuses the query (assumed)."""
        resolved = attempt.resolved
        kind = kind_of(resolved.record, resolved.command)
        table = kind.role or "subsidiary"
        own = fields(resolved.command)["business_unit"] if kind is JOURNAL else party_or_none(kind, resolved.command, resolved.ids)
        if not is_id(own):
            return ""
        attempt.calls += 1
        query = f"SELECT c.symbol AS symbol FROM {table} p JOIN currency c ON c.id = p.currency WHERE p.id = {own}"  # noqa: S608 - an id
        try:
            rows = (await self._client.look(query, f"currency of {table} {own}", 5)).whole(f"currency of {table} {own}")
        except Refused:
            return ""
        other = [symbol for row in rows if (symbol := text(row, "symbol")) != resolved.command["currency"]]
        if not other:
            return ""
        return (
            f"{table} {own} is kept in {other[0]}, the document is in {resolved.command['currency']}: correct the mapping or link"
        )

    async def _payable(self, attempt: Attempt, suspects: tuple[Document, ...]) -> Found:
        """Whether enough is open of what a refund pays out. If not, nothing is sent."""
        try:
            wanted = paid_out(attempt.resolved)
        except Refused:
            return Found((), suspects)  # what it pays out has no id here yet
        ids = [key for found in wanted.values() for key in found]
        if not ids:
            return Found((), suspects)
        attempt.calls += 1
        rows = (await self._client.look(_open_query(ids), "what a refund pays out")).whole("what a refund pays out")
        left = {required_id(row): abs(money_or_zero(row, "unpaid")) for row in rows}
        for key, amount in (one for found in wanted.values() for one in found.items()):
            if key in left and left[key] < amount:
                words = f"transaction {key} has {left[key]} open and the refund takes {amount}: take back what it settles, then release this"
                return Found((), suspects, refusal=words, refusal_reason="refund_exceeds")
        return Found((), suspects)

    # --- applications -------------------------------------------------------------------------------------------------

    async def application(self, attempt: Attempt) -> Document | None:
        """The command's application: a separate record for a deposit, else a line of the payment or credit memo."""
        resolved = attempt.resolved
        ids = applied_by(resolved)
        if compare.is_deposit(ids[0]):
            row = await self.at(attempt, "depositApplication", external(attempt.ref))
            return None if row is None else compare.deposit_application(row, resolved, ids)
        row = await self.by_id(attempt, ids[0])
        return None if row is None else compare.application(row, resolved, ids, is_ours=bool(attempt.step))


def cannot_be(resolved: ResolvedCommand) -> bool:
    """Whether an application cannot be there, because NetSuite does not have what it applies, or what it settles: a request names both. After a lost
    ledger nobody knows what was there."""
    if resolved.tried_since is None:
        return False
    try:
        applied_by(resolved)
    except Refused:
        return True
    return False


def applied_by(resolved: ResolvedCommand) -> tuple[str, str]:
    """Ids of what an application applies, and of the invoice that it settles."""
    command = resolved.command
    one = fields(command)["applications"][-1]
    return parent_id(command, "payment", resolved.ids), settled_id(one, command, resolved.ids)


def _query(resolved: ResolvedCommand, kind: Kind) -> str:
    """The query for documents with our external id, and for suspects that a person may have typed."""
    by_ref = f"externalid = {quoted(resolved.command['ref'])}"
    own = party_or_none(kind, resolved.command, resolved.ids) if kind is not JOURNAL else ""
    where = by_ref
    if own:
        amount = format(abs(resolved.command["amount"]).normalize(), "f")
        day = f"TO_DATE({quoted(day_of(resolved).isoformat())}, 'YYYY-MM-DD')"
        typed_in = "(externalid IS NULL OR externalid NOT LIKE 'ST-%')"
        same = f"{typed_in} AND entity = {own} AND trandate = {day} AND ABS(foreigntotal) = {amount}"
        where = f"({by_ref} OR ({same}))"
    columns = "id, tranid, externalid"
    return f"SELECT {columns} FROM transaction WHERE type = {quoted(kind.code)} AND {where} ORDER BY id ASC"  # noqa: S608 - quoted, ids checked


def _open_query(ids: Sequence[str]) -> str:
    named = ", ".join(ids)  # checked by `pair_of`
    return (
        "SELECT transaction AS id, SUM(paymentamountunused) AS unpaid FROM transactionaccountingline "  # noqa: S608
        f"WHERE transaction IN ({named}) GROUP BY transaction ORDER BY transaction ASC"
    )
