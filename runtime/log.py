"""One structured log: JSON lines on standard error, with the same field names everywhere.

The fields are `system, entity, key, hop, attempt, took_ms, outcome` and the connection. Bodies and secrets are never logged. A warning or
an error that is repeated within a minute is counted instead of printed; the next line of its kind says how often (`repeats`).
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from runtime.redaction import redacted

log: Any = structlog.get_logger()
COLLAPSE_S = 60.0
_COUNTS = frozenset({"attempt", "count", "took_ms", "timestamp", "exc_info", "exception"})
"""Fields that may differ between two lines that say the same."""
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")
_MOST = 2000
_CONNECTION = frozenset({"FAIL", "ERROR", "FAILED", "CONNFAIL"})
"""The prefixes of librdkafka's lines about a broker that cannot be reached: many clients and threads of a process report the same."""


class Repeats:
    """A processor that passes one line of a kind per minute. The next one carries the number of those that were left out."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int]] = {}

    def __call__(self, _: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Drop the line, or pass it on. Raises `structlog.DropEvent` for one that is only counted."""
        if method not in ("warning", "error", "exception", "critical"):
            return event
        kind, now = _kind(method, event), self._now()
        with self._lock:
            since, left_out = self._seen.get(kind, (0.0, 0))
            if kind in self._seen and now - since < COLLAPSE_S:
                self._seen[kind] = (since, left_out + 1)
                raise structlog.DropEvent
            if len(self._seen) >= _MOST:
                self._seen = {name: seen for name, seen in self._seen.items() if now - seen[0] < COLLAPSE_S}
            self._seen[kind] = (now, 0)
        if left_out:
            event["repeats"] = left_out
        return event


def _kind(method: str, event: MutableMapping[str, Any]) -> str:
    """What a line says, without the numbers in an error's words. Lines about two documents or two connections are of two kinds."""
    if event.get("event") == "librdkafka":
        return f"librdkafka {event.get('facility')}"
    fields = {name: _NUMBER.sub("#", value) if name == "error" else value for name, value in event.items() if name not in _COUNTS}
    return f"{method} {sorted(fields.items(), key=lambda one: one[0])!r}"


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove from the values of a line the secrets that this process knows."""
    for name, value in event.items():
        event[name] = _without_secrets(value)
    return event


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {name: _without_secrets(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_without_secrets(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else redacted(repr(value))


PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _redact,
    structlog.processors.JSONRenderer(),
]
"""What is done with a line, in order. The redaction comes after everything that adds text."""


def configure(level: str = "info", service: str = "") -> None:
    """Set up the log of a process. The command that runs a service calls it once."""
    structlog.configure(
        processors=[Repeats(), *PROCESSORS],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # no line is written per record; a cached logger would go on with settings that are no longer in force
    )
    if service:  # a command itself says, in one line, what the client's lines amount to
        librdkafka = logging.getLogger("ml_connector.kafka")
        librdkafka.handlers = [_ToStructuredLog()]
        librdkafka.setLevel(logging.WARNING)
        structlog.contextvars.bind_contextvars(service=service)


class _ToStructuredLog(logging.Handler):
    """Passes a line of the standard log to the structured one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line, at level warning."""
        words = record.getMessage()
        facility = words.partition(" ")[0]
        log.warning("librdkafka", facility="connection" if facility in _CONNECTION else facility, detail=words[:500])
