"""Settings of clients: what is refused at once, what each client is given, and that clients are made in one place."""

from __future__ import annotations

import ast
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError

from runtime import kafka, registry
from runtime.errors import Broken, Transient
from runtime.secret_files import secret_in
from runtime.settings import Kafka, Registry, Settings, settings_from_environment

ROOT = Path(__file__).parents[3]
PACKAGES = ("schemas", "runtime", "systems", "topology", "services", "console")
MADE_IN = {
    "Consumer": "runtime/kafka.py",
    "Producer": "runtime/kafka.py",
    "AdminClient": "runtime/kafka.py",
    "SchemaRegistryClient": "schemas/codec.py",
}
SASL = {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "PLAIN", "SASL_USERNAME": "u", "SASL_PASSWORD_FILE": "pw"}


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"KAFKA__SASL_MECHANISM": "PLAIN"}, "sasl_mechanism is set, but security_protocol PLAINTEXT does not use it"),
        ({"KAFKA__SASL_USERNAME": "u"}, "sasl_username is set, but"),
        ({"KAFKA__SSL_CA_FILE": "ca.pem"}, "ssl_ca_file is set, but"),
        ({"KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA__SSL_CERTIFICATE_FILE": "c"}, "ssl_certificate_file is set, but"),
        ({"KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}, "needs sasl_mechanism"),
        ({f"KAFKA__{key}": value for key, value in SASL.items() if key != "SASL_PASSWORD_FILE"}, "needs sasl_password_file"),
        (
            {"KAFKA": "127.0.0.1:1"},
            "ML_CONNECTOR_KAFKA is a section, not a setting. Remove it, and set ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS",
        ),
        ({"INGRESS__TRUSTED_PROXIES": "p-canary"}, "ML_CONNECTOR_INGRESS__TRUSTED_PROXIES: a list is not JSON"),
        ({"TIMING": "p-canary {"}, "ML_CONNECTOR_TIMING is a section"),
        ({"KAFKA__SECURITY_PROTOCOL": "SSL", "KAFKA__SSL_CERTIFICATE_FILE": "c"}, "belong together"),
        ({"KAFKA__SECURITY_PROTOCOL": "SSL", "KAFKA__SSL_KEY_FILE": "k"}, "belong together"),
        ({"KAFKA__SECURITY_PROTOCOL": "SASL_SSL", "KAFKA__SASL_MECHANISM": "OAUTHBEARER"}, "SASL_MECHANISM"),
        ({"REGISTRY__URL": "https://r", "REGISTRY__USERNAME": "u"}, "username and password_file belong together"),
        ({"REGISTRY__URL": "https://u:p-canary@r"}, "url holds credentials"),
        ({"REGISTRY__URL": "http://registry:8080", "REGISTRY__USERNAME": "u", "REGISTRY__PASSWORD_FILE": "f"}, "must be https"),
        ({"REGISTRY__URL": "http://registry:8080", "REGISTRY__SSL_CA_FILE": "ca"}, "the url is not https"),
        ({"REGISTRY__URL": "https://r", "REGISTRY__SSL_KEY_FILE": "k"}, "belong together"),
    ],
)
def test_a_setting_that_would_be_passed_over_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], named: str
) -> None:
    for key, value in environment.items():
        monkeypatch.setenv(f"ML_CONNECTOR_{key}", value)
    with pytest.raises(Broken) as refused:
        settings_from_environment()
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "p-canary" not in str(refused.value)


def _secured(folder: Path) -> Kafka:
    for name in ("password", "key-password"):
        (folder / name).write_text(f"secret of {name}\n")
    return Kafka(
        bootstrap_servers="127.0.0.1:1",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="sinks",
        sasl_password_file=folder / "password",
        ssl_ca_file=folder / "ca.pem",
        ssl_certificate_file=folder / "own.pem",
        ssl_key_file=folder / "own.key",
        ssl_key_password_file=folder / "key-password",
    )


