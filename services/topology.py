"""`run topology`: both hops, their agents, and the pages that say how they are; SIGTERM drains."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping, Sequence
from types import FrameType

from runtime.clock import ScaledClock, clock_from_environment
from runtime.log import configure, log
from runtime.settings import Settings
from schemas import codec
from topology.app import Agents
from topology.configuration import Follower
from topology.loop import Loop
from topology.slot import take_slot
from topology.topics import records_of_topic
from topology.way import Hop, way
from topology.worker import EXIT_SOFTWARE, PATIENCE, Patience, Surroundings

EXIT_OK = 0


def run(
    settings: Settings, hops: Sequence[str] = (), stopping: threading.Event | None = None, patience: Patience = PATIENCE
) -> int:
    """Run the hops (all, or those named) until SIGTERM; returns the exit code.

    Raises `Broken` or `NotRegistered` where it must not start. 70 when a hop ended by itself: a supervisor starts it again.
    """
    configure(service="topology")
    stopping = stopping or _until_signal()
    loaded = codec.load(settings.registry.url, records_of_topic(settings.kafka.topic_prefix))
    slot = take_slot(settings.state_dir / "slots", f"topology-{settings.kafka.topic_prefix}", settings.slot)
    follower = Follower(settings, loaded).start()
    wanted: Mapping[str, Hop] = {name: hop for name, hop in way().items() if not hops or name in hops}
    agents = Agents(wanted).start()
    clock: ScaledClock = clock_from_environment()
    around = Surroundings(settings, loaded, lambda: follower.snapshot, agents.submit, clock, slot.name, patience)
    loops = [Loop(hop, around).start() for hop in wanted.values()]
    log.info("started", slot=slot.name, hops=list(wanted))
    while not stopping.wait(0.5) and all(loop.is_alive for loop in loops):
        pass
    code = EXIT_OK if stopping.is_set() else EXIT_SOFTWARE
    for loop in loops:
        loop.stop()
    agents.stop()
    follower.stop()
    slot.release()
    log.info("stopped", counts={hop: vars(loop.worker.counts) for hop, loop in zip(wanted, loops, strict=True)})
    return code


def _until_signal() -> threading.Event:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping
