"""The topics of one test, which are gone when it has ended."""

from __future__ import annotations

from runtime import kafka
from runtime.settings import Kafka


def delete_topics(settings: Kafka) -> None:
    """Delete every topic that has the prefix of these settings.

    The broker of the tests has a heap of 256 MB. With 7,200 partitions in it, which is what 30 tests left behind, it did nothing but collect
    garbage, and no longer answered (measured).
    """
    client = kafka.admin(settings)
    names = [name for name in client.list_topics(timeout=60).topics if name.startswith(settings.topic_prefix)]
    for gone in client.delete_topics(names).values() if names else ():
        gone.result(60)
