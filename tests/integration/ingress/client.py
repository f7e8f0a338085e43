"""A sender that can do everything wrong: raw bytes on a socket, and the right way to sign them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import uuid
from dataclasses import dataclass

from tests.integration.ingress import toy

KEY = "k" * 16 + "0123456789abcdef" * 2
OLD_KEY = "o" * 16 + "0123456789abcdef" * 2
OTHER_KEY = "x" * 16 + "0123456789abcdef" * 2
PUSH_KEY = "p" * 16 + "0123456789abcdef" * 2


@dataclass(frozen=True)
class Reply:
    """Status, head and body of an answer; status 0 = closed without one."""

    status: int
    head: str
    body: bytes


def fresh_body(text: str = "") -> bytes:
    """A body that no other test sends."""
    return f'{{"eventId": "{uuid.uuid4()}", "eventType": "invoice.updated", "note": "{text}"}}'.encode()


def mac(body: bytes, key: str = KEY) -> str:
    """HMAC-SHA256 in lower-case hex."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def head(path: str, lines: list[str], method: str = "POST") -> bytes:
    """A request head from its lines."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("utf-8")


def place(connection: str = "acme") -> str:
    """Path of a connection's webhooks."""
    return f"/webhooks/{toy.FIELD_SERVICE}/{connection}"


def lines(body: bytes, *more: str, content_type: str = "application/json") -> list[str]:
    """The usual head lines for a body."""
    return ["Host: x", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *more]


def post(
    port: int, body: bytes, *more: str, connection: str = "acme", path: str = "", content_type: str = "application/json"
) -> Reply:
    """One request with these head lines."""
    return send(port, head(path or place(connection), lines(body, *more, content_type=content_type)) + body)


def signed(port: int, body: bytes, connection: str = "acme", key: str = KEY) -> Reply:
    """One request as it should be."""
    return post(port, body, f"{toy.HEADER}: {mac(body, key)}", connection=connection)


def opened(port: int, timeout_s: float = 15) -> socket.socket:
    """A connection to the ingress."""
    return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)


def send(port: int, content: bytes) -> Reply:
    """Send these bytes on a new connection and read one answer."""
    with opened(port) as connection:
        # it may answer and close before everything was sent
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(content)
        return reply(connection)


def reply(connection: socket.socket) -> Reply:
    """One answer; status 0 when the connection ended without one."""
    received = b""
    while b"\r\n\r\n" not in received:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            return Reply(0, received.decode(errors="replace"), b"")
        received += chunk
    top, _, rest = received.partition(b"\r\n\r\n")
    text = top.decode(errors="replace")
    length = next((int(line.split(":")[1]) for line in text.split("\r\n") if line.lower().startswith("content-length:")), 0)
    while len(rest) < length:
        chunk = connection.recv(65536)
        if not chunk:
            break
        rest += chunk
    return Reply(int(text.split(" ", 2)[1]), text, rest)
