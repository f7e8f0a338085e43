"""The SOAP connector: `/PSIGW/PeopleSoftServiceListeningConnector`, its WSDLs and the calls of Component Interfaces.

Sources: the Integration Broker book, PeopleBooks, clients of CI services: addresses with and without `CI_X.1.wsdl`; the operation is found by
SOAPAction, then by the query; WSDL by address or `?Operation=GetWSDL`; errors inside HTTP 200. A fault's HTTP status (`fault_status`) and
which refusals are faults and which a bare IBResponse: assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from runtime.simulator.answers import read_xml
from systems.peoplesoft.simulator.answers import (
    ENVELOPE,
    BrokerError,
    acknowledged,
    broker_answer,
    envelope,
    unreadable,
    xml_answer,
)
from systems.peoplesoft.simulator.interfaces import Call, answered
from systems.peoplesoft.simulator.lies import told
from systems.peoplesoft.simulator.security import Security, Unauthorized
from systems.peoplesoft.simulator.services import BUILD, by_action, inactive_part, interfaces, is_granted, operations, provided
from systems.peoplesoft.simulator.site import Site
from systems.peoplesoft.simulator.staging import receive
from systems.peoplesoft.simulator.wsdl import schema_of, wsdl

ROOT = "/PSIGW/PeopleSoftServiceListeningConnector"
_SUFFIX = ".1.wsdl"
_INACTIVE = {
    "VERSION_STATUS": (66, "Service operation {} is not active."),
    "ROUTING_STATUS": (67, "Unable to find a routing corresponding to the incoming request message {}."),
    "HANDLER_STATUS": (68, "No active handler exists for service operation {}."),
}


class Listener:
    """Answers the SOAP connector."""

    def __init__(self, site: Site, security: Security) -> None:
        self._site = site
        self._security = security

    def add(self, app: web.Application) -> None:
        """Add the routes."""
        for path in (ROOT, ROOT + "/", ROOT + "/{name}", ROOT + "/{node}/{name}"):
            app.router.add_get(path, self.document)
            app.router.add_post(path, self.call)

    async def document(self, request: web.Request) -> web.StreamResponse:
        """GET: a WSDL, or the schema of one message."""
        settings = self._site.settings
        try:
            user = self._security.transport(request)
        except Unauthorized as error:
            return unauthorized(error)
        if settings.wsdl_security == "basic" and not user:
            return unauthorized(Unauthorized('Basic realm="PeopleSoft"'))
        self._site.calls["GetWSDL"] += 1
        return await told(self._site, request, self._document)

    async def _document(self, request: web.Request) -> web.Response:
        name = next((str(part) for part in request.match_info.values() if str(part).endswith(_SUFFIX)), "")
        asked = request.query.get("Operation", "")
        if asked == "GetWSDL":
            name = request.query.get("wsdl", "") + ".wsdl"
        elif asked == "GetSchema":
            return self._schema(request.query.get("xsd", ""))
        interface = name.removesuffix(_SUFFIX).removeprefix("CI_")
        is_known = name.startswith("CI_") and name.endswith(_SUFFIX) and interface in provided(self._site)
        if not is_known or not self._is_node(request):
            return web.Response(status=404, text="")
        host = self._site.settings.wsdl_host or f"{request.scheme}://{request.host}"
        return xml_answer(wsdl(self._site, interface, f"{host}{ROOT}/{self._site.settings.node}"))

    def _schema(self, name: str) -> web.Response:
        for interface in provided(self._site):
            found = schema_of(self._site, interface, name)
            if found is not None:
                return xml_answer(found)
        return web.Response(status=404, text="")

    def _is_node(self, request: web.Request) -> bool:
        parts = [str(part) for part in request.match_info.values()]
        nodes = [part for part in parts if not part.endswith(_SUFFIX)]
        return all(node == self._site.settings.node for node in nodes)

    async def call(self, request: web.Request) -> web.StreamResponse:
        """POST: one SOAP call."""
        return await carried_out(self._site, request, self._answer, self._site.settings.fault_status)

    def _answer(self, request: web.Request, body: bytes) -> web.Response:
        if request.content_type != "text/xml":
            raise BrokerError(7, f"Content type {request.content_type} is not supported by this connector.", message_set=159)
        if not self._is_node(request):
            raise BrokerError(3, "The requested node is not known to this gateway.")
        header, root = parsed(body)
        action = (request.headers.get("SOAPAction") or "").strip().strip('"') or request.query.get("Operation", "")
        user = self._security.soap(request, header)
        request_id = request.headers.get("X-Request-Id", "")
        if action.upper() == f"{BUILD}.V1":
            self._site.calls[BUILD] += 1
            require_active(self._site, user, BUILD)
            return xml_answer(envelope(acknowledged(receive(self._site, root, request_id))))
        operation = by_action(self._site, action)
        if operation is None:
            raise BrokerError(69, f"Unable to find a service operation for {action or 'a request without SOAPAction'}.")
        self._site.calls[operation.name] += 1
        require_active(self._site, user, operation.name)
        return xml_answer(envelope(answered(self._site, Call(operation, root, user, request_id))))


async def carried_out(
    site: Site, request: web.Request, answer: Callable[[web.Request, bytes], web.Response], fault_status: int = 0
) -> web.StreamResponse:
    """The answer of a connector to one call, or its refusal; with `fault_status` 0, a refusal is never a SOAP fault."""

    async def handled(request: web.Request) -> web.Response:
        try:
            return answer(request, await request.read())
        except Unauthorized as error:
            return unauthorized(error)
        except BrokerError as error:
            error.is_fault = error.is_fault and bool(fault_status)
            return broker_answer(error, fault_status or 200)

    return await told(site, request, handled)


def wsdl_paths(site: Site) -> list[str]:
    """The addresses of the WSDLs, without the host."""
    return [f"{ROOT}/{site.settings.node}/CI_{interface}{_SUFFIX}" for interface in interfaces(site) if operations(site, interface)]


def require_active(site: Site, user: str, name: str) -> None:
    """Raises `BrokerError` if a part of the operation is switched off, or the user may not call it."""
    part = inactive_part(site, name)
    if part:
        number, text = _INACTIVE[part]
        raise BrokerError(number, text.format(name), is_fault=site.settings.inactive_form == "fault")
    if not is_granted(site, user, name):
        raise BrokerError(70, f"User {user} is not authorized for service operation {name}.", is_fault=True)


def parsed(body: bytes) -> tuple[Any, Any]:
    """Header (or None) and the only element of the Body; raises `BrokerError` (159,5)."""
    root = element_of(body)
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise unreadable()
    bodies = root.findall(f"{{{ENVELOPE}}}Body")
    parts = [part for one in bodies for part in one if isinstance(part.tag, str)]
    if len(bodies) != 1 or len(parts) != 1:
        raise unreadable()
    return root.find(f"{{{ENVELOPE}}}Header"), parts[0]


def element_of(body: bytes) -> Any:
    """The root of a request; raises `BrokerError` (159,5)."""
    try:
        return read_xml(body)
    except ValueError as error:
        raise unreadable() from error


def unauthorized(error: Unauthorized) -> web.Response:
    """HTTP 401 with the challenge."""
    return web.Response(status=401, text="Unauthorized", headers={"WWW-Authenticate": error.challenge})
