"""How our client signs in: both ways, one renewal and one repetition, and a full account that looks like a bad login."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote

import pytest
from authlib.oauth1.rfc5849 import client_auth  # type: ignore[import-untyped]  # no types are shipped
from authlib.oauth1.rfc5849.client_auth import ClientAuth  # type: ignore[import-untyped]  # likewise
from authlib.oauth1.rfc5849.signature import (  # type: ignore[import-untyped]  # likewise
    construct_base_string,
    generate_signature_base_string,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import Request, Response, response
from systems.contract import Role, Verdict
from systems.netsuite.client import FIRST_REFUSALS, PATIENCE, Client
from systems.netsuite.errors import classify
from systems.netsuite.login import Key, base_string
from tests.contract.seam import Deliver, InProcess
from tests.systems.in_process import URL
from tests.systems.netsuite.account import Site, account

QUERY = "SELECT id FROM account t ORDER BY t.id ASC"
INVALID = json.dumps(
    {
        "title": "Unauthorized",
        "status": 401,
        "o:errorDetails": [{"detail": "Invalid login attempt.", "o:errorCode": "INVALID_LOGIN"}],
    }
).encode()


def refused() -> Response:
    """An invalid login."""
    return response(401, INVALID, {"Content-Type": "application/vnd.oracle.resource+json; type=error"})


@pytest.mark.parametrize(("kind", "algorithm"), [("ec", "ES256"), ("rsa", "PS256")])
async def test_an_assertion_is_signed_by_the_algorithm_of_its_key(kind: str, algorithm: str, tmp_path: Path) -> None:
    async with account(tmp_path, certificate_key=kind) as site:
        access, wire = site.access()
        assert len(await Client(access).rows(QUERY, "accounts")) == 29
        form = parse_qs(wire.sent[0].body.decode())
        head = form["client_assertion"][0].partition(".")[0]
        told = json.loads(base64.urlsafe_b64decode(head + "=="))
        assert told == {"typ": "JWT", "alg": algorithm, "kid": site.simulator.credentials["certificate_id"]}
        assert wire.sent[1].headers["Authorization"].startswith("Bearer ")


async def test_a_token_serves_fifty_minutes_and_is_then_renewed(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        access, wire = site.access()
        client = Client(access)
        for minutes, tokens in ((0, 1), (49, 1), (2, 2)):
            site.clock.move(minutes * 60)
            await client.rows(QUERY, "accounts")
            assert len(wire.of("/oauth2/")) == tokens


@pytest.mark.parametrize("sign_in", ["assertion", "token"])
async def test_both_sign_ins_read_a_query_and_a_record(sign_in: str, tmp_path: Path) -> None:
    async with account(tmp_path, vendors=3) as site:
        access, wire = site.access(sign_in=sign_in)
        client = Client(access)
        (first, *_) = await client.rows("SELECT t.id, t.entityid FROM vendor t ORDER BY t.id ASC", "vendors")
        found = await client.read_at("vendor", str(first["id"]))
        assert found is not None
        assert found["entityId"] == first["entityid"]
        assert await client.read_at("vendor", "999999") is None
        assert bool(wire.of("/oauth2/")) is (sign_in == "assertion")


async def test_a_request_that_is_sent_again_has_another_nonce(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        access, wire = site.access(sign_in="token")
        await site.fault(kind="refuse", status=503, count=1)
        await Client(access).rows(QUERY, "accounts")
        nonces = [re.findall(r'oauth_nonce="(\w+)"', one.headers["Authorization"]) for one in wire.sent]
        assert len(nonces) == 2
        assert nonces[0] != nonces[1]


async def test_many_calls_at_once_share_one_sign_in(tmp_path: Path) -> None:
    async with account(tmp_path, concurrent_requests=50) as site:
        access, wire = site.access()
        client = Client(access)
        await asyncio.gather(*(client.rows(QUERY, "accounts") for _ in range(20)))
        assert len(wire.of("/oauth2/")) == 1


async def test_a_revoked_token_is_renewed_once_and_the_read_repeated_once(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        access, wire = site.access()
        client = Client(access)
        await client.rows(QUERY, "accounts")
        await site.tell("tokens/revoke", {})
        assert await client.rows(QUERY, "accounts")
        assert [one.url.rpartition("/")[2].partition("?")[0] for one in wire.sent] == [
            "token",
            "suiteql",
            "suiteql",
            "token",
            "suiteql",
        ]


# --- a full account ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign_in", ["assertion", "token"])
@pytest.mark.parametrize("form", ["429", "invalid_login"])
async def test_an_account_without_room_throttles_in_either_form(form: str, sign_in: str, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        access, wire = site.access(sign_in=sign_in)
        client = Client(access)
        await client.rows(QUERY, "accounts")
        await site.tell("settings", {"used_by_others": "5", "over_limit_form": form})
        for _ in range(FIRST_REFUSALS + 3):
            with pytest.raises(Throttled):
                await client.rows(QUERY, "accounts")
        before = len(wire.sent)
        await site.tell("settings", {"used_by_others": "0"})
        assert await client.rows(QUERY, "accounts"), "the same session goes on"
        assert len(wire.sent) > before


@pytest.mark.parametrize("sign_in", ["assertion", "token"])
async def test_a_credential_that_never_worked_is_broken_in_words(sign_in: str, tmp_path: Path) -> None:
    wrong = {"token_secret": "token-secret-of-nobody"} if sign_in == "token" else {"certificate_id": "certificate-of-nobody"}
    async with account(tmp_path) as site:
        access, _ = site.access(secrets=wrong, sign_in=sign_in)
        client = Client(access)
        with pytest.raises(Broken) as told:  # noqa: PT012 - the account is asked until it is certain
            for _ in range(FIRST_REFUSALS):
                try:
                    await client.rows(QUERY, "accounts")
                except Throttled:
                    continue
        assert "Login Audit Trail" in told.value.remedy or "certificate_id" in told.value.remedy


async def test_a_login_that_stays_invalid_is_broken_after_a_while_and_not_before(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        access, wire = site.access(sign_in="token")
        client = Client(access)
        await client.rows(QUERY, "accounts")

        async def twist(_: Request, __: Deliver) -> Response:
            return refused()

        wire.twist = twist
        began = site.clock.now()
        with pytest.raises(Throttled):
            await client.rows(QUERY, "accounts")
        site.clock.move(PATIENCE.total_seconds() / 2)
        with pytest.raises(Throttled):
            await client.rows(QUERY, "accounts")
        site.clock.move(PATIENCE.total_seconds())
        with pytest.raises(Broken, match="INVALID_LOGIN"):
            await client.rows(QUERY, "accounts")
        assert site.clock.now() - began >= PATIENCE


def test_a_write_that_got_an_invalid_login_is_certainly_not_done_and_throttles() -> None:
    answer = classify(refused())
    assert (answer.verdict, answer.reason, answer.throttled, answer.broken) == (Verdict.DEFINITE_NO, "signed_out", True, False)


async def test_an_idle_gateway_page_is_no_login_and_no_record(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        access, wire = site.access()
        client = Client(access)
        await client.rows(QUERY, "accounts")

        async def twist(_: Request, __: Deliver) -> Response:
            return response(404, b"<html>no such host</html>", {"Content-Type": "text/html"})

        wire.twist = twist
        with pytest.raises(Exception, match="404") as told:
            await client.read_at("vendor", "1")
        assert not isinstance(told.value, Transient)


# --- keys -------------------------------------------------------------------------------------------------------------


def pem(key: Any) -> str:
    """A key as PEM."""
    return str(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    )


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (rsa.generate_private_key(65537, 2048), "PS256"),
    ],
)
def test_a_key_names_its_algorithm_and_signs(key: Any, algorithm: str) -> None:
    made = Key.of(pem(key))
    assert made.algorithm == algorithm
    assert len(made.signed("kid", {"iss": "x"}).split(".")) == 3


@pytest.mark.parametrize(
    "text", ["", "no key", pem(ec.generate_private_key(ec.SECP256K1())), pem(rsa.generate_private_key(65537, 1024))]
)
def test_a_key_that_netsuite_does_not_take_is_refused(text: str) -> None:
    with pytest.raises(Broken, match="private_key"):
        Key.of(text)


@pytest.mark.parametrize("missing", ["client_id", "certificate_id", "private_key"])
async def test_what_is_missing_is_told_before_anything_is_sent(missing: str, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        access, wire = site.access(secrets={missing: ""})
        with pytest.raises(Broken, match="is empty"):
            Client(access)
        assert wire.sent == []


# --- OAuth 1.0a -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=1000&offset=0",
        "https://Host.Example:443/services/rest/record/v1/vendor/eid:ST-AB?expandSubResources=true",
        "http://127.0.0.1:8080/a%20b/c?q=name%20IS%20%22A%26B%22&a=2&a=1&empty=",
        "https://host/path?plus=1%2B1&space=a+b&tilde=~&star=*",
    ],
)
def test_the_base_string_is_that_of_another_library(url: str) -> None:
    own = {"oauth_nonce": "abc+/=", "oauth_token": "t", "oauth_timestamp": "1"}
    sent = [*own.items(), *parse_qsl(url.partition("?")[2], keep_blank_values=True)]
    assert base_string("post", url, own) == construct_base_string("POST", url, sent)


def _signed(client: ClientAuth, request: Any) -> str:
    """HMAC-SHA256 over the library's own base string; the library itself knows HMAC-SHA1 only."""
    key = "&".join(quote(one, safe="") for one in (client.client_secret, client.token_secret))
    base = generate_signature_base_string(request)
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


