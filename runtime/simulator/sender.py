"""Sends a simulator's events to its subscribers over HTTP: delayed, tried again, a limited number at once.

Events that wait to be sent are lost on a restart. Each system decides how an event is signed, whether it is dropped or doubled, and which
answers count as accepted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp


@dataclass(frozen=True)
class Event:
    """One event for one subscriber. `headers` are made again for each try; `shown` describes the event in `failed`."""

    url: str
    body: bytes
    headers: Callable[[], Mapping[str, str]]
    shown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manner:
    """How a system sends: the waits before further tries in seconds, the function that waits, and the statuses that are accepted."""

    waits_s: tuple[float, ...]
    pause: Callable[[float], Awaitable[None]]
    accepted: range
    timeout_s: float = 5.0
    at_once: int = 100


class Sender:
    """`counts`: sent (tries), ok, refused, retried, failed (given up). `waiting` events are still to be sent; `failed` shows the latest ones."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._places = asyncio.Semaphore(manner.at_once)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.counts: Counter[str] = Counter()
        self.failed: list[dict[str, Any]] = []

    @property
    def waiting(self) -> int:
        """How many events are on their way."""
        return len(self._tasks)

    def send(self, event: Event, after_s: float = 0.0) -> None:
        """Send in the background, after so many seconds."""
        task = asyncio.create_task(self._send(event, after_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, event: Event, after_s: float) -> None:
        if after_s > 0:
            await self._manner.pause(after_s)
        status = await self._post(event)
        tries = 1
        for wait_s in self._manner.waits_s:
            if status == "ok":
                return
            self.counts["retried"] += 1
            await self._manner.pause(wait_s)
            status = await self._post(event)
            tries += 1
        if status != "ok":
            self.counts["failed"] += 1
            self.failed.append(event.shown | {"status": status, "tries": tries})

    async def _post(self, event: Event) -> str:
        """`ok`, the status of a refusal, or the name of what went wrong."""
        async with self._places:
            status = await self._posted(event)
        self.counts["sent"] += 1
        self.counts["ok" if status == "ok" else "refused"] += 1
        return status

    async def _posted(self, event: Event) -> str:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._manner.timeout_s))
        try:
            headers = {"Content-Type": "application/json", **event.headers()}
            async with self._session.post(event.url, data=event.body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return "ok" if answer.status in self._manner.accepted else str(answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__

    async def close(self) -> None:
        """Stop sending."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