@pytest.mark.parametrize("make", [kafka.admin, kafka.producer, kafka.reader, lambda k, **m: kafka.consumer(k, "group", **m)])
def test_every_client_is_given_all_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Any) -> None:
    """`topics --apply` passed SASL and TLS over."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(kafka, "_new_client", lambda _, settings: given.update(settings))
    make(Settings(kafka=_secured(tmp_path)).named("sinks", "3").kafka)
    assert given["client.id"] == f"ml-connector-sinks-{socket.gethostname()}-3"
    assert {name: given[name] for name in given if name.startswith(("sasl", "ssl", "security"))} == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "sinks",
        "sasl.password": "secret of password",
        "ssl.ca.location": str(tmp_path / "ca.pem"),
        "ssl.certificate.location": str(tmp_path / "own.pem"),
        "ssl.key.location": str(tmp_path / "own.key"),
        "ssl.key.password": "secret of key-password",
        "ssl.endpoint.identification.algorithm": "https",
    }


def test_an_instance_without_a_slot_is_named_by_its_process() -> None:
    assert Settings().named("pollers").kafka.client_id == f"ml-connector-pollers-{socket.gethostname()}-{os.getpid()}"


def test_the_registry_client_is_given_credentials_and_certificates(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("pass:word\r\n")
    given = registry.client_settings(
        Registry(
            url="https://registry/apis",
            username="sinks",
            password_file=tmp_path / "pw",
            ssl_ca_file=tmp_path / "ca",
            ssl_certificate_file=tmp_path / "c",
            ssl_key_file=tmp_path / "k",
        )
    )
    assert given["basic.auth.user.info"] == "sinks:pass:word"
    assert (given["ssl.ca.location"], given["ssl.certificate.location"], given["ssl.key.location"]) == tuple(
        str(tmp_path / name) for name in ("ca", "c", "k")
    )
    assert given["timeout"] > 0


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_password_file_that_holds_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    settings = Kafka(
        bootstrap_servers="127.0.0.1:1",
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_username="u",
        sasl_password_file=tmp_path / "password",
    )
    with pytest.raises(Broken, match=r"ML_CONNECTOR_KAFKA__SASL_PASSWORD_FILE: .*password (cannot be read|is empty)"):
        kafka.client_settings(settings)


@pytest.mark.parametrize("written", ["{}\n", "{}\r\n", "\ufeff{}\r\n", "{}"])
def test_a_password_is_what_its_file_shows(tmp_path: Path, written: str) -> None:
    """A file of an editor with a byte order mark gave another password, and the broker refused it."""
    (tmp_path / "password").write_bytes(written.format("canary-7f3a").encode())
    assert secret_in(tmp_path / "password", "KEY") == "canary-7f3a"


@pytest.mark.parametrize(
    "content",
    ["canary ", " canary", "canary\nmore", "canary\tmore", "canary\0", "canary\u200b", "\u00a0canary", "FILL IN", "c" * 70_000],
)
def test_a_password_that_nobody_could_type_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    (tmp_path / "password").write_bytes(content.encode())
    with pytest.raises(Broken, match=r"^KEY: .*password ") as refused:
        secret_in(tmp_path / "password", "KEY")
    assert "canary" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [None, "no PEM"])
def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path, content: str | None) -> None:
    """The library's own error was a traceback."""
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(Broken, match=r"ssl\.ca\.location") as refused:
        kafka.admin(Kafka(bootstrap_servers="127.0.0.1:1", security_protocol="SSL", ssl_ca_file=tmp_path / "ca.pem"))
    assert "\n" not in str(refused.value)


def _calls(path: Path) -> list[str]:
    """Names of clients that a module makes, or gives to whoever makes them."""
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [name for call in calls if (name := ast.unparse(call.func).rpartition(".")[2]) in MADE_IN]
    return made + [arg.id for call in calls for arg in call.args if isinstance(arg, ast.Name) and arg.id in MADE_IN]


def test_clients_are_made_in_one_place() -> None:
    found = {
        (name, path.relative_to(ROOT).as_posix())
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in _calls(path)
    }
    assert found == set(MADE_IN.items())


def test_no_code_asks_the_registry_by_its_url_alone() -> None:
    """Without the settings of its client neither credentials nor CA are used."""
    calls = [
        (path.relative_to(ROOT).as_posix(), ast.unparse(node))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("codec.load", "codec.register", "records.load")
    ]
    assert calls
    assert [one for one in calls if "registry.client_settings(" not in one[1]] == []


TURNED_AWAY = [
    "ssl://k:9093/bootstrap: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number 116",
    "ssl://k:9093/bootstrap: Receive failed: error:0A000416:SSL routines::ssl/tls alert certificate unknown: SSL alert number 46",
    "ssl://k:9093/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener? (after 2ms)",
]


@pytest.mark.parametrize("words", TURNED_AWAY)
def test_a_broker_that_turns_us_away_is_not_told_as_one_that_is_away(words: str) -> None:
    """The client gives a certificate that is refused under TLS 1.3 the code of a lost connection."""
    told = kafka.explained(Kafka(bootstrap_servers="k:9093"), KafkaError(KafkaError._TRANSPORT, words + "\n"))
    assert isinstance(told, Broken)
    assert "\n" not in str(told)
    assert words[-20:] in str(told)


@pytest.mark.parametrize(
    "words", ["Connect to ipv4#127.0.0.1:9092 failed: Connection refused", "Disconnected", "1/1 brokers are down"]
)
def test_a_broker_that_is_away_is_told_as_one(words: str) -> None:
    told = kafka.explained(Kafka(bootstrap_servers="k:9093"), KafkaError(KafkaError._TRANSPORT, words))
    assert isinstance(told, Transient)
    assert "does not answer" in str(told)