class Stranger:
    """A client that nobody here wrote: authlib's OAuth 1.0a, which public packages for NetSuite sign with."""

    def __init__(self, site: Site, known: Mapping[str, Any]) -> None:
        ClientAuth.register_signature_method("HMAC-SHA256", _signed)
        pairs = (known[name] for name in ("consumer_key", "consumer_secret", "token_id", "token_secret"))
        own = {"realm": known["account"], "signature_method": "HMAC-SHA256", "force_include_body": True}
        self._wire, self._auth = InProcess(site.simulator.app), ClientAuth(*pairs, **own)

    async def call(self, method: str, path: str, query: Mapping[str, str], body: bytes = b"") -> Response:
        """One signed request."""
        tail = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        plain = {"Prefer": "transient", "Content-Type": "application/json"}
        url, headers, sent = self._auth.prepare(method, f"{URL}{path}{'?' if tail else ''}{tail}", plain, body)
        return await self._wire.send(Request(method, url, headers, sent or b""), 10)


async def test_a_stranger_reads_a_query_and_a_record_over_token_based_authentication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with account(tmp_path, vendors=5) as site:
        monkeypatch.setattr(client_auth, "generate_timestamp", lambda: str(int(site.clock.now().timestamp())))
        stranger = Stranger(site, site.simulator.credentials)
        asked = json.dumps({"q": "SELECT id, companyname FROM vendor WHERE isinactive = 'F' ORDER BY id"}).encode()
        answer = await stranger.call("POST", "/services/rest/query/v1/suiteql", {"limit": "2", "offset": "0"}, asked)
        assert answer.status == 200, answer.body
        rows = json.loads(answer.body)["items"]
        assert len(rows) == 2
        read = await stranger.call("GET", f"/services/rest/record/v1/vendor/{rows[0]['id']}", {"expandSubResources": "true"})
        assert read.status == 200, read.body
        assert json.loads(read.body)["companyName"] == rows[0]["companyname"]
        wrong = Stranger(site, {**site.simulator.credentials, "token_secret": "x"})
        assert (await wrong.call("GET", "/services/rest/record/v1/vendor", {})).status == 401


async def test_each_role_has_a_session_of_its_own(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        for role in Role:
            access, wire = site.access(role)
            await Client(access).rows(QUERY, "accounts")
            assert len(wire.of("/oauth2/")) == 1
