"""The campaign as `make test` plays it: some hundred schedules of each class, and every mutant, as a program that is judged by its last line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from systems.contract import Capability
from tests.property.sinks.campaign import seams
from tests.property.sinks.campaign.declared import REQUESTS
from tests.property.sinks.campaign.kept import _played
from tests.property.sinks.campaign.mutants import NotThere, broken, by_name, hunt
from tests.property.sinks.campaign.schedule import Chosen, play
from tests.property.sinks.campaign.workers import spread

FAR_APART = Chosen(frozenset({"edge", "faults"}), (REQUESTS,), freeze_s=30.0)


def campaign(*options: str) -> tuple[int, dict[str, Any], str]:
    """Its exit code, the last line of its output, and everything that it said."""
    command = [sys.executable, "-m", "tests.property.sinks.campaign", *options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": "0"}, check=False)
    said = done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), said


@pytest.mark.timeout(600)
def test_no_schedule_breaks_anything_in_any_class() -> None:
    code, last, said = campaign("--seed", "0", "--schedules", "250")
    assert code == 0, said[-6000:]
    assert (last["violations"], last["schedules"]) == (0, 1250)
    assert last["classes"] == dict.fromkeys(map(str, Capability), 250)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_campaign_that_is_interrupted_tells_what_it_has_played(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.property.sinks.campaign", "--schedules", "1000000", "--class", "C1", "--json"]
    pipe: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": "0"}, **pipe) as running:
        assert running.stderr is not None
        progress = running.stderr.readline()
        running.send_signal(number)
        out, said = running.communicate()
    done, _, of = progress.partition(" of ")
    assert of.startswith("1000000 schedules (0.0%), "), progress
    last = json.loads(out.splitlines()[-1])
    assert last["interrupted"], said
    assert running.returncode == 1
    assert last["schedules"] == last["classes"]["C1"] >= int(done) > 0


def test_a_campaign_goes_on_from_what_is_kept_and_only_for_the_same_code(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    wanted = ("--class", "C1", "--class", "C3", "--keep", str(kept), "--schedules")
    code, first, said = campaign(*wanted, "200")
    assert code == 0, said
    with kept.open("a", encoding="utf-8") as file:
        file.write('["C1", 200, 4')  # switched off while it was written
    code, second, said = campaign(*wanted, "400")
    assert (code, second["classes"]) == (0, {"C1": 400, "C3": 400}), said
    assert second["processor_s"] > first["processor_s"] > 0
    chunks = [json.loads(line)[:3] for line in kept.read_text(encoding="utf-8").splitlines()[1:]]
    assert sorted(chunks) == [["C1", 0, 200], ["C1", 200, 400], ["C3", 0, 200], ["C3", 200, 400]], (
        "what was played is not played again"
    )
    code, third, said = campaign(*wanted, "400")
    assert (code, third["processor_s"], third["classes"]) == (0, second["processor_s"], second["classes"]), said
    chunks = [json.loads(line)[:3] for line in kept.read_text(encoding="utf-8").splitlines()[1:]]
    assert chunks == [["C1", 0, 400], ["C3", 0, 400]], "chunks that follow each other are one"
    code, less, said = campaign(*wanted, "250")
    assert (code, less["classes"]) == (0, {"C1": 250, "C3": 250}), said
    _, more, said = campaign(*wanted, "450")
    assert more["classes"] == {"C1": 450, "C3": 450}, said
    kept.write_text("[]\n", encoding="utf-8")
    command = [sys.executable, "-m", "tests.property.sinks.campaign", *wanted, "400"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr) == (
        2,
        f"{kept} was written by a campaign of other code; delete it, or name another file.\n",
    )


def test_prose_is_not_what_is_played(tmp_path: Path) -> None:
    module = tmp_path / "one.py"

    def played(source: str) -> bytes:
        module.write_text(source, encoding="utf-8")
        return _played(module)

    plain = played("class A:\n    def b(self):\n        return 1\nC = 1\n")
    assert (
        played('"""M."""\nclass A:\n    """A."""\n    def b(self):\n        """B."""\n        return 1  # one\nC = 1\n"""C."""\n')
        == plain
    )
    assert played("class A:\n    def b(self):\n        return 2\nC = 1\n") != plain
    assert played("class A:\n    def b(self):\n        return 1\nC = 2\n") != plain


def test_a_worker_that_is_killed_ends_the_campaign_and_is_told() -> None:
    with pytest.raises(BrokenProcessPool):
        list(spread(os._exit, iter([7, 7]), 1))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_mutant_is_caught() -> None:
    code, last, said = campaign("--seed", "0", "--schedules", "1", "--mutants")
    assert code == 0, said[-6000:]
    assert (last["mutants"]["survived"], sorted(last["mutants"]["caught"])) == ([], sorted(by_name()))
    assert len(by_name()) >= 50


def test_a_mutant_whose_text_is_gone_is_told_and_not_counted_as_caught() -> None:
    mutant = by_name()["blind_retry"]
    gone = type(mutant)("gone", (type(mutant.changes[0])("answers", "no such text", "another"),))
    with pytest.raises(NotThere, match="0 times"):
        hunt(gone)


def test_a_mutant_leaves_the_shell_as_it_was() -> None:
    mutant = by_name()["no_settle"]
    with seams.installed():
        before = play(3, Capability.C3).counts
        with broken(mutant):
            play(3, Capability.C3)
        assert play(3, Capability.C3).counts == before


@pytest.mark.timeout(600)
def test_a_freeze_beyond_the_bound_posts_twice_where_the_system_has_no_uniqueness() -> None:
    """Stated in docs/guarantees.md: told of, not prevented, for C3 and C4; impossible for C1."""
    with seams.installed():
        of_c3 = [name for seed in range(40) for name, _ in play(seed, Capability.C3, FAR_APART).found]
        of_c1 = [name for seed in range(40) for name, _ in play(seed, Capability.C1, FAR_APART).found]
    assert "DOUBLE" in of_c3
    assert "DOUBLE" not in of_c1
