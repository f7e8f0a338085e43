"""The answers other than 200, and the metric that counts all answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from aiohttp import web
from prometheus_client import Counter

from runtime import metrics


class Refusal(Exception):
    """An answer other than 200, raised as an exception."""

    def __init__(self, status: int, reason: str, more: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.more = more or {}


def refused(refusal: Refusal) -> web.Response:
    """The answer for a refusal. It closes the connection: a refused sender must not keep it, and the next bytes may be the rest of a body."""
    answer = web.Response(status=refusal.status, body=b"", headers=refusal.more, content_type="text/plain")
    answer.force_close()
    return answer


@lru_cache(maxsize=64)
def _counter(status: str, reason: str) -> Counter:
    return metrics.INGRESS_ANSWERS.labels(status, reason)


def count(status: int, reason: str) -> None:
    """Count one answer."""
    _counter(str(status), reason).inc()
