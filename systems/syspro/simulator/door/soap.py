"""The older SOAP services of e.net: `/sysprowebservices/{Utilities,Query,Transaction,Setup}.asmx`, for documents that do not fit into an address.

Sources: services, operations and their texts of public clients; the namespaces and the SOAPAction of one of them. Assumed: the site shares its
sessions with REST; names of texts are compared without case (two clients spell them differently); the result is the text of REST; and a failed call
is a fault with status 500 whose faultstring ends with the words.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from runtime.simulator.answers import read_xml
from systems.syspro.simulator.answers import Failed, page
from systems.syspro.simulator.company import Company
from systems.syspro.simulator.door.operations import Operations

BASE = "/sysprowebservices"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMESPACE = "http://www.syspro.com/ns/{service}/"
_PREFIX = {"utilities": "", "query": "query/", "transaction": "transaction/", "setup": "setup/"}
_IGNORED = {"languagecode", "loglevel", "encoreinstance"}
_UNABLE = "System.Web.Services.Protocols.SoapException: Server was unable to process request. ---> "


class Soap:
    """The services."""

    def __init__(self, company: Company, operations: Operations) -> None:
        self._company, self._operations = company, operations

    def takes(self, path: str) -> bool:
        """Whether a path belongs to one of these services."""
        return path.lower().startswith(f"{BASE}/")

    async def answer(self, request: web.Request) -> web.Response:
        """One call."""
        service = request.path.lower().removeprefix(f"{BASE}/").removesuffix(".asmx")
        if not (self._company.settings.enet and self._company.settings.soap) or service not in _PREFIX:
            return page(404, "The resource cannot be found.", "HTTP 404.")
        if request.method != "POST":
            return page(405, "Request format is unrecognized.", "The service takes SOAP by POST.")
        try:
            name, texts = self._call(service, await request.read())
            _require_action(request, _NAMESPACE.format(service=service) + name)
            found = self._operations.asked(_PREFIX[service] + name.lower(), texts)
        except Failed as failed:
            return _envelope(
                f"<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{escape(_UNABLE + str(failed))}</faultstring><detail/></soap:Fault>",
                500,
            )
        namespace = _NAMESPACE.format(service=service)
        return _envelope(f'<{name}Response xmlns="{namespace}"><{name}Result>{escape(found)}</{name}Result></{name}Response>', 200)

    def _call(self, service: str, raw: bytes) -> tuple[str, dict[str, str]]:
        """The operation and its texts; raises `Failed`."""
        try:
            root = read_xml(raw)
        except ValueError as error:
            raise Failed(f"Unable to read the SOAP message: {error}") from error
        body = root.find(f"{{{ENVELOPE}}}Body")
        calls = [] if body is None or root.tag != f"{{{ENVELOPE}}}Envelope" else [one for one in body if isinstance(one.tag, str)]
        if len(calls) != 1:
            raise Failed("The SOAP message has no call")
        call = calls[0]
        name = etree.QName(call)
        takes = self._operations.takes.get(_PREFIX[service] + name.localname.lower())
        if takes is None or name.namespace != _NAMESPACE.format(service=service):
            raise Failed(f"The service {service} has no operation {name.localname} of that namespace")
        return name.localname, self._texts(call, takes)

    @staticmethod
    def _texts(call: Any, takes: tuple[str, ...]) -> dict[str, str]:
        known = {one.lower(): one for one in takes}
        texts = dict.fromkeys(takes, "")
        for child in call.iterchildren("*"):
            name = etree.QName(child).localname.lower()
            if name in known:
                texts[known[name]] = child.text or ""
            elif name not in _IGNORED | {"xmlin"}:
                raise Failed(f"The operation has no text {etree.QName(child).localname}")
        return texts


def _require_action(request: web.Request, action: str) -> None:
    if request.headers.get("SOAPAction", "").strip('"') not in ("", action):
        raise Failed("Server did not recognize the value of HTTP Header SOAPAction")


def _envelope(inner: str, status: int) -> web.Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>{inner}</soap:Body></soap:Envelope>'
    return web.Response(status=status, body=body.encode(), content_type="text/xml", charset="utf-8")
