"""Misleading answers: faults that only this simulator has, in the answers of the SOAP and HTTP connectors.

Planned like the common faults (`runtime/simulator/faults.py`), with `path` matched against the address. The request is handled, then:

    fault_200       answer a SOAP fault (158,10001) inside HTTP 200 although the row is saved
    ib_error_200    answer a bare IBResponse of type error inside HTTP 200 although the row is saved
    two_bodies      the envelope has its Body twice
    doctype         the answer begins with a DOCTYPE that declares an entity
    wrong_echo      a Create answers another row's key (applied by the interface; `path` is the service operation's name)
    fault_before    answer a SOAP fault (158,10001) with `status` (default 500); the request is not handled
    ib_error_before answer a bare IBResponse of type error inside HTTP 200; the request is not handled
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from systems.peoplesoft.simulator.answers import fault, handler_failed, ib_error, xml_answer
from systems.peoplesoft.simulator.site import Site

_DOCTYPE = b'<!DOCTYPE soapenv:Envelope [<!ENTITY site "PSFT_EP">]>'


async def told(site: Site, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a call through `handler`, or with the planned lie."""
    error = handler_failed("The application server does not answer.").message
    before = site.faults.take("fault_before", request.method, request.path)
    if before is not None:
        return xml_answer(fault(error), before.status or 500)
    if site.faults.take("ib_error_before", request.method, request.path) is not None:
        return xml_answer(ib_error(error))
    answer = await handler(request)
    if site.faults.take("fault_200", request.method, request.path) is not None:
        return xml_answer(fault(error))
    if site.faults.take("ib_error_200", request.method, request.path) is not None:
        return xml_answer(ib_error(error))
    body = bytes(answer.body) if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    changed = _changed(site, request, body)
    return answer if changed is None else web.Response(status=answer.status, body=changed, content_type="text/xml", charset="utf-8")


def _changed(site: Site, request: web.Request, body: bytes) -> bytes | None:
    if site.faults.take("two_bodies", request.method, request.path) is not None:
        start, end = body.find(b"<soapenv:Body>"), body.find(b"</soapenv:Envelope>")
        return body[:end] + body[start:end] + body[end:]
    if site.faults.take("doctype", request.method, request.path) is not None:
        declaration, mark, rest = body.partition(b"?>")
        return declaration + mark + _DOCTYPE + rest
    return None
