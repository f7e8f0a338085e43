"""Writes vendors to ServiceTitan: looks up by link or by our ref, sends one request, reads back, classes the answer.

Facts: POST and PATCH answer with an id alone and drop unknown members silently, so a YES rests on the vendor read back with our ref and
nothing that differs (OpenAPI; lpeluso-dotcom/mcp-servicetitan). External data is shown and searched only with the app's GUID. What was just
written may be missed by a read for some seconds (ibid.), so the look-up lags (C4); nothing but the look-up keeps a second vendor from being
made, for the API refuses none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import orjson

from runtime.errors import Broken, ConnectorError, Malformed, Refused, Throttled, Transient
from runtime.exchange import NotSent, Response, Unanswered
from runtime.json import envelope, parse
from schemas.records import CommandEnvelope
from systems.contract import Access, Answer, Document, Found, Verdict
from systems.http.bodies import said_in
from systems.servicetitan import documents
from systems.servicetitan.client import Client, Query
from systems.servicetitan.compare import STEP, document, external_of
from systems.servicetitan.errors import Absent, classify
from systems.servicetitan.resources import RESOURCES
from systems.servicetitan.values import Row

CALLS = 3
"""Look-up, the request itself, and its reading back."""
_AHEAD = timedelta(seconds=180)
"""A token has to be good for this long before an attempt begins."""
_VENDORS = RESOURCES["vendor"]
_WORDS = 400


class _Writer:
    """A sink's session with one tenant. See `systems.contract.Writer`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._path = _VENDORS.path(client.settings.tenant_id)

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        if not self._settings.external_data_application_guid:
            raise Broken(
                "servicetitan: vendors cannot be written without external_data_application_guid.",
                "Take the External Data Application GUID of the app from the developer portal and write it into the settings.",
            )
        await self._client.reserve(calls, _AHEAD)

    async def find(self, record: str, command: CommandEnvelope, ids: Mapping[str, str]) -> Found:  # noqa: ARG002 - vendors alone
        """The partner by its id where a link names one, else what carries our ref."""
        try:
            partner = _partner(command, ids)
            rows = await self._one(partner) if partner else await self._by_ref(command["ref"])
        except Malformed as error:
            raise Transient(f"servicetitan {command['ref']}: {error}") from error
        except Throttled as error:
            self._client.pause(error.asked)
            raise
        return Found(tuple(document(row, command, self._settings) for row in rows))

    async def perform(
        self,
        step: str,
        record: str,  # noqa: ARG002 - vendors alone
        command: CommandEnvelope,
        ids: Mapping[str, str],
        document: Document | None,
    ) -> Answer:
        """Create the vendor, or change the one that was looked up; then read it back."""
        partner = document.erp_id if document is not None else ""
        try:
            body = self._body(step, command, ids, document)
        except (ConnectorError, orjson.JSONEncodeError) as error:
            return Answer(Verdict.REJECT, code="unsendable", words=str(error)[:_WORDS], reason="unsendable")
        method, path = ("PATCH", f"{self._path}/{partner}") if partner else ("POST", self._path)
        try:
            answer = await self._client.write(method, path, body)
        except NotSent as error:
            return Answer(Verdict.DEFINITE_NO, code="not_sent", words=str(error)[:_WORDS], reason="unreachable")
        except Unanswered as error:
            return Answer(Verdict.AMBIGUOUS, code="unanswered", words=str(error)[:_WORDS], reason="unanswered")
        if answer.status != 200:
            return self._refused(answer)
        return await self._read_back(answer, partner, command)

    async def close(self) -> None:
        """Forget the token."""
        await self._client.close()

    # --- looking up ---------------------------------------------------------------------------------------------------

    def _shown_to_us(self) -> Query:
        return [("externalDataApplicationGuid", self._settings.external_data_application_guid)]

    async def _one(self, vendor_id: str) -> list[Row]:
        """The vendor of this id; nothing for an id that is none or that ServiceTitan does not know."""
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
        """The vendors that carry this ref. A filter that was not kept shows others, too: then nothing can be told."""
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

    def _body(self, step: str, command: CommandEnvelope, ids: Mapping[str, str], found: Document | None) -> bytes:
        if step != STEP:
            raise Refused(f"servicetitan: {step} is no step of a vendor", "step")
        if found is None and (partner := _partner(command, ids)):
            raise Refused(f"servicetitan: vendor {partner}, to which {command['source_id']} is linked, is not there", "gone")
        made = documents.update_body(command, self._settings) if found else documents.create_body(command, self._settings)
        return orjson.dumps(made)

    def _refused(self, answer: Response) -> Answer:
        classed = classify(answer)
        if classed.throttled:
            pause = self._client.pause(classed.retry_after)
            return Answer(**{**vars(classed), "retry_after": pause})
        return classed

    async def _read_back(self, answer: Response, partner: str, command: CommandEnvelope) -> Answer:
        """YES where the answer names the vendor, and that vendor carries our ref and differs in nothing."""
        made = _id_in(answer)
        if not made or (partner and made != partner):
            return Answer(Verdict.AMBIGUOUS, code="200", words="the answer does not name the vendor", reason="unreadable")
        try:
            rows = await self._one(made)
            kept = document(rows[0], command, self._settings) if rows else None
        except (ConnectorError, Malformed) as error:
            return Answer(Verdict.AMBIGUOUS, code="200", words=f"could not be read back: {error}"[:_WORDS], reason="unanswered")
        if kept is None or kept.ref != command["ref"] or kept.differences:
            words = "; ".join(kept.differences) if kept is not None else "it is not shown yet"
            return Answer(Verdict.AMBIGUOUS, kept, code="200", words=words[:_WORDS], reason="echo")
        return Answer(Verdict.YES, kept)


def _partner(command: CommandEnvelope, ids: Mapping[str, str]) -> str:
    """The vendor that a link, or an earlier write, names for this source; "" where none is known."""
    return ids.get(f"{command['source_entity']}/{command['source_id']}", "")


def _id_in(answer: Response) -> str:
    """The id of a ModificationResponse; "" where the answer is none."""
    found = said_in(answer).get("id")
    return str(found) if type(found) is int and found > 0 else ""


def open_writer(access: Access) -> _Writer:
    """A sink's session with one tenant."""
    return _Writer(Client(access))
