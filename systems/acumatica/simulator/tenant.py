"""The tenant: its records, its clock and zone, and the only way in which a change is committed, journalled and announced to subscribers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from runtime.simulator.installation import Installation
from runtime.simulator.serve import Options
from runtime.simulator.store import Commit
from runtime.simulator.switches import names
from systems.acumatica.simulator.node import Node, from_store, to_store
from systems.acumatica.simulator.settings import Settings
from systems.acumatica.simulator.tables import Table, empty_tables

REF_FIELD = "UsrMLCRef"
_TOTALS = {"Invoice": "Amount", "Bill": "Amount", "Payment": "PaymentAmount"}
_DATES = {"Invoice": "Date", "Bill": "Date", "Payment": "ApplicationDate"}


@dataclass(frozen=True)
class Change:
    """One record that a transaction writes, with the word that the journal uses for it."""

    entity: str
    node: Node
    operation: str
    detail: str = ""
    amount: Decimal | None = None


class Tenant(Installation[Settings]):
    """The books; every method that changes them is called on the event loop and commits before it returns."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, Settings())
        self.tables = empty_tables(options.clock)
        self.listeners: list[Callable[[str, Node | None, Node | None], None]] = []
        for entity, table in self.tables.items():
            for body in sorted(self.store.all(entity), key=lambda body: int(body["order"])):
                table.put(from_store(body, table.shape))

    @property
    def user_fields(self) -> frozenset[str]:
        """The `View.Field` names that the administrator added."""
        return names(self.settings.user_fields)

    def table(self, entity: str) -> Table:
        """The records of an entity."""
        return self.tables[entity]

    def now(self) -> datetime:
        """The present instant in the tenant's zone, in milliseconds, always later than the previous one."""
        instant = self.tick(timedelta(milliseconds=1))
        self.last = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
        return self.last.astimezone(ZoneInfo(self.settings.timezone))

    def new_id(self, *parts: str) -> str:
        """A GUID that is the same for the same seed and the same requests."""
        digest = hashlib.blake2b("/".join((str(self.seed), *parts)).encode(), digest_size=16).digest()
        return str(UUID(bytes=digest, version=4))

    def commit(self, changes: list[Change], request_id: str = "") -> None:
        """Write every change and its journal entry in one transaction, then show and announce them; all or none."""
        written: list[tuple[Change, Node | None]] = []
        with self.store.transaction():
            for change in changes:
                written.append((change, self._write(change, request_id)))
        for change, before in written:
            self._announce(change, before)

    def plant(self, entity: str, node: Node) -> None:
        """Add a record as if it had always been there: without journal and without notification."""
        at, table = self.now(), self.table(entity)
        for name in ("CreatedDateTime", "LastModifiedDateTime"):
            if name in table.shape.scalars:
                node.values[name] = at
        node.hidden["order"] = self.store.next("order")
        self.store.put(entity, node.id, to_store(node) | {"order": node.hidden["order"]}, at)
        table.put(node)

    def _write(self, change: Change, request_id: str) -> Node | None:
        node, table, at = change.node, self.table(change.entity), self.now()
        before = table.get(node.id)
        if change.operation == "delete":
            self.store.delete(change.entity, node.id)
        else:
            if "LastModifiedDateTime" in table.shape.scalars:
                node.values["LastModifiedDateTime"] = at
            if "CreatedDateTime" in table.shape.scalars and before is None:
                node.values["CreatedDateTime"] = at
            if before is None:
                node.hidden["order"] = self.store.next("order")
            body = to_store(node)
            body["order"] = node.hidden.get("order", 0)
            self.store.put(change.entity, node.id, body, at)
        self.store.commit(at, self._entry(change, request_id))
        return before

    def _entry(self, change: Change, request_id: str) -> Commit:
        node, entity = change.node, change.entity
        total = change.amount if change.amount is not None else node.money(_TOTALS.get(entity, ""))
        return Commit(
            kind=entity,
            operation=change.operation,
            id=node.id,
            number=node.text(self.table(entity).keys[-1]),
            ref=ref_of(node),
            amount=f"{total:.2f}",
            currency=node.text("CurrencyID") or self.settings.currency,
            date=str(node.values.get(_DATES.get(entity, "")) or ""),
            request_id=request_id,
            detail=change.detail,
        )

    def _announce(self, change: Change, before: Node | None) -> None:
        if change.operation == "delete":
            self.table(change.entity).delete(change.node)
        else:
            self.table(change.entity).put(change.node)
        after = None if change.operation == "delete" else change.node
        for listener in self.listeners:
            listener(change.entity, before, after)


def ref_of(node: Node) -> str:
    """The text by which a client finds the record again: user field, first word of the description, or AccountRef."""
    for name, value in node.custom.items():
        if name.endswith(f".{REF_FIELD}") and value:
            return str(value)
    first = node.text("Description").split(" ", 1)[0]
    if first.startswith("ST-"):
        return first
    return node.text("AccountRef")
