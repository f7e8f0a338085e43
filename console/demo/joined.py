"""One connection of the demo: its own field-service simulator and its ERP's, the file that a person would write, the first match."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from console.connections.applying import Planned, applied, plan_of
from console.connections.consent import Consent
from console.connections.publish import Author, Publisher
from console.demo.facts import Holdings, demo_of
from console.demo.processes import Processes, Say, Simulators
from console.matching.decide import decided_links, exact_links, publish_links
from console.matching.masters import Masters
from console.matching.propose import Proposal, proposals
from console.matching.score import LIKELY
from console.matching.sheet import MatchDecision
from console.reading import Cluster
from console.tables.write import csv_text
from runtime.errors import Broken
from systems import registry
from systems.connection import ConnectionSettings

ACTOR = "demo script"
CUTOVER = "2026-03-01"
_ATTEMPTS = 5
"""How often going live is tried: pollers keep reading, so the amount to confirm may grow before it is named."""
_ORDERS = 24
"""The least number of orders to vendors in a day, if the ERP takes them."""
_PATIENCE_S = 2 * 3600
"""How long a document waits for something that may never come: a customer whom nobody matched, an order that the ERP did not make. If it comes later,
the hold is lifted."""
_CLOSED = "check=period"
"""How the name of a condition at the ERP begins that the scripted person accepts: a period that its people open in the course of the day."""
_WEBHOOK_KEY = "demo-webhook-key-0123456789abcdef0123"
_PUSH_KEY = "demo-push-secret-0123456789abcdef0123"


def accepted(found: Planned) -> Consent:
    """What the scripted person agrees to when a connection goes live: the amount, what would be held, and closed periods."""
    if found.preview is None:
        return Consent()
    return Consent(
        amount=found.preview.amount,
        held=frozenset((*found.preview.names, *(name for name in found.unmet if name.startswith(_CLOSED)))),
    )


@dataclass(frozen=True)
class Share:
    """The part of the demo that one connection gets: which connection it is, and how many of the day's jobs."""

    number: int
    jobs: int
    seed: int
    scale: float


