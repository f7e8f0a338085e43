"""Journals and vouchers that we wrote, read back by the poller's feeds with their lines, as `reconcile` compares them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.reconcile.rules import Facts, judge
from console.reconcile.sides import Booked, Issued, Known, booked_of, known_of, wanted_of
from runtime.limits import Limiter, Share
from schemas.records import CommandEnvelope
from services.sinks import entry as e
from systems import registry
from systems.contract import Access, Role
from systems.mapped import Canonical
from systems.peoplesoft.mapping import to_canonical
from systems.peoplesoft.poller import open_reader
from systems.peoplesoft.resources import FEEDS
from systems.peoplesoft.settings import Credentials
from tests.contract import examples
from tests.systems.peoplesoft.writing.ground import DAY, Site, journal, site, voucher
from tests.unit.console.entries import example

FEED = {feed.name: feed for feed in FEEDS}
ZONE = examples.connected(registry.system("peoplesoft")).settings.zone


async def shown(at: Site, feed: str, **settings: Any) -> list[dict[str, Any]]:
    """The canonical records of a walk of a feed."""
    own = at.settings.model_copy(update=settings)
    known = {name: at.simulator.credentials[name] for name in ("username", "password", "client_id", "client_secret")}
    limiter = Limiter(Share(1_000_000, timedelta(seconds=1), 100), at.clock)
    reader = open_reader(Access("acme", Role.POLLER, own, Credentials.model_validate(known), at.inner, limiter, at.clock))
    reading = replace(examples.connected(registry.system("peoplesoft")).readings["peoplesoft"], settings=own)
    found: list[dict[str, Any]] = []
    position = ""
    while True:
        page = await reader.page(FEED[feed], position)
        for element in page.elements:
            about = {"connection": "acme", "system": "peoplesoft", "entity": FEED[feed].entity, "source_id": element.source_id}
            raw = example("raw.raw", **about, shape="object", body=element.body, further=list(element.further))
            made = to_canonical(raw, reading)  # type: ignore[arg-type]  # a raw record
            found += [dict(one.record) for one in made if isinstance(one, Canonical)]
        if not page.more:
            return found
        position = page.position


@pytest.mark.parametrize("page_size", [500, 4, 3])
async def test_journals_of_ours_are_read_with_all_their_lines_whatever_the_page(tmp_path: Path, page_size: int) -> None:
    async with site(tmp_path) as at:
        for number in ("101", "102", "103"):
            await at.made("journal", journal(number))
        if page_size == 3:
            with pytest.raises(Exception, match="alone has 3 rows or more"):
                await shown(at, "journals", page_size=page_size)
            return
        found = await shown(at, "journals", page_size=page_size)
        assert {one["origin_ref"] for one in found} == {journal(number)["ref"] for number in ("101", "102", "103")}
        for one in found:
            assert (one["total"], one["journal_date"], one["period"], one["currency"]) == (
                Decimal("108.25"),
                DAY,
                "US001/2026-3",
                "USD",
            )
            assert sorted((line["account"], line["amount"]) for line in one["lines"]) == [
                ("120000", Decimal("108.25")), ("220000", Decimal("-8.25")), ("401000", Decimal("-100.00")),
            ]  # fmt: skip


async def test_vouchers_are_read_under_their_profile_alone(tmp_path: Path) -> None:
    async with site(tmp_path, {"profile": "voucher"}) as at:
        await at.made("ap_bill", voucher())
        (found,) = await shown(at, "vouchers")
        assert (found["origin_ref"], found["total"], found["bill_date"]) == (voucher()["ref"], Decimal("80.00"), DAY)
        assert [(line["gl_account"], line["amount"]) for line in found["lines"]] == [
            ("501000", Decimal("50.00")), ("502000", Decimal("30.00")),
        ]  # fmt: skip
        assert await shown(at, "vouchers", profile="journal") == []


def issued(command: CommandEnvelope, amount: str = "108.25") -> Issued:
    wanted = wanted_of("journal", command)
    total = Decimal(amount)
    party = ("500", "Ana Lopez", "Plumbing - Service")
    return Issued("P1", "invoice", "101", "N101", DAY, total, "USD", True, "s", *party, frozenset({"sale"}), (wanted,))


def posted(command: CommandEnvelope) -> Known:
    entry = e.fresh(e.Incoming("journal", command, b"", 0, 0, examples.AT))
    return known_of(e.change(entry, examples.AT, state=e.POSTED))


def classes(one: Issued, command: CommandEnvelope, *booked: Booked) -> dict[str, Decimal]:
    facts = Facts({command["ref"]: booked}, {one.place: [posted(command)]}, read_at=examples.AT + timedelta(days=30))
    return {found.kind: found.difference for found in judge(one, facts).findings}


async def test_a_journal_counts_by_what_it_books_on_the_receivable(tmp_path: Path) -> None:
    """Its debits alone would hold discounts too."""
    async with site(tmp_path) as at:
        command = journal()
        await at.made("journal", command)
        (record,) = await shown(at, "journals")
        booked = booked_of(record, ZONE)
        assert classes(issued(command), command, booked) == {}
        moved = replace(
            booked, lines=tuple(((("402000", key[1]) if key[0] == "401000" else key), amount) for key, amount in booked.lines)
        )
        assert classes(issued(command), command, moved) == {"wrong_account": Decimal("0.00")}
        taxed = {"220000": Decimal("-0.01"), "120000": Decimal("0.01")}
        cent = replace(booked, lines=tuple((key, amount + taxed.get(key[0], 0)) for key, amount in booked.lines))
        assert classes(issued(command), command, cent) == {"edited_in_erp": Decimal("-0.01")} or classes(
            issued(command), command, cent
        ) == {"tax": Decimal("-0.01")}
        assert classes(issued(command), command) == {"missing": Decimal("108.25")}
        assert classes(issued(command), command, booked, booked) == {"double": Decimal("-108.25")}


async def test_a_void_journal_takes_its_original_back(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        command = journal()
        await at.made("journal", command)
        (record,) = await shown(at, "journals")
        booked = booked_of(record, ZONE)
        void = replace(booked, erp_id="v", ref="ST-VOID", lines=tuple((key, -amount) for key, amount in booked.lines))
        gone = replace(issued(command), active=False, wanted=())
        reversal = replace(posted(command), op_key="v", ref="ST-VOID", action="void", record="journal")
        known = {gone.place: [posted(command), reversal]}
        alone = judge(gone, Facts({booked.ref: [booked]}, known))
        assert [(one.kind, one.difference) for one in alone.findings] == [("voided_at_source", Decimal("-108.25"))]
        both = judge(gone, Facts({booked.ref: [booked], "ST-VOID": [void]}, known))
        assert [(one.kind, one.difference) for one in both.findings] == [("voided", Decimal("0.00"))]
        assert sum(amount for _, amount in both.erp) == 0
