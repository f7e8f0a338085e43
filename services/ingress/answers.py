"""What is answered instead of 200, and the count of all answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from aiohttp import web
from prometheus_client import Counter

from runtime import metrics


class Refusal(Exception):
    """What is answered instead of 200."""

    def __init__(self, status: int, reason: str, more: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.more = more or {}


def refused(refusal: Refusal) -> web.Response:
    """The answer to a refusal. It ends the connection: who is refused shall not stay, and what follows may be the rest of a body."""
    answer = web.Response(status=refusal.status, body=b"", headers=refusal.more, content_type="text/plain")
    answer.force_close()
    return answer


@lru_cache(maxsize=64)
def _counter(status: str, reason: str) -> Counter:
    return metrics.INGRESS_ANSWERS.labels(status, reason)


def count(status: int, reason: str) -> None:
    """One more answer."""
    _counter(str(status), reason).inc()
