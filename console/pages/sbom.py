"""The software bill of materials (CycloneDX 1.6, JSON), made from the lock: every Python package and, for the embedded cluster, every jar.

    python -m console.pages.sbom build/sbom.cdx.json

It uses neither the network nor the packages that happen to be installed: the same commit gives the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(;[^\\]*)?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_JAR = re.compile(r"^([0-9a-f]{64})  (.+?)-([0-9].*?)(?:-all)?\.(?:jar|tar\.gz)$")


def bill(root: Path = ROOT) -> dict[str, Any]:
    """The whole document. Raises `ValueError` naming a line of the lock or of the list of jars that it cannot read."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    components = [*_packages((root / "requirements.txt").read_text()), *_jars((root / "runtime/embedded/jars.sha256").read_text())]
    name, version = project["name"], project["version"]
    subject = {"type": "application", "bom-ref": f"{name}@{version}", "name": name, "version": version}
    content = json.dumps([subject, components], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {"component": subject},
        "components": components,
        "dependencies": [{"ref": subject["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
    }


def _packages(lock: str) -> Iterator[dict[str, Any]]:
    """The locked packages. A package that only some platforms install is `optional`. Each file of a package has its own hash."""
    blocks = re.split(r"\n(?=\S)", "\n".join(line for line in lock.splitlines() if not line.startswith("#")).strip())
    for block in blocks:
        found = _REQUIREMENT.match(block)
        if found is None:
            raise ValueError(f"requirements.txt: not a locked package: {block[:80]!r}")
        name, version = re.sub(r"[-_.]+", "-", found[1]).lower(), found[2]
        files = [{"type": "distribution", "url": "requirements.txt", "hashes": [_sha256(one)]} for one in _HASH.findall(block)]
        scope = "optional" if found[3] else "required"
        yield _component(name, version, f"pkg:pypi/{name}@{version}") | {"scope": scope, "externalReferences": files}


def _jars(listed: str) -> Iterator[dict[str, Any]]:
    """The jars of the embedded broker and registry, which are fetched when these first start and compared with these hashes."""
    for line in listed.splitlines():
        found = _JAR.match(line)
        if found is None:
            raise ValueError(f"jars.sha256: not a jar with its hash: {line[:120]!r}")
        digest, name, version = found.groups()
        yield _component(name, version, f"pkg:generic/{name}@{version}?checksum=sha256:{digest}") | {
            "scope": "optional",
            "hashes": [_sha256(digest)],
        }


def _component(name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def main(arguments: list[str]) -> None:
    """Write it to the file named."""
    path = Path(arguments[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill(), indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
