"""A broker with TLS, SASL and an authorizer, and the certificates and users for it."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # documented, not in __all__
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime import kafka
from runtime.embedded.child import free_ports
from runtime.embedded.cluster import EmbeddedCluster, start_on_jvm
from runtime.settings import Kafka
from topology.acls import ROLES, Acl

NAME = "ml-connector-{role}"
_RESOURCES = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "transactional-id": ResourceType.TRANSACTIONAL_ID}
_OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}


class Authority:
    """A certificate authority of a test's own; files are PEM."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issued(self, name: str) -> tuple[Path, Path]:
        """Files of a certificate for 127.0.0.1 under this name, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = _builder(subject, self._name, key).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        certificate, own = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        own.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return certificate, own


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


@dataclass
class Secured:
    """The cluster and how each role signs in. `plain` is the listener without any of it, for the test alone."""

    cluster: EmbeddedCluster
    folder: Path
    authority: Authority
    plain: str
    sasl: str
    mutual: str

    def admin(self) -> Any:
        """A client that may do everything."""
        return kafka.admin(Kafka(bootstrap_servers=self.plain))

    def by_sasl(self, role: str, mechanism: str = "PLAIN") -> dict[str, str]:
        """Settings of a role that signs in with a password."""
        return _environment(
            BOOTSTRAP_SERVERS=self.sasl,
            SECURITY_PROTOCOL="SASL_SSL",
            SASL_MECHANISM=mechanism,
            SASL_USERNAME=NAME.format(role=role),
            SASL_PASSWORD_FILE=str(self.folder / f"{role}.password"),
            SSL_CA_FILE=str(self.authority.file),
        )

    def by_certificate(self, role: str) -> dict[str, str]:
        """Settings of a role that signs in with a certificate."""
        certificate, key = self.authority.issued(NAME.format(role=role))
        return _environment(
            BOOTSTRAP_SERVERS=self.mutual,
            SECURITY_PROTOCOL="SSL",
            SSL_CA_FILE=str(self.authority.file),
            SSL_CERTIFICATE_FILE=str(certificate),
            SSL_KEY_FILE=str(key),
        )

    def allow(self, wanted: list[Acl]) -> None:
        """Put ACLs in force."""
        bindings = [
            AclBinding(
                _RESOURCES[one.resource],
                name,
                ResourcePatternType.PREFIXED if one.is_prefix else ResourcePatternType.LITERAL,
                f"User:{NAME.format(role=one.role)}",
                "*",
                _OPERATIONS[operation],
                AclPermissionType.ALLOW,
            )
            for one in wanted
            for name in one.names
            for operation in one.operations
        ]
        client = self.admin()  # kept until it answered
        for future in client.create_acls(list(dict.fromkeys(bindings))).values():
            future.result()

    def add_scram_user(self, role: str) -> None:
        """Let a role sign in by SCRAM with its password."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        password = (self.folder / f"{role}.password").read_bytes()
        user = UserScramCredentialUpsertion(NAME.format(role=role), info, password)
        client = self.admin()  # kept until it answered
        for future in client.alter_user_scram_credentials([user]).values():
            future.result()


def _environment(**kafka_settings: str) -> dict[str, str]:
    return {f"ML_CONNECTOR_KAFKA__{key}": value for key, value in kafka_settings.items()}


def _listeners(sasl: int, mutual: int, server: Path, authority: Path, passwords: Mapping[str, str]) -> dict[str, str]:
    users = " ".join(f'user_{NAME.format(role=role)}="{password}"' for role, password in passwords.items())
    addresses = f"SECURED://127.0.0.1:{sasl},MUTUAL://127.0.0.1:{mutual}"
    return {
        "listeners": addresses,
        "advertised.listeners": addresses,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL,MUTUAL:SSL",
        "listener.name.secured.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.secured.plain.sasl.jaas.config": f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};",
        "listener.name.secured.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }


@contextmanager
def secured_cluster(folder: Path) -> Iterator[Secured]:
    """Started, with a user and a password file for each role; nobody but the test may do anything yet."""
    authority = Authority(folder)
    certificate, key = authority.issued("broker")
    server = folder / "broker-both.pem"
    server.write_bytes(key.read_bytes() + certificate.read_bytes())
    passwords = {role: f"pass of {role}" for role in ROLES}
    for role, password in passwords.items():
        (folder / f"{role}.password").write_text(password)
    sasl, mutual = free_ports(2)
    more = _listeners(sasl, mutual, server, authority.file, passwords)
    cluster = start_on_jvm(None, lambda sentence: print(sentence, file=sys.__stderr__), more=more)
    try:
        yield Secured(cluster, folder, authority, cluster.bootstrap_servers, f"127.0.0.1:{sasl}", f"127.0.0.1:{mutual}")
    finally:
        cluster.stop()
