"""The WSDL of a Component Interface's service: fetched by our own client, pinned by the hash of its canonical form, read without a network.

Facts (Integration Broker book, clients of CI services): `.../PeopleSoftServiceListeningConnector/{node}/CI_{X}.1.wsdl`. Messages are called `M` +
digits and differ per site, and so do SOAPAction values; both are read here, never written in code. Schemas are inline or imported from the same
gateway (`GetSchema`). Any other address in the document is refused, and its own soap:address is never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from runtime.errors import Broken, Malformed
from systems.peoplesoft.client import Client
from systems.peoplesoft.errors import QueryAbsent
from systems.peoplesoft.markup import parsed
from systems.peoplesoft.settings import Settings

MAX_WSDL_BYTES = 4 * 1024 * 1024
MAX_IMPORTS = 20
LISTENER = "/PSIGW/PeopleSoftServiceListeningConnector"
PINNED = "pinned:///"
_WSDL, _XSD = "http://schemas.xmlsoap.org/wsdl/", "http://www.w3.org/2001/XMLSchema"
_REFERENCES = {
    f"{{{_XSD}}}import": "schemaLocation",
    f"{{{_XSD}}}include": "schemaLocation",
    f"{{{_XSD}}}redefine": "schemaLocation",
    f"{{{_WSDL}}}import": "location",
}
_LOOK = "Look at the WSDL with the site's administrator before it is accepted."
_NEVER = frozenset(["http://www.w3.org/2001/XInclude"])
_ADDRESSES = (
    "http://schemas.xmlsoap.org/wsdl/soap/",
    "http://schemas.xmlsoap.org/wsdl/soap12/",
    "http://schemas.xmlsoap.org/wsdl/http/",
)


@dataclass(frozen=True)
class Wsdl:
    """A WSDL as the site gives it: its hash, and its documents by pinned name (the service itself, then its schemas)."""

    interface: str
    digest: str
    documents: Mapping[str, bytes]

    @property
    def line(self) -> str:
        """The line that accepts it in the connection file."""
        return f"wsdl_hashes: {{{self.interface}: {self.digest}}}"


def address(settings: Settings, interface: str) -> str:
    """The address of an interface's WSDL."""
    return f"{endpoint(settings)}/CI_{interface}.1.wsdl"


def endpoint(settings: Settings) -> str:
    """The address of SOAP calls, from the settings alone."""
    return f"{settings.root}{LISTENER}/{settings.node}"


async def fetched(client: Client, interface: str) -> Wsdl:
    """The WSDL as it is now. Raises `Broken` if the site does not provide it or it points elsewhere, and the errors of `Client.get`."""
    url = address(client.settings, interface)
    root = await _document(client, url, interface)
    documents, waiting, names = {}, [(url, root)], {url: f"{PINNED}0"}
    while waiting:
        base, found = waiting.pop(0)
        for element, attribute in _references(found):
            where = _inside(client.settings, urljoin(base, element.get(attribute, "")), interface)
            if where not in names:
                names[where] = f"{PINNED}{len(names)}"
                if len(names) > MAX_IMPORTS:
                    raise Broken(f"peoplesoft {interface}: its WSDL imports more than {MAX_IMPORTS} documents.", _LOOK)
                waiting.append((where, await _document(client, where, interface)))
            element.set(attribute, names[where])
        documents[names[base]] = canonical(found)
    return Wsdl(interface, digest(documents), documents)


def pinned(interface: str, body: bytes) -> Wsdl:
    """A WSDL without imports, from its bytes. Raises `Malformed`, or `Broken` for one that points elsewhere."""
    root = parsed(body, MAX_WSDL_BYTES, with_comments=True)
    if any(True for _ in _references(root)):
        raise Broken(f"peoplesoft {interface}: its WSDL imports other documents.", _LOOK)
    documents = {f"{PINNED}0": canonical(root)}
    return Wsdl(interface, digest(documents), documents)


def require_accepted(found: Wsdl, settings: Settings) -> None:
    """Raise `Broken`, with the line to add, unless exactly this WSDL was accepted."""
    known = settings.wsdl_hashes.get(found.interface, "")
    if known.lower() == found.digest:
        return
    what = "is not accepted yet" if not known else f"is not the accepted one ({known[:12]}...): the site changed it"
    raise Broken(
        f"peoplesoft {found.interface}: its WSDL {what}.", f"After comparing it, set settings of the connection to: {found.line}"
    )


def canonical(root: etree._Element) -> bytes:
    """The document in the normal form that is hashed: without soap:address, comments, documentation and white space between elements."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, no_network=True, resolve_entities=False)
    made = etree.fromstring(etree.tostring(root), parser)
    for element in made.iter("*"):
        element.text, element.tail = _without_space(element.text), _without_space(element.tail)
    for element in list(made.iter(f"{{{_WSDL}}}documentation", f"{{{_XSD}}}annotation")):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    for namespace in _ADDRESSES:
        for element in made.iter(f"{{{namespace}}}address"):
            if "location" in element.attrib:
                del element.attrib["location"]
    return etree.tostring(made, method="c14n")


def _without_space(text: str | None) -> str | None:
    return text if text and text.strip() else None


def digest(documents: Mapping[str, bytes]) -> str:
    """The SHA-256 (hex) of the canonical documents in their order."""
    told = hashlib.sha256()
    for body in documents.values():
        told.update(hashlib.sha256(body).digest())
    return told.hexdigest()


async def _document(client: Client, url: str, interface: str) -> etree._Element:
    try:
        answer = await client.get(url, f"WSDL of {interface}")
    except QueryAbsent as error:
        remedy = f"Provide the service CI_{interface} as web service, or correct its name in the settings (install/INSTALL.md)."
        raise Broken(f"peoplesoft {interface}: the site has no WSDL at {url}.", remedy) from error
    try:
        return parsed(answer.body, MAX_WSDL_BYTES, with_comments=True)
    except Malformed as error:
        raise Broken(f"peoplesoft {interface}: its WSDL cannot be read: {error}.", _LOOK) from error


def _references(root: etree._Element) -> list[tuple[etree._Element, str]]:
    found = []
    for element in root.iter("*"):
        tag: Any = element.tag
        if etree.QName(tag).namespace in _NEVER:
            raise Broken("peoplesoft: a WSDL includes other documents.", _LOOK)
        name = _REFERENCES.get(tag)
        if name is not None and element.get(name) is not None:
            found.append((element, name))
    return found


def _inside(settings: Settings, url: str, interface: str) -> str:
    """The address of a schema, which has to belong to the connection's own gateway."""
    own, other = urlsplit(settings.root), urlsplit(url)
    is_own = (other.scheme, other.netloc) == (own.scheme, own.netloc) and other.path.startswith(f"{own.path}{LISTENER}")
    if not is_own or ".." in other.path:
        raise Broken(f"peoplesoft {interface}: its WSDL imports {other.scheme}://{other.netloc}{other.path}, another place.", _LOOK)
    return url
