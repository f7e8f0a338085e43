"""The ERP's side: its simulator in the same process, the real writer and the real reader of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from runtime.exchange import Request
from runtime.json import parse
from runtime.limits import Limiter, Share
from systems import registry
from systems.contract import Access, Reader, Role, System, Writer
from systems.demo import Balances, Demo
from tests.property.books.inside import URL_OF, Inside, Passing, installed
from tests.property.sinks.stand_ins import Clock

SWITCHES: Mapping[str, Mapping[str, str]] = {
    "acumatica": {"customers": "0", "vendors": "0", "release_seconds": "0"},
    "netsuite": {"vendors": "1", "orders": "0", "history": "0", "locked": "", "auto_number_vendors": "true"},
    "oracle_fusion": {"customers": "4", "suppliers": "2", "orders": "0", "closed": "", "automatch_s": "30"},
}
"""Small books, without masters where ours are created; NetSuite's demo names a clearing vendor of the seed, which comes after its customers."""


_INSTALLED = ("extended_endpoint",)
"""Settings of a connection that name what has to be installed in the ERP."""


@dataclass
class Erp:
    """Books of one system; `own` are settings of the connection that differ from those of its demo."""

    folder: Path
    clock: Clock
    name: str = "acumatica"
    own: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.system: System = registry.system(self.name)
        self.demo: Demo = import_module(self.system.demo).DEMO
        build = import_module(f"systems.{self.name}.simulator.app").build
        installed_there = {name: value for name, value in self.own.items() if name in _INSTALLED}
        switches = {**self.demo.simulator_settings(1), **SWITCHES[self.name], **installed_there}
        self.simulator = installed(build, self.folder, self.clock, **switches)
        settings, _, secrets = self.demo.section(URL_OF.format("erp"), self.simulator.credentials)
        self.settings = {**settings, **self.own}
        self._credentials = self.system.credentials.model_validate(secrets)
        self.wire = Inside(self.simulator)
        self._asking = Inside(self.simulator)

    def crosswalk(self, customers: Sequence[str]) -> dict[str, list[Mapping[str, str]]]:
        """The tables of its demo; where no customer is created, those of the source are the first ones of its books."""
        made = {table: list(rows) for table, rows in self.demo.crosswalk().items()}
        if matched := self.matched(customers):
            made["bill_to"] = [{"customer_id": one, "customer": other} for one, other in matched.items()]
        return made

    def matched(self, customers: Sequence[str]) -> dict[str, str]:
        """Customers of the source, by id, and those of these books that they were matched with; none where customers are created."""
        return {} if self.creates else {one: f"{1001 + at}/{30001 + at}" for at, one in enumerate(customers)}

    @property
    def creates(self) -> list[str]:
        """Masters of the source that are created here."""
        return [flow.entity for flow in self.system.flows if flow.purpose == "master" and flow.target == self.name and flow.records]

    def access(self, role: Role, own: Any) -> Access:
        """What a session is opened with."""
        clock = Passing(self.clock)
        limiter = Limiter(Share(1_000_000, timedelta(seconds=60), 100), clock)
        return Access("acme", role, own, self._credentials, self.wire, limiter, clock)

    def writer(self, own: Any) -> Writer:
        """A sink's session."""
        assert self.system.open_writer is not None
        return self.system.open_writer(self.access(Role.SINK, own))

    def reader(self, own: Any) -> Reader:
        """A poller's session."""
        return self.system.open_reader(self.access(Role.POLLER, own))

    async def asks(self, path: str, body: Any = None) -> Any:
        """A route of the simulator itself."""
        content = b"" if body is None else json.dumps(body).encode()
        url = f"{URL_OF.format('erp')}/__sim__/{path}"
        answer = await self._asking.send(Request("GET" if body is None else "POST", url, {}, content), 1)
        assert answer.status == 200, answer.body
        return parse(answer.body)

    async def balances(self) -> Balances:
        """What is open by the books' own figures."""
        told: dict[str, Any] = {}
        while True:
            try:
                return self.demo.balances(told.__getitem__)
            except KeyError as missing:
                told[missing.args[0]] = await self.asks(missing.args[0])

    def close(self) -> None:
        """Close the state."""
        self.simulator.store.close()
