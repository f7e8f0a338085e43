"""The demo's script: what a careful installer does before going live, then a working day with its accidents, then the accounts.

A person's decisions are scripted and said: exact matches are accepted in bulk, likely ones by score, the rest may be created.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from console.connections.applying import applied
from console.connections.files import csv_text
from console.connections.publish import Author, Publisher
from console.demo.accounts import Row, is_ok
from console.demo.facts import Books, demo_of, read_topics
from console.demo.ground import SERVICES, Ground, Say, Simulators
from console.matching.decide import decided_links, exact_links, publish_links
from console.matching.masters import read_masters
from console.matching.propose import Proposal, proposals
from console.matching.score import LIKELY
from console.matching.sheet import Decision
from console.reading import Cluster
from runtime.errors import Broken, Transient
from systems import registry
from topology.configuration import Follower, Snapshot

ACTOR = "demo script"
_WEBHOOK_KEY = "demo-webhook-key-0123456789abcdef0123"
_PUSH_KEY = "demo-push-secret-0123456789abcdef0123"


@dataclass(frozen=True)
class Wanted:
    """What the demo was asked for."""

    erp: str
    seed: int
    jobs: int
    scale: float
    drain_s: float = 420.0


@dataclass(frozen=True)
class Accident:
    """Something that happens in the middle of the day."""

    name: str
    happen: Callable[[], Awaitable[None]]


@dataclass
class Day:
    """One connection's demo, phase by phase."""

    ground: Ground
    wanted: Wanted
    say: Say
    simulators: Simulators
    cluster: Cluster

    @property
    def connection(self) -> str:
        """Id of the demo's connection."""
        return "acme"

    async def prepare(self) -> None:
        """Simulators up, connection applied to observe, services started, masters read and matched, then live."""
        await self.observe()
        self.match()
        self.enter("live", "matched; going live")

    async def observe(self) -> None:
        """Simulators and services up, the connection applied to observe, masters of both sides read."""
        erp, ours = self.wanted.erp, registry.FIELD_SERVICE
        for system in (ours, erp):
            self.ground.start_simulator(system, self.wanted.seed, demo_of(system).simulator_settings(self.wanted.scale))
            self.say(f"simulator of {registry.system(system).title} ready")
        self.enter("observe", "first look: observe only")
        for name in SERVICES:
            self.ground.start_service(name)
        self.say("services started: " + ", ".join(SERVICES))
        await self._masters_are_read()

    def enter(self, mode: str, reason: str) -> None:
        """Apply the connection in that mode."""
        self._write_files(mode)
        self._apply(reason)

    async def play(self, more: Sequence[Accident] = ()) -> None:
        """The day with its accidents, spread evenly over it, until the source has nothing more to do."""
        await self.listen(drop=0.1, duplicate=0.2, disorder=0.2)
        wish = {"jobs": self.wanted.jobs, "hours": 10, "seed": self.wanted.seed, "corrections": 3}
        await self.simulators.tell(registry.FIELD_SERVICE, "day", wish)
        self.say(f"the day begins: {self.wanted.jobs} jobs, 10 % of webhooks dropped, 20 % doubled, disorder")
        accidents = [*self._planned_faults(), *more]
        begun = 0
        while True:
            progress = await self.simulators.ask(registry.FIELD_SERVICE, "day")
            done, planned = int(progress["done"]), max(1, int(progress["planned"]))
            while begun < len(accidents) and done / planned >= (begun + 1) / (len(accidents) + 1):
                self.say(f"accident: {accidents[begun].name}")
                await accidents[begun].happen()
                begun += 1
            if progress["finished"]:
                break
            self._alive()
            await asyncio.sleep(0.5)
        self.say("the day is over; draining")

    def _planned_faults(self) -> list[Accident]:
        return [Accident(name, self._fault(faults)) for name, faults in demo_of(self.wanted.erp).faults().items()]

    def _fault(self, faults: list[dict[str, Any]]) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            await self.simulators.tell(self.wanted.erp, "faults", {"faults": faults})

        return happen

    async def drain(self) -> list[Row]:
        """Wait until nothing waits and nothing is unaccounted for, or until the deadline; returns the rows."""
        deadline = time.monotonic() + self.wanted.drain_s
        while True:
            rows = await self.rows()
            open_ = sum(row.bucket("waiting").count + row.bucket("unaccounted").count for row in rows)
            if is_ok(rows) or time.monotonic() > deadline:
                return rows
            self._alive()
            self.say(f"{open_} still open")
            await asyncio.sleep(2)

    async def rows(self) -> list[Row]:
        """The accounts as of now."""
        holdings = {}
        for system in (registry.FIELD_SERVICE, self.wanted.erp):
            holdings[system] = await _prefetched(self.simulators, system)
        connected = self._in_force().connections[self.connection]
        topics = await asyncio.to_thread(read_topics, self.cluster, self.connection)
        books = Books(
            connected,
            topics,
            demo_of(registry.FIELD_SERVICE),
            demo_of(self.wanted.erp),
            holdings[registry.FIELD_SERVICE].__getitem__,
            holdings[self.wanted.erp].__getitem__,
        )
        return books.rows()

    def _alive(self) -> None:
        ended = self.ground.ended()
        if ended:
            raise Broken(f"{', '.join(ended)} ended by itself.", f"See {self.ground.folder}/{ended[0]}.log")

    def _in_force(self) -> Snapshot:
        follower = Follower(self.ground.settings, self.cluster.codec).start()
        follower.stop()
        return follower.snapshot

    async def _masters_are_read(self) -> None:
        settings = self._in_force().connections[self.connection].settings
        wanted: dict[str, int] = {}
        for side in (settings.field_service.system, settings.erp.system):
            held = await _prefetched(self.simulators, side)
            for entity in ("customer", "vendor"):
                wanted[f"{side} {entity}"] = len(demo_of(side).issued(entity, held.__getitem__))
        await self._until(lambda: self._masters_missing(settings, wanted), "reading masters of both sides", 120)
        self.say("masters read: " + ", ".join(f"{count} {name}s" for name, count in wanted.items()))

    def _masters_missing(self, settings: Any, wanted: dict[str, int]) -> str:
        masters = read_masters(self.cluster, settings)
        for entity, found in masters.items():
            for side, have in ((settings.field_service.system, len(found.ours)), (settings.erp.system, len(found.theirs))):
                if have < wanted[f"{side} {entity}"]:
                    return f"{have} of {wanted[f'{side} {entity}']} {entity}s of {side}"
        return ""

    async def _until(self, missing: Callable[[], str], what: str, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while True:
            left = await asyncio.to_thread(missing)
            if not left:
                return
            if time.monotonic() > deadline:
                raise Transient(f"{what}: not done in {patience_s:g} s: {left}; see the logs in {self.ground.folder}")
            self._alive()
            await asyncio.sleep(0.5)

    def match(self) -> None:
        """The first match of customers and vendors, with a person's decisions scripted."""
        settings = self._in_force().connections[self.connection].settings
        author = Author(ACTOR, "first match", datetime.now(UTC))
        masters = read_masters(self.cluster, settings)
        made = [p for entity, m in masters.items() for p in proposals(entity, m.ours, m.theirs, m.linked)]
        publisher = Publisher(self.cluster)
        exact = publish_links(publisher, exact_links(settings, made, author), author)
        decisions = list(_by_score(made))
        person = publish_links(publisher, decided_links(settings, masters, decisions, author), author)
        rest = len(made) - exact - len(decisions)
        self.say(f"matched: {exact} exact in bulk, {person} by a (scripted) person, {rest} without partner may be created")

    def _write_files(self, mode: str) -> None:
        folder = self.ground.folder / "connection"
        (folder / "crosswalk").mkdir(parents=True, exist_ok=True)
        for table, rows in demo_of(self.wanted.erp).crosswalk().items():
            head = list(dict.fromkeys(column for row in rows for column in row))
            lines = [[row.get(column, "") for column in head] for row in rows]
            (folder / "crosswalk" / f"{table}.csv").write_text(csv_text(head, lines))
        (folder / "connection.yaml").write_text(yaml.safe_dump(self._file(mode), sort_keys=False))

    def _file(self, mode: str) -> dict[str, Any]:
        sides: dict[str, Any] = {}
        for key, system in (("field_service", registry.FIELD_SERVICE), ("erp", self.wanted.erp)):
            ready = self.ground.simulators[system]
            own, quota, secrets = demo_of(system).section(ready["url"], ready["credentials"])
            sides[key] = {"system": system, "settings": own, "quota": quota, "credentials": _kept_secret(system, secrets)}
        os.environ["ML_CONNECTOR_DEMO_WEBHOOK_KEY"] = _WEBHOOK_KEY
        os.environ["ML_CONNECTOR_DEMO_PUSH_KEY"] = _PUSH_KEY
        return {
            "connection": self.connection,
            "label": "Acme Heating, demo",
            "environment": "test",
            "mode": mode,
            "time_zone": "America/Chicago",
            "tax_mode": "source",
            "create_missing": [] if mode == "observe" else ["customer", "vendor"],
            **sides,
            "webhook_keys": [{"name": "demo", "secret": "env:ML_CONNECTOR_DEMO_WEBHOOK_KEY"}],
            "push_keys": [{"name": "demo", "secret": "env:ML_CONNECTOR_DEMO_PUSH_KEY"}],
            "flows": {flow.id: {"cutover_date": "2026-03-01"} for flow in registry.system(self.wanted.erp).flows},
        }

    def _apply(self, reason: str) -> None:
        lines, refused = applied(self.ground.folder / "connection" / "connection.yaml", ACTOR, reason, False)
        if refused:
            raise Broken("The demo's connection was refused: " + "; ".join(refused))
        self.say(f"connection applied ({len(lines)} changes): {reason}")

    async def listen(self, **fates: float) -> None:
        """Let the source send its webhooks to us; `fates` are shares of them: drop, duplicate, disorder."""
        url = f"http://127.0.0.1:{self.ground.ingress_port}/webhooks/{registry.FIELD_SERVICE}/{self.connection}"
        await self.simulators.tell(registry.FIELD_SERVICE, "webhooks", {"url": url, "key": _WEBHOOK_KEY, **fates})


def _by_score(made: list[Proposal]) -> list[Decision]:
    """A person's decisions, scripted: likely pairs are accepted, ambiguous ones too when the best partner is free."""
    taken = {p.target.id for p in made if p.verdict == "exact" and p.target}
    decided = []
    for p in sorted(made, key=lambda p: -(p.score.value if p.score else 0)):
        if p.verdict in ("likely", "ambiguous") and p.target and p.score and p.score.value >= LIKELY and p.target.id not in taken:
            taken.add(p.target.id)
            decided.append(Decision(p.entity, p.source.id, p.target.id, "accept"))
    return decided


def _kept_secret(system: str, secrets: dict[str, str]) -> dict[str, str]:
    references = {}
    for field, value in secrets.items():
        name = f"ML_CONNECTOR_DEMO_{system}_{field}".upper()
        os.environ[name] = value
        references[field] = f"env:{name}"
    return references


async def _prefetched(simulators: Simulators, system: str) -> dict[str, Any]:
    """Everything the demo's accounts ask of a simulator, by path."""
    return {path: await simulators.ask(system, path) for path in demo_of(system).paths()}
