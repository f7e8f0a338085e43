"""The bill of materials holds everything that the lock and the list of jars hold, each with its hashes, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from console.pages.sbom import bill, main

ROOT = Path(__file__).parents[2]


def test_every_locked_package_and_jar_is_in_it_with_its_hashes(tmp_path: Path) -> None:
    """Checked against the CycloneDX 1.6 schema (strict) when it was written; what the schema asks for is asked for here."""
    path = tmp_path / "build" / "sbom.cdx.json"
    main([str(path)])
    made = json.loads(path.read_text())
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])
    lock = (ROOT / "requirements.txt").read_text()
    locked = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in re.findall(r"^([\w.-]+)==([\w.+!-]+)", lock, re.M)}
    jars = (ROOT / "runtime/embedded/jars.sha256").read_text().splitlines()
    assert len(locked) > 50
    packages = [one for one in made["components"] if one["purl"].startswith("pkg:pypi/")]
    assert {one["name"]: one["version"] for one in packages} == locked
    assert len(made["components"]) == len(locked) + len(jars) == len({one["bom-ref"] for one in made["components"]})
    assert {one["hashes"][0]["content"] for one in made["components"] if "hashes" in one} == {line.split()[0] for line in jars}
    hashes = [one for package in packages for file in package["externalReferences"] for one in file["hashes"]]
    assert len(hashes) == lock.count("--hash=sha256:")
    assert set(made["dependencies"][0]["dependsOn"]) == {one["bom-ref"] for one in made["components"]}


def test_the_same_commit_gives_the_same_bytes() -> None:
    assert bill() == bill()


@pytest.mark.parametrize(("file", "line"), [("requirements.txt", "flask>=2"), ("runtime/embedded/jars.sha256", "no hash.jar")])
def test_a_line_that_is_not_understood_is_named_and_not_left_out(tmp_path: Path, file: str, line: str) -> None:
    for name in ("requirements.txt", "runtime/embedded/jars.sha256", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text() + (f"\n{line}\n" if name == file else ""))
    with pytest.raises(ValueError, match=file.rpartition("/")[2]):
        bill(tmp_path)
