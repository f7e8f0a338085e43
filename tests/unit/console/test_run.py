"""`run all`: what is checked before, what is started again, and the order of times at the end."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from console.cli import exit_codes, run
from runtime.errors import Broken
from runtime.settings import Timing
from runtime.shutdown import CONTAINER_S, service_s, supervisor_s

ROOT = Path(__file__).parents[3]


_STARTED: list[subprocess.Popen[bytes]] = []


def child(program: str) -> subprocess.Popen[bytes]:
    _STARTED.append(subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE))
    return _STARTED[-1]


@pytest.fixture(autouse=True)
def gone() -> Iterator[None]:
    """Nothing that a test started is left."""
    yield
    while _STARTED:
        with _STARTED.pop() as one:
            one.kill()


def test_each_time_is_longer_than_what_it_waits_for() -> None:
    """`run all` killed after 20 s what may take 100."""
    timing = Timing()
    times = [timing.request_s, service_s(timing), supervisor_s(timing), CONTAINER_S]
    assert times == sorted(set(times))
    assert supervisor_s(Timing(request_s=300)) > service_s(Timing(request_s=300)) > 300


def test_compose_and_the_docs_grant_the_same_time() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    graces = {name: one["stop_grace_period"] for name, one in composed["services"].items() if "run" in one.get("command", [])}
    assert graces == dict.fromkeys(("ingress", "pollers", "topology", "sinks"), f"{CONTAINER_S:g}s")
    page = (ROOT / "docs" / "operating.md").read_text()
    assert f"terminationGracePeriodSeconds: {CONTAINER_S:g}" in page
    shown = [float(number) for number in re.findall(r"\| (\d+) \|$", page.partition("## Shutdown")[2], re.MULTILINE)]
    assert shown == [Timing().request_s, service_s(Timing()), supervisor_s(Timing()), CONTAINER_S]


def test_a_service_that_ends_in_order_is_not_killed() -> None:
    one = child("import signal, sys\nsignal.signal(15, lambda *_: sys.exit(7))\nprint('up', flush=True)\nsignal.pause()")
    assert one.stdout is not None
    assert one.stdout.readline() == b"up\n"
    run._stop_all([one], 60, lambda: False)
    assert one.returncode == 7


def test_one_that_does_not_end_is_killed_and_a_second_signal_does_so_at_once() -> None:
    stubborn = "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\nsignal.pause()"
    for within_s, at_once in ((0.1, False), (3600.0, True)):
        one = child(stubborn)
        assert one.stdout is not None
        assert one.stdout.readline() == b"up\n"
        run._stop_all([one], within_s, lambda at_once=at_once: at_once)  # type: ignore[misc]  # a default binds the loop's value
        assert one.returncode == -9


def test_a_service_that_waits_to_be_started_again_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C waited for the pause of up to ten seconds."""
    started: list[str] = []

    def start(name: str, _: str) -> subprocess.Popen[bytes]:
        started.append(name)
        return child("pass")

    monkeypatch.setattr(run, "_start", start)
    monkeypatch.setattr(run, "_RESTART_S", (3600,))
    ended = child("pass")
    ended.wait()
    one = run._Child("sinks", ended)
    assert run._restart_if_ended(one, "info") is None
    assert run._restart_if_ended(one, "info") is None
    assert started == []
    one.again_at = 1e-9
    assert run._restart_if_ended(one, "info") is None
    assert (started, one.restarts) == (["sinks"], 1)


def test_wrong_settings_end_all(capsys: pytest.CaptureFixture[str]) -> None:
    ended = child(f"raise SystemExit({exit_codes.SETTINGS})")
    ended.wait()
    assert run._restart_if_ended(run._Child("sinks", ended), "info") == exit_codes.SETTINGS
    assert "sinks ended with 78" in capsys.readouterr().err


def test_settings_are_checked_before_any_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_start", lambda *_: pytest.fail("a process was started"))
    for key in ("KAFKA__BOOTSTRAP_SERVERS", "REGISTRY__URL", "KEY_RING"):
        with pytest.raises(Broken, match=rf"ML_CONNECTOR_{key} is not set|ML_CONNECTOR_REGISTRY__URL is not set"):
            run._supervise("info")
        monkeypatch.setenv(f"ML_CONNECTOR_{key}", {"REGISTRY__URL": "http://127.0.0.1:1"}.get(key, "127.0.0.1:1"))
