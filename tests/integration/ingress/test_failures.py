"""What a sender sees when something breaks: never a 200 for what is not stored, and nothing secret in what is written about it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime import secrets
from runtime.embedded.cluster import EmbeddedCluster, start_on_jvm
from services import credentials
from services.ingress.webhooks import Ingress
from tests.integration.ingress import toy
from tests.integration.ingress.client import KEY, OLD_KEY, OTHER_KEY, fresh_body, mac, post, signed
from tests.integration.ingress.conftest import serving
from tests.integration.ingress.stage import Stage, eventually

pytestmark = pytest.mark.kafka


def readiness(ingress: Ingress) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{ingress.metrics_port}/readyz", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.slow
def test_without_a_broker_the_answer_is_503_until_it_is_back(toys: None, tmp_path: Path) -> None:
    own = start_on_jvm(None, lambda _: None)
    try:
        stage = Stage(own, tmp_path)
        stage.connect("acme")
        stage.credit("acme", "webhook", [{"name": "k", "secret": KEY}])
        with serving(stage) as ingress:
            assert (signed(ingress.port, fresh_body()).status, readiness(ingress)) == (200, 200)
            own.kill_broker()
            lost = fresh_body()
            answer = signed(ingress.port, lost)
            assert (answer.status, "Retry-After: 5" in answer.head, readiness(ingress)) == (503, True, 503)
            own.start_broker()
            eventually(lambda: signed(ingress.port, lost).status, lambda status: status == 200, within_s=60)
            eventually(lambda: readiness(ingress), lambda status: status == 200, within_s=60)
        assert lost in stage.bodies("acme")
    finally:
        own.stop()


@dataclass(frozen=True)
class Child:
    """A running ingress process."""

    process: subprocess.Popen[bytes]
    port: int
    metrics_port: int
    log: Path


@contextmanager
def child(stage: Stage, folder: Path, *arguments: str) -> Iterator[Child]:
    path = folder / f"log{len(list(folder.glob('log*')))}"
    with path.open("wb") as log:
        command = [sys.executable, "-m", "tests.integration.ingress.child", stage.settings.model_dump_json(), *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=Path(__file__).parents[3])
    try:
        ready = eventually(_said(path), bool, 40)
        yield Child(process, ready["port"], ready["metrics_port"], path)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(120)


def _said(path: Path) -> Callable[[], dict[str, int]]:
    def ready() -> dict[str, int]:
        lines = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
        return next((line for line in lines if line["event"] == "ready"), {})

    return ready


def test_a_crash_between_delivery_and_answer_makes_a_second_record_and_loses_none(stage: Stage, tmp_path: Path) -> None:
    body = fresh_body()
    with child(stage, tmp_path, "die-after-delivery") as doomed:
        assert signed(doomed.port, body).status == 0
        assert doomed.process.wait(60) == -signal.SIGKILL
    with child(stage, tmp_path) as next_one:
        assert signed(next_one.port, body).status == 200
    assert stage.bodies("acme").count(body) == 2


def test_sigterm_ends_it_with_0(stage: Stage, tmp_path: Path) -> None:
    with child(stage, tmp_path) as running:
        assert signed(running.port, fresh_body()).status == 200
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(120) == 0


CANARIES = [
    "canary-token-5d1",
    "canary-cookie-5d1",
    "canary-body-5d1",
    "canary-path-5d1",
    "canary-type-5d1",
    "4111111111111111",
    "eve@canary.test",
]


def test_no_planted_secret_is_in_logs_metrics_keys_or_headers(stage: Stage, tmp_path: Path) -> None:
    """Bad input 95, the part of ingress: twelve places of traffic, none of them shows anywhere but in raw's bodies."""
    body = fresh_body("canary-body-5d1 4111111111111111 eve@canary.test")
    sent = (
        f"Authorization: Basic {CANARIES[0]}",
        f"Cookie: {CANARIES[1]}",
        f"X-Forwarded-For: {CANARIES[0]}",
        f"traceparent: {CANARIES[0]}",
    )
    with child(stage, tmp_path) as running:
        assert post(running.port, body, f"{toy.HEADER}: {mac(body)}", *sent).status == 200
        assert post(running.port, body, f"{toy.HEADER}: {CANARIES[0]}", *sent).status == 401
        assert post(running.port, body, f"{toy.HEADER}: {mac(body)}", *sent, path="/webhooks/canary-path-5d1").status == 404
        assert post(running.port, body, *sent, content_type="canary-type-5d1").status == 415
        assert post(running.port, body, *sent, "Content-Encoding: canary-type-5d1").status == 415
        assert post(running.port, body, f"{toy.HEADER}: {mac(body)}", "Bad Header: canary-token-5d1").status == 400
        with urllib.request.urlopen(f"http://127.0.0.1:{running.metrics_port}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
    written = running.log.read_text() + metrics
    written += "".join(f"{m.key()!r}{m.headers()!r}" for m in stage.messages(f"raw.{toy.FIELD_SERVICE}"))
    assert [canary for canary in (*CANARIES, KEY, OLD_KEY, OTHER_KEY) if canary in written] == []


def test_keys_rotate_under_traffic_and_nothing_signed_in_the_overlap_is_refused(
    cluster: EmbeddedCluster, toys: None, tmp_path: Path
) -> None:
    """Fault 35: the new key is added, senders change over, the old one goes; the key ring is rotated meanwhile."""
    stage = Stage(cluster, tmp_path)
    stage.connect("acme")
    old, new = {"name": "old", "secret": OLD_KEY}, {"name": "new", "secret": KEY}
    stage.credit("acme", "webhook", [old])
    signing_key, stop, refused = [OLD_KEY], threading.Event(), list[int]()
    with serving(stage) as ingress:

        def send_always() -> None:
            while not stop.is_set():
                status = signed(ingress.port, fresh_body(), key=signing_key[0]).status
                if status != 200:
                    refused.append(status)

        sender = threading.Thread(target=send_always)
        sender.start()
        try:
            stage.credit("acme", "webhook", [old, new])
            eventually(lambda: signed(ingress.port, fresh_body(), key=KEY).status, lambda status: status == 200)
            signing_key[0] = KEY
            rotated = secrets.KeyRing((*stage.ring.keys, secrets.new_key(datetime.now(UTC))))
            assert stage.settings.key_ring is not None
            secrets.write_ring(stage.settings.key_ring, rotated)
            assert credentials.rewrap_all(stage.settings, stage.codec, rotated).count == 1
            assert credentials.rewrap_all(stage.settings, stage.codec, rotated).count == 0
            stage.ring = secrets.KeyRing(rotated.keys[1:])
            secrets.write_ring(stage.settings.key_ring, stage.ring)
            stage.credit("acme", "webhook", [new])
            eventually(lambda: signed(ingress.port, fresh_body(), key=OLD_KEY).status, lambda status: status == 401)
        finally:
            stop.set()
            sender.join(20)
    assert refused == []
