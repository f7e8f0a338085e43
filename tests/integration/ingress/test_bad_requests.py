"""Bad inputs 21-25, 27, 34 and 35: slow, many, malformed, elsewhere."""

from __future__ import annotations

import contextlib
import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from services.ingress.webhooks import Ingress
from tests.integration.ingress import toy
from tests.integration.ingress.client import KEY, Reply, fresh_body, head, lines, mac, opened, place, post, reply, send, signed
from tests.integration.ingress.conftest import serving
from tests.integration.ingress.stage import Stage, eventually

pytestmark = pytest.mark.kafka

REQUEST_S = 2.0  # as the stage sets it; 10 by default


def seconds_until_closed(connection: socket.socket) -> float:
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(4096):
            pass
    return time.monotonic() - began


@pytest.mark.parametrize("sent", ["nothing", "half a head", "half a body"])
def test_21_a_request_that_does_not_end_is_closed_at_its_deadline(ingress: Ingress, sent: str) -> None:
    body = fresh_body()
    whole = head(place(), lines(body, f"{toy.HEADER}: {mac(body)}")) + body
    part = {"nothing": b"", "half a head": whole[:60], "half a body": whole[:-20]}[sent]
    with opened(ingress.port) as connection:
        connection.sendall(part)
        assert REQUEST_S * 0.5 < seconds_until_closed(connection) < REQUEST_S + 2


def test_21_a_byte_a_moment_does_not_move_the_deadline(ingress: Ingress) -> None:
    with opened(ingress.port) as connection:
        began, sent = time.monotonic(), 0
        connection.settimeout(0.1)
        closed = False
        while not closed and time.monotonic() - began < REQUEST_S + 3:
            try:
                connection.sendall(
                    b"POST /webhooks/x HTTP/1.1\r\nA: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"[sent : sent + 1] or b"a"
                )
                sent += 1
                closed = connection.recv(10) == b""
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                closed = True
        assert closed
        assert sent > 5
        assert time.monotonic() - began < REQUEST_S + 2


def test_21_the_second_request_of_a_connection_has_a_deadline_too(ingress: Ingress) -> None:
    body = fresh_body()
    with opened(ingress.port) as connection:
        connection.sendall(head(place(), lines(body, f"{toy.HEADER}: {mac(body)}")) + body)
        assert reply(connection).status == 200
        connection.sendall(b"POST /webh")
        assert REQUEST_S * 0.5 < seconds_until_closed(connection) < REQUEST_S + 2


def test_21_five_hundred_slow_clients_do_not_delay_a_good_one(ingress: Ingress) -> None:
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(opened(ingress.port)).sendall(b"POST /webhooks")
        took = []
        for _ in range(10):
            began = time.monotonic()
            assert signed(ingress.port, fresh_body()).status == 200
            took.append(time.monotonic() - began)
    assert sorted(took)[5] < 0.5, took


@pytest.fixture
def narrow(cluster: EmbeddedCluster, toys: None, tmp_path: Path) -> Iterator[tuple[Ingress, Stage]]:
    stage = Stage(cluster, tmp_path, request_s=2.0, max_connections=20, per_address_per_s=2, trusted_proxies=("127.0.0.2",))
    stage.connect("acme")
    stage.credit("acme", "webhook", [{"name": "k", "secret": KEY}])
    with serving(stage) as running:
        yield running, stage


def metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)
    return float(found[1]) if found else 0.0


def test_22_idle_connections_are_bounded_and_make_room(narrow: tuple[Ingress, Stage]) -> None:
    ingress, _ = narrow
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(opened(ingress.port))
        eventually(lambda: metric(ingress.metrics_port, "ml_connector_ingress_connections"), lambda n: n == 20)
        for connection in list(stack.pop_all()._exit_callbacks):  # type: ignore[attr-defined]  # close them all now
            connection[1](None, None, None)
    assert eventually(lambda: signed(ingress.port, fresh_body()).status, lambda status: status == 200) == 200


