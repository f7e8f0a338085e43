"""`docs/limits.md` says what the code does: every setting of ingress with its default, and every constant it names."""

from __future__ import annotations

import importlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

from runtime.settings import Ingress, Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "limits.md").read_text()
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("| ")]
NO_LIMIT = {"host", "port", "trusted_proxies"}
SPELLED = {"MiB": 1024 * 1024, "s": 1, "a second": 1, "bytes": 1, "characters": 1, "": 1}
CONSTANT = re.compile(r"`(_?[A-Z_]+)`, `([a-z_/]+)\.py`")


def number(cell: str) -> float:
    """The first number of a cell with its unit: `32 MiB`, `3,600 s`, `kept once in 600 s`."""
    found = re.search(r"(\d[\d,]*)\s*(MiB|s\b|a second|bytes|characters|)", cell)
    assert found, cell
    return int(found[1].replace(",", "")) * SPELLED[found[2]]


@pytest.mark.parametrize("name", sorted(set(Ingress.model_fields) - NO_LIMIT))
def test_every_limit_of_ingress_is_stated_with_its_default(name: str) -> None:
    [row] = [row for row in ROWS if len(row) > 2 and f"`ML_CONNECTOR_INGRESS__{name.upper()}`" in row[2]]
    assert number(row[1]) == getattr(Ingress(), name)


CONSTANTS = [(found[1], found[2], row[1]) for row in ROWS if len(row) > 2 and (found := CONSTANT.search(row[2]))]


@pytest.mark.parametrize(("name", "module", "cell"), CONSTANTS)
def test_every_constant_has_the_value_that_is_stated(name: str, module: str, cell: str) -> None:
    value = getattr(importlib.import_module(module.replace("/", ".")), name)
    assert number(cell) == (value.total_seconds() if isinstance(value, timedelta) else value)


def test_the_page_names_the_other_settings_it_speaks_of() -> None:
    assert "ML_CONNECTOR_INGRESS__TRUSTED_PROXIES" in PAGE
    assert f"`ML_CONNECTOR_METRICS_HOST` ({Settings().metrics_host})" in PAGE
