"""AP bills have no writer, nor has anything else but vendors and purchase orders: every operation of the vendor's documents that changes something,
asked of the one method through which this system writes (accounting.md 23; the vendor's documents name no creation of a bill, and the rest of what
they name for bills is not ours)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.errors import Broken
from runtime.exchange import NotSent, Request, Response
from systems import registry
from systems.servicetitan import client as clients
from systems.servicetitan.client import Client
from systems.servicetitan.spec import MODULES, openapi
from tests.contract.ground import access, simulator_of
from tests.contract.seam import VirtualClock

ALLOWED = {
    ("POST", "/inventory/v2/tenant/1/vendors"),
    ("PATCH", "/inventory/v2/tenant/1/vendors/7"),
    ("POST", "/inventory/v2/tenant/1/purchase-orders"),
    ("PATCH", "/inventory/v2/tenant/1/purchase-orders/7"),
}
CHANGING = {"post", "put", "patch", "delete"}


class Silent:
    """A network that tells what reached it."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    async def send(self, request: Request, timeout_s: float) -> Response:
        self.sent.append(request)
        raise NotSent("nobody is there")

    async def close(self) -> None:
        """Nothing is open."""


def operations() -> Iterator[tuple[str, str]]:
    """Every operation of every module that changes something, with ids put in."""
    for module in MODULES:
        for path, methods in openapi(module)["paths"].items():
            for method in CHANGING & set(methods):
                filled = "/".join("1" if part == "{tenant}" else "7" if part.startswith("{") else part for part in path.split("/"))
                yield method.upper(), f"/{module}/v2{filled}"


async def test_only_vendors_and_orders_are_written_of_all_that_the_vendors_documents_name(tmp_path: Path) -> None:
    system, network, clock = registry.system(registry.FIELD_SERVICE), Silent(), VirtualClock()
    simulator = simulator_of(system, tmp_path, clock)
    made = Client(replace(access(system, "http://127.0.0.1:1", simulator, clock, network)))
    allowed = set()
    asked = sorted(
        {*operations(), ("POST", "/accounting/v2/tenant/1/ap-bills"), ("POST", "/accounting/v2/tenant/1/inventory-bills")}
    )
    for method, path in asked:
        with pytest.raises((NotSent, Broken)) as raised:
            await made.write(method, path, b"{}")
        if raised.type is NotSent:
            allowed.add((method, path))
        else:
            assert raised.match("nothing is ever written"), path
    simulator.store.close()
    assert allowed == ALLOWED
    assert len(asked) > 100
    assert {("POST", "/accounting/v2/tenant/1/ap-bills/markasexported"), ("POST", "/inventory/v2/tenant/1/receipts")} <= set(
        asked
    ) - allowed
    sent = {(one.method, one.url.removeprefix("http://127.0.0.1:1")) for one in network.sent if "/connect/token" not in one.url}
    assert sent <= ALLOWED


def test_no_write_of_a_bill_is_declared() -> None:
    writes = {write.record for write in registry.system(registry.FIELD_SERVICE).writes}
    assert writes == {"vendor", "purchase_order"}


@pytest.mark.parametrize("module", sorted(Path(clients.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_of_this_system_sends_a_change_but_through_that_method(module: Path) -> None:
    """`Calls.write` is called by the client alone, and `Client.write` by the two dialects."""
    calls = [
        node
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    writing = {ast.unparse(call.func) for call in calls if call.func.attr == "write"}  # type: ignore[attr-defined]  # an Attribute, see above
    expected = {"client": {"self.calls.write"}, "sink_orders": {"self._client.write"}, "sink_vendors": {"self._client.write"}}
    assert writing == expected.get(module.stem, set())
