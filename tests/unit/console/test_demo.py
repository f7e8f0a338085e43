"""Where the demo's logs are when it is over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import demo
from console.cli.main import app
from console.demo.day import Outcome
from runtime.errors import Broken


def logged(folder: Path) -> Path:
    """A folder with a log."""
    folder.mkdir(exist_ok=True)
    (folder / "sinks.log").write_text("why")
    return folder


def played(monkeypatch: pytest.MonkeyPatch, ends: BaseException | None, code: int = 0, *arguments: str) -> tuple[Path, str, int]:
    """The folder of a demo whose day ends so, what it said, and its exit code."""
    folders: list[Path] = []

    async def day(_wanted: object, folder: Path, _keep: bool) -> Outcome:
        folders.append(logged(folder))
        if ends is not None:
            raise ends
        return Outcome([])

    monkeypatch.setattr(demo, "_played", day)
    monkeypatch.setattr(demo, "report", lambda *_: code)
    result = CliRunner().invoke(app, ["demo", *arguments])
    return folders[0], result.output, result.exit_code


def test_logs_are_gone_after_a_day_that_went_well(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, code = played(monkeypatch, None)
    assert (folder.exists(), code) == (False, 0)


@pytest.mark.parametrize(("ends", "code"), [(Broken("sinks ended by itself with code 70."), 0), (None, 1)])
def test_logs_stay_and_are_named_when_something_went_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: Exception | None, code: int
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder, said, exit_code = played(monkeypatch, ends, code)
    assert (folder / "sinks.log").read_text() == "why"
    assert f"logs are kept in {folder}" in said
    assert exit_code == 1


@pytest.mark.parametrize(("options", "kept"), [((), None), (("--json",), None), (("--keep",), False), (("--keep", "--json"), True)])
def test_a_demo_that_is_kept_tells_its_day_as_it_was_asked_to(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], kept: bool | None
) -> None:
    """It is told before the wait for Ctrl-C; it told sentences, whatever was asked for."""
    found: list[bool | None] = []

    async def day(_wanted: object, _folder: Path, told: bool | None) -> Outcome:
        found.append(told)
        return Outcome([])

    monkeypatch.setattr(demo, "_played", day)
    CliRunner().invoke(app, ["demo", *options])
    assert found == [kept]


def test_a_folder_that_was_chosen_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder, _, _ = played(monkeypatch, None, 0, "--folder", str(tmp_path / "mine"))
    assert (folder, (folder / "sinks.log").exists()) == (tmp_path / "mine", True)


@pytest.mark.timeout(60)
def test_a_demo_that_is_kept_ends_when_it_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """It waited in a thread, which nothing ended: Ctrl-C stopped the services, and the process stayed for ever."""

    async def interrupted() -> None:
        waiting = asyncio.create_task(demo.wait_kept_running({"A": "1", "B": "two words"}))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(interrupted())
    assert capsys.readouterr().out == "export A=1\nexport B='two words'\n"


@pytest.mark.parametrize(
    "option", [("--jobs", "0"), ("--jobs", "-3"), ("--scale", "0"), ("--scale", "-1"), ("--drain-seconds", "-1")]
)
def test_a_day_that_cannot_be_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch, option: tuple[str, str]) -> None:
    """A cluster was started first; then `--scale 0` was told as a setting that nobody had set, and no jobs were a day."""
    monkeypatch.setattr(demo, "_played", None)
    said = CliRunner().invoke(app, ["demo", *option])
    assert (said.exit_code, option[0] in said.output) == (2, True)


def test_logs_are_gone_when_a_person_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not played(monkeypatch, KeyboardInterrupt())[0].exists()
