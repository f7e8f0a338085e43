"""The field-service side: the simulator's own events, and what the real reader reads of each object after each of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from runtime.limits import Limiter, Share
from schemas.records import Raw
from systems import registry
from systems.contract import Access, Element, Reader, Role
from systems.demo import Balances
from systems.servicetitan.demo import DEMO
from systems.servicetitan.poller import open_reader
from systems.servicetitan.resources import RESOURCES
from systems.servicetitan.settings import Credentials, Settings
from systems.servicetitan.simulator import app
from systems.servicetitan.simulator.balances import balances
from systems.servicetitan.simulator.books.bills import settle_bill
from systems.servicetitan.simulator.books.customers import owe
from systems.servicetitan.simulator.books.events import Names, perform
from systems.servicetitan.simulator.books.settling import settle
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant
from tests.property.books.inside import URL_OF, Inside, Passing, installed
from tests.property.sinks.stand_ins import Clock
from tests.systems.servicetitan.examples import raw

_ENTITIES = {resource.name: entity for entity, resource in RESOURCES.items()}
_READ = ("customer", "vendor", "invoice", "payment", "credit_memo", "bill", "vendor_credit", "ap_payment", "return", "bank_deposit")


@dataclass
class Source:
    """A tenant with a few customers and vendors; `told` are the versions of objects that nobody has read yet, in their order."""

    folder: Path
    clock: Clock
    names: Names = field(default_factory=dict)
    told: list[Raw] = field(default_factory=list)

    def __post_init__(self) -> None:
        kept: list[Tenant] = []

        def made(options: Any) -> Tenant:
            kept.append(Tenant(options))
            return kept[-1]

        switches = {"customers": "2", "vendors": "1", "calls_per_second": "0", "tokens_per_second": "0", "auto_bill": "false"}
        with mock.patch.object(app, "Tenant", side_effect=made):
            self.simulator = installed(app.build, self.folder, self.clock, **switches)
        (self.tenant,) = kept  # which the application keeps to itself
        self._changed: list[tuple[str, str]] = []
        self.tenant.listeners.append(self._note)
        self.settings, self.secrets = self._section()
        self.reader: Reader = open_reader(self._access())
        for name in ("customers", "vendors"):
            self._changed += [(_ENTITIES[name], str(row["id"])) for row in self.tenant.rows(name)]

    def _section(self) -> tuple[dict[str, Any], dict[str, str]]:
        own, _, secrets = DEMO.section(URL_OF.format("field"), self.simulator.credentials)
        return own, secrets

    def _access(self) -> Access:
        own, credentials = Settings.model_validate(self.settings), Credentials.model_validate(self.secrets)
        clock = Passing(self.clock)
        limiter = Limiter(Share(1_000_000, timedelta(seconds=60), 100), clock)
        return Access("acme", Role.POLLER, own, credentials, Inside(self.simulator), limiter, clock)

    def _note(self, kind: str, operation: str, row: Row) -> None:
        entity = _ENTITIES.get(kind, "")
        if entity in _READ:
            self._changed.append((entity, str(row["id"])))

    async def does(self, do: str, **members: Any) -> Mapping[str, Any]:
        """One event, and what it changed is read. Raises ValueError or KeyError where the source itself refuses it."""
        named = {("as" if key == "name" else key): value for key, value in members.items()}
        made = perform(self.tenant, {"do": do, **named}, self.names)
        await self.reads()
        return made

    async def reads(self) -> None:
        """Read every object that changed."""
        changed, self._changed = list(dict.fromkeys(self._changed)), []
        for entity, source_id in changed:
            page = await self.reader.fetch(entity, [source_id])
            self.told += [_record(entity, element) for element in page.elements]

    async def counts_again(self, kind: str, before: Row) -> None:
        """Somebody takes back the void of a payment, credit memo or vendor credit: it settles what it settled `before` that. Raises ValueError if
        that cannot be settled any more."""
        bills = [(one["inventoryBillId"], Decimal(one["amount"])) for one in before.get("splits", ()) if one["active"]]
        invoices = [(one["appliedTo"], Decimal(one["appliedAmount"])) for one in before.get("appliedTo", ())]
        for invoice, amount in invoices:
            row = self.tenant.get("invoices", invoice)
            if not row["active"] or Decimal(row["balance"]) < amount:
                raise ValueError(f"invoice {invoice} has {row['balance']} open, not {amount}")
        with self.tenant.changing():
            for bill, amount in bills:
                settle_bill(self.tenant, bill, amount)
            for invoice, amount in invoices:
                settle(self.tenant, invoice, amount)
            if kind != "ap-credits":
                owe(self.tenant, before["customer"]["id"], -Decimal(before["total"]))
            self.tenant.save(kind, copy.deepcopy(before), "update")
        await self.reads()

    def balances(self) -> Balances:
        """What is open by the tenant's own figures."""
        return DEMO.balances(lambda _: balances(self.tenant, {}))

    def rows(self, kind: str) -> list[Row]:
        """Every row of a kind."""
        return self.tenant.rows(kind)

    def close(self) -> None:
        """Close the state."""
        self.simulator.store.close()


def _record(entity: str, element: Element) -> Raw:
    made = raw(entity, element.body, source_id=element.source_id)
    made["system"] = registry.FIELD_SERVICE
    made["source_version"] = element.source_version
    made["further"] = list(element.further)
    return made
