"""What the processes of these tests run: the topology with toys for systems."""

from __future__ import annotations

import os
import sys
import threading

from runtime.settings import settings_from_environment
from services import topology
from tests import toy
from topology import worker


def main() -> None:
    """Run the hops named as arguments; with TOY_PATIENCE_S an agent's answer is waited for so long only."""
    toy.install()
    patience = os.environ.get("TOY_PATIENCE_S")
    if patience:
        worker.Patience.__init__.__defaults__ = (float(patience), *worker.Patience.__init__.__defaults__[1:])  # type: ignore[index]
    sys.exit(topology.run(settings_from_environment(), sys.argv[1:]))


def hang() -> None:
    """What an agent does that never comes back."""
    threading.Event().wait()
