"""Access to both sides for a command: the credentials in force, opened with the operator's keys, until the command has asked everything it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from console.reading import Cluster
from runtime.clock import clock_from_environment
from services.access import AccessProvider
from services.credentials import CredentialStore


@contextmanager
def access_provider(cluster: Cluster) -> Iterator[AccessProvider]:
    """Gives access by the credentials in force, which are followed until the context ends."""
    clock = clock_from_environment()
    credentials = CredentialStore(cluster.settings, cluster.codec, clock).start()
    try:
        yield AccessProvider(cluster.settings, credentials, clock)
    finally:
        credentials.stop()
