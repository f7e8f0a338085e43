"""Acumatica's side: a company in the same process, the real writer and the real reader of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from runtime.exchange import Request
from runtime.json import parse
from runtime.limits import Limiter, Share
from systems.acumatica.demo import DEMO
from systems.acumatica.settings import Credentials
from systems.acumatica.simulator import app
from systems.acumatica.system import SYSTEM
from systems.contract import Access, Reader, Role, Writer
from systems.demo import Balances
from tests.property.books.inside import URL_OF, Inside, Passing, installed
from tests.property.sinks.stand_ins import Clock


@dataclass
class Erp:
    """A company without masters of its own."""

    folder: Path
    clock: Clock

    def __post_init__(self) -> None:
        switches = {**DEMO.simulator_settings(1), "customers": "0", "vendors": "0", "release_seconds": "0"}
        self.simulator = installed(app.build, self.folder, self.clock, **switches)
        self.settings, _, secrets = DEMO.section(URL_OF.format("erp"), self.simulator.credentials)
        self._credentials = Credentials.model_validate(secrets)
        self.wire = Inside(self.simulator)
        self._asking = Inside(self.simulator)

    def access(self, role: Role, own: Any) -> Access:
        """What a session is opened with."""
        clock = Passing(self.clock)
        limiter = Limiter(Share(1_000_000, timedelta(seconds=60), 100), clock)
        return Access("acme", role, own, self._credentials, self.wire, limiter, clock)

    def writer(self, own: Any) -> Writer:
        """A sink's session."""
        assert SYSTEM.open_writer is not None
        return SYSTEM.open_writer(self.access(Role.SINK, own))

    def reader(self, own: Any) -> Reader:
        """A poller's session."""
        return SYSTEM.open_reader(self.access(Role.POLLER, own))

    async def asks(self, path: str, body: Any = None) -> Any:
        """A route of the simulator itself."""
        content = b"" if body is None else json.dumps(body).encode()
        url = f"{URL_OF.format('erp')}/__sim__/{path}"
        answer = await self._asking.send(Request("GET" if body is None else "POST", url, {}, content), 1)
        assert answer.status == 200, answer.body
        return parse(answer.body)

    async def balances(self) -> Balances:
        """What is open by the company's own figures."""
        told = await self.asks("balances")
        return DEMO.balances(lambda _: told)

    def close(self) -> None:
        """Close the state."""
        self.simulator.store.close()
