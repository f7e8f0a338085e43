"""What the services answer: texts in Windows-1252, documents with single-quoted attributes, and the errors.

Sources: recorded REST exchanges of a SYSPRO 7 service (forms, paddings, root attributes, `ERROR:` texts, GET only, Microsoft-HTTPAPI/2.0).
Assumed: the words of every error that was not recorded, and the page for an address that is too long (HTTP.SYS).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Union
from xml.sax.saxutils import escape

from aiohttp import web

ENCODING = "cp1252"
_DECLARATION = '<?xml version="1.0" encoding="Windows-1252"?>\n'
_SERVER = "Microsoft-HTTPAPI/2.0"
_PAGE = "<HTML><HEAD><TITLE>{title}</TITLE></HEAD><BODY><h2>{title}</h2><hr><p>{text}</p></BODY></HTML>"
_STRING = '<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">{text}</string>'

Tag = tuple[str, Union[str, "list[Tag]"]]
"""An element: its name, and its text or its children."""


class Failed(Exception):
    """The call fails as a whole: HTTP 200 with `ERROR: ` and the text."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one element of a document: its value, the number of the message and its words."""

    element: str
    value: str
    number: int
    text: str

    def shown(self) -> Tag:
        """The error as an element of the answer."""
        return self.element, [("Value", self.value), ("ErrorNumber", str(self.number)), ("ErrorDescription", self.text)]


def document(root: str, version: str, children: list[Tag]) -> str:
    """A complete document; `version` is that of the business object."""
    told = f"Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' Version='{version}'"
    return f"{_DECLARATION}<{root} {told} OperatorPrimaryRole='   '>\n{_written(children)}</{root}>\n"


def _written(tags: list[Tag]) -> str:
    parts = []
    for name, inner in tags:
        if isinstance(inner, str):
            parts.append(f"<{name}>{escape(inner)}</{name}>\n" if inner else f"<{name}/>\n")
        else:
            parts.append(f"<{name}>\n{_written(inner)}</{name}>\n")
    return "".join(parts)


def lowered(tag: Tag) -> Tag:
    """The element with its own name and those of its children in lower case, as in the answers of setup."""
    name, inner = tag
    return name.lower(), inner if isinstance(inner, str) else [lowered(one) for one in inner]


def text_answer(text: str, form: str = "bare") -> web.Response:
    """The answer of the REST service, wrapped as this site does."""
    if form == "quoted":
        text = json.dumps(text, ensure_ascii=False)
    if form == "string":
        text = _STRING.format(text=escape(text))
    return web.Response(
        body=text.encode(ENCODING, "xmlcharrefreplace"), content_type="application/octet-stream", headers={"Server": _SERVER}
    )


def page(status: int, title: str, text: str) -> web.Response:
    """A page of HTTP.SYS or of the web server."""
    body = _PAGE.format(title=title, text=text).encode()
    return web.Response(status=status, body=body, content_type="text/html", headers={"Server": _SERVER})
