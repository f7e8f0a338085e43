"""Tokens that we sign ourselves, and credentials that are not complete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from runtime.errors import Broken
from systems.oracle_fusion.poller import open_reader
from tests.systems.oracle_fusion.ground import feed, pod, walked


def key_and_certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    """A key and its certificate in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mlconnector")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(begins).not_valid_after(begins + timedelta(days=900))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return pem, made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


async def test_an_assertion_that_we_sign_is_accepted_and_renewed_at_thirteen_minutes(tmp_path: Path) -> None:
    key, certificate = key_and_certificate(rsa.generate_private_key(65537, 2048))
    async with pod(tmp_path, suppliers=3, basic=False) as site:
        await site.tell("issuers", issuer="mlconnector", certificate=certificate)
        access, wire = site.access(sign_in="assertion", token_issuer="mlconnector")
        access = replace(access, credentials=site.credentials(private_key=key, certificate=certificate))
        assert len((await walked(access, "vendors"))[0]) == 3
        reader = open_reader(access)
        await reader.page(feed("vendors"), "")
        site.clock.move(13 * 60 + 1)
        await reader.page(feed("vendors"), "")
        first, second = wire.sent[-2].headers["Authorization"], wire.sent[-1].headers["Authorization"]
        assert first != second
        assert not wire.of(method="POST"), "nobody is asked for such a token"


@pytest.mark.parametrize("case", ["no key", "another kind of key", "no issuer", "no client", "no password"])
async def test_credentials_that_are_not_complete_are_named(case: str, tmp_path: Path) -> None:
    key, certificate = key_and_certificate(ec.generate_private_key(ec.SECP256R1()))
    async with pod(tmp_path, suppliers=1) as site:
        signs = {"sign_in": "assertion", "token_issuer": "" if case == "no issuer" else "mlconnector"}
        settings: dict[str, Any] = {"no client": {"token_url": ""}, "no password": {"sign_in": "basic"}}.get(case, signs)
        told = {"no key": {"private_key": "x", "certificate": "y"}, "no password": {"password": ""}}
        access, _ = site.access(**settings)
        given = told.get(case, {"private_key": key, "certificate": certificate})
        with pytest.raises(Broken):
            open_reader(replace(access, credentials=site.credentials(**given)))
