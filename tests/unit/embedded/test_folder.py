"""A data folder has one process at a time, keeps its ports, and settings of a cluster that has ended are told as what they are."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli.main import app
from runtime.embedded import cluster as embedded
from runtime.embedded.cluster import BOOTSTRAP_KEY, REGISTRY_KEY
from runtime.embedded.fetch import Jars
from runtime.embedded.folder import Ports, take_folder
from runtime.errors import Broken, Transient

HOLDER = """
import sys
from pathlib import Path
from runtime.embedded.fetch import Jars
from runtime.embedded.folder import take_folder
held = take_folder(Path(sys.argv[1]))
print("has it", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_told_which_one_has_the_folder_before_anything_starts(tmp_path: Path) -> None:
    """A second `up` on the same folder wrote its settings over those of the broker that ran there, which then ended."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"has it\n"
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Broken, match=rf"^{tmp_path} is in use by process {holder.pid}\. "):
        CliRunner().invoke(app, ["up", "--data-dir", str(tmp_path)], catch_exceptions=False)
    assert sorted(tmp_path.iterdir()) == before
    holder.kill()
    holder.communicate()
    take_folder(tmp_path).release()


@pytest.fixture(autouse=True)
def nothing_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in (BOOTSTRAP_KEY, REGISTRY_KEY):
        monkeypatch.delenv(key, raising=False)


def test_a_folder_is_its_owners_alone(tmp_path: Path) -> None:
    take_folder(tmp_path / "a" / "b").release()
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for where in ("file", "file/below"):
        with pytest.raises(Broken, match="--data-dir"):
            take_folder(tmp_path / where)


def test_ports_are_kept_with_the_folder(tmp_path: Path) -> None:
    folder = take_folder(tmp_path)
    assert folder.ports() is None
    folder.keep(Ports.from_first(21000))
    folder.release()
    assert take_folder(tmp_path).ports() == Ports(21000, 21001, 21002, 21003)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"kafka": 1}', '{"kafka": "1", "registry": 2, "controller": 3, "management": 4}', "\x00"]
)
def test_a_file_that_holds_no_ports_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "ports.json").write_text(content)
    with pytest.raises(Broken, match=r"ports\.json does not hold the four ports"):
        take_folder(tmp_path).ports()


def test_a_kept_port_that_is_taken_is_named_and_left_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "fetched", lambda _: Jars(tmp_path))
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        port = owner.getsockname()[1]
        folder = take_folder(tmp_path / "data")
        folder.keep(Ports(port, port, port, port))
        folder.release()
        with pytest.raises(Broken, match=rf"Port {port} of 127\.0\.0\.1 is taken.*--port"):
            embedded.start_on_jvm(tmp_path / "data", lambda _: None)
    take_folder(tmp_path / "data").release()


def test_settings_of_a_cluster_that_has_ended_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` in the shell of an earlier `up` waited for a cluster that was gone."""
    with socket.socket() as gone, socket.socket() as there:
        gone.bind(("127.0.0.1", 0))
        there.bind(("127.0.0.1", 0))
        there.listen()
        dead, alive = (f"127.0.0.1:{one.getsockname()[1]}" for one in (gone, there))
        monkeypatch.setenv(BOOTSTRAP_KEY, dead)
        monkeypatch.setenv(REGISTRY_KEY, f"http://{alive}/apis")
        with pytest.raises(Transient, match=rf"^{BOOTSTRAP_KEY}={dead} does not answer.*unset {BOOTSTRAP_KEY} {REGISTRY_KEY}"):
            CliRunner().invoke(app, ["up"], catch_exceptions=False)
        monkeypatch.setenv(BOOTSTRAP_KEY, f"{dead}, {alive}")
        assert embedded.start_cluster(None, lambda _: None).kind == "external"
        monkeypatch.setenv(REGISTRY_KEY, f"http://{dead}")
        with pytest.raises(Transient, match=rf"^{REGISTRY_KEY}=http://{dead} does not answer"):
            embedded.start_cluster(None, lambda _: None)


@pytest.mark.parametrize("address", ["nowhere", "nowhere:port", "", "http://", "[::1", "127.0.0.1:99999"])
def test_an_address_that_is_none_does_not_answer(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BOOTSTRAP_KEY, address or ",")
    monkeypatch.setenv(REGISTRY_KEY, "http://127.0.0.1:9")
    with pytest.raises(Transient, match="does not answer"):
        embedded.start_cluster(None, lambda _: None)
    assert os.environ[BOOTSTRAP_KEY]
