"""A simulated company in process with our own sessions on it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from systems.contract import Access, Role
from systems.syspro.settings import Credentials, Settings
from systems.syspro.simulator.app import build
from systems.syspro.system import SYSTEM
from tests.systems import in_process
from tests.systems.in_process import Polled, Wire, opened
from tests.systems.syspro import mapping_ground


class Site(in_process.Site):
    """A company, and what a test does with it."""

    def settings(self, **changes: Any) -> Settings:
        """Settings that fit this company, those of the examples below them."""
        return mapping_ground.settings(**changes)

    def credentials(self, role: Role = Role.SINK, **changes: str) -> Credentials:
        """The operator of a role."""
        ready: Any = self.simulator.credentials
        own = {**ready["roles"][role.value], "company_password": ready["company_password"]}
        return Credentials.model_validate(own | changes)

    def access(self, role: Role = Role.POLLER, **settings: Any) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        return self.wired(role, self.settings(**settings), self.credentials(role))

    async def sessions(self) -> list[str]:
        """Who has a session now."""
        return [str(one["owner"]) for one in (await self.ask("sessions"))["sessions"]]


def company(folder: Path, **switches: Any) -> AbstractAsyncContextManager[Site]:
    """A company with these switches."""
    return opened(Site, build, folder, switches)


POLLED = Polled(SYSTEM, datetime(2026, 3, 16, tzinfo=UTC))
feed, walked, raw_of, records = POLLED.feed, POLLED.walked, POLLED.raw_of, POLLED.records
