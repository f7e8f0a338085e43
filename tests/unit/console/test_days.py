"""Days and documents as a person names them on the command line."""

from __future__ import annotations

from datetime import date

import pytest

from console.cli.days import day_of, refuse_backwards
from console.cli.explain import explain
from runtime.errors import Broken


@pytest.mark.parametrize("text", ["20260302", "2026-W10-1", "3/1/26", "2026-02-30", "2026-3-2", "yesterday", " 2026-03-02"])
def test_a_day_is_written_in_one_way(text: str) -> None:
    """`20260302` and the weeks of ISO were taken, too: a typing mistake was a day of another year."""
    with pytest.raises(Broken, match="is not a day"):
        day_of("--from", text)
    assert day_of("--from", "2026-03-02") == date(2026, 3, 2)


def test_a_range_that_runs_backwards_is_named() -> None:
    with pytest.raises(Broken, match="Give the earlier day first"):
        refuse_backwards(date(2026, 3, 2), date(2026, 3, 1))


@pytest.mark.parametrize("what", ["", "  "])
def test_explain_wants_a_name(what: str) -> None:
    """Every master has an empty number: all of them were printed."""
    with pytest.raises(Broken, match="no document is named"):
        explain(what)
