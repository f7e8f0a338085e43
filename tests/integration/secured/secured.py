"""A broker with TLS, SASL and an authorizer, and the certificates and users for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
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

from runtime import kafka
from runtime.embedded.child import free_ports
from runtime.embedded.cluster import EmbeddedCluster, start_on_jvm
from runtime.embedded.fetch import NO_MAVEN, is_fetchable
from runtime.settings import Kafka
from tests.network.ground import Authority
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


def certificate_files(authority: Authority, folder: Path, name: str, life: timedelta = timedelta(days=1)) -> tuple[Path, Path]:
    """A certificate of this name and its key, each in a file of its own, as clients want them."""
    signed = authority.sign(name, life)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_text(signed.certificate)
    key.write_text(signed.key)
    return certificate, key


def authority_file(authority: Authority, folder: Path) -> Path:
    """The authority's own certificate, as clients and brokers want it."""
    path = folder / "authority.pem"
    path.write_text(authority.pem)
    return path


@dataclass
class Secured:
    """The cluster and how each role signs in. `plain` is the listener without any of it, for the test alone."""

    cluster: EmbeddedCluster
    folder: Path
    authority: Authority
    authority_file: Path
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
            SSL_CA_FILE=str(self.authority_file),
        )

    def by_certificate(self, role: str) -> dict[str, str]:
        """Settings of a role that signs in with a certificate."""
        certificate, key = certificate_files(self.authority, self.folder, NAME.format(role=role))
        return _environment(
            BOOTSTRAP_SERVERS=self.mutual,
            SECURITY_PROTOCOL="SSL",
            SSL_CA_FILE=str(self.authority_file),
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
def own_cluster(more: Mapping[str, str] = MappingProxyType({})) -> Iterator[EmbeddedCluster]:
    """A cluster that a test may kill, its broker started with these settings beside ours. Skipped, with what is missing, where none can be."""
    if not is_fetchable():
        pytest.skip(" ".join(NO_MAVEN))
    cluster = start_on_jvm(None, lambda sentence: print(sentence, file=sys.__stderr__), more=more)
    try:
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def secured_cluster(folder: Path) -> Iterator[Secured]:
    """Started, with a user and a password file for each role; nobody but the test may do anything yet."""
    authority = Authority()
    trusted, server = authority_file(authority, folder), authority.sign("127.0.0.1").file(folder, "broker.pem")
    passwords = {role: f"pass of {role}" for role in ROLES}
    for role, password in passwords.items():
        (folder / f"{role}.password").write_text(password)
    sasl, mutual = free_ports(2)
    more = _listeners(sasl, mutual, server, trusted, passwords)
    with own_cluster(more) as cluster:
        yield Secured(cluster, folder, authority, trusted, cluster.bootstrap_servers, f"127.0.0.1:{sasl}", f"127.0.0.1:{mutual}")
