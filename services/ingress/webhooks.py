"""Webhooks and push notifications: verified over their raw bytes, stored in `raw.<system>` as hints, and only then answered.

    POST /webhooks/{system}/{connection}     signed by the field-service system
    POST /push/{system}/{connection}         push notifications of the ERP, by a shared secret

200 means that every in-sync replica has the record (acks=all); after any other answer the sender must send it again. Nothing is parsed
here. A body that was stored a moment ago is not stored again. A crash between the delivery report and the answer leads to a second record
of the same bytes, which does no harm because it is only a hint. An unknown connection and a wrong signature get the same 401, after the
same work.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import threading
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

from runtime import metrics
from runtime.clock import Clock, clock_from_environment
from runtime.errors import Broken
from runtime.log import log
from runtime.rolekeys import INGRESS
from runtime.settings import Ingress as IngressSettings
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.errors import Malformed
from services import start
from services.credentials import CredentialStore
from services.health import Health, until_stopped
from services.ingress.answers import Refusal, count, refused
from services.ingress.bodies import Bodies, whole_body
from services.ingress.produce import Deliveries, NotStored, Outgoing
from services.ingress.rate import Rates, address_of
from services.ingress.replays import Replays
from services.ingress.signature import message_id, verified
from services.ingress.verifiers import NOBODY, PUSH, WEBHOOK, Verifiers, verifiers
from services.ingress.watchdog import Bounds, Listener, Watched
from topology.configuration import Follower
from topology.headers import headers
from topology.topics import records_of_topic

RECORD = "raw.raw"
_PATH = re.compile(r"^/(webhooks|push)/([a-z0-9_]{1,40})/([a-z0-9][a-z0-9-]{1,30})$")
_WAYS = {"webhooks": WEBHOOK, "push": PUSH}
_TRACE = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_LONGEST_REQUEST_LINE_BYTES = 16 * 1024
_RETRY_AFTER_S = "5"


@dataclass(frozen=True)
class Received:
    """A verified body, and where it came in."""

    way: str
    system: str
    connection: str
    body: bytes
    content_type: str
    key_name: str
    trace: str


class Webhooks:
    """The request handler: from a head to an answer. `verifiers` is replaced as a whole when the configuration changes."""

    def __init__(self, settings: Settings, made: Codec, deliveries: Deliveries, clock: Clock) -> None:
        self._settings = settings
        self._codec = made
        self._deliveries = deliveries
        self._clock = clock
        self._rates = Rates(settings.ingress.per_address_per_s, clock.monotonic)
        self.bodies = Bodies(settings.ingress.max_bodies_bytes)
        self._replays = Replays(settings.ingress.replay_s, clock.monotonic)
        self.verifiers: Verifiers = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request. It never raises because of what a sender did."""
        try:
            await self._receive(request)
        except Refusal as refusal:
            answer = refused(refusal)
            count(refusal.status, refusal.reason)
        else:
            answer = web.Response(body=b"", content_type="text/plain")
            count(200, "")
        if isinstance(request.protocol, Watched):
            request.protocol.answered()
        return answer

    async def _receive(self, request: web.BaseRequest) -> None:
        settings = self._settings.ingress
        address = address_of(request, settings.trusted_proxies)
        if not self._rates.allows(address):
            raise Refusal(429, "rate", {"Retry-After": "1"})
        way, system, connection = _place(request)
        if request.method != "POST":
            raise Refusal(405, "method", {"Allow": "POST"})
        content_type = _json_only(request)
        connected = request.protocol if isinstance(request.protocol, Watched) else None
        with self.bodies.held(address, connected.give_up if connected else _no_connection) as held:
            body = await whole_body(request, settings.max_body_bytes, self.bodies, held)
            verifier = self.verifiers.get((way, system, connection), NOBODY)
            key_name = verified(verifier.signing, verifier.keys, request.headers, body, self._clock.now())
            if not key_name:
                raise Refusal(401, "signature")
            if connected:
                connected.proven()
            received = Received(way, system, connection, body, content_type, key_name, request.headers.get("traceparent", ""))
            await self._store_once(received, message_id(verifier.signing, request.headers))

    async def _store_once(self, received: Received, identity: bytes) -> None:
        """Store what was not stored a moment ago. A message with another signed id counts as another message."""
        whose = f"{received.way}/{received.system}/{received.connection}/".encode()
        digest = hashlib.sha256(whose + hashlib.sha256(identity).digest() + received.body).digest()
        try:
            await self._replays.once(digest, lambda: self._store(received))
        except NotStored as error:
            raise Refusal(503, "not_stored", {"Retry-After": _RETRY_AFTER_S}) from error
        except Malformed as error:
            raise Refusal(415, "content_type") from error

    async def _store(self, received: Received) -> None:
        began = self._clock.monotonic()
        await self._deliveries.send(self._outgoing(received))
        metrics.INGRESS_SECONDS.observe(self._clock.monotonic() - began)
        metrics.WEBHOOK_LAST.labels(received.connection).set(self._clock.now().timestamp())

    def _outgoing(self, received: Received) -> Outgoing:
        topic = self._settings.topic(f"raw.{received.system}")
        digest = hashlib.sha256(received.body).hexdigest()
        record = {
            "connection": received.connection,
            "system": received.system,
            "entity": received.way,
            "source_id": "",
            "source_version": "",
            "shape": "hint",
            "how": received.way,
            "body": received.body,
            "content_type": received.content_type,
            "page_digest": "",
            "page_index": 0,
            "signature": f"verified:{received.key_name}",
            "received_at": self._clock.now(),
        }
        trace = received.trace if _TRACE.match(received.trace) else _new_trace()
        return Outgoing(
            topic,
            f"{received.connection}/{received.way}/{digest}".encode(),
            self._codec.encode(topic, RECORD, record),
            [*headers(RECORD, digest, "", trace.encode())],
        )


def _place(request: web.BaseRequest) -> tuple[str, str, str]:
    """Way, system and connection of the path as it was sent, not decoded. A connection that does not exist does not give 404."""
    found = _PATH.match(request.raw_path) if len(request.raw_path) < 128 else None
    if found is None:
        raise Refusal(404, "path")
    return _WAYS[found[1]], found[2], found[3]


def _json_only(request: web.BaseRequest) -> str:
    if "Content-Encoding" in request.headers:
        raise Refusal(415, "content_encoding")
    content_type = request.headers.get("Content-Type", "")
    if not _is_json(content_type):
        raise Refusal(415, "content_type")
    return content_type


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))


def _no_connection() -> None:
    """There is no connection to close."""


def _new_trace() -> str:
    drawn = os.urandom(24).hex()
    return f"00-{drawn[:32]}-{drawn[32:]}-01"


def listener(limits: IngressSettings, webhooks: Webhooks) -> Listener:
    """The listener with these settings for this handler, not started yet."""
    bounds = Bounds(
        limits.request_s,
        limits.max_connections,
        limits.max_connections_per_address,
        limits.connections_per_address_per_s,
        limits.trusted_proxies,
    )
    # bodies are never decompressed, so a compressed bomb stays small
    return Listener(webhooks.answer, bounds, auto_decompress=False, max_line_size=_LONGEST_REQUEST_LINE_BYTES)


class Ingress:
    """The service: configuration, credentials, producer and listener, started and stopped in order."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._changing = threading.Lock()
        self._codec = start.loaded(settings, needed_records(settings))
        self._follower = Follower(settings, self._codec, self._changed)
        self._store = CredentialStore(settings, self._codec, clock, self._changed, INGRESS)
        self._deliveries = Deliveries(settings.kafka)
        self._webhooks = Webhooks(settings, self._codec, self._deliveries, clock)
        self._listener = listener(settings.ingress, self._webhooks)
        self._health = Health(settings, self.trouble)

    @property
    def port(self) -> int:
        """The port on which it listens, after the start."""
        return self._listener.port

    @property
    def metrics_port(self) -> int:
        """The port of /healthz, /readyz and /metrics, after the start."""
        return self._health.port

    def trouble(self) -> str:
        """Why it cannot accept webhooks now; "" if it can."""
        unacknowledged = f"Kafka does not acknowledge: {self._deliveries.trouble}" if self._deliveries.trouble else ""
        return "; ".join(filter(None, (unacknowledged, self._follower.trouble, self._store.trouble)))

    def failed(self) -> str:
        """Why it can never learn of changed connections or keys again; "" otherwise."""
        return self._follower.failed or self._store.failed

    async def start(self) -> None:
        """Ready for requests when this returns."""
        await asyncio.to_thread(self._store.start)
        await asyncio.to_thread(self._follower.start)
        self._changed("")
        self._deliveries.start()
        await self._health.start()
        await self._listener.start(self._settings.ingress.host, self._settings.ingress.port)
        log.info("ready", host=self._settings.ingress.host, port=self.port, metrics_port=self.metrics_port)

    def _changed(self, _: str) -> None:
        """Called in two threads. Without the lock, the older of two states could be put in force last."""
        with self._changing:
            self._webhooks.verifiers = verifiers(self._follower.snapshot, self._store)

    async def stop(self) -> None:
        """Answer the requests that are being received, accept no more."""
        await self._listener.stop(self._settings.ingress.request_s)
        await self._deliveries.stop()
        await self._health.stop()
        await asyncio.to_thread(self._follower.stop)
        await asyncio.to_thread(self._store.stop)


def needed_records(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The topics and records of this service. It refuses to start if their schemas are not registered."""
    prefix = settings.kafka.topic_prefix
    mine = ("connections", "credentials", "crosswalk")
    needed = {name: records for name, records in records_of_topic().items() if name in mine or name.startswith("raw.")}
    return {prefix + name: records for name, records in needed.items()}


async def _serve(settings: Settings) -> int:
    stopping = start.stop_event_of_loop()
    ingress = Ingress(settings, clock_from_environment())
    try:
        await ingress.start()
    except OSError as error:
        raise Broken(
            f"ML_CONNECTOR_INGRESS__PORT: {settings.ingress.host}:{settings.ingress.port} cannot be listened on ({error.strerror}).",
            "Choose another port.",
        ) from error
    code = await until_stopped(stopping, ingress.failed)
    await ingress.stop()
    return code


def run(settings: Settings) -> int:
    """Accept webhooks until SIGTERM. Returns the exit code, which is 70 if a part of it failed for good."""
    named = start.prepared(settings, "ingress", needed_records(settings))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(named))


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import Loop
    except ImportError:  # not on Windows
        return None
    return Loop
