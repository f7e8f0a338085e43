"""Settings of a process: one tree, one environment prefix (`ML_CONNECTOR_`, nested by two underscores).

Settings of a connection are not here: they are applied to the topic `connections` and read from there (`systems/connection.py`).
A wrong value stops the process at start with the key named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.errors import Broken


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kafka(_Section):
    """Where Kafka is and how its topics are named."""

    bootstrap_servers: str = Field("", description="host:port list of an external cluster. Example: 127.0.0.1:9092")
    topic_prefix: str = Field("", description="Prefix of every topic, group and transactional id. Example: prod.")
    partitions: int = Field(4, ge=1, le=512, description="Partitions of every topic; fixed at creation.")
    replication: int = Field(1, ge=1, le=5, description="Replication factor for topics that are created. 3 on a real cluster.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field(
        "PLAINTEXT", description="As Kafka names it."
    )
    sasl_mechanism: str = Field("", description="As Kafka names it. Example: SCRAM-SHA-512")
    sasl_username: str = Field("", description="User of this service.")
    sasl_password_file: Path | None = Field(None, description="File that holds the password. Example: /run/secrets/kafka")
    ssl_ca_file: Path | None = Field(None, description="CA of the brokers. Example: /etc/ssl/kafka-ca.pem")


class Registry(_Section):
    """Where the schema registry is."""

    url: str = Field("", description="Base of its Confluent-compatible API. Example: http://127.0.0.1:8080/apis/ccompat/v7")


class Timing(_Section):
    """Times that the sink's protocol rests on, in real seconds (docs/guarantees.md). Profile demo: 2, 3, 3, 4, 3."""

    lease_s: float = Field(20, gt=0, description="Time allowed from the acked intent to the send.")
    freeze_s: float = Field(60, gt=0, description="Stop between the last check and the send that is tolerated.")
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
        256, ge=1, description="Connections of one address at once; proxies that are trusted have no such cap."
    )
    connections_per_address_per_s: float = Field(
        600, gt=0, description="New connections a second of one address; beyond it closed at once."
    )
    max_bodies_bytes: int = Field(
        32 * 1024 * 1024, ge=1024, description="Bytes of all bodies in flight; beyond it bodies are given up."
    )
    replay_s: float = Field(
        600, ge=0, description="How long a stored body is remembered, so that its copies are kept once; 0 = never."
    )
    per_address_per_s: float = Field(600, gt=0, description="Requests a second from one address; beyond it 429.")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description='Networks or addresses whose X-Forwarded-For is believed. Example: ["10.0.0.0/8", "fd00::1"]'
    )


class Clock(_Section):
    """Scaled time of profile demo; see `runtime/clock.py`."""

    scale: float = Field(1, gt=0, description="Scaled seconds in a real second.")
    start: str = Field("", description="Instant that the anchor stands for. Example: 2026-03-02T06:00:00+00:00")
    anchor: float = Field(0, description="Real instant of START, epoch seconds.")


class Settings(BaseSettings):
    """The whole tree. Environment beats the defaults below; unknown keys are refused."""

    model_config = SettingsConfigDict(
        env_prefix="ML_CONNECTOR_", env_nested_delimiter="__", frozen=True, extra="forbid", env_ignore_empty=True
    )

    profile: Literal["production", "demo"] = Field(
        "production", description="demo: short times, plain http on loopback, scaled clock."
    )
    state_dir: Path = Field(Path("./state"), description="Where snapshots, slot locks and logs are kept.")
    slot: str = Field("", description="Name of this instance's slot; empty takes the first free one by file lock.")
    key_ring: Path | None = Field(None, description="File of the key ring for credentials, readable by its owner only.")
    lanes: int = Field(8, ge=1, le=256, description="Lanes of a sink per connection; the system's limits may allow fewer.")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of /healthz, /readyz and /metrics; 0 = a free one, written to the log."
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address of /healthz, /readyz and /metrics; not that of the webhooks. Example: 10.0.0.5"
    )
    kafka: Kafka = Kafka()
    registry: Registry = Registry()
    timing: Timing = Timing()
    ingress: Ingress = Ingress()
    clock: Clock = Clock()

    def topic(self, name: str) -> str:
        """Full name of a topic of `topology/topics.py`."""
        return self.kafka.topic_prefix + name


DEMO_TIMING = Timing(lease_s=2, freeze_s=3, request_s=3, p_max_s=4, v_max_s=3)


def settings_from_environment(**overrides: object) -> Settings:
    """The settings of this process. Raises `Broken` naming the first key that is wrong."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what comes in
    except ValidationError as error:
        first = error.errors()[0]
        key = "ML_CONNECTOR_" + "__".join(str(part).upper() for part in first["loc"])
        raise Broken(f"{key}: {first['msg']}.", "Correct it or remove it.") from error
    if settings.profile == "demo" and "timing" not in settings.model_fields_set:
        return settings.model_copy(update={"timing": DEMO_TIMING})
    return settings
