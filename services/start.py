"""What every service does before its first record: it loads its keys, checks that Kafka and the registry answer and that the topics are as
declared, and arranges to be told to stop by SIGTERM and SIGINT.

It waits at most `start_wait_s` for each answer. Then the process ends with 69 (no answer) or 78 (a person has to act) and one message.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from types import FrameType

from runtime import registry
from runtime.folders import require_descriptors
from runtime.rolekeys import OPERATOR, SHARES, VERIFY, keys_at
from runtime.settings import Settings
from schemas import codec
from schemas.codec import Codec
from schemas.errors import RegistryAway
from topology.provision import refuse_unfit

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PAUSE_S = 0.5
_OWN, _FOR_EACH_PARTITION = 256, 64
"""File descriptors: for clients, libraries and logs, and for what the snapshots of one partition keep open."""


def prepared(settings: Settings, role: str, topics: Iterable[str]) -> Settings:
    """The settings under this role's name, once Kafka answers and these topics (full names) are fit. The role's keys are checked first.

    Raises `Broken` (78) or `Transient` (69) saying what is wrong and what to do.
    """
    connections = settings.ingress.max_connections if role == "ingress" else 0
    require_descriptors(
        _OWN + _FOR_EACH_PARTITION * settings.kafka.partitions + connections,
        "Or lower ML_CONNECTOR_INGRESS__MAX_CONNECTIONS." if connections else "",
    )
    keys_at(settings.key_ring, (role if role in SHARES else VERIFY, OPERATOR))
    named = settings.named(role)
    refuse_unfit(named.kafka, topics, settings.start_wait_s)
    return named


def loaded(settings: Settings, records: Mapping[str, tuple[str, ...]]) -> Codec:
    """The codec of these topics' records, once the registry answers.

    Raises `RegistryAway` (69) if it does not answer within `start_wait_s`, `NotRegistered` or `Broken` (78) if a person has to act.
    """
    until = time.monotonic() + settings.start_wait_s
    while True:
        try:
            return codec.load(registry.client_settings(settings.registry), dict(records))
        except RegistryAway:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)


def stop_event() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Call it in the main thread."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in _SIGNALS:
        signal.signal(number, stop)
    return stopping


def stop_event_of_loop() -> asyncio.Event:
    """The same for a service that waits in the event loop which runs now."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    return stopping
