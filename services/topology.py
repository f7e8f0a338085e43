"""`run topology`: both hops, their agents, and the pages that report their health. SIGTERM drains them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

from runtime.clock import clock_from_environment
from runtime.errors import EXIT_SOFTWARE
from runtime.log import configure, log
from runtime.settings import Settings
from services import start
from services.health import Health
from services.refusals import Refusals
from topology.app import Agents
from topology.configuration import Follower
from topology.loop import Loop
from topology.slot import take_slot
from topology.topics import records_of_topic
from topology.way import way
from topology.worker import PATIENCE, Patience, Surroundings

EXIT_OK = 0


def run(
    settings: Settings, hops: Sequence[str] = (), stopping: threading.Event | None = None, patience: Patience = PATIENCE
) -> int:
    """Run the hops (all, or those named) until SIGTERM, or until `stopping` is set. Returns the exit code.

    Raises `Broken` or `NotRegistered` if it must not start. Returns 70 if a hop, or the follower of the configuration, has ended by itself;
    a supervisor then starts the process again.
    """
    configure(service="topology")
    records = records_of_topic(settings.kafka.topic_prefix)
    start.prepared(settings, "topology", records)
    loaded = start.loaded(settings, records)
    slot = take_slot(settings, "topology")
    settings = settings.named("topology", slot.name)
    stopping = stopping or start.stop_event()
    refusals = Refusals(settings, loaded, "topology")
    follower = Follower(settings, loaded, on_refusal=refusals).start()
    selected = {name: hop for name, hop in way().items() if not hops or name in hops}
    agents = Agents(selected).start()
    around = Surroundings(
        settings,
        loaded,
        lambda: follower.snapshot,
        follower.caught_up,
        agents.submit,
        clock_from_environment(),
        slot.name,
        patience,
    )
    loops = {name: Loop(hop, around).start() for name, hop in selected.items()}
    log.info("started", slot=slot.name, hops=list(selected))
    code = asyncio.run(_watch(settings, loops, follower, stopping))
    for loop in loops.values():
        loop.stop()
    agents.stop()
    follower.stop()
    refusals.close()
    slot.release()
    log.info("stopped", counts={name: vars(loop.worker.counts) for name, loop in loops.items()})
    return code


async def _watch(settings: Settings, loops: Mapping[str, Loop], follower: Follower, stopping: threading.Event) -> int:
    """Serve /healthz, /readyz and /metrics until it is time to stop, or until a hop or the follower of the configuration has ended by
    itself."""
    health = Health(settings, lambda: _trouble(loops, follower))
    await health.start()
    log.info("health", port=health.port)
    while not stopping.is_set() and not follower.failed and all(loop.is_alive for loop in loops.values()):  # noqa: ASYNC110 - threads and signals set no event of this loop
        await asyncio.sleep(0.1)
    await health.stop()
    return EXIT_OK if stopping.is_set() else EXIT_SOFTWARE


def _trouble(loops: Mapping[str, Loop], follower: Follower) -> str:
    waiting = [name for name, loop in loops.items() if not loop.is_ready]
    unready = f"no partitions yet, or their state is not folded yet: {', '.join(waiting)}" if waiting else ""
    refusing = [loop.worker.setbacks.trouble for loop in loops.values()]
    return "; ".join(filter(None, (unready, follower.trouble, *refusing)))
