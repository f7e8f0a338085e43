"""`docs/metrics.md` names every metric there is, and no other."""

from __future__ import annotations

import re

from console.pages import metrics as pages


def test_the_table_is_as_generated() -> None:
    assert pages.PAGE.read_text() == pages.page(), "stale: run `make docs`"


def test_the_states_name_metrics_that_exist() -> None:
    written, _, table = pages.PAGE.read_text().partition("<!-- generated")
    named = set(re.findall(r"ml_connector_[a-z_]+[a-z]\b", written)) - {"ml_connector_process"}
    there = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    assert len(there) > 30
    assert named <= there, named - there