@dataclass(frozen=True)
class Joined:
    """One field-service tenant joined to one ERP, in the demo."""

    erp: str
    share: Share
    processes: Processes
    simulators: Simulators

    @property
    def id(self) -> str:
        """The id of the connection, which the ERP's demo gives."""
        return demo_of(self.erp).connection

    @property
    def systems(self) -> tuple[str, str]:
        """Both sides: field service, ERP."""
        return registry.FIELD_SERVICE, self.erp

    @property
    def orders(self) -> bool:
        """Whether the ERP orders and the field service receives."""
        flows = registry.system(self.erp).flows
        return any((flow.target, flow.entity) == (registry.FIELD_SERVICE, "purchase_order") for flow in flows)

    @property
    def goods(self) -> dict[str, Any]:
        """The goods of the day, depending on what the ERP orders and takes."""
        flows = registry.system(self.erp).flows
        taken = {flow.entity for flow in flows if flow.source == registry.FIELD_SERVICE and flow.records}
        orders = _ORDERS if "purchase_order" in taken else 0
        return {"receives_ordered": self.orders, "adjusts_stock": "inventory_adjustment" in taken, "orders": orders}

    @property
    def file(self) -> Path:
        """The connection's YAML; its crosswalk tables are in the same folder."""
        return self.processes.folder / f"connection-{self.id}" / "connection.yaml"

    def simulator(self, system: str) -> str:
        """The name of the process that simulates one side of this connection."""
        return f"{system}-{self.id}"

    def start_simulators(self) -> None:
        """Start both sides, each with the same seed. They are not ready yet: see `await_simulators`."""
        for system in self.systems:
            switches = demo_of(system).simulator_settings(self.share.scale, self.share.number)
            self.processes.start_simulator(self.simulator(system), system, self.share.seed, switches)

    def await_simulators(self) -> None:
        """Return when both sides are ready."""
        for system in self.systems:
            self.processes.await_simulator(self.simulator(system))

    async def ask(self, system: str, path: str) -> Any:
        """GET from one side's simulator."""
        return await self.simulators.ask(self.simulator(system), path)

    async def tell(self, system: str, path: str, body: Any) -> Any:
        """POST to one side's simulator."""
        return await self.simulators.tell(self.simulator(system), path, body)

    async def holdings(self) -> Holdings:
        """Everything that the accounts need from both simulators, by system and path."""
        return {system: {path: await self.ask(system, path) for path in demo_of(system).paths()} for system in self.systems}

    async def written(self) -> int:
        """How many writes both simulators have committed so far."""
        return sum([len((await self.ask(system, "journal"))["commits"]) for system in self.systems])

    async def listen(self, fates: Mapping[str, float]) -> None:
        """Let the source send its webhooks to us. `fates` are the shares that are dropped, duplicated or sent out of order."""
        url = f"http://127.0.0.1:{self.processes.ingress_port}/webhooks/{registry.FIELD_SERVICE}/{self.id}"
        await self.tell(registry.FIELD_SERVICE, "webhooks", {"url": url, "key": _WEBHOOK_KEY, **fates})

    def apply(self, cluster: Cluster, mode: str, reason: str) -> int:
        """Write the file and the tables as a person would, and apply them; returns the number of changes."""
        self.write_files(mode)
        for _ in range(_ATTEMPTS):
            consent = accepted(plan_of(self.file, Consent(), cluster=cluster)) if mode == "live" else Consent()
            lines, refused = applied(self.file, ACTOR, reason, consent, cluster)
            if not refused:
                return len(lines)
        raise Broken(f"The demo's connection {self.id} was refused: " + "; ".join(refused))

    def write_files(self, mode: str) -> None:
        """The file and the tables as a person would write them. The secrets that they name are in this process's environment."""
        tables = self.file.parent / "crosswalk"
        tables.mkdir(parents=True, exist_ok=True)
        for table, rows in demo_of(self.erp).crosswalk().items():
            head = list(dict.fromkeys(column for row in rows for column in row))
            (tables / f"{table}.csv").write_text(csv_text(head, [[row.get(column, "") for column in head] for row in rows]))
        self.file.write_text(yaml.safe_dump(self._content(mode), sort_keys=False))

    def _content(self, mode: str) -> dict[str, Any]:
        os.environ["ML_CONNECTOR_DEMO_WEBHOOK_KEY"] = _WEBHOOK_KEY
        os.environ["ML_CONNECTOR_DEMO_PUSH_KEY"] = _PUSH_KEY
        erp = demo_of(self.erp)
        own = erp.flow_settings()
        patience = {"parent_deadline_s": _PATIENCE_S} if self.orders or registry.system(self.erp).asked_for else {}
        return {
            **patience,
            "connection": self.id,
            "label": erp.label,
            "environment": "test",
            "mode": mode,
            "time_zone": "America/Chicago",
            "tax_mode": "source",
            "ceiling": {"documents_per_hour": 10_000, "amount_per_hour": 10_000_000},
            "create_missing": [] if mode == "observe" else ["customer", "vendor"],
            "field_service": self._side(registry.FIELD_SERVICE),
            "erp": self._side(self.erp),
            "webhook_keys": [{"name": "demo", "secret": "env:ML_CONNECTOR_DEMO_WEBHOOK_KEY"}],
            "push_keys": [{"name": "demo", "secret": "env:ML_CONNECTOR_DEMO_PUSH_KEY"}],
            "flows": {flow.id: {"cutover_date": CUTOVER, **own.get(flow.id, {})} for flow in registry.system(self.erp).flows},
        }

    def _side(self, system: str) -> dict[str, Any]:
        ready = self.processes.simulators[self.simulator(system)]
        own, quota, secrets = demo_of(system).section(ready["url"], ready["credentials"])
        name = self.simulator(system)
        of_roles = ready["credentials"].get(
            "roles", {}
        )  # a simulator in which a new sign-in ends the session names each role's own user
        return {
            "system": system,
            "settings": own,
            "quota": {**quota, "group": f"{quota['group']}-{self.id}"},
            "credentials": _kept_secret(name, secrets),
            "role_credentials": {role: _kept_secret(f"{name}-{role}", own_of) for role, own_of in of_roles.items()},
        }

    def match(self, cluster: Cluster, settings: ConnectionSettings, masters: Mapping[str, Masters], say: Say) -> None:
        """The first match of customers and vendors, with a person's decisions scripted."""
        author = Author(ACTOR, "first match", datetime.now(UTC))
        made = [p for entity, m in masters.items() for p in proposals(entity, m.ours, m.theirs, m.linked)]
        publisher = Publisher(cluster)
        exact = publish_links(publisher, exact_links(settings, made, author), author)
        decisions = list(_by_score(made))
        person = publish_links(publisher, decided_links(settings, masters, decisions, author), author)
        rest = len(made) - exact - len(decisions)
        say(f"{self.id}: matched {exact} exact in bulk, {person} by a (scripted) person, {rest} without partner may be created")


def _by_score(made: Sequence[Proposal]) -> list[MatchDecision]:
    """A person's decisions, scripted: likely pairs are accepted, ambiguous ones too if the best partner is free."""
    taken = {p.target.id for p in made if p.verdict == "exact" and p.target}
    decided = []
    for p in sorted(made, key=lambda p: -(p.score.value if p.score else 0)):
        if p.verdict in ("likely", "ambiguous") and p.target and p.score and p.score.value >= LIKELY and p.target.id not in taken:
            taken.add(p.target.id)
            decided.append(MatchDecision(p.entity, p.source.id, p.target.id, "accept"))
    return decided


def _kept_secret(simulator: str, secrets: Mapping[str, str]) -> dict[str, str]:
    references = {}
    for field, value in secrets.items():
        name = f"ML_CONNECTOR_DEMO_{simulator}_{field}".upper().replace("-", "_")
        os.environ[name] = value
        references[field] = f"env:{name}"
    return references
