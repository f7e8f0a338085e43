"""Bad inputs 1-16: what is not signed as it should be is refused with the same 401 and leaves nothing behind."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from datetime import UTC, datetime

import pytest

from runtime.errors import Broken
from services import credentials
from services.ingress.webhooks import Ingress
from tests.integration.ingress import toy
from tests.integration.ingress.client import KEY, OTHER_KEY, Reply, fresh_body, head, lines, mac, place, post, send, signed
from tests.integration.ingress.stage import Stage

pytestmark = pytest.mark.kafka


def refused(stage: Stage, answer: Reply, body: bytes, connection: str = "acme") -> None:
    assert (answer.status, answer.body) == (401, b"")
    assert body not in stage.bodies(connection)


def test_01_no_signature_header(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    refused(stage, post(ingress.port, body), body)


def test_02_an_empty_signature(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    refused(stage, post(ingress.port, body, f"{toy.HEADER}: "), body)


@pytest.mark.parametrize("length", [1, 8, 63, 65, 2000])
def test_03_a_signature_of_the_wrong_length(ingress: Ingress, stage: Stage, length: int) -> None:
    body = fresh_body()
    refused(stage, post(ingress.port, body, f"{toy.HEADER}: {(mac(body) * 40)[:length]}"), body)


def test_04_a_signature_that_is_not_ascii(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    refused(stage, post(ingress.port, body, f"{toy.HEADER}: é{mac(body)[1:]}"), body)
    raw = head(place(), lines(body, f"{toy.HEADER}: PLACE")).replace(b"PLACE", b"\xff\xfe" + mac(body).encode()[2:])
    refused(stage, send(ingress.port, raw + body), body)


def test_05_the_right_mac_in_another_encoding(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    in_base64 = base64.b64encode(hmac.digest(KEY.encode(), body, "sha256")).decode()
    for other in (mac(body).upper(), in_base64, f"sha256={mac(body)}"):
        refused(stage, post(ingress.port, body, f"{toy.HEADER}: {other}"), body)
    assert post(ingress.port, body, f"{toy.HEADER}: {in_base64}", connection="base64").status == 200
    refused(stage, post(ingress.port, body, f"{toy.HEADER}: {mac(body)}", connection="base64"), body)


def test_06_the_mac_of_the_json_written_anew(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    rewritten = json.dumps(json.loads(body), separators=(",", ":")).encode()
    refused(stage, post(ingress.port, body, f"{toy.HEADER}: {mac(rewritten)}"), body)


def test_07_one_byte_of_the_body_flipped(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    flipped = bytes([*body[:10], body[10] ^ 1, *body[11:]])
    refused(stage, post(ingress.port, flipped, f"{toy.HEADER}: {mac(body)}"), flipped)


def test_08_the_key_of_another_connection(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    refused(stage, signed(ingress.port, body, "acme", OTHER_KEY), body)


def test_09_a_connection_without_a_key_is_closed_to_everybody(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    for key in (KEY, OTHER_KEY, "decoy key: signs nothing, costs the same"):
        refused(stage, signed(ingress.port, body, "keyless", key), body, "keyless")
    empty = hmac.new(b"", body, hashlib.sha256).hexdigest()
    refused(stage, post(ingress.port, body, f"{toy.HEADER}: {empty}", connection="keyless"), body, "keyless")


@pytest.mark.parametrize("length", [0, 31, 65])
def test_10_a_key_of_unfit_length_is_refused_when_it_is_applied(stage: Stage, length: int) -> None:
    with pytest.raises(Broken, match=f"has {length} characters, not 32 to 64") as refusal:
        credentials.seal(
            stage.ring, ("acme", "webhook"), credentials.Sealed([{"name": "k", "secret": "s" * length}]), datetime.now(UTC)
        )
    assert "ssss" not in str(refusal.value)


def test_11_two_signature_headers_even_when_one_is_good(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    good, bad = f"{toy.HEADER}: {mac(body)}", f"{toy.HEADER}: {mac(b'other')}"
    for pair in ((bad, good), (good, bad), (good, good)):
        refused(stage, post(ingress.port, body, *pair), body)


def standard(body: bytes, stamp: str, version: str = "v1", event: str = "") -> tuple[str, str, str]:
    """Id, time and one signature of Standard Webhooks."""
    event = event or f"msg_{uuid.uuid4().hex}"
    signature = hmac.digest(KEY.encode(), b".".join((event.encode(), stamp.encode(), body)), "sha256")
    return event, stamp, f"{version},{base64.b64encode(signature).decode()}"


def sent_standard(port: int, body: bytes, event: str, stamp: str, signatures: str) -> Reply:
    more = (f"webhook-id: {event}", f"webhook-timestamp: {stamp}", f"webhook-signature: {signatures}")
    return post(port, body, *more, connection="standard")


def test_12_a_list_of_standard_signatures(ingress: Ingress, stage: Stage) -> None:
    now = str(int(time.time()))
    body = fresh_body()
    event, stamp, good = standard(body, now)
    assert sent_standard(ingress.port, body, event, stamp, f"v1,bad {good}").status == 200
    body = fresh_body()
    event, stamp, other = standard(body, now, "v9")
    refused(stage, sent_standard(ingress.port, body, event, stamp, other), body, "standard")
    event, stamp, good = standard(body, now)
    refused(stage, sent_standard(ingress.port, body, event, stamp, " ".join(["v1,bad"] * 8 + [good])), body, "standard")


@pytest.mark.parametrize("stamp", ["-301", "+301", "-5", "1e9", "1" * 40, "", "１７"])
def test_13_a_signed_timestamp_that_is_no_recent_one(ingress: Ingress, stage: Stage, stamp: str) -> None:
    body = fresh_body()
    if stamp in ("-301", "+301"):
        stamp = str(int(time.time()) + int(stamp) + (1 if stamp[0] == "+" else 0))
    refused(stage, sent_standard(ingress.port, body, *standard(body, stamp)), body, "standard")


def test_14_an_exact_replay_is_answered_200_and_kept_once(ingress: Ingress, stage: Stage) -> None:
    """A signature over the body is good for ever: copies would fill the log. That one makes no second command is the hops' promise."""
    body = fresh_body()
    assert [signed(ingress.port, body).status for _ in range(20)] == [200] * 20
    found = [m for m in stage.messages(f"raw.{toy.FIELD_SERVICE}") if stage.codec.decode(m.value())[1]["body"] == body]
    assert len(found) == 1


def test_15_one_event_id_with_two_bodies_is_stored_twice(ingress: Ingress, stage: Stage) -> None:
    event = uuid.uuid4()
    bodies = [f'{{"eventId": "{event}", "amount": {n}}}'.encode() for n in (1, 1000)]
    assert [signed(ingress.port, body).status for body in bodies] == [200, 200]
    assert set(bodies) <= set(stage.bodies("acme"))


# 16, the old key inside and after its overlap, is in test_answers.py


def test_an_unknown_connection_is_answered_as_a_wrong_signature_is(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body()
    unknown, wrong = signed(ingress.port, body, "nobody"), signed(ingress.port, body, "acme", OTHER_KEY)
    assert _without_date(unknown) == _without_date(wrong)
    refused(stage, unknown, body, "nobody")


def _without_date(answer: Reply) -> tuple[int, list[str], bytes]:
    return answer.status, [line for line in answer.head.split("\r\n") if not line.startswith("Date")], answer.body
