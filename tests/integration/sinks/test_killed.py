"""kill -9 of the sink in the middle of its writes, again and again: every document is there once."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runtime.settings import Timing
from tests.integration.ingress.stage import eventually
from tests.integration.sinks.stage import Stage

pytestmark = pytest.mark.kafka
COUNT, KILLS = 300, 6
SHORT = Timing(lease_s=0.5, freeze_s=0.5, request_s=0.5, p_max_s=0.5, v_max_s=0)


@pytest.mark.slow
def test_a_sink_that_is_killed_six_times_posts_every_document_once(stage: Stage, tmp_path: Path) -> None:
    for number in range(COUNT):
        stage.send("ar_invoice", stage.wanted("ar_invoice", str(number)))
    stage.flush()
    journal = tmp_path / "erp.sqlite"
    settings = stage.settings.model_copy(update={"timing": SHORT, "lanes": 6})
    draw = random.Random(7)
    for _ in range(KILLS):
        child = _start(settings.model_dump_json(), journal)
        _await_more(journal, draw.randint(5, 25))
        time.sleep(draw.random() * 0.05)  # where in a write the kill lands is drawn
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    child = _start(settings.model_dump_json(), journal)
    try:
        eventually(stage.states, lambda seen: len(seen) == COUNT and set(seen.values()) <= {"POSTED", "ADOPTED"}, 90)
    finally:
        child.terminate()
        assert child.wait(120) == 0
    with sqlite3.connect(journal) as db:
        found = db.execute("SELECT count(*), count(DISTINCT ref), sum(released), sum(amount) FROM kept").fetchone()
    assert found == (COUNT, COUNT, COUNT, 100.0 * COUNT)


@pytest.mark.slow
def test_two_workers_share_the_partitions_and_a_killed_ones_work_goes_on(stage: Stage, tmp_path: Path) -> None:
    for connection in ("acme", "bolt", "crane", "dune"):
        stage.connect(connection)
    for number in range(COUNT):
        connection = ("acme", "bolt", "crane", "dune")[number % 4]
        stage.send("ar_invoice", stage.wanted("ar_invoice", str(number), connection=connection))
    stage.flush()
    journal = tmp_path / "erp.sqlite"
    settings = stage.settings.model_copy(update={"timing": SHORT, "lanes": 2})
    killed, left = (_start(settings.model_dump_json(), journal) for _ in range(2))
    try:
        _await_more(journal, 30)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        eventually(stage.states, lambda seen: len(seen) == COUNT and set(seen.values()) <= {"POSTED", "ADOPTED"}, 90)
    finally:
        left.terminate()
        assert left.wait(120) == 0
    with sqlite3.connect(journal) as db:
        assert db.execute("SELECT count(*), count(DISTINCT ref) FROM kept").fetchone() == (COUNT, COUNT)


def _await_more(journal: Path, count: int) -> None:
    before = _kept(journal)
    eventually(lambda: _kept(journal), lambda kept: kept >= before + count, 60)


def _start(settings: str, journal: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ML_CONNECTOR_")}
    return subprocess.Popen([sys.executable, "-m", "tests.integration.sinks.child", settings, str(journal)], env=environment)


def _kept(journal: Path) -> int:
    if not journal.exists():
        return 0
    with sqlite3.connect(journal) as db:
        exists = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'kept'").fetchone()[0]
        return int(db.execute("SELECT count(*) FROM kept").fetchone()[0]) if exists else 0
