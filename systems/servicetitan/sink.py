"""Writes to ServiceTitan: vendors and purchase orders, each by the part that knows it. AP bills have no writer: ServiceTitan makes them itself."""

from __future__ import annotations

from runtime.errors import Broken
from runtime.exchange import Response
from systems.contract import Access, Answer, Document, Found
from systems.servicetitan.client import Client
from systems.servicetitan.order_lines import ORDER
from systems.servicetitan.sink_orders import BUDGET as ORDER_BUDGET
from systems.servicetitan.sink_orders import OrderRequest, Orders
from systems.servicetitan.sink_vendors import BUDGET as VENDOR_BUDGET
from systems.servicetitan.sink_vendors import VendorRequest, Vendors
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack

BUDGET = Budget(find=max(ORDER_BUDGET.find, VENDOR_BUDGET.find), step=max(ORDER_BUDGET.step, VENDOR_BUDGET.step))
"""The most calls of either."""
_VENDOR = "vendor"
_Request = VendorRequest | OrderRequest


class _Dialect:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client, writes: frozenset[str]) -> None:
        self._client = client
        self._writes = writes or {_VENDOR}
        self._orders, self._vendors = Orders(client), Vendors(client)

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        if _VENDOR in self._writes and not self._client.settings.external_data_application_guid:
            raise Broken(
                "servicetitan: vendors cannot be written without external_data_application_guid.",
                "Take the External Data Application GUID of the app from the developer portal and write it into the settings.",
            )
        await self._client.reserve(calls, AHEAD)

    async def look_up(self, attempt: Attempt) -> Found:
        """See `systems.writing.frame.Dialect`."""
        return await (self._orders if _is_order(attempt) else self._vendors).look_up(attempt)

    async def request(self, attempt: Attempt) -> _Request:
        """See `systems.writing.frame.Dialect`."""
        return await (self._orders if _is_order(attempt) else self._vendors).request(attempt)

    async def send(self, request: _Request) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await (self._orders.send(request) if isinstance(request, OrderRequest) else self._vendors.send(request))

    async def read(self, attempt: Attempt, request: _Request, answer: Response) -> Answer | Document | ReadBack:  # noqa: ARG002 - of the frame
        """See `systems.writing.frame.Dialect`."""
        if isinstance(request, OrderRequest):
            return await self._orders.read(request, answer)
        return await self._vendors.read(request, answer)


def _is_order(attempt: Attempt) -> bool:
    return attempt.resolved.record == ORDER


def open_writer(access: Access) -> FramedWriter[_Request]:
    """A sink's session with one tenant."""
    client = Client(access)
    return FramedWriter(_Dialect(client, access.writes), client, access, BUDGET)
