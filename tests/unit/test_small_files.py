"""Files with keys and passwords: what is no small file is refused at once, and what a file of keys says is read strictly."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Broken
from runtime.rolekeys import OPERATOR, SINKS, keys_at, keys_for, write_keys
from runtime.secret_files import secret_in
from runtime.secrets import MAX_KEYS_BYTES, KeyRing, new_key, read_ring, write_ring

Make = Callable[[Path], object]
NO_FILES: dict[str, Make] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
    "circle": lambda path: path.symlink_to(path),
    "nowhere": lambda path: path.symlink_to("nowhere"),
    "huge": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 50 * MAX_KEYS_BYTES),
}


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize(
    "read",
    [lambda path: keys_at(path, (OPERATOR,)), read_ring, lambda path: secret_in(path, "KEY")],
    ids=["keys", "ring", "password"],
)
def test_what_is_no_small_file_is_refused_at_once(tmp_path: Path, kind: str, read: Callable[[Path], object]) -> None:
    """A pipe was waited for, and a device read until the memory ended."""
    path = tmp_path / "named"
    NO_FILES[kind](path)
    with pytest.raises(Broken) as refused:
        read(path)
    assert str(path) in str(refused.value)


def _ring(tmp_path: Path) -> tuple[Path, dict[str, Any], str]:
    path = tmp_path / "ring"
    write_ring(path, KeyRing((new_key(datetime.now(UTC)),)))
    content = json.loads(path.read_text())
    return path, content["keys"][0], path.read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"id": 5},
        {"id": ""},
        {"id": None},
        {"id": "two words"},
        {"id": "x" * 65},
        {"not_after": ""},
        {"not_after": 0},
        {"not_after": []},
    ],
    ids=str,
)
def test_a_key_that_no_signature_could_name_or_whose_end_is_not_told_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """An end of 0 or "" was taken for none: such a key wrapped for ever."""
    path, key, _ = _ring(tmp_path)
    path.write_text(json.dumps({"keys": [{**key, **change}]}))
    with pytest.raises(Broken) as refused:
        read_ring(path)
    assert key["key"] not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"keys": ' * 100_000, "", "NaN", '{"keys": 1e999}', '{"role": ' + "[" * 100_000, "\ud800"]
)
def test_what_cannot_be_read_is_no_file_of_keys(tmp_path: Path, text: str) -> None:
    """Deep nesting was a traceback."""
    path, _, _ = _ring(tmp_path)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for read in (read_ring, lambda path: keys_at(path, (OPERATOR,))):
        with pytest.raises(Broken, match="is no"):
            read(path)


def test_a_member_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two counts, two readers need not agree on."""
    path, _, text = _ring(tmp_path)
    ring = read_ring(path)
    path.write_text(text.replace('"id"', '"id": "other", "id"'))
    with pytest.raises(Broken):
        read_ring(path)
    role = tmp_path / "role"
    write_keys(role, keys_for(ring, SINKS))
    assert keys_at(role, (SINKS,)).role == SINKS
    role.write_text(role.read_text().replace('"role"', '"role": "verify", "role"'))
    with pytest.raises(Broken, match="not a file of keys"):
        keys_at(role, (SINKS,))
