"""One structured log: JSON lines on standard error, the same field names everywhere.

`system, entity, key, hop, attempt, took_ms, outcome` and the connection. Bodies and secrets are never logged.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from runtime.redaction import redacted

log: Any = structlog.get_logger()


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No value of a line shows a secret that this process knows."""
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
"""What becomes of a line, in order; the redaction comes after everything that adds text."""


def configure(level: str = "info", service: str = "") -> None:
    """Set the log up for a process; called once by the command that runs a service."""
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    librdkafka = logging.getLogger("ml_connector.kafka")
    librdkafka.handlers = [_Structured()]
    librdkafka.setLevel(logging.WARNING)
    if service:
        structlog.contextvars.bind_contextvars(service=service)


class _Structured(logging.Handler):
    """Gives a line of the standard log to the structured one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line, at warning."""
        log.warning("librdkafka", detail=record.getMessage()[:500])
