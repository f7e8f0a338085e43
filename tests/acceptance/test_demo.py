"""The real `ml-connector demo --json`, and the contract of its last line."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.stage import bare_environment

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]
BUCKETS = {
    "source",
    "not_due",
    "before_cutover",
    "excluded",
    "topics",
    "ledger",
    "held",
    "waiting",
    "erp",
    "unaccounted",
}
FLOWS = {"A1", "A2", "A3", "A4", "A5", "A6", "A7", "M0"}
ADDED = BUCKETS - {"source", "topics", "ledger"}


def test_the_demo_ends_with_one_object_in_which_everything_is_accounted_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "console.cli.main", "demo", "--json", "--jobs", "20", "--seed", "3", "--folder", str(tmp_path)]
    said = subprocess.run(
        command, env=bare_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=540, check=False
    )
    told = json.loads(said.stdout.strip().splitlines()[-1])
    assert set(told) == {"ok", "flows"}
    assert (told["ok"], said.returncode) == (True, 0), said.stdout[-4000:] + said.stderr[-2000:]
    assert {row["flow"] for row in told["flows"]} >= FLOWS
    for row in told["flows"]:
        assert set(row) == BUCKETS | {"flow", "connection"}
        assert row["connection"] == "acme"
        for name in BUCKETS:
            assert set(row[name]) == {"count", "amount"}
            assert isinstance(row[name]["count"], int)
            assert isinstance(row[name]["amount"], str)
            assert row[name]["amount"].partition(".")[2].isdigit()
            assert len(row[name]["amount"].partition(".")[2]) == 2
        assert row["source"]["count"] == sum(row[name]["count"] for name in ADDED), row
        assert Decimal(row["source"]["amount"]) == sum(Decimal(row[name]["amount"]) for name in ADDED), row
        assert row["waiting"]["count"] == row["unaccounted"]["count"] == 0
    posted = {row["flow"]: row["erp"]["count"] for row in told["flows"]}
    assert posted["A1"] > 0
    assert posted["A2"] > 0
