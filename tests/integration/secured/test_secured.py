"""SASL, TLS and ACLs against a real broker: each way to sign in, what is refused in one line, and the whole way under ACLs per role."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from console.demo.day import Day, Options
from console.demo.processes import SERVICES
from runtime.embedded.cluster import Endpoints
from runtime.settings import Kafka
from tests.acceptance.conftest import Live, matched_customers, sold
from tests.acceptance.stage import ERP, staged
from tests.integration.secured.secured import NAME, Secured, authority_file, certificate_files, secured_cluster
from tests.network.ground import Authority
from topology.acls import acls, commands
from topology.topics import topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_cluster(tmp_path_factory.mktemp("secured")) as made:
        yield made


def cli(secured: Secured, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`ml-connector ...` with these settings."""
    return subprocess.run(
        [sys.executable, "-m", "console.cli.main", *arguments],
        env={**os.environ, "ML_CONNECTOR_REGISTRY__URL": secured.cluster.registry_url, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def prefixed(prefix: str) -> dict[str, str]:
    return {"ML_CONNECTOR_KAFKA__TOPIC_PREFIX": prefix}


@pytest.mark.parametrize("way", ["PLAIN", "SCRAM-SHA-512", "certificate"])
def test_topics_are_made_by_whoever_signs_in_and_may(secured: Secured, way: str) -> None:
    """`topics --apply`, and every other call for what is not a record, passed SASL and TLS over."""
    prefix = f"t{uuid.uuid4().hex[:6]}."
    if way.startswith("SCRAM"):
        secured.add_scram_user("cli")
    signed_in = (secured.by_certificate("cli") if way == "certificate" else secured.by_sasl("cli", way)) | prefixed(prefix)
    denied = cli(secured, signed_in, "topics", "--apply")
    assert (denied.returncode, "uthoriz" in denied.stderr, "Traceback" in denied.stderr) == (78, True, False), denied.stderr
    secured.allow([one for one in acls(Kafka(topic_prefix=prefix)) if one.role == "cli"])
    made = cli(secured, signed_in, "topics", "--apply")
    assert made.returncode == 0, made.stderr
    assert {prefix + name for name in topics()} <= set(secured.admin().list_topics(timeout=30).topics)


@pytest.mark.parametrize(
    "wrong", ["password", "user", "authority", "host", "no certificate", "another's certificate", "an old certificate", "protocol"]
)
def test_who_is_not_let_in_is_told_so_in_one_line(secured: Secured, tmp_path: Path, wrong: str) -> None:
    """It was a traceback, or an endless wait; a certificate that is not taken looked as if the broker were away (TLS 1.3 refuses it after the
    handshake, and the client gives that the code of a lost connection)."""
    signed_in = secured.by_sasl("cli")
    if wrong == "password":
        (tmp_path / "wrong").write_text("canary of a password")
        signed_in["ML_CONNECTOR_KAFKA__SASL_PASSWORD_FILE"] = str(tmp_path / "wrong")
    elif wrong == "user":
        signed_in["ML_CONNECTOR_KAFKA__SASL_USERNAME"] = "nobody"
    elif wrong == "authority":
        signed_in["ML_CONNECTOR_KAFKA__SSL_CA_FILE"] = str(authority_file(Authority("another"), tmp_path))
    elif wrong == "host":  # the certificate names the address
        signed_in["ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS"] = secured.sasl.replace("127.0.0.1", "localhost")
    elif wrong == "no certificate":
        signed_in = secured.by_certificate("cli")
        del signed_in["ML_CONNECTOR_KAFKA__SSL_CERTIFICATE_FILE"], signed_in["ML_CONNECTOR_KAFKA__SSL_KEY_FILE"]
    elif wrong in ("another's certificate", "an old certificate"):
        authority = Authority("another") if wrong.startswith("another") else secured.authority
        life = timedelta(days=-1) if wrong.startswith("an old") else timedelta(days=1)
        certificate, key = certificate_files(authority, tmp_path, "ml-connector-cli", life)
        signed_in = secured.by_certificate("cli") | {
            "ML_CONNECTOR_KAFKA__SSL_CERTIFICATE_FILE": str(certificate),
            "ML_CONNECTOR_KAFKA__SSL_KEY_FILE": str(key),
        }
    else:
        signed_in["ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS"] = secured.plain
    ran = cli(secured, signed_in, "status")
    assert (ran.returncode, ran.stderr.count("\n"), ran.stdout) == (78, 1, ""), ran.stderr
    assert "refuses us" in ran.stderr
    assert "canary" not in ran.stderr


def test_a_certificate_of_another_host_is_taken_only_where_the_check_is_off(secured: Secured) -> None:
    elsewhere = secured.by_sasl("cli") | prefixed("x.")
    elsewhere["ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS"] = secured.sasl.replace("127.0.0.1", "localhost")
    ran = cli(secured, elsewhere | {"ML_CONNECTOR_KAFKA__SSL_HOSTNAME_CHECK": "false"}, "topics", "--apply")
    assert "not" in ran.stderr
    assert "refuses us" not in ran.stderr or "uthoriz" in ran.stderr, ran.stderr


def test_the_printed_acls_are_kafkas_own_commands(secured: Secured) -> None:
    settings = Kafka(bootstrap_servers=secured.plain, topic_prefix="acl.")
    lines = [shlex.split(line) for line in commands(settings, "User:" + NAME)]
    for words in (
        lines[0],
        next(line for line in lines if "--transactional-id" in line),
        next(line for line in lines if "Create" in line),
    ):
        ran = secured.cluster.kafka_tool(*words)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "Adding ACLs" in ran.stdout


@pytest.mark.chaos
def test_a_document_goes_the_whole_way_with_each_role_under_its_own_acls(
    secured: Secured, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Webhook or feed to ERP: each service signs in as itself, over TLS, and may do what `topics --acls` allows."""
    secured.cluster.endpoints = Endpoints(secured.sasl, secured.cluster.registry_url)
    prefix = f"way-{uuid.uuid4().hex[:6]}."
    secured.allow(acls(Kafka(topic_prefix=prefix)))
    wanted = Options(erp=ERP, seed=11, jobs=0, scale=600)
    more = secured.by_sasl("cli") | prefixed(prefix)
    with staged(secured.cluster, tmp_path_factory.mktemp("way"), wanted, "way", more) as stage:
        processes = stage.processes
        processes.start_service = lambda name: processes._spawn(name, ["run", name], secured.by_sasl(name))  # type: ignore[method-assign,assignment]

        async def begin(day: Day) -> None:
            await day.observe()
            await day.listen()
            await day.match()

        stage.work(begin)
        stage.work(lambda day: day.enter("live", "it is only a test"))
        live = Live(stage, {}, customers=matched_customers(stage))
        entry = live.posted(sold(stage, live.customers[0], 901)["invoice"])
        assert [row["operation"] for row in stage.journal(("Invoice",)) if row["ref"] == entry["ref"]].count("create") == 1
        logs = {name: stage.log_of(name) for name in SERVICES}
        assert [name for name, text in logs.items() if "uthorization failed" in text] == []
