"""The ingress without Kafka: the real listener and handler on 127.0.0.1, a list in the place of the producer."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from runtime.clock import ScaledClock
from runtime.settings import Ingress, Settings
from services.ingress.produce import Deliveries, NotStored, Outgoing
from services.ingress.signature import Key
from services.ingress.verifiers import Verifier
from services.ingress.watchdog import Listener
from services.ingress.webhooks import Webhooks, listener
from systems import registry
from systems.contract import Signing
from tests.unit.following.log import CODEC

KEY = "k" * 16 + "0123456789abcdef" * 2
SYSTEM = registry.NAMES[0]
PATH = f"/webhooks/{SYSTEM}/acme"
STANDARD = f"/webhooks/{SYSTEM}/standard"


@dataclass
class Kept:
    """What was stored. `refuse` is how many of the next ones are not; `slow_s` how long each takes."""

    records: list[Outgoing] = field(default_factory=list)
    refuse: int = 0
    slow_s: float = 0.0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, record: Outgoing) -> None:
        """See `Deliveries.send`."""
        self.begun.set()
        await asyncio.sleep(self.slow_s)
        if self.refuse:
            self.refuse -= 1
            raise NotStored("no")
        self.records.append(record)


@dataclass
class Server:
    """The listener, its handler, and what was stored."""

    listening: Listener
    webhooks: Webhooks
    kept: Kept

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listening.port

    async def opened(self, source: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from an address of this machine."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0), family=socket.AF_INET)

    async def asked(self, content: bytes, source: str = "127.0.0.1") -> bytes:
        """Everything that comes back for these bytes on a connection of its own, up to the end of the first answer; b"" = closed."""
        reader, writer = await self.opened(source)
        try:
            writer.write(content)
            return await reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            return b""
        finally:
            writer.close()

    async def sent(self, body: bytes, *more: str, path: str = PATH, source: str = "127.0.0.1") -> int:
        """Status of one signed request; 0 = closed without an answer."""
        answer = await self.asked(request(body, f"x-sig: {mac(body)}", *more, path=path), source)
        return int(answer.split(b" ", 2)[1]) if answer else 0


@asynccontextmanager
async def serving(**ingress: Any) -> AsyncIterator[Server]:
    """A running ingress with these settings; a connection `acme` with a key, and one with Standard Webhooks."""
    settings = Settings(
        ingress=Ingress(**{"port": 0, "per_address_per_s": 100_000, "connections_per_address_per_s": 100_000, **ingress})
    )
    kept = Kept()
    webhooks = Webhooks(settings, CODEC, cast("Deliveries", kept), ScaledClock())
    keys = (Key("k", KEY.encode()),)
    webhooks.verifiers = {
        ("webhook", SYSTEM, "acme"): Verifier(Signing("body-hmac", "x-sig"), keys),
        ("webhook", SYSTEM, "other"): Verifier(Signing("body-hmac", "x-sig"), keys),
        ("webhook", SYSTEM, "standard"): Verifier(Signing("standard-webhooks", ""), keys),
    }
    listening = listener(settings.ingress, webhooks)
    await listening.start("127.0.0.1", 0)
    try:
        yield Server(listening, webhooks, kept)
    finally:
        await listening.stop(1)


def fresh_body(size: int = 0) -> bytes:
    """A body that no other test sends."""
    return f'{{"id": "{uuid.uuid4()}", "more": "{"x" * size}"}}'.encode()


def mac(body: bytes, key: str = KEY) -> str:
    """HMAC-SHA256 in lower-case hex."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def head(body_bytes: int, *more: str, path: str = PATH, version: str = "1.1") -> bytes:
    """The head of a request with a body of that size."""
    lines = [f"POST {path} HTTP/{version}", "Host: x", "Content-Type: application/json", f"Content-Length: {body_bytes}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def request(body: bytes, *more: str, path: str = PATH) -> bytes:
    """A whole request."""
    return head(len(body), *more, path=path) + body
