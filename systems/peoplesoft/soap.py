"""SOAP 1.1 with a Component Interface: messages built by zeep from the pinned WSDL, answers read from their bytes.

zeep only builds messages: it opens no connection (its transport refuses every address), follows no import and reads no answer. Names of messages,
namespaces and SOAPAction come from the binding (PeopleBooks: they differ per site). Properties may be spelled plain or with the prefix KEYPROP_,
PROP_ or COLL_ (clients of CI services).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from lxml import etree

from runtime.errors import Broken, Malformed, Refused
from runtime.exchange import Response
from systems.peoplesoft.documents import Tree
from systems.peoplesoft.markup import TYPES, local, parsed, said
from systems.peoplesoft.wsdl import PINNED, Wsdl

Element: TypeAlias = etree._Element
CREATE, GET = "Create", "Get"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PREFIXES = ("KEYPROP_", "PROP_", "COLL_")
_SETTINGS = {
    "strict": True,
    "forbid_dtd": True,
    "forbid_entities": True,
    "forbid_external": True,
    "xml_huge_tree": False,
    "force_https": False,
}


@dataclass(frozen=True)
class Message:
    """One call: SOAPAction, the bytes of the envelope, and the qualified name of the element that answers it."""

    action: str
    body: bytes
    answered: str


@dataclass(frozen=True)
class User:
    """Who signs each message by WS-Security."""

    name: str
    password: str


@cache
def _zeep() -> Any:
    """Load the library when the first message is built, because most processes that know this system build none, and loading takes a quarter of their
    start."""
    import zeep.exceptions
    import zeep.wsse.username

    return zeep


class _NoNetwork:
    """zeep's transport. It returns the pinned documents and reaches no network."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = documents

    def load(self, url: str) -> bytes:
        """A pinned document. Raises `ExternalReferenceForbidden` for anything else."""
        if url not in self._documents:
            raise _zeep().exceptions.ExternalReferenceForbidden(url)
        return self._documents[url]


class Service:
    """The service of one Component Interface, as its pinned WSDL describes it."""

    def __init__(self, pinned: Wsdl, user: User | None = None) -> None:
        self.interface = pinned.interface
        token = _zeep().wsse.username.UsernameToken(user.name, user.password) if user else None
        try:
            self._client = _zeep().Client(
                io.BytesIO(pinned.documents[f"{PINNED}0"]),
                wsse=token,
                transport=_NoNetwork(pinned.documents),
                settings=_zeep().Settings(**_SETTINGS),
            )
            self._operations = self._read()
        except (
            _zeep().exceptions.Error,
            etree.LxmlError,
            LookupError,
            AttributeError,
            TypeError,
            ValueError,
            RuntimeError,
        ) as error:
            raise Broken(
                f"peoplesoft {self.interface}: its WSDL cannot be used: {type(error).__name__}: {str(error)[:200]}.",
                "Generate the service anew at the site (install/INSTALL.md), or report it.",
            ) from error
        for method in (CREATE, GET):
            self._operation(method)

    def _read(self) -> dict[str, Any]:
        """Operations by method. The root of their request gives the method: `Create__CompIntfc__{X}`."""
        found = {}
        self._binding = self._client.service._binding
        if type(self._binding).__name__ != "Soap11Binding":
            raise ValueError("no SOAP 1.1 binding")
        for operation in self._binding.all().values():
            method, mark, interface = str(operation.input.body.qname.localname).partition("__CompIntfc__")
            if mark and interface == self.interface:
                found[method] = operation
        return found

    def _operation(self, method: str) -> Any:
        operation = self._operations.get(method)
        if operation is None:
            raise Broken(
                f"peoplesoft {self.interface}: its service has no operation {method}.",
                "Select it when generating the CI-based service.",
            )
        return operation

    def message(self, method: str, tree: Tree) -> Message:
        """The call of a method with these properties. Raises `Refused` for properties that the interface cannot take."""
        operation = self._operation(method)
        try:
            properties = self._fitted(tree, operation.input.body.type)
            envelope, _ = self._binding._create(operation.name, (), properties, client=self._client)
        except (_zeep().exceptions.Error, TypeError, ValueError) as error:
            raise Refused(f"peoplesoft {self.interface}: {method} cannot be written: {str(error)[:200]}") from error
        body = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        return Message(str(operation.soapaction), body, str(operation.output.body.qname))

    def _fitted(self, tree: Tree, kind: Any) -> Tree:
        """The tree, with the interface's own spelling of its properties."""
        names = {plain(name): (name, element.type) for name, element in kind.elements}
        if unknown := sorted(set(tree) - set(names)):
            raise Refused(f"peoplesoft {self.interface} has no property {', '.join(unknown)}")
        made = {}
        for name, value in tree.items():
            own, inner = names[name]
            made[own] = [self._fitted(one, inner) for one in value] if isinstance(value, list) else value
        return made


def plain(name: str) -> str:
    """A property's name without the prefix that some sites' interfaces show."""
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)


# --- answers ----------------------------------------------------------------------------------------------------------


def opened(answer: Response) -> Element:
    """The content of an answer: the only element of its only Body, or the root of a bare answer of the gateway. Raises `Malformed`."""
    if answer.content_type not in TYPES:
        raise Malformed(f"{answer.content_type or 'nothing'} instead of XML")
    root = parsed(answer.body)
    if local(root) != "Envelope":
        return root
    if etree.QName(root).namespace != ENVELOPE:
        raise Malformed("an envelope of another namespace")
    parts = [str(part.tag) for part in root]
    if parts not in ([f"{{{ENVELOPE}}}Body"], [f"{{{ENVELOPE}}}Header", f"{{{ENVELOPE}}}Body"]):
        raise Malformed(f"an envelope of {len(parts)} parts, not one Body")
    body = root[-1]
    if len(body) != 1 or (body.text or "").strip() or (body[0].tail or "").strip():
        raise Malformed(f"a Body with {len(body)} elements")
    return body[0]


def is_enveloped(element: Element) -> bool:
    """Whether it was in the Body of an envelope."""
    parent = element.getparent()
    return parent is not None and parent.tag == f"{{{ENVELOPE}}}Body"


def is_fault(element: Element) -> bool:
    """Whether it is a SOAP fault."""
    return bool(element.tag == f"{{{ENVELOPE}}}Fault")


def fault_words(element: Element) -> str:
    """Code and text of a fault."""
    return " ".join(" ".join(str(part) for part in element.itertext()).split())[:300]


def tree(element: Element) -> Tree:
    """An element as properties: a leaf as text, an element with children as a list of rows. Raises `Malformed`.

    All descendants have to be in its own namespace. A property that occurs twice is refused, because it would have two values.
    """
    namespace = etree.QName(element).namespace
    made: Tree = {}
    for child in element:
        if etree.QName(child).namespace != namespace:
            raise Malformed(f"{local(child)} is of another namespace")
        name = plain(local(child))
        if len(child):
            if isinstance(made.setdefault(name, []), str):
                raise Malformed(f"{name} is a value and a collection")
            made[name].append(tree(child))
        elif name in made:
            raise Malformed(f"{name} is there twice")
        else:
            made[name] = said(child)
    return made
