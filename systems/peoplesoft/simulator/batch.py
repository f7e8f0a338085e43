"""PeopleSoft's own batch: Voucher Build, voucher posting, journal edit and journal post, every `batch_seconds` of real time.

Sources: PeopleBooks (edit before post; Voucher Build as a batch). The order within a run and its cadence: assumed. What a run edits or builds is
posted by a later run, so that each state can be seen.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from systems.peoplesoft.simulator import journals, staging, vouchers
from systems.peoplesoft.simulator.site import Site

_IDLE_S = 0.1


class Batch:
    """The process scheduler; `run` is one run of everything."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._task: asyncio.Task[None] | None = None

    def run(self, *, may_post: bool | None = None) -> dict[str, int]:
        """Run now. With `may_post` None, the site's setting decides (`journal_post`). Returns how many documents each process changed."""
        post = self.site.settings.journal_post if may_post is None else may_post
        posted = vouchers.batch(self.site)
        return {
            "vouchers_posted": posted,
            "journals": journals.batch(self.site, may_post=post),
            "built": staging.build(self.site),
        }

    async def start(self, _: web.Application) -> None:
        """Begin to run in the background."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self, _: web.Application) -> None:
        """Stop running."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _forever(self) -> None:
        while True:
            seconds = self.site.settings.batch_seconds
            await asyncio.sleep(seconds or _IDLE_S)
            if seconds:
                self.run()
