"""Bad inputs 17-20 and 26-33: sizes and types are refused unread, everything else that is signed is stored as it came."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from services.ingress.webhooks import Ingress
from tests.integration.ingress import toy
from tests.integration.ingress.client import Reply, fresh_body, head, mac, place, post, send, signed
from tests.integration.ingress.stage import Stage

pytestmark = pytest.mark.kafka

CAP = 1024 * 1024


def stored(ingress: Ingress, stage: Stage, body: bytes) -> None:
    assert signed(ingress.port, body).status == 200
    assert body in stage.bodies("acme")


def test_17_a_body_one_byte_over_the_cap_is_refused_by_its_announced_length(ingress: Ingress) -> None:
    answer = send(ingress.port, head(place(), ["Host: x", "Content-Type: application/json", f"Content-Length: {CAP + 1}"]))
    assert answer.status == 413  # not a byte of the body was sent


def test_a_body_at_the_cap_is_taken(ingress: Ingress, stage: Stage) -> None:
    stored(ingress, stage, b'{"a": "' + b"x" * (CAP - 9) + b'"}')


def test_18_a_chunked_body_is_refused_at_the_cap(ingress: Ingress) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    start = head(place(), ["Host: x", "Content-Type: application/json", "Transfer-Encoding: chunked"])
    assert send(ingress.port, start + chunk * 17).status == 413


def encoded(ingress: Ingress, body: bytes, encoding: str) -> Reply:
    return post(ingress.port, body, f"{toy.HEADER}: {mac(body)}", f"Content-Encoding: {encoding}")


def test_19_a_bomb_is_refused_unopened(ingress: Ingress) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
    assert len(bomb) < 256 * 1024
    tracemalloc.start()
    try:
        assert encoded(ingress, bomb, "gzip").status == 415
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "gzip, gzip", "identity", ""])
def test_20_any_content_encoding_is_refused(ingress: Ingress, encoding: str) -> None:
    members = gzip.compress(b"{}") + gzip.compress(zlib.compress(b"{}"))
    assert encoded(ingress, members, encoding).status == 415


@pytest.mark.parametrize("content_type", ["text/xml", "multipart/form-data; boundary=x", "text/plain", "application/x-json", ""])
def test_26_another_content_type_is_refused(ingress: Ingress, stage: Stage, content_type: str) -> None:
    body = fresh_body()
    assert post(ingress.port, body, f"{toy.HEADER}: {mac(body)}", content_type=content_type).status == 415
    assert body not in stage.bodies("acme")


def test_26_no_content_type_is_refused(ingress: Ingress) -> None:
    body = fresh_body()
    top = head(place(), ["Host: x", f"Content-Length: {len(body)}", f"{toy.HEADER}: {mac(body)}"])
    assert send(ingress.port, top + body).status == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/cloudevents+json"])
def test_json_under_its_other_names_is_taken(ingress: Ingress, content_type: str) -> None:
    body = fresh_body()
    assert post(ingress.port, body, f"{toy.HEADER}: {mac(body)}", content_type=content_type).status == 200


def test_28_a_hundred_thousand_brackets_are_stored_as_they_came(ingress: Ingress, stage: Stage) -> None:
    stored(ingress, stage, b"[" * 100_000)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999"])
def test_29_numbers_that_are_none_are_stored_as_they_came(ingress: Ingress, stage: Stage, number: bytes) -> None:
    stored(ingress, stage, fresh_body().replace(b'""', number))


def test_30_a_doubled_key_is_stored_as_it_came(ingress: Ingress, stage: Stage) -> None:
    stored(ingress, stage, fresh_body() + b'{"amount": 1, "amount": 1000}')


def test_31_a_number_of_five_thousand_digits_and_a_float_are_stored_as_they_came(ingress: Ingress, stage: Stage) -> None:
    stored(ingress, stage, b'{"id": ' + b"7" * 5000 + b', "amount": 0.1}')


@pytest.mark.parametrize(
    "body", [b'{"a": "\\ud800"}', b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16"), b'{"a": "\\u0000"}', b"\x00\xff", b""]
)
def test_32_text_that_is_none_is_stored_as_it_came(ingress: Ingress, stage: Stage, body: bytes) -> None:
    stored(ingress, stage, body)


def test_33_a_tenant_named_in_the_body_does_not_change_whose_it_is(ingress: Ingress, stage: Stage) -> None:
    body = fresh_body().replace(b'"note"', b'"tenantId": 99, "connection": "other", "note"')
    stored(ingress, stage, body)
    assert body not in stage.bodies("other")
