"""What never leaves and what is not taken: requests that cannot be written, answers larger than their parsers should see."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from runtime import sizes
from runtime.errors import Malformed
from runtime.exchange import NotSent, Request, Unanswered
from runtime.http import HttpTransport, Reach
from runtime.json import envelope, slices
from runtime.redaction import know_value
from systems.peoplesoft.markup import parsed
from systems.peoplesoft.models import broker, xml

MIB = 1024 * 1024


@asynccontextmanager
async def answering(body: bytes, **headers: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers everything with this body, and the requests that reached it."""
    reached: list[str] = []

    async def serve(request: web.BaseRequest) -> web.Response:
        reached.append(request.raw_path)
        return web.Response(body=body, headers=headers)

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", reached
    finally:
        await runner.cleanup()


async def sent(request: Request) -> bytes:
    transport = HttpTransport(Reach(loopback=True))
    try:
        return (await transport.send(request, 10)).body
    finally:
        await transport.close()


UNWRITABLE = {
    "line feed": {"ST-App-Key": "ak1.s3cr3t\n"},
    "carriage return": {"Authorization": "Bearer s3cr3t\r\nX-Evil: 1"},
    "a NUL": {"Authorization": "Bearer se\x00cret"},
    "vertical tab": {"Authorization": "s3cr3t\x0b"},
    "delete": {"Authorization": "s3cr3t\x7f"},
    "bytes that are not UTF-8": {"Authorization": "s3cr3t\udce9"},
    "a name with a blank": {"X Y": "s3cr3t"},
    "a name with a line end": {"X\r\nY": "s3cr3t"},
    "an empty name": {"": "s3cr3t"},
    "a name beyond ASCII": {"X-\u00e4": "s3cr3t"},
}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("headers", UNWRITABLE.values(), ids=UNWRITABLE)
async def test_a_header_that_cannot_be_built_was_not_sent(method: str, headers: dict[str, str]) -> None:
    async with answering(b"") as (url, reached):
        with pytest.raises(NotSent) as refused:
            await sent(Request(method, url, headers, b"{}"))
    assert reached == []
    assert "s3cr3t" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("method", ["", "GET /x", "G\r\nET", "get"])
async def test_a_method_that_cannot_be_written_was_not_sent(method: str) -> None:
    async with answering(b"") as (url, reached):
        with pytest.raises(NotSent):
            await sent(Request(method, url))
    assert reached == []


async def test_headers_that_can_be_built_are_sent() -> None:
    async with answering(b"ok") as (url, reached):
        assert await sent(Request("GET", f"{url}/a", {"X": "tab\tand \u00e4\u20ac", "Y": ""})) == b"ok"
    assert reached == ["/a"]


LARGE: dict[str, Callable[[], bytes]] = {
    "bytes": lambda: b'"' + b"x" * sizes.MAX_ANSWER_BYTES + b'"',
    "objects": lambda: b"[" + b"{}," * (2 * MIB) + b"{}]",
    "arrays": lambda: b"[" + b"[]," * (2 * MIB) + b"[]]",
    "nested objects": lambda: b'{"data":[{"a":[' + b"{}," * (2 * MIB) + b"{}]}]}",
    "values": lambda: b"[" + b"0.1," * (2 * MIB - 100) + b"1]",
    "XML": lambda: b"<a>" + b"<b/>" * (2 * MIB - 100) + b"</a>",
}


@pytest.mark.parametrize("made", LARGE.values(), ids=LARGE)
async def test_an_answer_with_too_much_in_it_is_refused_before_it_is_parsed(made: Callable[[], bytes]) -> None:
    async with answering(made()) as (url, _):
        with pytest.raises(Unanswered, match=r"cap|more than"):
            await sent(Request("GET", url))


@pytest.mark.parametrize("name", ["objects", "arrays", "nested objects", "values"])
def test_no_parser_makes_objects_of_too_much(name: str) -> None:
    body = LARGE[name]()
    with pytest.raises(Malformed, match="more than"):
        slices(body, None)
    with pytest.raises(Malformed, match="more than"):
        envelope(body, "data")


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_compressed_bomb_is_refused_at_the_cap(coding: str, pack: Callable[[bytes], bytes]) -> None:
    async with answering(pack(b"0" * 200 * MIB), **{"Content-Encoding": coding}) as (url, _):
        with pytest.raises(Unanswered):
            await sent(Request("GET", url))


async def test_a_page_of_five_thousand_full_rows_is_taken() -> None:
    row = (
        b'{"id": 1, "modifiedOn": "2026-03-01T00:00:00Z", "items": ['
        + b",".join([b'{"sku": "A", "total": {"value": 1.5}}'] * 20)
        + b"]}"
    )
    body = b'{"data": [' + b",".join([row] * 5000) + b'], "hasMore": false}'
    assert len(body) < sizes.MAX_ANSWER_BYTES
    async with answering(body) as (url, _):
        assert len(envelope(await sent(Request("GET", url)), "data")[1]) == 5000


# --- XML: linear, whatever is nested in what ---


def nested(name: str, depth: int, filling: int) -> bytes:
    inner = f"<{name}>".encode() * depth + b"x " * (filling // 2) + f"</{name}>".encode() * depth
    return b"<IBResponse type='error'>" + inner + b"</IBResponse>"


@pytest.mark.parametrize("name", ["a", "DefaultMessage", "IBResponse", "StatusCode"])
def test_a_nested_answer_is_read_in_time_that_grows_with_its_bytes(name: str) -> None:
    """4 MB took 53 s: at each depth the text of all that lay below was joined anew."""
    body = nested(name, 200, 4 * MIB)
    began = time.process_time()
    assert broker(body) is not None
    assert time.process_time() - began < len(body) * 5e-6


@pytest.mark.parametrize("read", [xml, broker, parsed], ids=["xml", "broker", "parsed"])
def test_a_flood_of_elements_is_not_made_into_a_tree(read: Callable[[bytes], object]) -> None:
    body = b"<IBResponse>" + b"<b/>" * 300_000 + b"</IBResponse>"
    if read is parsed:
        with pytest.raises(Malformed, match="more than"):
            read(body)
    else:
        assert read(body) is None


def test_what_is_at_the_cap_is_taken() -> None:
    assert sizes.excess(b"{" * sizes.MAX_CONTAINERS) == ""
    assert "objects and arrays" in sizes.excess(b"{" * (sizes.MAX_CONTAINERS + 1))


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\n\x1b[31m: a canary of a secret\r\n\r\n",
    ],
    ids=range(6),
)
async def test_what_is_said_of_an_answer_that_is_none_is_one_short_line(answer: bytes) -> None:
    """The HTTP library quotes what it has read of an answer."""
    know_value("a canary of a secret")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        transport = HttpTransport(Reach(loopback=True))
        with pytest.raises(Unanswered) as said:
            await transport.send(Request("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"), 5)
        await transport.close()
    words = str(said.value)
    assert words.isprintable()
    assert len(words) < 500
    assert "canary" not in words
