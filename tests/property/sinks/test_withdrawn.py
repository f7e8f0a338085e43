"""A newer set of parts comes while an older one is under way: what it withdraws is not sent any more."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runtime.errors import Broken
from systems.contract import Capability, Found, ResolvedCommand
from tests.property.sinks.campaign import declared, seams
from tests.property.sinks.campaign.declared import PLAIN, Choice
from tests.property.sinks.campaign.process import SimWriter
from tests.property.sinks.campaign.schedule import loses
from tests.property.sinks.campaign.source import WORTH, Doc
from tests.property.sinks.campaign.world import COMMANDS, World


def test_a_request_is_kept_back_whose_part_a_newer_set_waits_to_withdraw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Class C4, seed 1001435 of 2026-11-29: the newer set waited for the look-up of one part, so that the other one, which was about to be
    sent, was not stalled any more, and nothing kept it back: the old voucher was posted and a person had to correct it."""
    real = SimWriter.find
    failed: list[object] = []

    async def find(self: SimWriter, resolved: ResolvedCommand) -> Found:
        """The first look-up of V fails at once, that of W takes nearly the whole lease."""
        command = resolved.command
        if command["part"] == "V" and not failed:
            failed.append(command)
            await self.process.loop.pause(0.5)
            raise Broken("the credentials are refused.")
        if command["part"] == "W" and command["source_version"] == "001":
            await self.process.loop.pause(declared.LEASE_S - 0.1)
        return await real(self, resolved)

    monkeypatch.setattr(SimWriter, "find", find)
    with seams.installed():
        world = World(1, Capability.C4, [PLAIN])
        seams.into(world)
        world.connects("acme", Choice())
        doc = Doc("bill", "acme", "b1", version=1, state="plain", worth=dict(WORTH))
        world.adds(doc)

        def told(version: int, of_v: str) -> None:
            doc.version, doc.vendors = version, {line: "V" if line in of_v else "W" for line in WORTH}
            world.tells(doc)

        told(1, "ac")
        world.later(0.2, lambda: told(2, "a"))
        world.starts()
        world.timeline.run(60.0, world.moves)
        kept = sorted(one.amount for one in world.erps["acme"].documents)
        found = world.judge.found
        world.end()
    assert failed
    assert found == []
    assert kept == [Decimal(1), Decimal(4320)]


def test_what_a_person_skips_before_it_is_looked_up_keeps_no_command_waiting() -> None:
    """Class C3, seed 3002121 of 2026-11-29: the ledger was lost, and the command that took a document back waited for its look-up. The
    person's skip ended the document first; the command, and every later one of that document, waited for good."""
    with seams.installed():
        world = World(1, Capability.C3, [PLAIN])
        seams.into(world)
        world.connects("acme", Choice())
        doc = Doc("invoice", "acme", "i1")
        world.adds(doc)
        for state in ("plain", "unposted"):
            doc.changes_to(state)
            world.tells(doc)
        world.starts()
        world.timeline.run(5.0, world.moves)
        assert world.ledger[doc.op_key()]["reason"] == "unposted"
        world.processes[0].kill()
        world.group.kicks(world.processes[0].log, again=False)
        loses(world, "ledger")
        world.starts()
        world.timeline.run(7.0, world.moves)
        assert world.ledger[doc.op_key()]["state"] == "WAITING"
        world.controls_that("acme", "skip", doc.op_key())
        world.timeline.run(60.0, world.moves)
        entry, (owner,) = world.ledger[doc.op_key()], world.processes[1].consuming.owners  # type: ignore[union-attr]  # it runs
        left, committed = len(owner.cases), world.cluster.offsets[(COMMANDS, owner.number)]
        last = world.cluster.log(COMMANDS, owner.number).records[-1].offset()
        world.end()
    assert (entry["state"], entry["reason"]) == ("REJECTED", "skipped")
    assert committed > last, f"{left} cases are left"
