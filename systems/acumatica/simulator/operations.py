"""Actions: POST starts a long operation, its Location is polled until it is done.

Source: OpenAPI Default 24.200.001 (202 with Location, 204), Integration Development Guide. Assumed: only the session that started an action can read
its status ("poll within the same session"). A running operation is lost when the server stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.simulator.sessions import Session
from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import bills, invoices, payments, reversals, voids
from systems.acumatica.simulator.tenant import Change, Tenant

ACTIONS: dict[tuple[str, str], Callable[[Tenant, Node], list[Change]]] = {
    ("Invoice", "ReleaseInvoice"): invoices.release,
    ("Payment", "ReleasePayment"): payments.release,
    ("Payment", "VoidPayment"): voids.void,
    ("Bill", "ReleaseBill"): bills.release,
    ("Bill", "ReverseBill"): bills.reverse,
}
EXTENDED: dict[tuple[str, str], Callable[[Tenant, Node, Mapping[str, Any]], list[Change]]] = {
    ("Payment", "ReverseApplication"): reversals.reverse,
}
"""Actions with parameters, which only the extended endpoint has."""
_REMEMBERED = 10_000


@dataclass(frozen=True)
class Call:
    """An action as it was requested: its name, its record, its parameters."""

    key: tuple[str, str]
    record_id: str
    parameters: Mapping[str, Any]


@dataclass
class Operation:
    """One started action. `error` is what it failed with, `result` the id of the resulting record."""

    id: str
    entity: str
    action: str
    record_id: str
    session: str
    request_id: str = ""
    done: bool = False
    error: VendorError | None = None
    result: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Operations:
    """The operations of this run of the server."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._known: dict[str, Operation] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, call: Call, session: Session, request_id: str) -> Operation:
        """Start the action. With `release_seconds` 0 it is done when this returns, and its failure is raised."""
        number = str(self._tenant.store.next("operation"))
        operation_id = self._tenant.new_id("operation", number)
        operation = Operation(operation_id, *call.key, call.record_id, session.id, request_id, parameters=call.parameters)
        self._known[operation.id] = operation
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        if self._tenant.settings.release_seconds:
            task = asyncio.create_task(self._later(operation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return operation
        self._run(operation)
        if operation.error is not None:
            raise operation.error
        return operation

    def status(self, operation_id: str, session: Session) -> Operation:
        """The operation, if this session started it."""
        found = self._known.get(operation_id)
        if found is None or found.session != session.id:
            raise VendorError(404, "The operation is not found in this session.")
        return found

    async def _later(self, operation: Operation) -> None:
        await asyncio.sleep(self._tenant.settings.release_seconds)
        self._run(operation)

    def _run(self, operation: Operation) -> None:
        try:
            operation.result = self._carry_out(operation)
        except VendorError as error:
            operation.error = error
        operation.done = True

    def _carry_out(self, operation: Operation) -> str:
        fault = self._tenant.faults.take("release_fails", "POST", f"/{operation.entity}/{operation.action}")
        if fault is not None:
            raise VendorError(500, "At least one item has not been processed.", "PX.Data.PXOperationCompletedWithErrorException")
        node = self._tenant.table(operation.entity).get(operation.record_id)
        if node is None:
            raise VendorError(500, "The record has been deleted.")
        key = (operation.entity, operation.action)
        plain = ACTIONS.get(key)
        changes = plain(self._tenant, node) if plain else EXTENDED[key](self._tenant, node, operation.parameters)
        self._tenant.commit(changes, operation.request_id)
        return changes[0].node.id
