"""The Faust app: one agent per hop, with concurrency 1, on an in-memory channel that carries whole batches.

Faust owns no topic, table or group: its own topic path has a tenth of the throughput and loses records when the process is killed. Records
come and go through the transactional loop. A batch carries a future that is always set, so that an exception in an agent can never
acknowledge the batch.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import faust
import uvloop
from faust.app.base import BootStrategy

from topology.batch import Outcome

Work = Callable[[], Outcome]


class Restarted(RuntimeError):
    """An agent ended in the middle of a batch."""


class _OnlyAgents(BootStrategy):
    enable_kafka = False
    enable_web = False
    enable_sensors = False


class _App(faust.App):
    """A Faust app that keeps no data: Faust's own would create a folder of its name in the working directory."""

    def _create_directories(self) -> None:
        """Create none: the app keeps no data."""


@dataclass(frozen=True)
class AgentTask:
    """Work for an agent, and the future that receives its outcome."""

    work: Work
    answer: Future[Outcome] = field(default_factory=Future)


class Agents:
    """The Faust app, in a thread of its own with an event loop of its own."""

    def __init__(self, hops: Mapping[str, Any]) -> None:
        self._names = tuple(hops)
        self._started = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._channels: dict[str, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="agents", daemon=True)

    def start(self) -> Agents:
        """Return when every agent is running."""
        self._thread.start()
        self._started.wait(30)
        if self._failed is not None or not self._started.is_set():
            raise RuntimeError("the agents did not start") from self._failed
        return self

    def submit(self, hop: str, work: Work) -> Future[Outcome]:
        """Hand a batch to the agent of a hop."""
        task = AgentTask(work)
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._channels[hop].put(task), self._loop)
        return task.answer

    def stop(self) -> None:
        """Stop the app. A batch that an agent is working on is finished first."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(15)

    def _run(self) -> None:
        for name in ("faust", "mode", "aiokafka"):
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._main())
        except BaseException as error:  # noqa: BLE001 - kept for the thread that waits
            self._failed = error
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        app = _App(
            "ml-connector-topology",
            broker="kafka://127.0.0.1:1",  # never connected to: the part of the app that would connect is not started
            store="memory://",
            web_enabled=False,
            autodiscover=False,
            topic_disable_leader=True,
        )
        app.boot_strategy = _OnlyAgents(app)
        for name in self._names:
            self._channels[name] = app.channel(value_type=None)
            app.agent(self._channels[name], name=name, concurrency=1)(carry_out)
        await app.start()
        app.flow_control.resume()  # a consumer of Faust's would open the channels, and this app has none
        self._started.set()
        try:
            await self._stopping.wait()
        finally:
            await app.stop()


async def carry_out(stream: Any) -> None:
    """The agent of every hop: do the work of each batch, and always set its answer."""
    async for batch in stream:
        try:
            batch.answer.set_result(batch.work())
        except Exception as error:  # noqa: BLE001 - the loop decides whether to abort, wait or try again
            batch.answer.set_exception(error)
        finally:
            if not batch.answer.done():
                batch.answer.set_exception(Restarted("the agent ended in the middle of a batch"))
