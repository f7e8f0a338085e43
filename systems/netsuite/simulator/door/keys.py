"""The credentials of the account: the integration's consumer, its token, and the certificate of its client assertions.

All of it follows from the seed, except the certificate and an RSA key, which are drawn once and kept with the state. Sources: account ids such as
`1234567_SB1` (realm of OAuth 1.0a), a certificate id that the account shows. Assumed: the forms of keys.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from runtime.simulator.tokens import secret
from systems.netsuite.simulator.account import Account

Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_ORDER = 2**255


@dataclass(frozen=True)
class Keys:
    """The credentials; `private_key` and `certificate` are PEM, `until` is the end of the certificate's life."""

    account: str
    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str
    client_id: str
    certificate_id: str
    private_key: str
    certificate: str
    until: datetime

    def shown(self) -> dict[str, Any]:
        """What `ml-connector simulate` prints."""
        return {name: value for name, value in vars(self).items() if name != "until"} | {
            "certificate_until": self.until.isoformat()
        }

    def public(self) -> Public:
        """The key of the certificate."""
        key = x509.load_pem_x509_certificate(self.certificate.encode()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
        return key


def keys_of(account: Account) -> Keys:
    """The credentials of an account's seed; the certificate is made at the first start."""
    seed = account.seed
    held = account.store.get("certificate", account.settings.certificate_key) or _certificate(account)
    return Keys(
        account=f"{9_000_000 + seed}_SB1",
        consumer_key=secret("netsuite", "consumer", seed),
        consumer_secret=secret("netsuite", "consumer secret", seed),
        token_id=secret("netsuite", "token", seed),
        token_secret=secret("netsuite", "token secret", seed),
        client_id=secret("netsuite", "client", seed),
        certificate_id=held["id"],
        private_key=held["private_key"],
        certificate=held["certificate"],
        until=datetime.fromisoformat(held["until"]),
    )


def _certificate(account: Account) -> dict[str, Any]:
    key = _key(account)
    begun = account.now()
    until = begun + timedelta(days=account.settings.certificate_days)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ml-connector")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = builder.serial_number(account.seed + 1).not_valid_before(begun).not_valid_after(until).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    kind = account.settings.certificate_key
    held = {
        "id": secret("netsuite", "certificate", kind, account.seed)[:43],
        "private_key": pem.decode(),
        "certificate": signed.public_bytes(serialization.Encoding.PEM).decode(),
        "until": until.isoformat(),
    }
    account.store.put("certificate", kind, held, begun)
    return held


def _key(account: Account) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if account.settings.certificate_key == "rsa":
        return rsa.generate_private_key(65537, 3072)
    number = int.from_bytes(hashlib.sha256(f"netsuite/key/{account.seed}".encode()).digest(), "big") % _ORDER
    return ec.derive_private_key(number + 1, ec.SECP256R1())
