"""The settings of a process: one tree, one environment prefix (`ML_CONNECTOR_`, nested by two underscores).

The settings of a connection are not here: they are applied to the topic `connections` and read from there (`systems/connection.py`). A
wrong value stops the process when it starts; the message names the key.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from runtime.errors import Broken


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kafka(_Section):
    """Where Kafka is, and how its topics are named."""

    bootstrap_servers: str = Field("", description="host:port list of an external cluster. Example: 127.0.0.1:9092")
    topic_prefix: str = Field("", description="Prefix of every topic, group and transactional id. Example: prod.")
    partitions: int = Field(4, ge=1, le=512, description="Partitions of every topic; fixed at creation.")
    replication: int = Field(1, ge=1, le=5, description="Replication factor for topics that are created. 3 on a real cluster.")
    client_id: str = Field("ml-connector", description="First part of every client.id; role and instance follow.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field(
        "PLAINTEXT", description="As Kafka names it."
    )
    sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "", description="As Kafka names it. Example: SCRAM-SHA-512"
    )
    sasl_username: str = Field("", description="User of this service.")
    sasl_password_file: Path | None = Field(None, description="File that holds the password. Example: /run/secrets/kafka")
    ssl_ca_file: Path | None = Field(None, description="CA of the brokers; none = the system's. Example: /etc/ssl/kafka-ca.pem")
    ssl_certificate_file: Path | None = Field(None, description="Client certificate (PEM). Example: /run/secrets/kafka.pem")
    ssl_key_file: Path | None = Field(None, description="Its private key (PEM). Example: /run/secrets/kafka.key")
    ssl_key_password_file: Path | None = Field(None, description="File that holds the key's password, if it has one.")
    ssl_hostname_check: bool = Field(True, description="Whether a broker's certificate must name the host that was called.")

    @model_validator(mode="after")
    def _consistent(self) -> Kafka:
        """Refuse a setting that would be ignored: it was meant to protect something."""
        has_sasl, has_tls = self.security_protocol.startswith("SASL"), self.security_protocol.endswith("SSL")
        sasl = {
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_username": self.sasl_username,
            "sasl_password_file": self.sasl_password_file,
        }
        tls = {
            name: getattr(self, name) for name in ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file", "ssl_key_password_file")
        }
        for name, value in {**({} if has_sasl else sasl), **({} if has_tls else tls)}.items():
            if value:
                raise ValueError(f"{name} is set, but security_protocol {self.security_protocol} does not use it")
        for name, value in sasl.items() if has_sasl else ():
            if not value:
                raise ValueError(f"security_protocol {self.security_protocol} needs {name}")
        _refuse_half_pair(self.ssl_certificate_file, self.ssl_key_file)
        return self


class Registry(_Section):
    """Where the schema registry is, and how we sign in to it."""

    url: str = Field("", description="Base of its Confluent-compatible API. Example: http://127.0.0.1:8080/apis/ccompat/v7")
    username: str = Field("", description="User of this service (HTTP Basic).")
    password_file: Path | None = Field(None, description="File that holds the password. Example: /run/secrets/registry")
    ssl_ca_file: Path | None = Field(None, description="CA of the registry; none = the public ones. Example: /etc/ssl/ca.pem")
    ssl_certificate_file: Path | None = Field(None, description="Client certificate (PEM).")
    ssl_key_file: Path | None = Field(None, description="Its private key (PEM).")

    @model_validator(mode="after")
    def _consistent(self) -> Registry:
        """As for Kafka. Credentials also need a URL that is https, or on loopback."""
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file belong together")
        _refuse_half_pair(self.ssl_certificate_file, self.ssl_key_file)
        parts = urlsplit(self.url)
        if parts.username or parts.password:
            raise ValueError("url holds credentials: use username and password_file")
        if parts.scheme != "https":
            for name in ("ssl_ca_file", "ssl_certificate_file"):
                if getattr(self, name):
                    raise ValueError(f"{name} is set, but the url is not https")
            if self.username and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
                raise ValueError("url must be https where a password is sent")
        return self


def _refuse_half_pair(certificate: Path | None, key: Path | None) -> None:
    if bool(certificate) != bool(key):
        raise ValueError("ssl_certificate_file and ssl_key_file belong together")


def ssl_locations(section: Kafka | Registry) -> dict[str, str]:
    """The files of authority, certificate and key that are set, under the names that both client libraries use."""
    files = {
        "ssl.ca.location": section.ssl_ca_file,
        "ssl.certificate.location": section.ssl_certificate_file,
        "ssl.key.location": section.ssl_key_file,
    }
    return {name: str(path) for name, path in files.items() if path is not None}


class Timing(_Section):
    """The times of the sink's protocol, in real seconds (docs/guarantees.md). Profile demo: 2, 3, 3, 4, 3."""

    lease_s: float = Field(20, gt=0, description="Time allowed from the acked intent to the send.")
    freeze_s: float = Field(60, gt=0, description="How long a process may stand still between the last check and the send.")
    request_s: float = Field(100, gt=0, description="Total time of one request.")
    p_max_s: float | None = Field(None, description="Longest time a system may still commit; none = as each system declares.")
    v_max_s: float | None = Field(None, description="Lag of a look-up; none = as each system declares.")


