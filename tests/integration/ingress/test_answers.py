"""What a good webhook gets and leaves behind, and what rotation and pushes do."""

from __future__ import annotations

import hashlib

import pytest
from confluent_kafka import Message

from services.ingress.webhooks import Ingress
from tests.integration.ingress import toy
from tests.integration.ingress.client import (
    KEY,
    OLD_KEY,
    OTHER_KEY,
    PUSH_KEY,
    fresh_body,
    head,
    lines,
    mac,
    opened,
    post,
    reply,
    signed,
)
from tests.integration.ingress.stage import Stage
from topology.headers import header
from topology.topics import partition_of

pytestmark = pytest.mark.kafka


def _headers(message: Message) -> list[tuple[str, str | bytes | None]]:
    found = message.headers() or []
    assert isinstance(found, list)
    return found


def test_a_signed_webhook_is_in_the_topic_when_200_is_answered(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    answer = signed(ingress.port, body)
    assert answer.status == 200
    found = [m for m in stage.messages(f"raw.{toy.FIELD_SERVICE}") if stage.codec.decode(m.value())[1]["body"] == body]
    assert len(found) == 1
    key = f"acme/webhook/{hashlib.sha256(body).hexdigest()}"
    assert found[0].key() == key.encode()
    assert found[0].partition() == partition_of(key, 4)
    record = stage.codec.decode(found[0].value())[1]
    assert (record["entity"], record["shape"], record["signature"]) == ("webhook", "hint", "verified:2026-q1")
    assert header(_headers(found[0]), "ce_type") == "raw.raw"
    assert header(_headers(found[0]), "traceparent").startswith("00-")


def test_the_trace_of_the_sender_is_passed_on(ingress: Ingress, stage: Stage) -> None:
    body, trace = fresh_body(), f"00-{'a' * 32}-{'b' * 16}-01"
    assert post(ingress.port, body, f"{toy.HEADER}: {mac(body)}", f"traceparent: {trace}").status == 200
    found = [m for m in stage.messages(f"raw.{toy.FIELD_SERVICE}") if stage.codec.decode(m.value())[1]["body"] == body]
    assert [header(_headers(m), "traceparent") for m in found] == [trace]


def test_many_requests_on_one_connection_are_answered_in_turn(ingress: Ingress, stage: Stage) -> None:
    bodies = [fresh_body(str(n)) for n in range(20)]
    with opened(ingress.port) as connection:
        for body in bodies:
            connection.sendall(head("/webhooks/servicetitan/acme", lines(body, f"{toy.HEADER}: {mac(body)}")) + body)
            assert reply(connection).status == 200
    assert set(bodies) <= set(stage.bodies("acme"))


def test_a_push_notification_with_its_secret_is_stored_as_a_hint(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body("push")
    answer = post(ingress.port, body, f"{toy.PUSH_HEADER}: {PUSH_KEY}", path=f"/push/{toy.ERP}/acme")
    assert answer.status == 200
    found = [r for r in stage.records(f"raw.{toy.ERP}") if r["body"] == body]
    assert [(r["entity"], r["how"], r["shape"]) for r in found] == [("push", "push", "hint")]


@pytest.mark.parametrize("secret", ["", "wrong", PUSH_KEY[:-1], PUSH_KEY + "x", KEY])
def test_a_push_notification_with_another_secret_is_refused(ingress: Ingress, secret: str) -> None:
    assert post(ingress.port, fresh_body(), f"{toy.PUSH_HEADER}: {secret}", path=f"/push/{toy.ERP}/acme").status == 401


def test_both_keys_of_a_rotation_sign_and_an_ended_one_does_not(ingress: Ingress) -> None:
    """Bad input 16: old key inside the overlap, and after it."""
    assert signed(ingress.port, fresh_body(), "rotating", KEY).status == 200
    assert signed(ingress.port, fresh_body(), "rotating", OLD_KEY).status == 200
    assert signed(ingress.port, fresh_body(), "rotating", OTHER_KEY).status == 401
