"""What must happen next when something goes wrong: the whole tree of errors.

    ConnectorError
    ├── Transient    try again, with backoff and jitter, up to a stated time
    ├── Throttled    pause this system until the stated moment; not a failure
    ├── Garbled      an answer that is not the one asked for: as Transient, each object alone, and not for ever
    ├── Unsure       it was sent and no answer came: look it up by ref before any retry
    ├── Refused      the ERP said no, in its own code and words; held, a person decides
    ├── Conflict     both sides changed; held, never overwritten silently
    └── Broken       credentials, permissions, configuration: stop, loudly
    Malformed        the bytes cannot be read; `dead`, a developer decides (defined beside the records, in `schemas/errors.py`)

A type says what to do next and nothing else. Every message names the system, the entity, the key and what to do.
"""

from __future__ import annotations

from datetime import timedelta

from runtime.redaction import sayable
from schemas.errors import Malformed as Malformed  # noqa: PLC0414 - part of the tree above, re-exported on purpose

EXIT_SOFTWARE = 70
"""Exit code of a process that cannot go on by itself; its supervisor starts it again."""


class ConnectorError(Exception):
    """Root of every error raised on purpose. No message carries a secret that this process knows, and every record can hold it."""

    def __init__(self, *said: object) -> None:
        super().__init__(*(sayable(one) if isinstance(one, str) else one for one in said))


class Transient(ConnectorError):
    """A failure known to have had no effect; the same call may be repeated later."""


class Throttled(Transient):
    """The other side asked for a pause.

    `retry_after_s` is what it asked for, in seconds, or None where it named no time.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    @property
    def asked(self) -> timedelta | None:
        """The pause that was asked for; None where no time was named."""
        return None if self.retry_after_s is None else timedelta(seconds=self.retry_after_s)


class Garbled(Transient):
    """An answer came, and it is not what was asked for: a page that cannot be read, an object that nobody named.

    `body` is what came, where it is to be kept as the answer for an object that was asked for alone; b"" where it is another object.
    """

    def __init__(self, message: str, body: bytes = b"") -> None:
        super().__init__(message)
        self.body = body


class Unsure(ConnectorError):
    """A write left this process and its outcome is unknown. Never resent before a look-up by ref."""


class Refused(ConnectorError):
    """The ERP refused a document with its own code and words, both kept."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = sayable(code)


class Conflict(ConnectorError):
    """Both sides changed the same thing."""


class Broken(ConnectorError):
    """Credentials, permissions or configuration are wrong; nothing will work until a person acts.

    `remedy` is one sentence: what to do; `words` the message without it, where the two are shown apart.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.words = sayable(message)
        self.remedy = sayable(remedy)
