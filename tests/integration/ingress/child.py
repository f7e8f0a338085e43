"""Ingress as a process of its own, over the toys: `python -m tests.integration.ingress.child SETTINGS_JSON [die-after-delivery]`."""

from __future__ import annotations

import os
import signal
import sys

from runtime import log
from runtime.settings import Settings
from services.ingress import webhooks
from services.ingress.webhooks import Received, Webhooks
from tests.integration.ingress import toy


def die_after_delivery() -> None:
    """A crash at the worst moment: Kafka has the record, the sender has no answer."""
    store = Webhooks._store

    async def stored_then_dead(self: Webhooks, received: Received) -> None:
        await store(self, received)
        os.kill(os.getpid(), signal.SIGKILL)

    Webhooks._store = stored_then_dead  # type: ignore[method-assign]  # the failpoint of this process


if __name__ == "__main__":
    log.configure("debug", "ingress")
    toy.install()
    if "die-after-delivery" in sys.argv:
        die_after_delivery()
    sys.exit(webhooks.run(Settings.model_validate_json(sys.argv[1])))
