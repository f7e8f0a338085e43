"""The files of a connection: read strictly, without a secret and without a network."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from console.connections.files import read_connection, read_tables
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


def test_rows_have_their_day_and_their_columns(tmp_path: Path) -> None:
    (tmp_path / "business_unit.csv").write_text("business_unit,subaccount,effective_from\nPlumbing,PLB-000,2026-04-01\n")
    (row,) = read_tables(tmp_path)
    assert (row.table, row.key, row.values, row.effective_from) == (
        "business_unit",
        "Plumbing",
        {"subaccount": "PLB-000"},
        date(2026, 4, 1),
    )


def test_a_row_that_stands_twice_is_named_with_both_places(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("key,a\nx,1\nx,2\n")
    with pytest.raises(Broken, match=r"t\.csv:3: row 'x' of table t is also at .*t\.csv:2"):
        list(read_tables(tmp_path))


def test_a_day_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("key,effective_from\nx,soon\n")
    with pytest.raises(Broken, match=r"effective_from is not a date: 'soon'"):
        list(read_tables(tmp_path))
