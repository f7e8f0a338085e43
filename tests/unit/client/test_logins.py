"""The two usual ways of signing in."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest

from runtime.errors import Broken, ConnectorError, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, response
from systems.http.logins import Basic, Bearer

CALL = Request("GET", "https://erp.example/rows", {"Accept": "text/xml"})


def bearer() -> Bearer:
    return Bearer(
        "erp token",
        "https://login.example/token",
        lambda: {"grant_type": "x", "scope": "a b"},
        "Check it.",
        {"Accept": "text/html"},
    )


async def sign_in(login: Bearer, answer: Response) -> tuple[timedelta, Request]:
    sent: list[Request] = []

    async def send(request: Request) -> Response:
        sent.append(request)
        return answer

    return await login.sign_in(send), sent[0]


async def test_a_token_is_asked_for_by_a_form_and_carried_by_every_call() -> None:
    login = bearer()
    with pytest.raises(NotSent):
        login.signed(CALL)
    life, asked = await sign_in(login, response(200, b'{"access_token": "t1", "expires_in": 3600}'))
    assert life == timedelta(seconds=3540)
    assert (asked.method, asked.url, asked.body) == ("POST", "https://login.example/token", b"grant_type=x&scope=a+b")
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert login.signed(CALL).headers == {"Authorization": "Bearer t1", "Accept": "text/xml"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (response(400, b'{"error": "invalid_client"}'), Broken),
        (response(401), Broken),
        (response(403), Broken),
        (response(429), Throttled),
        (response(503, headers={"Retry-After": "5"}), Throttled),
        (response(503), Transient),
        (response(302), Transient),
        (response(200, b"<html>sign in</html>"), Transient),
    ],
)
async def test_a_refused_sign_in_says_what_happens_next(answer: Response, kind: type[ConnectorError]) -> None:
    with pytest.raises(ConnectorError, match="erp token") as refused:
        await sign_in(bearer(), answer)
    assert type(refused.value) is kind
    assert ("Check it." in str(refused.value)) == (kind is Broken)


def test_basic_carries_user_and_password_in_utf_8() -> None:
    signed = Basic("erp", "MLC", "pä:ß").signed(CALL)
    assert signed.headers["Authorization"] == "Basic " + b64encode("MLC:pä:ß".encode()).decode()
    assert Basic.calls == 0


def test_a_user_name_that_basic_cannot_carry_is_told() -> None:
    with pytest.raises(Broken, match="erp: the username has a colon"):
        Basic("erp", "a:b", "x").signed(CALL)