class Ingress(_Section):
    """The webhook listener."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port; 0 takes a free one.")
    max_body_bytes: int = Field(1024 * 1024, ge=1024, description="Largest body; beyond it 413.")
    request_s: float = Field(10, gt=0, description="Absolute time for a whole request.")
    max_connections: int = Field(2000, ge=1, description="Connections at once; beyond it the oldest idle one is closed.")
    max_connections_per_address: int = Field(
        256, ge=1, description="Connections of one address at once; trusted proxies have no such cap."
    )
    connections_per_address_per_s: float = Field(
        600, gt=0, description="New connections a second of one address; beyond it closed at once."
    )
    max_bodies_bytes: int = Field(
        32 * 1024 * 1024, ge=1024, description="Bytes of all bodies in flight; beyond it bodies are dropped."
    )
    replay_s: float = Field(
        600, ge=0, description="How long a stored body is remembered, so that its copies are kept once; 0 = never."
    )
    per_address_per_s: float = Field(600, gt=0, description="Requests a second from one address; beyond it 429.")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description='Networks or addresses whose X-Forwarded-For is believed. Example: ["10.0.0.0/8", "fd00::1"]'
    )


class Clock(_Section):
    """The scaled time of profile demo; see `runtime/clock.py`."""

    scale: float = Field(1, gt=0, description="Scaled seconds in a real second.")
    start: str = Field("", description="Instant that the anchor stands for. Example: 2026-03-02T06:00:00+00:00")
    anchor: float = Field(0, description="Real instant of START, epoch seconds.")


class Settings(BaseSettings):
    """The whole tree. The environment overrides the defaults below; unknown keys are refused."""

    model_config = SettingsConfigDict(
        env_prefix="ML_CONNECTOR_", env_nested_delimiter="__", frozen=True, extra="forbid", env_ignore_empty=True
    )

    profile: Literal["production", "demo"] = Field(
        "production", description="demo: short times, plain http on loopback, scaled clock."
    )
    state_dir: Path = Field(Path("./state"), description="Where snapshots, slot locks and logs are kept.")
    slot: str = Field("", description="Name of this instance's slot; empty takes the first free one by file lock.")
    key_ring: Path | None = Field(None, description="File of the key ring for credentials, readable by its owner only.")
    secrets_dir: Path | None = Field(
        None, description="Folder that `file:` references of a connection lead into; none = `secrets` beside its YAML file."
    )
    lanes: int = Field(8, ge=1, le=256, description="Lanes of a sink per connection; the system's limits may allow fewer.")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of /healthz, /readyz and /metrics; 0 = a free one, written to the log."
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address of /healthz, /readyz and /metrics; not that of the webhooks. Example: 10.0.0.5"
    )
    start_wait_s: float = Field(
        30, gt=0, le=600, description="How long a start waits for Kafka and the registry to answer; then it ends with 69."
    )
    kafka: Kafka = Kafka()
    registry: Registry = Registry()
    timing: Timing = Timing()
    ingress: Ingress = Ingress()
    clock: Clock = Clock()

    def topic(self, name: str) -> str:
        """The full name of a topic of `topology/topics.py`."""
        return self.kafka.topic_prefix + name

    def named(self, role: str, slot: str = "") -> Settings:
        """The same settings for the clients of one instance of a role: their `client.id` names both."""
        instance = f"{socket.gethostname()}-{slot or self.slot or os.getpid()}"
        return self.model_copy(
            update={"kafka": self.kafka.model_copy(update={"client_id": f"{self.kafka.client_id}-{role}-{instance}"})}
        )


DEMO_TIMING = Timing(lease_s=2, freeze_s=3, request_s=3, p_max_s=4, v_max_s=3)


def _not_json(error: SettingsError) -> tuple[str, str]:
    """The message for a variable that gives a whole section, or a list: it names the variable of the single setting that was meant. `error`
    names only the section."""
    section = str(error).partition('field "')[2].partition('"')[0]
    variable = f"ML_CONNECTOR_{section.upper()}"
    given = sorted(name for name in os.environ if name.upper().startswith(f"{variable}__"))
    if variable not in (name.upper() for name in os.environ):
        return f"{', '.join(given) or variable}: a list is not JSON.", 'Write it as ["first", "second"].'
    first = next(iter(type(Settings.model_fields[section].default).model_fields)).upper()
    return f"{variable} is a section, not a setting.", f"Remove it, and set {variable}__{first} or another of its settings."


def settings_from_environment(**overrides: object) -> Settings:
    """The settings of this process. Raises `Broken` naming the first key that is wrong."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what comes in
    except ValidationError as error:
        first = error.errors()[0]
        key = "ML_CONNECTOR_" + "__".join(str(part).upper() for part in first["loc"])
        raise Broken(f"{key}: {first['msg'].removeprefix('Value error, ')}.", "Correct it or remove it.") from error
    except SettingsError as error:
        raise Broken(*_not_json(error)) from None  # its cause holds the value
    if settings.profile == "demo" and "timing" not in settings.model_fields_set:
        return settings.model_copy(update={"timing": DEMO_TIMING})
    return settings
