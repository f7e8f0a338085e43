"""Signing in: client credentials at the identity domain, Basic, and a self-signed assertion; a valid token is not yet access."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tests.systems.oracle_fusion.simulator.world import Client, Make, World, basic


async def test_client_credentials_give_a_token_for_an_hour(world: World) -> None:
    answer = await world.token()
    assert (answer.status, answer.body["token_type"], answer.body["expires_in"]) == (200, "Bearer", 3600)
    assert "refresh_token" not in answer.body
    client = world.bare().having(Authorization=f"Bearer {answer.body['access_token']}")
    assert (await client.get("/suppliers")).status == 200
    world.clock.move(minutes=61)
    answer = await client.get("/suppliers")
    assert answer.status == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]


async def test_each_wrong_part_of_a_token_request_has_its_own_error(world: World) -> None:
    answer = await world.token(secret="wrong")
    assert (answer.status, answer.body) == (401, {"error": "invalid_client"})
    assert (await world.token(scope="everything")).body == {"error": "invalid_scope"}
    assert (await world.token(grant_type="password")).body == {"error": "unsupported_grant_type"}
    known = world.credentials
    form = {"grant_type": "client_credentials", "scope": known["scope"], "client_id": known["client_id"]}
    async with world.http.post(known["token_url"], data=form | {"client_secret": known["client_secret"]}) as response:
        assert response.status == 401  # the client is authenticated by Basic, not by the form


async def test_basic_of_the_user_is_taken_where_it_is_allowed(world: World) -> None:
    known = world.credentials
    client = world.bare().having(Authorization=basic(known["username"], known["password"]))
    assert (await client.get("/suppliers")).status == 200
    assert (await world.bare().having(Authorization=basic(known["username"], "x")).get("/suppliers")).status == 401
    await world.settings(basic="false")
    assert (await client.get("/suppliers")).status == 401


@pytest.mark.parametrize("status", [401, 403])
async def test_a_valid_token_without_a_mapped_user_is_refused(make: Make, status: int) -> None:
    world = await make(user_is_mapped="false", unmapped_status=status)
    assert (await (await world.client()).get("/suppliers")).status == status


async def test_a_privilege_that_the_user_lacks_is_a_403_that_does_not_name_it(world: World, client: Client) -> None:
    await world.settings(privileges_off="POZ_GET_SUPPLIERS_USING_REST_SERVICE_PRIV")
    answer = await client.get("/suppliers")
    assert answer.status == 403
    assert "POZ_" not in answer.text


@pytest.mark.parametrize("form", ["200", "302"])
async def test_a_token_that_is_not_accepted_may_be_answered_with_a_page(make: Make, form: str) -> None:
    world = await make(sign_in_page=form)
    answer = await world.bare().having(Authorization="Bearer nobody").get("/suppliers")
    assert answer.status == int(form)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert (await (await world.client()).get("/suppliers")).status == 200


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Issuer:
    """A trusted issuer with a key and a certificate of its own."""

    def __init__(self, world: World) -> None:
        self.world, self.key = world, rsa.generate_private_key(65537, 2048)
        name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")]), world.clock.now()
        built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        built = built.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=2))
        self.certificate = built.sign(self.key, hashes.SHA256())

    async def trusted(self) -> str:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return str((await self.world.sim("issuers", {"issuer": "ml.example", "certificate": pem}))["x5t"])

    def token(self, x5t: str, **changed: Any) -> str:
        now = int(self.world.clock.now().timestamp())
        claims = {"iss": "ml.example", "prn": self.world.credentials["username"], "iat": now, "exp": now + 3600} | changed
        head = {"alg": "RS256", "typ": "JWT", "x5t": x5t}
        text = ".".join(_b64(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{_b64(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


async def test_an_assertion_signed_by_a_trusted_key_is_a_bearer_token(world: World) -> None:
    issuer = Issuer(world)
    x5t = await issuer.trusted()
    assert x5t == _b64(issuer.certificate.fingerprint(hashes.SHA1()))

    async def status(token: str) -> int:
        return (await world.bare().having(Authorization=f"Bearer {token}").get("/suppliers")).status

    now = int(world.clock.now().timestamp())
    assert await status(issuer.token(x5t)) == 200
    assert await status(issuer.token(x5t, iss="other")) == 401
    assert await status(issuer.token(x5t, exp=now + 7200)) == 401
    assert await status(issuer.token(x5t, exp=now - 1, iat=now - 60)) == 401
    assert await status(issuer.token(x5t, prn="nobody")) == 403
    assert await status(issuer.token("unknown")) == 401
    assert await status(Issuer(world).token(x5t)) == 401
    assert await status(issuer.token(x5t)[:-3] + "AAA") == 401


async def test_a_limit_of_calls_tells_when_to_come_back(make: Make) -> None:
    world = await make(calls_per_hour=2)
    client = await world.client()
    assert [(await client.get("/suppliers")).status for _ in range(3)] == [200, 200, 429]
    assert (await client.get("/suppliers")).headers["Retry-After"] == "30"
    await world.settings(retry_after="date")
    assert (await client.get("/suppliers")).headers["Retry-After"] == "Mon, 16 Mar 2026 15:00:30 GMT"
    world.clock.move(hours=1)
    client = await world.client()
    assert (await client.get("/suppliers")).status == 200
