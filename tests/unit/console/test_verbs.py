"""The verbs of the command: each has its line, and a call imports the module of its own verb alone."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import typer

from console.cli.main import _VERBS, main
from schemas.codec import load
from schemas.errors import NotRegistered


def test_every_command_that_a_module_registers_has_its_line_and_no_line_is_of_nothing() -> None:
    listed: dict[str, set[str]] = defaultdict(set)
    for verb, module in _VERBS.items():
        listed[module].add(verb)
    for module, verbs in listed.items():
        own = typer.Typer()
        importlib.import_module(f"console.cli.{module}").register(own)
        assert set(typer.main.get_group(own).commands) == verbs, module


def test_a_verb_imports_its_own_module_alone() -> None:
    script = (
        "import sys\nfrom console.cli.main import main\nsys.argv = ['ml-connector', 'pause', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted(name for name in sys.modules if name.startswith('console.cli.')), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    loaded = ended.stderr
    assert "console.cli.status" in loaded
    assert not [module for module in ("demo", "keys", "run", "check", "try_") if f"console.cli.{module}'" in loaded], loaded
    assert "Stop writing for a connection." in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "Usage: "),
        ("nonsense", "No such command 'nonsense'."),
        ("plan", "Missing argument 'file'."),
        ("plan|", "Invalid value for 'file': it is empty."),
        ("status|--stock|", "Invalid value for '--stock': it is empty."),
        ("status|--output|xml", "Invalid value for '--output': 'xml' is not one of 'table', 'json'."),
        ("pause| |--reason|x", "Invalid value for 'connection': it is empty."),
        ("crosswalk|show|", "Invalid value for 'connection': it is empty."),
        ("up|--port|80", "Input should be greater than or equal to 1024."),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(
    arguments: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was told in a box of five lines. An empty path meant this folder, and `pause ''` recorded a pause of a connection without a name."""
    monkeypatch.setattr("sys.argv", ["ml-connector", *(arguments.split("|") if arguments else ())])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert says in told.out + told.err
    assert bool(arguments) == bool(told.err)
    if arguments:
        assert told.err.startswith("ml-connector: ")
        assert told.err.count("\n") == 1
        assert told.err.endswith("--help` shows what it takes.\n")
        assert told.out == ""


def test_a_full_disk_is_told_in_one_line() -> None:
    """A report that went to a full disk ended with a traceback, a short one with exit code 120."""
    script = "import sys\nfrom console.cli.main import main\nsys.argv = ['ml-connector', *sys.argv[1:]]\nmain()"
    for arguments in (
        ["topics"],
        ["topics", "--output", "json"],
        ["--version"],
        ["plan", "/dev/null", "--offline", "--output", "json"],
    ):
        with Path("/dev/full").open("w") as full:
            ended = subprocess.run(
                [sys.executable, "-c", script, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
            )
        assert (ended.returncode, ended.stderr.splitlines()) == (
            78,
            ["ml-connector: the output cannot be written (No space left on device). Make room, or write it elsewhere."],
        )


def test_an_address_of_the_registry_that_is_none_is_told_in_one_line() -> None:
    """It was a traceback of the client."""
    for url in ("not a url", "localhost:8080", "http://["):
        with pytest.raises(NotRegistered, match=r"this is not an address\. Correct ML_CONNECTOR_REGISTRY__URL"):
            load({"url": url}, {"audit": ("audit.audit",)})
