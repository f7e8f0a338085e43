"""The tree itself: systems and registry agree, vendor names stay where they belong, the lock holds what is declared."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import grimp
import pytest

from systems import registry

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "runtime", "systems", "topology", "services", "console")
SYSTEMS = sorted(path.parent.name for path in (ROOT / "systems").glob("*/SYSTEM.md"))
VENDOR_NAMES = re.compile(r"service_?titan|acumatica|people_?soft|fusion|net_?suite|syspro", re.IGNORECASE)

# A vendor's name belongs into its own folder, its tests and the docs. Which systems there are is read from the registry.
NAMED_IN = ("tests/", "docs/", "README.md", "CHANGELOG.md")
VENDOR_NAMES_ALLOWED: dict[str, str] = {
    "systems/registry.py": "the one list of names",
    "schemas/0_connection/credential.yaml": "its example was registered with it, and what is registered never changes",
    "schemas/registered/connection.credential/1.avsc": "as registered",
}
TEXT = (
    ".py",
    ".yaml",
    ".yml",
    ".json",
    ".avsc",
    ".toml",
    ".in",
    ".txt",
    ".xml",
    ".md",
    "Makefile",
    "Dockerfile",
    ".ci/run",
    ".sha256",
)


def source_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def package_name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, f"no name in {requirement!r}"
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def requirement_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)]


def test_registry_and_folders_name_the_same_systems() -> None:
    assert sorted(registry.NAMES) == SYSTEMS


def text_files() -> list[Path]:
    """Everything that is written by hand or travels with the product."""
    roots = [ROOT / name for name in (*PACKAGES, ".ci")]
    found = [path for root in roots for path in root.rglob("*")] + list(ROOT.iterdir())
    return sorted(path for path in found if path.is_file() and str(path).endswith(TEXT))


def vendor_names(path: Path) -> list[str]:
    where = path.relative_to(ROOT).as_posix()
    lines = enumerate(path.read_text(errors="replace").splitlines(), 1)
    return [f"{where}:{number}: {line.strip()}" for number, line in lines if VENDOR_NAMES.search(line)]


def test_vendor_names_stay_inside_their_folder() -> None:
    folders = [
        path.parent.name for path in (ROOT / "systems").glob("*/simulator")
    ]  # a system may have no more than its simulator yet
    inside = (*NAMED_IN, *(f"systems/{name}/" for name in folders), *VENDOR_NAMES_ALLOWED)
    found = [one for path in text_files() if not path.relative_to(ROOT).as_posix().startswith(inside) for one in vendor_names(path)]
    assert found == []


def test_what_is_allowed_to_name_a_vendor_does() -> None:
    assert [where for where in VENDOR_NAMES_ALLOWED if not vendor_names(ROOT / where)] == []


def test_the_search_for_vendor_names_finds_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One name in a hop, as a hurried person would write it."""
    hop = tmp_path / "topology" / "hop.py"
    hop.parent.mkdir()
    hop.write_text('if system == "acumatica":\n    pass\n')
    monkeypatch.setattr("tests.unit.test_layout.ROOT", tmp_path)
    assert [path.name for path in text_files()] == ["hop.py"]
    assert vendor_names(hop) == ['topology/hop.py:1: if system == "acumatica":']


def test_every_folder_of_tests_is_a_package() -> None:
    """With the top `__init__.py` missing, `tests/systems` shadowed `systems`."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path in source_files() if not path.read_text().lstrip().startswith(('"""', 'r"""'))]
    assert silent == []


def test_no_system_imports_another() -> None:
    graph = grimp.build_graph("systems", cache_dir=None)
    chains = [
        chain
        for one in SYSTEMS
        for other in SYSTEMS
        if one != other
        for chain in graph.find_shortest_chains(f"systems.{one}", f"systems.{other}", as_packages=True)
    ]
    assert chains == []


def test_no_system_reaches_the_registry_that_names_it() -> None:
    graph = grimp.build_graph("systems", cache_dir=None)
    assert [name for name in SYSTEMS if graph.chain_exists(f"systems.{name}", "systems.registry", as_packages=True)] == []


def test_declared_packages_and_the_list_that_is_locked_are_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {package_name(each) for each in (*project["dependencies"], *project["optional-dependencies"]["dev"])}
    listed = {package_name(line) for line in requirement_lines(ROOT / "requirements.in")}
    assert declared == listed, "a name in requirements.in belongs into pyproject.toml as well: dependencies, or dev for checks"


def test_the_lock_holds_every_declared_package_with_a_hash_and_names_no_index() -> None:
    locked = (ROOT / "requirements.txt").read_text()
    names = {package_name(line) for line in requirement_lines(ROOT / "requirements.txt")}
    missing = {package_name(line) for line in requirement_lines(ROOT / "requirements.in")} - names
    assert missing == set(), "run `make lock`"
    assert re.search(r"^\s*(--index-url|--extra-index-url|--find-links)|://", locked, re.MULTILINE) is None
    without_hash = [line for line in requirement_lines(ROOT / "requirements.txt") if not line.endswith("\\")]
    assert without_hash == []


@pytest.mark.parametrize("line", ["confluent-kafka[avro,schemaregistry]==2.16.0"])
def test_the_pin_that_must_not_move_did_not(line: str) -> None:
    """2.16.1's extras ask for a package version that is not published: pip then falls back silently, or fails."""
    assert line in requirement_lines(ROOT / "requirements.in")
