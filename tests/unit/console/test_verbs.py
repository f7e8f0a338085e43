"""The verbs of the command: each has its line, and a call imports the module of its own verb alone."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import defaultdict

import typer

from console.cli.main import _VERBS


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
