"""Passwords of Kafka and the registry: each is the content of a file, so that none is in the environment or on a command line."""

from __future__ import annotations

from pathlib import Path

from runtime.errors import Broken
from runtime.redaction import know_value
from runtime.secrets import MAX_SECRET_BYTES, fit
from runtime.small_files import read_small


def secret_in(path: Path | None, key: str) -> str:
    """The file's text without a byte order mark and its line ends, kept out of every message from now on.

    Raises `Broken` naming the setting where it cannot be read, is empty or holds what nobody sees.
    """
    if path is None:
        raise Broken(f"{key} is not set.", "Name the file that holds the password.")
    try:
        text = read_small(path, MAX_SECRET_BYTES)[0].decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise Broken(f"{key}: {path} cannot be read ({reason}).", "Name a file that holds the password.") from error
    found = fit(f"{key}: {path}", text)
    know_value(found)
    return found
