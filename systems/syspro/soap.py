"""The older SOAP services of e.net, for documents that do not fit into an address: the message of a posting, and its answer in the form of REST.
Pure.

Facts (public web-service clients): `{soap_url}/Transaction.asmx` and `Setup.asmx` have the operations Post, Add, Update and Delete with UserId,
BusinessObject, XmlParameters and XmlIn. Assumed: the namespaces; that a session of REST is valid here too; and that a failed call is a fault whose
words end with those of REST after `--->`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from lxml import etree

from runtime.errors import Malformed
from runtime.exchange import Request, Response, response
from systems.syspro.models import ENCODING, SYSTEM, name, xml_of

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMESPACE = "http://www.syspro.com/ns/{service}/"
_SESSION = b"<UserId></UserId>"
_PARAMETERS = re.compile(rb"<XmlParameters>(.*?)</XmlParameters>", re.DOTALL)
_TRIAL = re.compile(rb"&lt;ValidateOnly&gt;\s*Y\s*&lt;/ValidateOnly&gt;", re.IGNORECASE)
SUFFIX = ".asmx"


def message(root: str, path: str, texts: Mapping[str, str]) -> Request:
    """The request of an operation (`Transaction/Post`) without its session."""
    service, _, operation = path.partition("/")
    namespace = _NAMESPACE.format(service=service.lower())
    told = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in texts.items())
    body = f'<{operation} xmlns="{namespace}">{_SESSION.decode()}{told}</{operation}>'
    whole = f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>{body}</soap:Body></soap:Envelope>'
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{namespace}{operation}"', "Accept": "text/xml"}
    return Request("POST", f"{root}/{service}{SUFFIX}", headers, whole.encode())


def is_soap(request: Request) -> bool:
    """Whether a request is one of these."""
    return request.method == "POST" and request.url.endswith(SUFFIX)


def with_session(request: Request, session_id: str) -> Request:
    """The request with its session, trailing blanks included."""
    body = request.body.replace(_SESSION, f'<UserId xml:space="preserve">{session_id}</UserId>'.encode(), 1)
    return Request(request.method, request.url, request.headers, body)


def changes_something(request: Request) -> bool:
    """Whether it posts or saves a record, and is not a trial."""
    found = _PARAMETERS.search(request.body)
    return found is None or _TRIAL.search(found.group(1)) is None


def plain(answer: Response) -> Response:
    """The answer in the form of REST: the text of the result, or `ERROR:` and the words of a fault. Any other answer stays as it is."""
    if answer.status not in (200, 500) or b"Envelope" not in answer.body[:400]:
        return answer
    try:
        root = xml_of(answer.body.decode("utf-8"))
        said = _said(root)
    except (Malformed, UnicodeDecodeError):
        return answer
    return (
        answer
        if said is None
        else response(200, said.encode(ENCODING, "xmlcharrefreplace"), {"Content-Type": "application/octet-stream"})
    )


def _said(root: etree._Element) -> str | None:
    if name(root) != "envelope":
        return None
    for one in root.iter():
        if name(one) == "faultstring":
            return f"ERROR: {(one.text or '').rpartition('--->')[2].strip() or f'{SYSTEM} says nothing'}"
        if name(one).endswith("result") and not len(one):
            return one.text or ""
    return None
