"""Virtual time: one timeline, and a loop of asyncio for each simulated process on it. Nothing waits for real, nothing is a thread.

A process is killed (its callbacks never run again, not even to clean up), frozen (they run when it thaws; its timers are late) or, with
the machine it runs on, suspended (the loop's own clock stands still meanwhile, as Linux has it).
"""

from __future__ import annotations

import asyncio
import heapq
import math
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any


class Endless(Exception):
    """A schedule took more steps than any should: something goes round without end."""


class Handle:
    """A callback that may be cancelled; see `asyncio.TimerHandle`."""

    __slots__ = ("_args", "_call", "_loop", "_when", "off")

    def __init__(self, loop: ProcessLoop, when: float, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._loop, self._when, self._call, self._args, self.off = loop, when, call, args, False

    def cancel(self) -> None:
        self.off = True

    def cancelled(self) -> bool:
        return self.off

    def when(self) -> float:
        return self._when

    def rings(self) -> None:
        """Its moment came on the timeline; on the loop's own clock it may lie ahead, where that stood still."""
        loop = self._loop
        if self.off or loop.dead:
            return
        late = self._when + loop.suspended_s - loop.timeline.now
        if late > 1e-9:
            loop.timeline.later(late, self.rings, self)
        elif loop.frozen:
            loop.missed.append((self._runs, ()))
        else:
            loop.runs(self._call, self._args)

    def _runs(self) -> None:
        if not self.off:
            self._loop.runs(self._call, self._args)


class Timeline:
    """What happens when. `now` is in seconds; a call that comes at the same moment comes in the order in which it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self.most_steps = 100_000
        self.ready: deque[tuple[ProcessLoop, Callable[..., object], tuple[Any, ...]]] = deque()
        self._heap: list[tuple[float, int, Callable[[], object], Handle | None]] = []
        self._ticket = 0
        self.current: ProcessLoop | None = None

    def later(self, delay_s: float, call: Callable[[], object], handle: Handle | None = None) -> None:
        """Call it so many seconds from now, unless its `handle` is cancelled by then."""
        self._ticket += 1
        heapq.heappush(self._heap, (self.now + delay_s, self._ticket, call, handle))

    def _next_at(self) -> float:
        """When the next timer rings; what was cancelled is as if it had never been."""
        heap = self._heap
        while heap:
            handle = heap[0][3]
            if handle is None or not handle.off:
                return heap[0][0]
            heapq.heappop(heap)
        return math.inf

    def drain(self) -> None:
        """Everything that can happen at this moment."""
        ready = self.ready
        while ready:
            loop, call, args = ready.popleft()
            self.steps += 1
            if loop.dead:
                continue
            if loop.frozen:
                loop.missed.append((call, args))
            else:
                loop.runs(call, args)
            if self.steps > self.most_steps:
                raise Endless(f"{self.steps} steps by {self.now:.3f} s")

    def _rings(self, at: float) -> None:
        """Go to this moment; ring what is due."""
        self.now = at
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= at:
            self.steps += 1
            pop(heap)[2]()
            if self.ready:
                self.drain()
            if self.steps > self.most_steps:
                raise Endless(f"{self.steps} steps by {self.now:.3f} s")

    def run(self, until: float, moves: Callable[[], bool] = lambda: True) -> None:
        """Up to this moment, or until `moves`, asked whenever nothing more can happen at a moment, says no."""
        self.drain()
        while moves():
            if self.ready:
                self.drain()
                continue
            at = self._next_at()
            if at > until:
                self.now = max(self.now, until)
                return
            self._rings(max(self.now, at))

    def end(self) -> None:
        """Nothing happens any more."""
        self.ready.clear()
        self._heap.clear()
        events._set_running_loop(None)
        self.current = None


class ProcessLoop(asyncio.AbstractEventLoop):
    """The loop of one simulated process. `trouble` is told of every exception that reaches the loop."""

    def __init__(self, timeline: Timeline, trouble: Callable[[dict[str, Any]], None]) -> None:
        self.timeline = timeline
        self.dead = False
        self.frozen = self.stirred = False
        self.suspended_s = self.frozen_for = 0.0
        self.missed: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._trouble = trouble
        self._ready = timeline.ready
        self.tasks: list[asyncio.Task[Any]] = []
        self._thaws = 0
        self._prune_at = 256

    # --- what happens to a process ---

    def kill(self) -> None:
        """It is gone: nothing of it runs again."""
        self.dead = True
        self.missed.clear()

    def freeze(self, length_s: float, suspended: bool = False) -> None:
        """Nothing of it runs for so long. `suspended`: its machine sleeps, and with it the loop's own clock."""
        self.frozen, self.frozen_for = True, length_s
        self._thaws += 1
        number, began = self._thaws, self.timeline.now

        def thaw() -> None:
            if number != self._thaws or self.dead:
                return
            self.frozen = False
            if suspended:
                self.suspended_s += self.timeline.now - began
            missed, self.missed = self.missed, []
            self._ready.extend((self, call, args) for call, args in missed)

        self.timeline.later(length_s, thaw)

    def runs(self, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        """One callback of it."""
        timeline = self.timeline
        self.stirred = True
        if timeline.current is not self:
            timeline.current = self
            events._set_running_loop(self)
        try:
            call(*args)
        except Exception as error:  # noqa: BLE001 - what reaches a loop is told to whoever watches the schedule
            self._trouble({"message": "an exception reached the loop", "exception": error})

    def close_tasks(self) -> None:
        """The schedule is over: what never ended is closed, so that nothing is said about it later."""
        self.dead = True
        for task in self.tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own way not to be told
                awaited = task._fut_waiter  # type: ignore[attr-defined]  # a future and what it would wake go round in a circle
                for wakes, _ in list(awaited._callbacks or ()) if awaited is not None else ():
                    awaited.remove_done_callback(wakes)
                try:
                    coro = task.get_coro()
                    if coro is not None:
                        coro.close()
                except (RuntimeError, ValueError):
                    continue
        self.tasks.clear()

    # --- asyncio ---

    def time(self) -> float:
        return self.timeline.now - self.suspended_s

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:  # type: ignore[override]  # plain arguments instead of their types
        self._ready.append((self, callback, args))

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # nothing is a thread

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:  # type: ignore[override]  # plain arguments instead of their types
        timeline = self.timeline
        handle = Handle(self, timeline.now - self.suspended_s + delay, callback, args)
        timeline.later(delay, handle.rings, handle)
        return handle

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:  # type: ignore[override]  # plain arguments instead of their types
        return self.call_later(when - self.time(), callback, *args)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], *, name: object = None, context: Any = None) -> asyncio.Task[Any]:  # type: ignore[override]  # a coroutine, nothing else
        if self.dead:
            coro.close()
            return self.create_future()  # type: ignore[return-value]  # nobody waits for it any more
        task = asyncio.Task(coro, loop=self)
        tasks = self.tasks
        tasks.append(task)
        if len(tasks) > self._prune_at:
            self.tasks = [one for one in tasks if not one.done()]
            self._prune_at = 2 * len(self.tasks) + 256
        return task

    def pause(self, seconds: float) -> asyncio.Future[None]:
        """Wait so long on this process's clock."""
        future: asyncio.Future[None] = asyncio.Future(loop=self)
        timeline = self.timeline
        timeline.later(seconds, Handle(self, timeline.now - self.suspended_s + seconds, _done, (future,)).rings)
        return future

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]  # plain arguments instead of their types
        async def runs() -> Any:
            await self.pause(0.0)
            return func(*args)

        return self.create_task(runs())

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return not self.dead

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self.dead:
            self._trouble(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.call_exception_handler(context)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
