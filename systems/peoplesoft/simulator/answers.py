"""The forms in which the site answers: SOAP envelopes and faults, IBResponse, and the errors of Component Interfaces.

Sources: recorded faults of Query Access Service (fault with IBResponse in its detail; (158,45), (159,5), (158,10001)), PeopleBooks and the
Integration Broker book (IBResponse error and success inside HTTP 200, `Error-Warning/Message` of a CI with HTTP 200). Message numbers that
those do not name are assumed; SYSTEM.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from aiohttp import web

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_DECLARATION = '<?xml version="1.0"?>\n'


@dataclass(frozen=True)
class Message:
    """One message of the message catalogue; `where` is the property or row that it refers to."""

    set: int
    number: int
    text: str
    where: str = ""
    type: str = "Error"

    @property
    def words(self) -> str:
        """The text as it is displayed, with its set and number in brackets."""
        return f"{self.text} ({self.set},{self.number})"

    @property
    def columns(self) -> dict[str, str]:
        """The message as the error columns of a document show it."""
        return {"ERROR_SET": str(self.set), "ERROR_NBR": str(self.number), "ERROR_TEXT": f"{self.words} {self.where}".strip()}


NO_ERROR = {"ERROR_SET": "", "ERROR_NBR": "", "ERROR_TEXT": ""}


class BrokerError(Exception):
    """Integration Broker refuses: `is_fault` answers a SOAP fault, else a bare IBResponse inside HTTP 200."""

    def __init__(self, number: int, text: str, *, is_fault: bool = False, message_set: int = 158, status: int = 0) -> None:
        super().__init__(text)
        self.message = Message(message_set, number, text)
        self.is_fault = is_fault
        self.status = status


class Refused(Exception):
    """The Component Interface or its component's edits refuse: answered inside HTTP 200."""

    def __init__(self, *messages: Message) -> None:
        super().__init__("; ".join(message.words for message in messages))
        self.messages = messages


def password_failed() -> BrokerError:
    """Wrong user or password in WS-Security."""
    return BrokerError(45, "User password failed.", is_fault=True)


def unreadable() -> BrokerError:
    """The gateway could not parse the request."""
    return BrokerError(5, "Failed to parse the XML document.", message_set=159)


def handler_failed(why: str) -> BrokerError:
    """The handler of the operation stopped."""
    return BrokerError(10001, f"Service Operation handler failure. {why}", is_fault=True)


def xml_answer(text: str, status: int = 200, content_type: str = "text/xml") -> web.Response:
    """An XML answer in UTF-8."""
    return web.Response(status=status, body=text.encode(), content_type=content_type, charset="utf-8")


def envelope(body: str) -> str:
    """A SOAP 1.1 envelope around `body`."""
    return (
        f'{_DECLARATION}<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )


def ib_error(message: Message) -> str:
    """The IBResponse of an error."""
    return (
        '<IBResponse type="error"><DefaultTitle>Integration Broker Response</DefaultTitle><StatusCode>20</StatusCode>'
        f"<MessageSet>{message.set}</MessageSet><MessageID>{message.number}</MessageID>"
        f"<DefaultMessage>{escape(message.words)}</DefaultMessage><MessageParameters/></IBResponse>"
    )


def acknowledged(transaction: str) -> str:
    """The IBResponse of an asynchronous operation: queued, not processed."""
    return (
        '<IBResponse type="success"><DefaultTitle>Integration Broker Response</DefaultTitle><StatusCode>0</StatusCode>'
        f"<TransactionID>{escape(transaction)}</TransactionID></IBResponse>"
    )


def fault(message: Message) -> str:
    """The envelope of a SOAP fault with the IBResponse in its detail."""
    detail = ib_error(message).replace('<IBResponse type="error">', '<IBResponse xmlns="" type="error">', 1)
    return (
        f'{_DECLARATION}<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENVELOPE}"><SOAP-ENV:Body><SOAP-ENV:Fault>'
        f"<faultcode>SOAP-ENV:Server</faultcode><faultstring>null</faultstring><detail>{detail}</detail>"
        "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )


def broker_answer(error: BrokerError, fault_status: int) -> web.Response:
    """A refusal of Integration Broker to a caller of the SOAP or HTTP connector."""
    if error.is_fault:
        return xml_answer(fault(error.message), error.status or fault_status)
    return xml_answer(_DECLARATION + ib_error(error.message), error.status or 200)


def interface_errors(interface: str, keys: dict[str, str], messages: tuple[Message, ...], namespace: str = "") -> str:
    """The answer of a Component Interface in place of its response: `{X}/Error-Warning/Message`, with the keys that were asked for."""
    rows = "".join(
        f"<Message><Type>{message.type}</Type><MessageSetNumber>{message.set}</MessageSetNumber>"
        f"<MessageNumber>{message.number}</MessageNumber><MessageText>{escape(message.words)}</MessageText>"
        f"<ExplainText>{escape(message.where)}</ExplainText></Message>"
        for message in messages
    )
    held = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in keys.items())
    return f'<{interface} xmlns="{namespace}"><Error-Warning>{rows}</Error-Warning><Key_information>{held}</Key_information></{interface}>'
