"""The real `ml-connector demo --json`; what its last line must hold is also asserted of the day with kills."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from systems import registry
from tests.acceptance.stage import bare_environment, keeps_the_contract

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.chaos
def test_the_demo_ends_with_one_object_in_which_everything_is_accounted_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.watched", "demo", "--json", "--jobs", "50", "--seed", "3", "--folder", str(tmp_path)]
    said = subprocess.run(
        command, env=bare_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=540, check=False
    )
    told = json.loads(said.stdout.strip().splitlines()[-1])
    assert (told["ok"], said.returncode) == (True, 0), said.stdout[-4000:] + said.stderr[-2000:]
    keeps_the_contract(told, *(erp.name for erp in registry.erps()))
