"""Ingress while somebody abuses it: an honest sender is served, memory is bounded, and nobody who is refused stays."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from contextlib import AsyncExitStack, suppress

import pytest

from tests.unit.ingress.server import KEY, STANDARD, Server, fresh_body, head, mac, request, serving

MIB = 1024 * 1024
HONEST = "127.0.0.9"


async def open_many(server: Server, stack: AsyncExitStack, number: int, content: bytes, source: str = "127.0.0.1") -> None:
    """Connections that send this much and nothing more."""

    async def one() -> None:
        with suppress(OSError):
            _, writer = await server.opened(source)
            stack.callback(writer.close)
            writer.write(content)

    for begun in range(0, number, 100):
        await asyncio.gather(*(one() for _ in range(min(100, number - begun))))


# --- connections ---


@pytest.mark.parametrize(
    "content", [b"", b"POST /webhooks", head(1000), head(1000) + b"{"], ids=["idle", "head", "no body", "body"]
)
async def test_one_address_with_too_many_connections_locks_nobody_out(content: bytes) -> None:
    async with serving(max_connections=100, max_connections_per_address=40, request_s=30) as server, AsyncExitStack() as stack:
        await open_many(server, stack, 400, content)
        assert [await server.sent(fresh_body(), source=HONEST) for _ in range(20)] == [200] * 20
        assert len(server.listening.crowd) <= 41


@pytest.mark.parametrize("content", [b"", b"POST /webhooks", head(1000) + b"{"], ids=["idle", "head", "body"])
async def test_many_addresses_with_too_many_connections_lock_nobody_out(content: bytes) -> None:
    async with serving(max_connections=100, max_connections_per_address=40, request_s=30) as server, AsyncExitStack() as stack:
        for number in range(10, 30):
            await open_many(server, stack, 30, content, f"127.0.1.{number}")
        assert [await server.sent(fresh_body(), source=HONEST) for _ in range(20)] == [200] * 20
        assert len(server.listening.crowd) <= 100


async def test_a_sender_that_proved_itself_keeps_its_connection_while_others_are_closed() -> None:
    async with serving(max_connections=50, max_connections_per_address=50, request_s=30) as server, AsyncExitStack() as stack:
        reader, writer = await server.opened(HONEST)
        stack.callback(writer.close)
        for _ in range(5):
            body = fresh_body()
            writer.write(request(body, f"x-sig: {mac(body)}"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await open_many(server, stack, 100, b"")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (head(2), 401),
        (head(2, path="/elsewhere"), 404),
        (head(2, "Content-Encoding: gzip"), 415),
        (head(5 * MIB), 413),
        (head(2, "Expect: 200-ok"), 417),
        (head(2).replace(b"POST", b"PUT"), 405),
        (b"nonsense\r\n\r\n", 400),
    ],
)
async def test_whoever_is_not_answered_200_is_not_kept_connected(content: bytes, status: int) -> None:
    async with serving() as server:
        reader, writer = await server.opened()
        writer.write(content + (b"{}" if status != 413 else b""))
        assert (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1] == str(status).encode()
        writer.write(request(b"{}"))
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_a_request_that_is_being_stored_is_not_closed_for_another() -> None:
    async with serving(max_connections=10, max_connections_per_address=10, request_s=30) as server, AsyncExitStack() as stack:
        server.kept.slow_s = 1.0
        body = fresh_body()
        waiting = asyncio.create_task(server.sent(body))
        await server.kept.begun.wait()
        await open_many(server, stack, 100, b"")
        assert await waiting == 200


async def test_an_address_that_opens_connections_without_a_pause_is_turned_away_before_it_costs_anything() -> None:
    async with serving(connections_per_address_per_s=20) as server:
        found = [await server.sent(fresh_body()) for _ in range(60)]
        assert set(found) == {200, 0}
        assert found.count(200) >= 20
        assert await server.sent(fresh_body(), source=HONEST) == 200


# --- bodies ---


async def test_many_large_bodies_at_once_stay_within_the_budget_and_a_small_one_passes() -> None:
    """600 unsigned bodies of 1 MiB took hundreds of MiB."""
    budget = 8 * MIB
    async with (
        serving(max_bodies_bytes=budget, max_connections_per_address=1000, request_s=30) as server,
        AsyncExitStack() as stack,
    ):
        largest = 0
        almost = head(MIB) + b"x" * (MIB - 1)
        for begun in range(6):
            await open_many(server, stack, 100, almost, f"127.0.1.{begun + 1}")
            largest = max(largest, server.webhooks.bodies.size)
            assert await server.sent(fresh_body(2000), source=HONEST) == 200
        assert largest <= budget


async def test_the_body_of_another_address_is_kept_while_one_takes_too_much() -> None:
    async with serving(max_bodies_bytes=2 * MIB, max_body_bytes=MIB, request_s=30) as server, AsyncExitStack() as stack:
        body = fresh_body(MIB - 200)
        whole = request(body, f"x-sig: {mac(body)}")
        reader, writer = await server.opened(HONEST)
        stack.callback(writer.close)
        writer.write(whole[: MIB // 2])
        await writer.drain()
        await open_many(server, stack, 20, head(MIB) + b"x" * (MIB - 1))
        writer.write(whole[MIB // 2 :])
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_the_budget_is_given_back() -> None:
    async with serving(max_bodies_bytes=2 * MIB) as server:
        for _ in range(10):
            assert await server.sent(fresh_body(MIB - 200)) == 200
            assert await server.sent(fresh_body(2 * MIB)) == 413
            assert int((await server.asked(request(fresh_body(1000)))).split()[1]) == 401
        assert server.webhooks.bodies.size == 0


# --- copies ---


async def test_a_webhook_that_is_sent_a_thousand_times_is_kept_once() -> None:
    async with serving() as server:
        body = fresh_body()
        for _ in range(10):
            assert await asyncio.gather(*(server.sent(body) for _ in range(100))) == [200] * 100
        assert len(server.kept.records) == 1


async def test_what_was_not_stored_is_stored_when_it_comes_again_and_nobody_is_told_200_before() -> None:
    async with serving() as server:
        server.kept.refuse, server.kept.slow_s = 1, 0.2
        body = fresh_body()
        assert await asyncio.gather(*(server.sent(body) for _ in range(20))) == [503] * 20
        assert server.kept.records == []
        assert await server.sent(body) == 200
        assert len(server.kept.records) == 1


async def test_the_same_body_of_another_connection_or_under_another_signed_id_is_another_one() -> None:
    async with serving() as server:
        body = fresh_body()
        assert await server.sent(body) == 200
        assert await server.sent(body, path=STANDARD.replace("standard", "other")) == 200
        assert len(server.kept.records) == 2
        for message in ("msg_1", "msg_1", "msg_2"):
            assert await _standard(server, message, body) == 200
        assert len(server.kept.records) == 4


async def _standard(server: Server, message: str, body: bytes) -> int:
    stamp = str(int(time.time()))
    signed = base64.b64encode(hmac.digest(KEY.encode(), f"{message}.{stamp}.".encode() + body, hashlib.sha256)).decode()
    lines = (f"webhook-id: {message}", f"webhook-timestamp: {stamp}", f"webhook-signature: v1,{signed}")
    return int((await server.asked(request(body, *lines, path=STANDARD))).split()[1])


async def test_an_unsigned_copy_is_no_copy() -> None:
    async with serving() as server:
        body = fresh_body()
        assert await server.sent(body) == 200
        assert int((await server.asked(request(body, f"x-sig: {mac(body, 'x' * 32)}"))).split()[1]) == 401


async def test_copies_are_remembered_for_a_while_and_up_to_a_number() -> None:
    async with serving(replay_s=0) as server:
        body = fresh_body()
        assert [await server.sent(body) for _ in range(3)] == [200] * 3
        assert len(server.kept.records) == 3


# --- Expect: 100-continue ---


@pytest.mark.parametrize("expectation", ["Expect: 100-continue", "expect:  100-Continue "])
async def test_a_sender_that_waits_for_100_gets_it_and_then_its_answer(expectation: str) -> None:
    async with serving(request_s=5) as server:
        body = fresh_body(5000)
        reader, writer = await server.opened()
        writer.write(head(len(body), f"x-sig: {mac(body)}", expectation))
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        second = fresh_body()
        writer.write(request(second, f"x-sig: {mac(second)}"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (head(5 * MIB, "Expect: 100-continue"), 413),
        (head(10, "Expect: 100-continue", path="/elsewhere"), 404),
        (head(10, "Expect: 100-continue", "Content-Encoding: gzip"), 415),
        (head(10, "Expect: something"), 417),
        (head(10, "Expect: 100-continue, something"), 417),
    ],
)
async def test_who_would_be_refused_anyway_gets_a_final_status_instead_of_100(content: bytes, status: int) -> None:
    async with serving(request_s=5) as server:
        assert (await asyncio.wait_for(server.asked(content), 3)).startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_sender_that_expects_and_does_not_wait_is_served_too() -> None:
    async with serving() as server:
        body = fresh_body()
        reader, writer = await server.opened()
        writer.write(request(body, f"x-sig: {mac(body)}", "Expect: 100-continue"))
        first = await reader.readuntil(b"\r\n\r\n")
        last = await reader.readuntil(b"\r\n\r\n") if first.startswith(b"HTTP/1.1 100") else first
        assert last.startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_sender_of_http_1_0_gets_no_100() -> None:
    async with serving() as server:
        body = fresh_body()
        old = head(len(body), f"x-sig: {mac(body)}", "Expect: 100-continue", version="1.0") + body
        assert (await server.asked(old)).startswith(b"HTTP/1.0 200")
