"""The cookies of one session with one server, kept by the jar of the standard library, which gets only what a browser would use (RFC 6265, 5.2).

Unknown attributes (Partitioned, Priority) and attributes without a usable value (`Max-Age="60"`, an empty domain) are ignored. Expired cookies
are dropped. Dates are read in every form in use. A value that no header can carry is not kept.
"""

from __future__ import annotations

import re
import urllib.request
from email.message import Message
from http.cookiejar import CookieJar, DefaultCookiePolicy

from runtime.exchange import Response

_MOST = 50
_SECONDS = re.compile(r"-?[0-9]+")
_LONGEST_S = 10**9
_MOST_CHARACTERS = 4096
"""The most bytes of one cookie with its attributes, and the most cookies that are read from one answer. RFC 6265 (6.1) asks browsers to support at
least this many bytes."""


class Cookies:
    """The jar of a session whose calls are all below `scope`, an address that ends in a slash."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._jar = CookieJar(DefaultCookiePolicy(rfc2965=False))

    def keep(self, answer: Response) -> None:
        """Keep the cookies that an answer sets, and drop those that it expires."""
        for header in answer.headers.getall("Set-Cookie", [])[:_MOST]:
            if len(header) <= _MOST_CHARACTERS and header.isascii() and header.replace("\t", " ").isprintable():
                # one by one: the jar would still set a cookie that a later header of the same answer expires
                self._jar.extract_cookies(_Said(_understood(header)), self._request())  # type: ignore[arg-type]  # the jar only calls `info`

    def header(self) -> str:
        """The header `Cookie` of a call; "" if there is no cookie."""
        if not self._jar:
            return ""
        request = self._request()
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie") or ""

    def clear(self) -> None:
        """Forget them all."""
        self._jar.clear()

    def _request(self) -> urllib.request.Request:
        return urllib.request.Request(self._scope)  # noqa: S310 - never opened; the jar reads host, path and scheme from it


def _understood(header: str) -> str:
    """The cookie, reduced to the attributes that are used."""
    pair, *attributes = header.split(";")
    return "; ".join([pair, *filter(None, map(_attribute, attributes))])


def _attribute(text: str) -> str:
    """An attribute in the form that the jar reads; "" for an ignored one."""
    name, _, value = (part.strip() for part in text.partition("="))
    kind = name.lower()
    if kind == "max-age" and _SECONDS.fullmatch(value):
        digits = value.lstrip("-0")
        whole = _LONGEST_S if len(digits) > len(str(_LONGEST_S)) else int(digits or 0)
        return f"max-age={-whole if value.startswith('-') else whole}"
    if kind == "secure":
        return kind
    is_told = {"expires": bool(value), "domain": bool(value.strip(".")), "path": value.startswith("/")}
    return f"{kind}={value}" if is_told.get(kind) else ""


class _Said:
    def __init__(self, header: str) -> None:
        self._headers = Message()
        self._headers["Set-Cookie"] = header

    def info(self) -> Message:
        return self._headers
