"""The files of a connection: read strictly, without a secret and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.connections.files import read_connection
from runtime.errors import Broken


def test_a_key_written_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("connection: a\nconnection: b\n")
    with pytest.raises(Broken, match="'connection' is written twice"):
        read_connection(path)


def test_an_object_tag_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("connection: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(Broken, match=r"c\.yaml:1: tags"):
        read_connection(path)


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("connection: ACME!\ntime_zone: Mars/Olympus\nspeed: 9\n")
    with pytest.raises(Broken) as raised:
        read_connection(path)
    for key, line in {"connection": 1, "time_zone": 2, "speed": 3, "label": 1, "erp": 1}.items():
        assert f"{path}:{line}: {key}: " in str(raised.value)
