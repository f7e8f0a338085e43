"""The wire: sign-in by password or token, one token for everybody, one renewal after a 401, reads repeated, writes sent once."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable

import pytest

from runtime.errors import Broken, Refused, Throttled, Transient
from runtime.exchange import Request, response
from systems.peoplesoft.errors import Inactive, QueryAbsent, refused_read
from systems.peoplesoft.models import broker, xml
from tests.systems.peoplesoft.reading.site import Site, Start, Wire

UNITS = ("BUSINESS_UNITS", [("LAST_BUSINESS_UNIT", "")], 50)


def tokens(wire: Wire) -> int:
    """How often the token server was asked."""
    return len(wire.of("/oauth/token"))


def queries(wire: Wire) -> list[Request]:
    """The queries that left."""
    return wire.of("ExecuteQuery")


async def test_basic_sends_user_and_password_with_every_call(site: Site) -> None:
    client, wire = site.client()
    assert len(await client.query(*UNITS)) == 6
    known = site.credentials()
    user = f"{known.username.get_secret_value()}:{known.password.get_secret_value()}"
    assert wire.sent[0].headers["Authorization"] == f"Basic {b64encode(user.encode()).decode()}"


async def test_a_user_name_that_basic_cannot_carry_is_told(site: Site) -> None:
    client, wire = site.client(credentials=site.credentials(username="a:b"))
    with pytest.raises(Broken, match="colon"):
        await client.query(*UNITS)
    assert wire.sent == []


async def test_a_wrong_password_is_asked_once_and_is_broken(site: Site) -> None:
    client, wire = site.client(credentials=site.credentials(password="wrong"))
    with pytest.raises(Broken, match="401") as refused:
        await client.query(*UNITS)
    assert "wrong" not in str(refused.value)
    assert len(wire.sent) == 1


# --- bearer tokens ---


async def test_a_token_is_kept_and_replaced_after_a_401(site: Site) -> None:
    client, wire = site.client(site.oauth())
    await asyncio.gather(*(client.query(*UNITS) for _ in range(20)))
    assert {one.headers["Authorization"][:7] for one in queries(wire)} == {"Bearer "}
    stale = queries(wire)[0].headers["Authorization"]
    wire.answer = lambda request, got: response(401) if request.headers.get("Authorization") == stale else got
    await asyncio.gather(*(client.query(*UNITS) for _ in range(20)))
    assert tokens(wire) == 2


async def test_a_fresh_token_that_gets_a_401_is_broken(site: Site) -> None:
    client, wire = site.client(site.oauth())
    wire.answer = lambda request, got: response(401) if "ExecuteQuery" in request.url else got
    with pytest.raises(Broken, match="401"):
        await client.query(*UNITS)
    assert (tokens(wire), len(queries(wire))) == (2, 2)


async def test_the_scope_of_the_settings_is_asked_for(sites: Start) -> None:
    site = await sites(token_scope="psft finance")
    client, _ = site.client(site.oauth(token_scope="psft finance"))
    assert await client.query(*UNITS)


async def test_the_secret_goes_to_the_token_server_alone(site: Site) -> None:
    client, wire = site.client(site.oauth())
    await client.query(*UNITS)
    secret = site.credentials().client_secret.get_secret_value().encode()
    assert [secret in one.body for one in wire.sent] == [True, False]
    assert all(secret.decode() not in one.url for one in wire.sent)


async def test_a_throttling_token_server_is_not_hammered(site: Site) -> None:
    client, wire = site.client(site.oauth())
    wire.answer = lambda request, got: response(429, headers={"Retry-After": "17"}) if "oauth" in request.url else got
    with pytest.raises(Throttled) as refused:
        await client.query(*UNITS)
    assert (refused.value.retry_after_s, tokens(wire)) == (17, 1)


# --- reads and writes ---


@pytest.mark.parametrize("status", [200, 302, 307, 401, 404, 429, 500, 503])
async def test_what_is_posted_is_sent_once_whatever_comes_back(site: Site, status: int) -> None:
    client, wire = site.client()
    headers = {"Location": "http://169.254.169.254/", "Retry-After": "1"}
    wire.answer = lambda request, got: response(status, b"<html/>", headers)
    answer = await client.post_soap(f"{site.served.url}/PSIGW/PeopleSoftServiceListeningConnector", "CI_X_C.V1", b"<x/>")
    assert answer.status == status
    (sent,) = wire.sent
    assert (sent.method, sent.body) == ("POST", b"<x/>")
    assert sent.headers["SOAPAction"] == '"CI_X_C.V1"'
    assert sent.headers["Content-Type"].startswith("text/xml")
    assert sent.headers["Authorization"].startswith("Basic ")


# --- what the gateway says ---


def said(message: str, extra: str = "") -> bytes:
    """An error of the Integration Broker, as it was recorded."""
    return f'<IBResponse type="error"><StatusCode>20</StatusCode>{extra}<DefaultMessage>{message}</DefaultMessage></IBResponse>'.encode()


def enveloped(body: bytes) -> bytes:
    """The same in the detail of a SOAP fault."""
    inner = body.replace(b"<IBResponse", b'<IBResponse xmlns=""')
    start, end = b"<s:Fault><faultcode>SOAP-ENV:Server</faultcode><detail>", b"</detail></s:Fault></s:Body></s:Envelope>"
    return b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' + start + inner + end


@pytest.mark.parametrize("wrapped", [lambda body: body, enveloped], ids=["bare", "in a fault"])
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        ("User password failed. (158,45)", Broken, "158,45"),
        ("Service operation X is not active. (158,66)", Inactive, "158,66"),
        ("Handler failed. (158,10001)", Inactive, "158,10001"),
        ("Something else. (159,5)", Transient, "159,5"),
    ],
)
def test_an_error_of_the_broker_keeps_set_number_and_words(
    wrapped: Callable[[bytes], bytes], status: int, message: str, kind: type[Exception], code: str
) -> None:
    found = refused_read(response(status, wrapped(said(message)), {"Content-Type": "text/xml"}), "ML_X")
    assert type(found) is kind
    assert f"({code})" in str(found)
    assert message.partition(".")[0] in str(found)


def test_set_and_number_come_from_their_own_elements_where_the_words_have_none() -> None:
    found = broker(said("No routing.", "<MessageSet>158</MessageSet><MessageID>67</MessageID>"))
    assert found is not None
    assert (found.code, found.is_error) == ("158,67", True)


@pytest.mark.parametrize("type_", ["error", "", "warning"])
def test_only_a_plain_success_is_one(type_: str) -> None:
    found = broker(f'<IBResponse type="{type_}"><StatusCode>0</StatusCode></IBResponse>'.encode())
    assert found is not None
    assert found.is_error


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE IBResponse><IBResponse type="success"/>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><IBResponse type="success">&a;</IBResponse>',
        b'<!DOCTYPE x SYSTEM "file:///etc/hostname"><IBResponse type="success"/>',
        b'<IBResponse type="success">',
        b"IBResponse",
        b"\x00IBResponse",
    ],
)
def test_xml_with_a_document_type_or_cut_short_says_nothing(body: bytes) -> None:
    assert xml(body) is None
    assert broker(body) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(301, Transient), (302, Transient), (400, Refused), (403, Inactive), (404, QueryAbsent), (429, Throttled), (502, Transient)],
)
def test_every_other_status_has_its_meaning(status: int, kind: type[Exception]) -> None:
    assert type(refused_read(response(status), "ML_X")) is kind


def test_a_redirect_is_never_followed_nor_taken_for_a_page() -> None:
    assert isinstance(refused_read(response(307, headers={"Location": "http://169.254.169.254/"}), "ML_X"), Transient)
