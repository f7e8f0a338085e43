"""Writes vendors to ServiceTitan: how a vendor is looked up, which request makes each step, and what an answer means.

Facts: POST and PATCH answer with an id only and drop unknown members silently, so a YES rests on the vendor read back with our ref and without
differences (OpenAPI; lpeluso-dotcom/mcp-servicetitan). External data is shown and searched only with the app's GUID. For some seconds a read may miss
what was just written (ibid.), so the look-up lags (C4). Only the look-up prevents a second vendor, because the API refuses none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from runtime.errors import Refused, Transient
from runtime.exchange import Response
from runtime.json import envelope, parse
from systems.contract import Answer, Document, Found
from systems.servicetitan import documents
from systems.servicetitan.client import Client, Query
from systems.servicetitan.compare import STEP, document, external_of
from systems.servicetitan.errors import Absent, classify
from systems.servicetitan.resources import RESOURCES
from systems.servicetitan.sink_orders import id_in
from systems.values.members import Row
from systems.writing.frame import AHEAD, Attempt, Budget, ReadBack, ambiguous

BUDGET = Budget(find=1, step=2)
"""The calls of a step: its request, and reading the vendor back."""
_VENDORS = RESOURCES["vendor"]


@dataclass(frozen=True)
class VendorRequest:
    """The creation of a vendor, or the change of the one with the id `partner`."""

    body: bytes
    partner: str = ""


class Vendors:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._path = _VENDORS.path(client.settings.tenant_id)

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        await self._client.reserve(calls, AHEAD)

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """The partner by its id if a link names one, else the vendor that carries our ref."""
        partner = attempt.resolved.known_id
        attempt.calls += 1
        rows = await self._one(partner) if partner else await self._by_ref(attempt.ref)
        return Found(tuple(document(row, attempt.resolved.command, self._settings) for row in rows))

    def _shown_to_us(self) -> Query:
        return [("externalDataApplicationGuid", self._settings.external_data_application_guid)]

    async def _one(self, vendor_id: str) -> list[Row]:
        """The vendor with this id; none if the text is not an id or ServiceTitan does not know it."""
        if not (vendor_id.isascii() and vendor_id.isdigit()):
            return []
        try:
            answer = await self._client.look(f"{self._path}/{vendor_id}", self._shown_to_us(), _VENDORS.scope)
        except Absent:
            return []
        row = parse(answer.body)
        if not isinstance(row, dict) or str(row.get("id")) != vendor_id:
            raise Transient(f"servicetitan vendors/{vendor_id}: the answer is another object")
        return [row]

    async def _by_ref(self, ref: str) -> list[Row]:
        """The vendors that carry this ref. If ServiceTitan ignores the filter, it shows other vendors too, and the answer cannot be used."""
        if "," in ref:
            return []  # values are separated by commas, and no ref of ours has one
        query = [*self._shown_to_us(), ("externalDataKey", self._settings.external_ref_key), ("externalDataValues", ref)]
        answer = await self._client.look(self._path, [*query, ("active", "Any"), ("pageSize", "50")], _VENDORS.scope)
        others, found = envelope(answer.body, "data")
        rows = [value for _, value in found]
        if others.get("hasMore") is not False:
            raise Transient(f"servicetitan vendors of {ref}: the page does not say that it is the only one")
        for row in rows:
            if not isinstance(row, dict) or external_of(row).get(self._settings.external_ref_key) != ref:
                raise Transient(f"servicetitan vendors of {ref}: the filter by external data was not kept")
        return rows

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> VendorRequest:
        """The body that creates the vendor, or changes the one that was looked up."""
        found, command, partner = attempt.document, attempt.resolved.command, attempt.resolved.known_id
        if attempt.step != STEP:
            raise Refused(f"servicetitan: {attempt.step} is not a step of a vendor", "step")
        if found is None and partner:
            raise Refused(f"servicetitan: vendor {partner}, to which {command['source_id']} is linked, is not there", "gone")
        made = documents.update_body(command, self._settings) if found else documents.create_body(command, self._settings)
        return VendorRequest(orjson.dumps(made), found.erp_id if found else "")

    async def send(self, request: VendorRequest) -> Response:
        """See `systems.writing.frame.Dialect`."""
        method, path = ("PATCH", f"{self._path}/{request.partner}") if request.partner else ("POST", self._path)
        return await self._client.write(method, path, request.body)

    async def read(self, attempt: Attempt, request: VendorRequest, answer: Response) -> Answer | ReadBack:  # noqa: ARG002 - of the frame
        """The answer gives only the id of the vendor; the rest is read back."""
        if answer.status != 200:
            return classify(answer)
        made = id_in(answer)
        if not made or (request.partner and made != request.partner):
            return ambiguous("the answer does not name the vendor", "unreadable", code="200")

        async def shown(attempt: Attempt) -> Sequence[Document]:
            attempt.calls += 1
            return [document(row, attempt.resolved.command, self._settings) for row in await self._one(made)]

        return ReadBack(shown)