def test_34_a_flood_from_one_address_is_told_to_wait(narrow: tuple[Ingress, Stage]) -> None:
    ingress, _ = narrow
    statuses = [signed(ingress.port, fresh_body()) for _ in range(60)]
    assert {answer.status for answer in statuses} == {200, 429}
    assert all("Retry-After: 1" in answer.head for answer in statuses if answer.status == 429)
    assert _from(ingress, "127.0.0.3", fresh_body()).status == 200  # others are served


def _from(ingress: Ingress, address: str, body: bytes, *more: str) -> Reply:
    with socket.create_connection(("127.0.0.1", ingress.port), timeout=10, source_address=(address, 0)) as connection:
        connection.sendall(head(place(), lines(body, f"{toy.HEADER}: {mac(body)}", *more)) + body)
        return reply(connection)


def test_35_a_forwarded_address_counts_only_from_a_trusted_proxy(narrow: tuple[Ingress, Stage]) -> None:
    ingress, _ = narrow
    spoofed = [_from(ingress, "127.0.0.1", fresh_body(), f"X-Forwarded-For: 10.0.0.{n}").status for n in range(60)]
    assert 429 in spoofed  # another name for each request did not help
    proxied = [_from(ingress, "127.0.0.2", fresh_body(), f"X-Forwarded-For: 10.0.0.{n}").status for n in range(60)]
    assert set(proxied) == {200}
    behind = [_from(ingress, "127.0.0.2", fresh_body(), f"X-Forwarded-For: 10.9.9.{n}, 10.1.1.1").status for n in range(60)]
    assert 429 in behind  # the proxy's own word is the last one


MALFORMED = {
    "length and chunks": b"Host: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "two lengths": b"Host: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length with a sign": b"Host: x\r\nContent-Length: +5\r\n\r\n{}",
    "folded header": b"Host: x\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a header": b"Host: x\r\nX-A: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "bad chunk size": b"Host: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "no host": b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_23_a_request_that_is_not_http_is_refused(ingress: Ingress, kind: str) -> None:
    assert send(ingress.port, f"POST {place()} HTTP/1.1\r\n".encode() + MALFORMED[kind]).status == 400


def test_24_two_hundred_headers(ingress: Ingress) -> None:
    body = fresh_body()
    assert post(ingress.port, body, *[f"X-{n}: {n}" for n in range(200)]).status == 400


def test_24_a_header_of_nine_kilobytes(ingress: Ingress) -> None:
    assert post(ingress.port, fresh_body(), f"X-A: {'a' * 9216}").status == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "DELETE", "PATCH"])
def test_25_another_method(ingress: Ingress, method: str) -> None:
    answer = send(ingress.port, head(place(), ["Host: x", "Content-Length: 0"], method))
    assert answer.status == 405
    assert "Allow: POST" in answer.head


def test_25_no_upgrade_to_a_websocket(ingress: Ingress) -> None:
    more = [
        "Host: x",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
    ]
    assert send(ingress.port, head(place(), more, "GET")).status in (400, 405)


PATHS = [
    "/",
    "/webhooks/servicetitan",
    "/webhooks/servicetitan/acme/",
    "/webhooks/servicetitan/acme?x=1",
    "/webhooks/servicetitan/..%2facme",
    "/webhooks/servicetitan/acme%00",
    "/webhooks/../webhooks/servicetitan/acme",
    "/webhooks/servicetitan/ACME",
    "/webhooks/servicetitan/" + "a" * 8192,
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_27_another_path(ingress: Ingress, path: str) -> None:
    body = fresh_body()
    answer = post(ingress.port, body, f"{toy.HEADER}: {mac(body)}", path=path)
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    "path", ["/webhooks/nosystem/acme", "/webhooks/acumatica/acme", "/push/servicetitan/acme", "/webhooks/servicetitan/nobody"]
)
def test_27_a_path_of_the_right_form_tells_nothing_of_who_exists(ingress: Ingress, path: str) -> None:
    body = fresh_body()
    answer = post(ingress.port, body, f"{toy.HEADER}: {mac(body)}", path=path)
    assert (answer.status, answer.body) == (401, b"")
