"""A simulated account in process with our own sessions on it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runtime.json import parse
from systems.contract import Access, Role
from systems.mapped import Reading
from systems.netsuite.settings import Credentials, Settings
from systems.netsuite.simulator.app import build
from systems.netsuite.system import SYSTEM
from tests.systems import in_process
from tests.systems.in_process import URL, Polled, Wire, opened

SECRETS = (
    "client_id",
    "certificate_id",
    "private_key",
    "certificate",
    "consumer_key",
    "consumer_secret",
    "token_id",
    "token_secret",
)


class Site(in_process.Site):
    """An account, and what a test does with it."""

    def settings(self, **changes: Any) -> Settings:
        """Settings that fit this account."""
        ready = self.simulator.credentials
        own: dict[str, Any] = {
            "base_url": URL,
            "account": ready["account"],
            "instance_id": ready["instance_id"],
            "company_id": "ACME",
            "subsidiary": "2",
            "time_zone": ready["timezone"],
        }
        return Settings.model_validate(own | changes)

    def credentials(self, **changes: str) -> Credentials:
        """The account's credentials."""
        ready = self.simulator.credentials
        return Credentials.model_validate({name: ready[name] for name in SECRETS} | changes)

    def access(self, role: Role = Role.POLLER, secrets: Mapping[str, str] | None = None, **settings: Any) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        return self.wired(role, self.settings(**settings), self.credentials(**(secrets or {})))

    async def enter(self, kind: str, key: str = "", **values: Any) -> str:
        """A person saves a record. Returns its id."""
        made = await self.tell("enter", {"type": kind, "values": values} | ({"id": key} if key else {}))
        return str(made["id"])

    def reading(self, **settings: Any) -> Reading:
        """What the normaliser knows."""
        return Reading("acme", "America/Chicago", "USD", self.settings(**settings))


def account(folder: Path, **switches: Any) -> AbstractAsyncContextManager[Site]:
    """An account with these switches; without masters unless they are asked for."""
    return opened(Site, build, folder, {"customers": 0, "vendors": 0} | switches)


def queries(wire: Wire) -> list[str]:
    """Every query that was sent."""
    return [str(parse(one.body)["q"]) for one in wire.of("/suiteql")]


POLLED = Polled(SYSTEM, datetime(2026, 12, 31, tzinfo=UTC))
feed, walked, raw_of, records = POLLED.feed, POLLED.walked, POLLED.raw_of, POLLED.records
