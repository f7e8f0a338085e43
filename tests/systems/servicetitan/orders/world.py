"""A simulated tenant, an open writer, and an order of the toy ERP that is ready to be written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from runtime.exchange import Request
from schemas.records import CommandEnvelope
from systems import registry
from systems.contract import Answer, Document, Found, System
from tests.contract import examples, toybooks
from tests.contract.ground import Case, SystemUnderTest, access, ground, otherwise
from tests.contract.toybooks.system import SYSTEM as TOY
from tests.contract.toyerp import FLOWS, WRITES, with_receipts

NAME, STEP = registry.FIELD_SERVICE, "write"
EXAMPLE = "purchase_order.of_the_erp"


@contextmanager
def an_erp_that_orders(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """The field-service side, where the toy is an ERP that orders."""
    erp, known = replace(TOY, flows=FLOWS, writes=WRITES, to_commands=with_receipts), registry.system
    monkeypatch.setattr(registry, "NAMES", (*registry.NAMES, TOY.name))
    monkeypatch.setattr(registry, "system", lambda name: erp if name == TOY.name else known(name))
    monkeypatch.setitem(examples.FOLDERS, TOY.name, Path(toybooks.__file__).parent)
    yield registry.system(NAME)
    examples.told.cache_clear()


@dataclass
class World:
    """A tenant, and what a test does there."""

    on: SystemUnderTest

    async def case(self, example: str = EXAMPLE, **changes: Any) -> Case:
        """The case of an example, with changes of its command."""
        made = await self.on.case("purchase_order", "", example)
        return replace(made, command=cast("CommandEnvelope", {**made.command, **changes}))

    async def find(self, case: Case, order: str = "") -> Found:
        """A look-up; by the order's id where one is given."""
        await self.on.writer.reserve(case.write.calls)
        return await self.on.writer.find(replace(case.resolved, known_id=order))

    async def seen(self, case: Case, order: str = "") -> Document:
        (only,) = (await self.find(case, order)).documents
        return only

    async def write(self, case: Case, document: Document | None = None) -> Answer:
        await self.on.writer.reserve(case.write.calls)
        known = document.erp_id if document is not None else ""
        return await self.on.writer.perform(STEP, replace(case.resolved, known_id=known), document)

    async def written(self, case: Case, document: Document | None = None) -> Document:
        answer = await self.write(case, document)
        assert answer.document is not None, answer
        return answer.document

    async def do(self, **event: Any) -> dict[str, Any]:
        """An event at the simulator, by a person there."""
        body = orjson.dumps({"events": [event]})
        answer = await self.on.seam.inner.send(Request("POST", f"{self.on.url}/__sim__/events", {}, body), 5)
        assert answer.status == 200, answer.body
        made: dict[str, Any] = orjson.loads(answer.body)["results"][0]
        return made

    async def held(self, entity: str = "orders") -> list[dict[str, Any]]:
        """What the simulator holds."""
        answer = await self.on.seam.inner.send(Request("GET", f"{self.on.url}/__sim__/holdings?entity={entity}"), 5)
        rows: list[dict[str, Any]] = orjson.loads(answer.body)["holdings"]
        return rows

    async def set(self, **settings: Any) -> None:
        """Switches of the simulator."""
        await self.on.at_the_simulator({"path": "settings", "body": settings})

    def sent(self, method: str) -> list[dict[str, Any]]:
        """The bodies of the orders that were sent with this method."""
        return [orjson.loads(one.body) for one in self.on.seam.requests if one.method == method and "/purchase-orders" in one.url]

    async def otherwise(self, **orders: Any) -> World:
        """The same tenant, written to with other settings of orders."""
        entered = otherwise(access(self.on.system, self.on.url, self.on.simulator, self.on.clock, self.on.seam), {"orders": orders})
        connected = examples.connected(self.on.system, entered.settings.model_dump(mode="json"))
        assert self.on.system.open_writer is not None
        return World(replace(self.on, writer=self.on.system.open_writer(entered), own=entered.settings, connected=connected))


@asynccontextmanager
async def tenant(system: System, folder: Path) -> AsyncIterator[World]:
    """A tenant of its own for a test."""
    async with ground(system, folder) as on:
        yield World(on)
