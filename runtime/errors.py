"""The tree of errors. The type of an error says what must happen next.

    ConnectorError
    ├── Transient    try again, with backoff and jitter, up to a stated time
    ├── Throttled    pause this system until the stated moment; not a failure
    ├── Garbled      the answer is not the one requested: as Transient, each object alone, and not forever
    ├── Unsure       it was sent and no answer came: look it up by ref before any retry
    ├── Refused      the ERP said no, in its own code and words; held, a person decides
    ├── Conflict     both sides changed; held, never overwritten silently
    └── Broken       credentials, permissions, configuration: stop with an error
    Malformed        the bytes cannot be read; `dead`, a developer decides (defined beside the records, in `schemas/errors.py`)

A type says what to do next and nothing else. Every message names the system, the entity, the key and what to do.
"""

from __future__ import annotations

from datetime import timedelta

from runtime.redaction import sayable
from schemas.errors import Malformed as Malformed  # noqa: PLC0414 - part of the tree above, re-exported on purpose

EXIT_SOFTWARE = 70
"""Exit code of a process that cannot go on by itself. Its supervisor starts it again."""


class ConnectorError(Exception):
    """Root of every error that is raised on purpose. Its message never contains a secret known to this process, and fits into any record."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(sayable(one) if isinstance(one, str) else one for one in arguments))


class Transient(ConnectorError):
    """A failure that certainly had no effect. The same call may be repeated later."""


class Throttled(Transient):
    """The other side asked for a pause.

    `retry_after_s` is the pause it asked for, in seconds; None if it named no time.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    @property
    def asked(self) -> timedelta | None:
        """The pause that was asked for; None if no time was named."""
        return None if self.retry_after_s is None else timedelta(seconds=self.retry_after_s)


class Garbled(Transient):
    """An answer came, but it is not what was requested: a page that cannot be read, or an object that was not named.

    `body` is what came, if it is to be kept as the answer for an object that was fetched alone; b"" if it belongs to another object.
    """

    def __init__(self, message: str, body: bytes = b"") -> None:
        super().__init__(message)
        self.body = body


class Unsure(ConnectorError):
    """A write left this process and its outcome is unknown. It is never sent again before a look-up by ref."""


class Refused(ConnectorError):
    """The ERP refused a document; its own code and words are kept."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = sayable(code)


class Conflict(ConnectorError):
    """Both sides changed the same thing."""


class Broken(ConnectorError):
    """Credentials, permissions or configuration are wrong. Nothing will work until a person acts.

    `remedy` is one sentence that says what to do. `words` is the message without it, for places that show the two apart.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.words = sayable(message)
        self.remedy = sayable(remedy)
