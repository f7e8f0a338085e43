"""One structured log: JSON lines on standard error, the same field names everywhere.

`system, entity, key, hop, attempt, took_ms, outcome` and the connection. Bodies and secrets are never logged.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

log: Any = structlog.get_logger()


def configure(level: str = "info", service: str = "") -> None:
    """Set the log up for a process; called once by the command that runs a service."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
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
