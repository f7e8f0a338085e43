"""The HTTP connector: `/PSIGW/HttpListeningConnector`, for asynchronous messages, raw or in an IBRequest.

Sources: PeopleBooks and the Integration Broker book: the operation in the IBRequest or in the query (`?Operation=X.v1&From=N&To=N`), content as
CDATA, acknowledgement with TransactionID means queued; errors inside HTTP 200. HTTP Basic or a bearer token on this connector: assumed.
"""

from __future__ import annotations

from aiohttp import web

from systems.peoplesoft.simulator.answers import BrokerError, acknowledged, xml_answer
from systems.peoplesoft.simulator.listener import carried_out, element_of, require_active
from systems.peoplesoft.simulator.security import Security
from systems.peoplesoft.simulator.services import BUILD
from systems.peoplesoft.simulator.site import Site
from systems.peoplesoft.simulator.staging import receive

PATH = "/PSIGW/HttpListeningConnector"


def add_connector(app: web.Application, site: Site, security: Security) -> None:
    """Add the HTTP connector; only VOUCHER_BUILD listens there."""

    def answer(request: web.Request, body: bytes) -> web.Response:
        user = security.rest(request)
        root = element_of(body)
        name, destination = request.query.get("Operation", ""), request.query.get("To", "")
        if root.tag == "IBRequest":
            name, destination = root.findtext("ExternalOperationName") or "", root.findtext("To/DestinationNode") or ""
            kind = root.findtext("OperationType") or ""
            if kind != "async":
                raise BrokerError(4, f"Operation type {kind or 'missing'} is not supported by {name or 'this request'}.")
            root = element_of((root.findtext("ContentSections/ContentSection/Data") or "").strip().encode())
        if name.upper() != f"{BUILD}.V1":
            raise BrokerError(69, f"Unable to find a service operation for {name or 'a request without Operation'}.")
        if destination != site.settings.node:
            raise BrokerError(3, "The requested node is not known to this gateway.")
        site.calls[BUILD] += 1
        require_active(site, user, BUILD)
        transaction = receive(site, root, request.headers.get("X-Request-Id", ""))
        return xml_answer(f'<?xml version="1.0"?>\n{acknowledged(transaction)}')

    async def call(request: web.Request) -> web.StreamResponse:
        return await carried_out(site, request, answer)

    app.router.add_post(PATH, call)
