"""Reads the answer to a SOAP call: the properties that were asked for, or the class of any other answer. Pure.

A success is an HTTP 200 in XML whose envelope has one Body with the one element that the WSDL names, and everything in it has the element's own
namespace. Errors come with HTTP 200 as well as with 500 (PeopleBooks). Anything else is AMBIGUOUS.
"""

from __future__ import annotations

from runtime.errors import Malformed
from runtime.exchange import Response
from systems.contract import Answer
from systems.peoplesoft import errors, soap
from systems.peoplesoft.documents import Tree
from systems.peoplesoft.models import broker
from systems.peoplesoft.soap import Message
from systems.writing.frame import ambiguous


def said(answer: Response, message: Message) -> Tree | Answer:
    """The properties that an answer shows, or the class of any other answer."""
    if (told := errors.of_status(answer)) is not None:
        return told
    try:
        element = soap.opened(answer)
        refused = _refused(answer, element)
        if refused is not None:
            return refused
        if answer.status == 200 and soap.is_enveloped(element) and element.tag == message.answered:
            return soap.tree(element)
    except Malformed as error:
        return ambiguous(f"HTTP {answer.status}: {error}", "unreadable", code=str(answer.status))
    return ambiguous(f"HTTP {answer.status}: {element.tag} was not asked for", "unreadable", code=str(answer.status))


def _refused(answer: Response, element: soap.Element) -> Answer | None:
    """The class of an answer that can be read and speaks against the write; None if it does not."""
    said = broker(answer.body)
    if said is not None:
        return errors.of_broker(said)
    if soap.is_fault(element):
        return ambiguous(soap.fault_words(element), "fault", code="fault")
    messages = errors.messages_of(element)
    return None if messages is None else errors.of_interface(messages, errors.interface_of(element))


def unacknowledged(answer: Response) -> Answer | None:
    """None if the message was queued, else the class of the answer."""
    if (told := errors.of_status(answer)) is not None:
        return told
    try:
        element = soap.opened(answer)
    except Malformed as error:
        return ambiguous(f"HTTP {answer.status}: {error}", "unreadable", code=str(answer.status))
    said = broker(answer.body)
    if answer.status == 200 and said is not None and not said.is_error and said.transaction:
        return None
    return _refused(answer, element) or ambiguous(f"HTTP {answer.status}: no acknowledgement", "unreadable", str(answer.status))


def echoed_keys(shown: Tree, interface: str) -> Tree | None:
    """The keys in `detail/{X}` of the answer to a Create."""
    inner: Tree = shown
    for name in ("detail", interface):
        found = inner.get(name)
        if not isinstance(found, list) or len(found) != 1:
            return None
        inner = found[0]
    return inner
