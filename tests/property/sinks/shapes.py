"""Kinds of document that a schedule may be about: requests only, the system's own batch in between, a master that is kept up to date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from services.sinks.state import Rules, Times
from systems.contract import Capability


@dataclass(frozen=True)
class Shape:
    """How such a document is written."""

    name: str
    steps: tuple[str, ...]
    watched: tuple[str, ...] = ()
    updates: bool = False

    def rules(self, capability: Capability, times: Times) -> Rules:
        """The core's rules for it; the batch has half a minute, and is looked at every two seconds."""
        made = Rules(self.steps, capability, 3, times)
        return replace(
            made,
            watched=self.watched,
            watch_every=timedelta(seconds=2),
            batch_deadline=timedelta(seconds=30),
            updates=self.updates,
        )


REQUESTS = Shape("requests", ("create", "release"))
WATCHED = Shape("watched", ("create", "posted"), ("posted",))
STAGED = Shape("staged", ("stage", "built", "posted"), ("built", "posted"))
KEPT_UP = Shape("kept_up", ("upsert",), updates=True)
SHAPES = (REQUESTS, WATCHED, STAGED, KEPT_UP)
