"""A simulated pod in process with our own sessions on it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from systems.contract import Access, Role
from systems.mapped import Reading
from systems.oracle_fusion.settings import Credentials, Settings
from systems.oracle_fusion.simulator.app import build
from systems.oracle_fusion.system import SYSTEM
from tests.systems import in_process
from tests.systems.in_process import URL, Polled, Wire, opened


class Site(in_process.Site):
    """A pod, and what a test does with it."""

    def settings(self, **changes: Any) -> Settings:
        """Settings that fit this pod."""
        ready = self.simulator.credentials
        own: dict[str, Any] = {
            "base_url": URL,
            "token_url": f"{URL}/oauth2/v1/token",
            "token_scope": ready["scope"],
            "instance_id": ready["instance_id"],
            "company_id": "US1",
            "business_unit": ready["business_unit"],
        }
        return Settings.model_validate(own | changes)

    def credentials(self, **changes: str) -> Credentials:
        """The pod's credentials."""
        ready = self.simulator.credentials
        return Credentials.model_validate(
            {name: ready[name] for name in ("client_id", "client_secret", "username", "password")} | changes
        )

    def access(self, role: Role = Role.POLLER, **settings: Any) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        return self.wired(role, self.settings(**settings), self.credentials())

    def reading(self, **settings: Any) -> Reading:
        """What the normaliser knows."""
        return Reading("acme", "America/Chicago", "USD", self.settings(**settings))


def pod(folder: Path, **switches: Any) -> AbstractAsyncContextManager[Site]:
    """A pod with these switches."""
    return opened(Site, build, folder, switches)


POLLED = Polled(SYSTEM, datetime(2026, 3, 16, tzinfo=UTC))
feed, walked, raw_of, records = POLLED.feed, POLLED.walked, POLLED.raw_of, POLLED.records
