"""A further ERP is one folder and one line: a copy of the product with both, and everything computed from them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.stage import bare_environment

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "runtime", "systems", "topology", "services", "console")
TOY = "toybooks"


@dataclass(frozen=True)
class Product:
    """A copy of the product, changed in two places."""

    folder: Path
    changed: tuple[str, ...]

    def cli(self, *arguments: str, patience_s: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "console.cli.main", *arguments, patience_s=patience_s, **environment)

    def python(self, *arguments: str, patience_s: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**bare_environment(), "PYTHONPATH": str(self.folder), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """The folder of the toy beside the others, its name in the registry; nothing else is touched."""
    folder = tmp_path_factory.mktemp("product")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = contents(folder)
    toy = folder / "systems" / TOY
    shutil.copytree(ROOT / "tests/contract" / TOY, toy, ignore=shutil.ignore_patterns("__pycache__"))
    for path in toy.rglob("*.py"):
        path.write_text(path.read_text().replace(f"tests.contract.{TOY}", f"systems.{TOY}"))
    registry = folder / "systems/registry.py"
    registry.write_text(re.sub(r"^(NAMES: .*)\)$", rf'\1, "{TOY}")', registry.read_text(), flags=re.MULTILINE))
    return Product(folder, tuple(sorted(difference(before, contents(folder)))))


def contents(folder: Path) -> dict[str, list[str]]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(errors="replace").splitlines() for path in paths}


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    """What is new or changed: `path`, or `path: +line` for each changed line."""
    found = {path for path in after if path not in before}
    for path in before:
        found |= {f"{path}: +{line}" for line in after[path] if line not in before[path]}
    return found


def test_it_is_one_folder_and_one_line(product: Product) -> None:
    outside = [one for one in product.changed if not one.startswith(f"systems/{TOY}/")]
    assert len(outside) == 1
    assert outside[0].startswith("systems/registry.py: +NAMES: ")


def test_its_topics_are_there(product: Product) -> None:
    said = product.cli("topics", "--output", "json")
    assert said.returncode == 0, said.stderr
    names = {row["topic"] for row in json.loads(said.stdout)}
    assert {f"{step}.{TOY}" for step in ("raw", "command", "ledger", "result")} <= names


def test_its_files_of_a_connection_are_written_and_planned(product: Product, tmp_path: Path) -> None:
    said = product.cli("init", str(tmp_path / "shop"), "--erp", TOY)
    assert said.returncode == 0, said.stderr
    schema = json.loads((tmp_path / "shop" / "connection.schema.json").read_text())
    own = schema["$defs"]["Side_erp"]["properties"]
    assert own["system"] == {"const": TOY}
    assert set(own["settings"]["properties"]) == {"url", "instance_id", "company_id"}
    written = (tmp_path / "shop" / "connection.yaml").read_text()
    assert f"system: {TOY}" in written
    assert "T1:" in written


def test_its_flow_is_on_the_page_of_flows(product: Product) -> None:
    said = product.python("-c", "from console.pages import flows; flows.table_of_tests = dict; print(flows.page())")
    assert said.returncode == 0, said.stderr
    (row,) = [line for line in said.stdout.splitlines() if line.startswith("| T1 ")]
    assert "`ap_bill`: **post**" in row
    assert "C1, ref" in row


def test_its_sink_is_among_those_that_start(product: Product) -> None:
    text = "from systems import registry; print([one.name for one in registry.systems() if one.open_writer is not None])"
    assert TOY in product.python("-c", text).stdout


@pytest.mark.kafka
@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_day_is_played_and_every_bill_is_there_once(product: Product, tmp_path: Path) -> None:
    """Simulator, connection, poller, hops, sink and the row of the accounts, with lost answers in between; its exchanges are watched."""
    arguments = ("-m", "tests.watched", "demo", "--erp", TOY, "--jobs", "20", "--seed", "3", "--json", "--folder", str(tmp_path))
    said = product.python(*arguments, patience_s=540, PYTHONPATH=f"{product.folder}{os.pathsep}{ROOT}")
    told = json.loads(said.stdout.strip().splitlines()[-1])
    assert (told["ok"], said.returncode) == (True, 0), said.stdout[-3000:] + said.stderr[-2000:]
    (row,) = [row for row in told["flows"] if row["flow"]]
    assert (row["flow"], row["connection"]) == ("T1", "toy-shop")
    assert row["erp"]["count"] >= 5
    assert row["unaccounted"] == {"count": 0, "amount": "0.00"}, row
    assert row["held"]["count"] > 0, "a bill that is cancelled after it was posted is a person's, for the toy takes nothing back"
