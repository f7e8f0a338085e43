"""`ml-connector simulate`: what it refuses to start with, in words that name the option."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli.main import app
from console.cli.simulate import simulate
from runtime.errors import Broken
from runtime.simulator.serve import Options


def test_an_unknown_system_is_named_with_those_there_are() -> None:
    with pytest.raises(Broken, match=r"'oracle' is not a system.*acumatica"):
        simulate("oracle")


def test_an_unknown_or_unreadable_setting_is_named() -> None:
    with pytest.raises(Broken, match=r"unknown setting 'speed'"):
        simulate("acumatica", settings=["speed=fast"])
    with pytest.raises(Broken, match=r"setting max_sessions: 'two' cannot be read as int"):
        simulate("acumatica", settings=["max_sessions=two"])
    with pytest.raises(Broken, match=r"'max_sessions' is not key=value"):
        simulate("acumatica", settings=["max_sessions"])


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Broken, match=rf"127\.0\.0\.1:{port} cannot be taken: Address already in use"):
            simulate("acumatica", port=port)


def test_a_port_that_is_none_is_refused() -> None:
    for port in ("-1", "65536"):
        ended = CliRunner().invoke(app, ["simulate", "acumatica", "--port", port])
        assert (ended.exit_code, "Invalid value for '--port'" in ended.output) == (2, True), ended.output


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Broken, match="file/state cannot be made: Not a directory"):
        simulate("acumatica", state_dir=tmp_path / "file" / "state")
    with pytest.raises(Broken, match="file/joined cannot be made: Not a directory"):
        simulate("acumatica", join=tmp_path / "file" / "joined")


@pytest.mark.parametrize(("is_kept", "planted"), [(False, True), (True, False)])
def test_what_a_simulator_alone_is_filled_with_goes_into_a_new_folder_only(
    is_kept: bool, planted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state that was kept is what its user left; --set still counts."""
    started: list[Options] = []

    def build(options: Options) -> None:
        started.append(options)
        raise ValueError("that is all")

    monkeypatch.setattr("systems.netsuite.simulator.app.build", build)
    state = tmp_path / "state"
    state.mkdir()
    if is_kept:
        (state / "netsuite.sqlite").write_bytes(b"")
    with pytest.raises(Broken, match="that is all"):
        simulate("netsuite", state_dir=state, settings=["vendors=2"])
    (options,) = started
    assert (options.settings.get("history"), options.settings["vendors"]) == ("30" if planted else None, "2")
