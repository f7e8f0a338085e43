"""Real TLS servers: a private authority, a client certificate, an address that is pinned; what does not verify is not sent."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from runtime import tls
from runtime.addresses import Grant
from runtime.errors import Broken
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.http import HttpTransport
from runtime.reach import Proxy, Reach
from runtime.tls import Material
from tests.network.ground import NAME, Asked, Authority, Names, connect_proxy, https, server_context

HERE = ["127.0.0.1"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def granted(port: int) -> Reach:
    """As in production, with this machine granted the way no connection file can."""
    return Reach(grants=(Grant(ipaddress.ip_network("127.0.0.0/8"), port),))


async def ask(
    asked: Asked, material: Material, names: Names | None = None, proxy: Proxy | None = None, reach: Reach | None = None
) -> Response:
    """One POST to the server by its name."""
    transport = HttpTransport(reach or granted(asked.port), tls.context(material), proxy=proxy, lookup=names or Names(HERE))
    try:
        return await transport.send(Request("POST", f"https://{NAME}:{asked.port}/x", body=b"once"), 5)
    finally:
        await transport.close()


async def test_a_server_of_a_private_authority_is_reached_by_its_name(authority: Authority, tmp_path: Path) -> None:
    async with https(server_context(authority.sign(NAME), tmp_path)) as asked:
        answer = await ask(asked, Material(authority=authority.pem))
    assert (answer.status, answer.body) == (200, b"whole")
    assert asked.names == [NAME], "the handshake names the host, not the address"
    assert f"Host: {NAME}:" in asked.heads[0]


async def test_a_server_of_an_unknown_authority_gets_nothing(authority: Authority, tmp_path: Path) -> None:
    async with https(server_context(authority.sign(NAME), tmp_path)) as asked:
        for material in (Material(), Material(authority=Authority("another").pem)):
            with pytest.raises(NotSent, match="certificate"):
                await ask(asked, material)
    assert asked.heads == []


async def test_a_certificate_of_another_name_or_one_that_ended_gets_nothing(authority: Authority, tmp_path: Path) -> None:
    for signed in (authority.sign("other.acme.example"), authority.sign(NAME, timedelta(days=-1)), authority.sign("127.0.0.1")):
        async with https(server_context(signed, tmp_path)) as asked:
            with pytest.raises(NotSent, match="certificate"):
                await ask(asked, Material(authority=authority.pem))
        assert asked.heads == []


async def test_a_server_that_offers_only_old_tls_gets_nothing(authority: Authority, tmp_path: Path) -> None:
    context = server_context(authority.sign(NAME), tmp_path)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    async with https(context) as asked:
        with pytest.raises(NotSent):
            await ask(asked, Material(authority=authority.pem))
    assert asked.heads == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_is_shown_where_the_server_wants_one(
    authority: Authority, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    ours = authority.sign("ml-connector")
    context = server_context(authority.sign(NAME), tmp_path, clients=authority)
    context.minimum_version = context.maximum_version = version
    async with https(context) as asked:
        assert (await ask(asked, Material(authority.pem, ours.certificate, ours.key))).status == 200
        stranger = Authority("another").sign("ml-connector")
        for material in (Material(authority.pem), Material(authority.pem, stranger.certificate, stranger.key)):
            with pytest.raises(NotSent if version == ssl.TLSVersion.TLSv1_2 else Unanswered):
                await ask(asked, material)
    assert len(asked.heads) == 1


async def test_a_name_that_answers_otherwise_a_moment_later_changes_nothing(authority: Authority, tmp_path: Path) -> None:
    """DNS rebinding: the checked answer is the one that is connected to, and the name is asked once for a connection."""
    names = Names(HERE, ["10.66.66.66"])
    async with https(server_context(authority.sign(NAME), tmp_path)) as asked:
        transport = HttpTransport(granted(asked.port), tls.context(Material(authority=authority.pem)), lookup=names)
        for _ in range(3):
            assert (await transport.send(Request("GET", f"https://{NAME}:{asked.port}/x"), 5)).status == 200
        assert len(names.asked) == 1
        await transport.close()
        with pytest.raises(NotSent, match=r"10\.66\.66\.66"):
            await transport.send(Request("GET", f"https://{NAME}:{asked.port}/x"), 5)
        await transport.close()
    assert len(asked.heads) == 3


async def test_without_its_grant_the_same_server_gets_no_connection(authority: Authority, tmp_path: Path) -> None:
    async with https(server_context(authority.sign(NAME), tmp_path)) as asked:
        with pytest.raises(NotSent, match="neither public https nor granted"):
            await ask(asked, Material(authority=authority.pem), reach=Reach(grants=(Grant.parse(f"10.0.0.0/8:{asked.port}"),)))
    assert asked.names == []


async def test_a_proxy_is_asked_to_connect_and_sees_nothing_of_the_request(authority: Authority, tmp_path: Path) -> None:
    async with (
        https(server_context(authority.sign(NAME), tmp_path)) as asked,
        connect_proxy(asked.port) as between,
    ):
        reach = Reach(grants=(*granted(asked.port).grants, *granted(between.port).grants))
        proxy, names = Proxy(f"http://proxy.acme.example:{between.port}", "corp", "pass"), Names(HERE)
        answer = await ask(asked, Material(authority=authority.pem), names, proxy, reach)
    assert answer.body == b"whole"
    assert names.asked == [("proxy.acme.example", between.port)], "the server's name is the proxy's to resolve"
    assert between.heads[0].startswith(f"CONNECT {NAME}:{asked.port} HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic Y29ycDpwYXNz" in between.heads[0]
    assert len(between.heads) == 1
    assert "Proxy-Authorization" not in asked.heads[0]


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"403 Forbidden", b"502 Bad Gateway"])
async def test_what_the_proxy_refuses_was_not_sent(authority: Authority, tmp_path: Path, status: bytes) -> None:
    async with (
        https(server_context(authority.sign(NAME), tmp_path)) as asked,
        connect_proxy(asked.port, status) as between,
    ):
        reach = Reach(grants=(*granted(asked.port).grants, *granted(between.port).grants))
        with pytest.raises(NotSent, match=status[:3].decode()):
            await ask(asked, Material(), Names(HERE), Proxy(f"http://127.0.0.1:{between.port}"), reach)
    assert asked.heads == []


async def test_a_proxy_that_is_not_granted_gets_no_connection(authority: Authority, tmp_path: Path) -> None:
    async with https(server_context(authority.sign(NAME), tmp_path)) as asked, connect_proxy(asked.port) as between:
        reach = granted(asked.port)
        with pytest.raises(Broken, match="port"):
            await ask(asked, Material(), Names(HERE), Proxy(f"http://proxy.acme.example:{between.port}"), reach)
    assert between.heads == []


@pytest.mark.parametrize(
    ("material", "named"),
    [
        (Material(authority="-----BEGIN NONSENSE-----"), "ca_file"),
        (Material(certificate="x", key=""), "client_certificate"),
        (Material(certificate="x", key="y"), "client_certificate"),
    ],
)
def test_unfit_pem_is_named_and_not_shown(material: Material, named: str) -> None:
    with pytest.raises(Broken, match=named) as refused:
        tls.context(material)
    assert "NONSENSE" not in str(refused.value)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(authority: Authority) -> None:
    ours = authority.sign("ml-connector", password="secret")
    with pytest.raises(Broken, match="without a password"):
        tls.context(Material(certificate=ours.certificate, key=ours.key))


def test_a_key_of_another_certificate_is_refused(authority: Authority) -> None:
    with pytest.raises(Broken, match="do not fit"):
        tls.context(Material(certificate=authority.sign("a").certificate, key=authority.sign("b").key))


def test_no_environment_and_no_default_makes_verification_weaker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    made = tls.context(Material())
    assert (made.verify_mode, made.check_hostname, made.minimum_version) == (ssl.CERT_REQUIRED, True, ssl.TLSVersion.TLSv1_2)
    assert made.keylog_filename is None
