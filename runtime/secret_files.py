"""Passwords of Kafka and the registry: each is the content of a file, so that none is in the environment or on a command line."""

from __future__ import annotations

from pathlib import Path

from runtime.errors import Broken
from runtime.redaction import know_value
from runtime.secrets import MAX_SECRET_BYTES
from runtime.small_files import read_small


def secret_in(path: Path | None, key: str) -> str:
    """The file's text without its line end, kept out of every message from now on.

    Raises `Broken` naming the setting where it cannot be read or is empty.
    """
    try:
        text = read_small(path, MAX_SECRET_BYTES)[0].decode().removeprefix("\ufeff").rstrip("\r\n") if path is not None else ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise Broken(f"{key}: {path} cannot be read ({reason}).", "Name a file that holds the password.") from error
    if not text:
        raise Broken(f"{key}: {path} is empty.", "Put the password into it.")
    know_value(text)
    return text
