"""Cookies as servers set them: what browsers ignore is ignored, what has ended is not sent, and no attribute becomes a cookie."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from runtime.exchange import Response
from systems.http.cookies import Cookies

SCOPE = "https://erp.example.com/site/entity/"


def sets(*headers: str) -> Response:
    return Response(200, CIMultiDictProxy(CIMultiDict([("Set-Cookie", header) for header in headers])), b"")


def kept(*headers: str, scope: str = SCOPE) -> str:
    jar = Cookies(scope)
    jar.keep(sets(*headers))
    return jar.header()


@pytest.mark.parametrize(
    "header",
    [
        "S=abc",
        "S=abc; path=/; HttpOnly; SameSite=Lax",
        "S=abc; path=/; Partitioned; HttpOnly",
        "S=abc; Priority=High; path=/",
        "S=abc; path=/; Priority=High; Partitioned; SameSite=None; Secure; Something; Other=thing",
        "S=abc; expires=Wed, 02 Dec 2099 10:00:00 UTC; path=/",
        "S=abc; expires=Wed, 02 Dec 2099 10:00:00 GMT; path=/",
        "S=abc; expires=Wed, 02-Dec-2099 10:00:00 GMT; path=/",
        "S=abc; expires=Wed Dec  2 10:00:00 2099; path=/",
        "S=abc; expires=Wed, 02 Dec 2099 10:00:00 +0000; path=/",
        "S=abc; expires=Fri, 31 Dec 9999 23:59:59 GMT; path=/",
        "S=abc; expires=never; path=/",
        "S=abc; max-age=3600; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "S=abc; path=/site; Domain=erp.example.com",
        "S=abc;;; ; path=/",
        "S=abc; Max-Age=1e400",
        "S=abc; Max-Age=" + "9" * 3900,
        'S=abc; Max-Age="100"; path=/',
        "S=abc; Max-Age=; path=/",
        'S=abc; Port="80"; Version=1; Comment=x; Discard; CommentURL=y',
        "S=abc; Domain=; path=/",
        "S=abc; Domain=.; path=/",
        "S=abc; Path; Domain",
        "S=abc; Path=relative",
    ],
)
def test_a_session_cookie_is_kept_and_its_attributes_are_no_cookies(header: str) -> None:
    assert kept(header) == "S=abc"


@pytest.mark.parametrize(
    "ends",
    [
        "S=abc; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/",
        "S=abc; expires=Thu, 01 Jan 1970 00:00:00 UTC; path=/",
        "S=abc; expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/",
        "S=abc; expires=Tue, 12-Oct-1999 00:00:00 GMT; path=/",
        "S=abc; expires=Tue, 12-Oct-99 00:00:00 GMT; path=/",
        "S=abc; Max-Age=0; path=/",
        "S=abc; Max-Age=-1; path=/",
        "S=abc; path=/; Max-Age=-" + "9" * 3900,
        "S=; expires=Thu, 01 Jan 1970 00:00:00 -0000; path=/",
    ],
)
def test_an_expired_cookie_is_not_sent_and_ends_the_one_before(ends: str) -> None:
    assert kept(ends) == ""
    assert kept("S=old; path=/", "T=1; path=/", ends) == "T=1"


def test_several_cookies_and_the_last_value_of_each_are_sent() -> None:
    found = kept("ASP.NET_SessionId=a b; path=/", ".ASPXAUTH=x==; path=/", "S=1; path=/", "S=2; path=/; Partitioned")
    assert set(found.split("; ")) == {"ASP.NET_SessionId=a b", ".ASPXAUTH=x==", "S=2"}


@pytest.mark.parametrize(
    "header",
    [
        "S=a\x0bb",
        "S=a\x00b",
        "S=ä",
        "S=\udce9",
        "S=" + "x" * 5000,
        "",
        ";",
        "=",
        "S=abc; Domain=elsewhere.org",
        "S=abc; path=/other",
    ],
)
def test_what_cannot_be_sent_or_is_not_for_us_is_not_kept(header: str) -> None:
    assert kept(header) in ("", "=")


def test_a_flood_of_cookies_is_bounded() -> None:
    assert len(kept(*(f"S{number}=x; path=/" for number in range(10_000))).split("; ")) == 50


def test_a_secure_cookie_stays_on_https_and_loopback_works() -> None:
    assert kept("S=abc; Secure", scope="http://127.0.0.1:8080/entity/") == ""
    assert kept("S=abc", scope="http://127.0.0.1:8080/entity/") == "S=abc"
    assert kept("S=abc", scope="http://localhost:8080/entity/") == "S=abc"
