"""The passwords for Kafka and the registry. Each is the content of a file, so that none is in the environment or on a command line."""

from __future__ import annotations

from pathlib import Path

from runtime.errors import Broken
from runtime.redaction import know_value
from runtime.secrets import MAX_SECRET_BYTES, fit
from runtime.small_files import read_small


def secret_in(path: Path | None, key: str) -> str:
    """The file's text without a byte order mark and without its line ends. From now on it is kept out of every message.

    Raises `Broken` naming the setting if the file cannot be read, is empty or contains invisible characters.
    """
    if path is None:
        raise Broken(f"{key} is not set.", "Name the file that holds the password.")
    try:
        text = read_small(path, MAX_SECRET_BYTES)[0].decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Broken(f"{key}: {path} cannot be read ({reason}).", "Name a file that holds the password.") from error
    found = fit(f"{key}: {path}", text)
    know_value(found)
    return found
