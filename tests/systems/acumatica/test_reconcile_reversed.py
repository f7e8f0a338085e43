"""`reconcile` of what was reversed or written anew by real steps: whatever document that made is read back, and nothing is left unexplained."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from console.reconcile.findings import Judged
from console.reconcile.sides import CREDITS
from schemas.records import Ledger
from services.sinks import entry as e
from systems.acumatica import undo
from systems.acumatica.demo import DEMO
from systems.acumatica.documents import KINDS
from systems.contract import Original, ResolvedCommand
from tests.systems.acumatica import ground
from tests.systems.acumatica.reconciled import Joint, joint
from tests.systems.acumatica.taken_back import Written
from tests.systems.acumatica.tenant import Books, Tenant

NO_TAX = {"tax": Decimal(0)}
NEGATIVE = ground.invoice([ground.invoice_line("-30.00")], **NO_TAX)
DEPOSIT = ground.payment("120.00", [], unapplied=Decimal("70.00"))
REFUND = ground.payment("-50.00", [], source_id="202", refunded_payment_id="201")
REVERSED: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, str]]] = {
    "ar_invoice": ((ground.invoice(),), {"Invoice": "invoice", "Credit Memo": "credit_memo"}),
    "ar_credit_memo": ((NEGATIVE,), {"Credit Memo": "credit_memo", "Debit Memo": "invoice"}),
    "ar_receipt": (
        (ground.payment("108.25", [], unapplied=Decimal("108.25")),),
        {"Prepayment": "payment", "Voided Payment": ""},
    ),
    "ar_receipt that settles": (
        (ground.invoice(), ground.payment("108.25")),
        {"Invoice": "invoice", "Payment": "payment", "Voided Payment": ""},
    ),
    "ar_refund": ((DEPOSIT, REFUND), {"Prepayment": "payment", "Refund": "payment", "Voided Refund": ""}),
    "ap_bill": ((ground.bill(),), {"Bill": "bill", "Debit Adj.": "vendor_credit"}),
    "ap_credit": ((ground.credit(applications=[]),), {"Debit Adj.": "vendor_credit", "Credit Adj.": "bill"}),
}
"""By what is reversed: what the source has, the last of it is reversed; and the type of every document then there with what it is read as."""
CHANGED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an invoice of another amount": (ground.invoice(), ground.invoice([ground.invoice_line("120.00")])),
    "an invoice that became a credit": (ground.invoice(), NEGATIVE),
    "a credit that became an invoice": (NEGATIVE, ground.invoice()),
    "a credit of another amount": (NEGATIVE, ground.invoice([ground.invoice_line("-50.00")], **NO_TAX)),
    "a payment of another amount": (
        ground.payment("50.00", [], unapplied=Decimal("50.00")),
        ground.payment("60.00", [], unapplied=Decimal("60.00")),
    ),
    "a bill of another amount": (ground.bill(), ground.bill([ground.bill_line("90.00")])),
    "a credit of a vendor": (ground.credit(applications=[]), ground.credit([ground.bill_line("35.00")], applications=[])),
}


class Taken:
    """Both sides, and what takes back or writes anew what was posted."""

    def __init__(self, both: Joint) -> None:
        self.both = both
        self.on = Written(Books(both.tenant, both.writer, both.wire, both.ids))

    async def post(self, record: dict[str, Any]) -> tuple[Ledger, Original]:
        """The first document of a record, and its entry."""
        kind, command, _ = self.both.commands(record)[0]
        entry = (await self.both.post(record))[0]
        return entry, Original(kind, command, entry["erp_id"], entry["erp_number"], dict(self.both.ids))  # type: ignore[arg-type]  # a decoded command

    def judged(self, record: dict[str, Any]) -> Judged:
        """What `reconcile` says of an object."""
        found = self.both.compared().judged
        (own,) = [one for one in found if (one.entity, one.source_id) == (record["entity"], record["source_id"])]
        assert not [one for one in found if one.source is None], "no document is a stray"
        return own

    async def take(self, resolved: ResolvedCommand, entry: Ledger) -> None:
        """Every step of it, and its entry, posted."""
        document = await self.on.perform(resolved)
        command = resolved.command
        own: Any = {"op_key": command["op_key"], "ref": command["ref"], "record": resolved.record, "action": command["action"]}
        self.both.enter({**entry, **own}, state=e.POSTED, erp_id=document.erp_id)


@pytest.mark.parametrize("name", REVERSED)
async def test_what_was_reversed_is_voided_on_both_sides(tenant: Tenant, name: str) -> None:
    sources, read_as = REVERSED[name]
    taken = Taken(await joint(tenant))
    for source in sources:
        entry, original = await taken.post(source)
    assert original.record == name.partition(" ")[0]
    taken.both.at_source({**sources[-1], "active": False, "source_version": "2026-03-11T12:00:00.0000000Z"})
    await taken.both.read()
    own = taken.judged(sources[-1])
    assert [(one.kind, one.is_explained) for one in own.findings] == [("voided_at_source", False)]
    await taken.take(taken.on.reversal(original), entry)
    await taken.both.read()
    own = taken.judged(sources[-1])
    assert [one.kind for one in own.findings] == ["voided"]
    assert sum((amount for _, amount in own.erp), Decimal(0)) == 0
    assert taken.both.compared().others == {}, "each carries a ref of ours"
    shown = {one.partition("/")[2].partition("/")[0]: one.partition("/")[0] for one in await _read(taken.both)}
    assert shown == {kind: entity for kind, entity in read_as.items() if entity}
    assert {kind for kind, _, _ in await _kept(taken.on)} == set(read_as)


async def test_a_draft_that_was_deleted_before_it_was_posted_is_nothing_to_explain(tenant: Tenant) -> None:
    """No feed tells a deletion, so that the draft that was read once stayed `voided_at_source` for ever."""
    source = ground.invoice()
    taken = Taken(await joint(tenant))
    kind, command, _ = taken.both.commands(source)[0]
    draft = await taken.both.writer.perform("create", ResolvedCommand(kind, command, taken.both.ids), None)  # type: ignore[arg-type]  # a decoded command
    assert draft.document is not None
    taken.both.at_source({**source, "active": False, "source_version": "2026-03-11T12:00:00.0000000Z"})
    entry = taken.both._fresh(kind, command, b"")
    taken.both.enter(entry, state=e.HELD, reason="refused")
    await taken.both.read()
    assert [one.kind for one in taken.judged(source).findings] == ["voided_at_source"]
    original = Original(kind, command, draft.document.erp_id, draft.document.number, dict(taken.both.ids))  # type: ignore[arg-type]  # as above
    resolved = taken.on.reversal(original)
    await taken.on.perform(resolved)
    assert await _kept(taken.on) == []
    taken.both.enter(entry, state=e.SUPERSEDED, reason="taken_back")
    own: Any = {"op_key": resolved.command["op_key"], "ref": resolved.command["ref"], "record": "reversal", "action": "void"}
    taken.both.enter({**entry, **own}, state=e.POSTED, erp_id=original.erp_id)
    await taken.both.read()
    judged = taken.judged(source)
    assert [(one.kind, one.is_explained) for one in judged.findings] == [("voided", True)]
    assert judged.erp == ()


async def _kept(on: Written) -> list[tuple[str, str, str]]:
    return [one for kind in ("Invoice", "Payment", "Bill") for one in await on.kept(kind)]


async def _read(both: Joint) -> set[str]:
    """Entity, type and number of every document that the feeds read, which are those that the demo counts on."""
    messages = both.cluster.messages(
        [f"canonical.{entity}" for entity in ("invoice", "credit_memo", "payment", "bill", "vendor_credit")]
    )
    keys = {(message.key() or b"").decode() for message in messages}
    read = {key.partition("/acumatica/")[2] for key in keys if "/acumatica/" in key}
    held = {path: await both.tenant.ask(path) for path in DEMO.paths()}
    wanted = {one for one in DEMO.read("A6", held.__getitem__) if one.partition("/")[0] not in ("customer", "vendor")}
    assert read == wanted
    return read


@pytest.mark.parametrize("name", CHANGED)
async def test_what_was_written_anew_adds_up_to_what_the_source_has(tenant: Tenant, name: str) -> None:
    before, after = CHANGED[name]
    taken = Taken(await joint(tenant))
    entry, original = await taken.post(before)
    after = {**after, "fingerprint": "e" * 64, "source_version": "2026-03-11T12:00:00.0000000Z"}
    taken.both.at_source(after)
    await taken.both.read()
    assert taken.both.unexplained()[0] == 1
    await taken.take(taken.on.correction(original, after["entity"], after), entry)
    await taken.both.read()
    assert taken.both.classes() == {}
    (row,) = [one for one in taken.both.rows() if one.source.count]
    assert row.erp.amount == row.source.amount == after["total"]
    await _read(taken.both)


def test_whatever_type_reverses_takes_away_what_it_reverses() -> None:
    """By the signs of `reconcile`, from whatever object of the source the document came."""
    shown = {kind: entity for _, kinds in REVERSED.values() for kind, entity in kinds.items()}
    for record, opposite in undo._OPPOSITE.items():
        (own,) = KINDS[record].types
        signs = {
            (CREDITS.get((source, shown[own]), 1), CREDITS.get((source, shown[opposite]), 1))
            for source in ("invoice", "bill", "credit_memo", "vendor_credit")
            if ("vendor" in source or "bill" in source) == record.startswith("ap_")
        }
        assert all(one == -other for one, other in signs), (record, signs)
