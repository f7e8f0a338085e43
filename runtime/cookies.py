"""Cookies of one session with one server, kept by the standard library's jar, which reads what browsers read.

Unknown attributes (Partitioned, Priority) are ignored, expired cookies are dropped, dates are read in every form in use. A value that
no header can carry is not kept.
"""

from __future__ import annotations

import urllib.request
from email.message import Message
from http.cookiejar import CookieJar, DefaultCookiePolicy

from runtime.exchange import Response

_MOST = 50
_MOST_CHARACTERS = 4096
"""Of one cookie with its attributes, and how many are looked at in one answer: what RFC 6265 (6.1) asks of browsers at least."""


class Cookies:
    """The jar of a session whose calls all lie below `scope`, an address that ends in a slash."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._jar = CookieJar(DefaultCookiePolicy(rfc2965=False))

    def keep(self, answer: Response) -> None:
        """Take over what an answer sets, and drop what it ends."""
        for header in answer.headers.getall("Set-Cookie", [])[:_MOST]:
            if len(header) <= _MOST_CHARACTERS and header.isascii() and header.replace("\t", " ").isprintable():
                # one by one: of one answer the jar would set what a later header of it ends
                self._jar.extract_cookies(_Said(header), self._request())  # type: ignore[arg-type]  # it is asked for `info` alone

    def header(self) -> str:
        """What a call carries as `Cookie`; "" where there is none."""
        request = self._request()
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie") or ""

    def clear(self) -> None:
        """Forget them all."""
        self._jar.clear()

    def _request(self) -> urllib.request.Request:
        return urllib.request.Request(self._scope)  # noqa: S310 - never opened; the jar reads host, path and scheme from it


class _Said:
    def __init__(self, header: str) -> None:
        self._headers = Message()
        self._headers["Set-Cookie"] = header

    def info(self) -> Message:
        return self._headers
