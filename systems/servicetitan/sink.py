"""Writes to ServiceTitan: vendors and purchase orders, each in its own dialect over one session. AP bills are not written, because ServiceTitan makes
them itself."""

from __future__ import annotations

from typing import Any

from runtime.errors import Broken
from systems.contract import Access, Answer, Document, Found, ResolvedCommand
from systems.servicetitan.client import Client
from systems.servicetitan.order_lines import ORDER
from systems.servicetitan.sink_orders import BUDGET as ORDER_BUDGET
from systems.servicetitan.sink_orders import Orders
from systems.servicetitan.sink_vendors import BUDGET as VENDOR_BUDGET
from systems.servicetitan.sink_vendors import Vendors
from systems.writing.frame import FramedWriter

VENDOR = "vendor"


class Writer:
    """See `systems.contract.Writer`. Both dialects share the session `client`."""

    def __init__(self, access: Access) -> None:
        self.client = client = Client(access)
        self._needs_guid = VENDOR in (access.writes or {VENDOR})
        self._by_record: dict[str, FramedWriter[Any]] = {
            VENDOR: FramedWriter(Vendors(client), client, access, VENDOR_BUDGET),
            ORDER: FramedWriter(Orders(client), client, access, ORDER_BUDGET),
        }

    async def reserve(self, calls: int) -> None:
        """See `systems.contract.Writer`."""
        if self._needs_guid and not self.client.settings.external_data_application_guid:
            raise Broken(
                "servicetitan: vendors cannot be written without external_data_application_guid.",
                "Take the External Data Application GUID of the app from the developer portal and write it into the settings.",
            )
        await self._by_record[ORDER].reserve(calls)

    async def find(self, resolved: ResolvedCommand) -> Found:
        """See `systems.contract.Writer`."""
        return await self._by_record[resolved.record].find(resolved)

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        """See `systems.contract.Writer`."""
        return await self._by_record[resolved.record].perform(step, resolved, document)

    async def close(self) -> None:
        """See `systems.contract.Writer`."""
        await self.client.close()


def open_writer(access: Access) -> Writer:
    """A sink's session with one tenant."""
    return Writer(access)
