"""What a campaign has played so far, kept in a file: hours of it need not be one sitting. The same command goes on from there.

The file belongs to the code that was played: every module of this repository that a schedule loads, whatever its comments and docstrings say. The
folders of the real systems and the list of their names are left out, for a campaign declares systems of its own (`declared.py`)."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from systems import registry
from systems.contract import Capability
from tests.property.sinks.campaign import seams
from tests.property.sinks.campaign.schedule import play

_ROOT = Path(__file__).parents[4]
_NOT_PLAYED = ("systems.registry", *(f"systems.{name}" for name in registry.NAMES))
_LOADING = range(1, 6)
"""Seeds that are played before the code is told: whatever a schedule loads late is loaded then."""

Chunk = tuple[Capability, int, int]
"""A class, its first seed and the one after its last."""


class OtherCode(Exception):
    """What is kept was played by other code: it says nothing about this one."""


@dataclass
class Tally:
    """What some seeds of one class came to."""

    schedules: int = 0
    processor_s: float = 0.0
    found: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[int, str]] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.schedules += other.schedules
        self.processor_s += other.processor_s
        self.found.update(other.found)
        self.met.update(other.met)
        self.states.update(other.states)
        for name, first in other.first.items():
            self.first[name] = min(first, self.first.get(name, first))

    def as_json(self) -> dict[str, Any]:
        first = {name: {"seed": seed, "words": words[:600]} for name, (seed, words) in self.first.items()}
        return {
            "schedules": self.schedules, "violations": dict(self.found), "first": first, "sometimes": dict(sorted(self.met.items())),
            "states": dict(self.states.most_common()),
        }  # fmt: skip


class Played:
    """The file: its first line is the digest of the code, every other one a chunk with its tally; chunks that follow each other are one when the
    file is opened again. Without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.tallies: dict[Chunk, Tally] = {}
        if path is None:
            return
        digest = json.dumps(_digest())
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        if lines and lines[0] != digest + "\n":
            raise OtherCode(f"{path} was written by a campaign of other code; delete it, or name another file.")
        for line in lines[1:]:
            if line.endswith("\n"):  # the last one is cut where a machine was switched off
                capability, first, last, tally = json.loads(line)
                self.tallies[(Capability(capability), first, last)] = _tally(tally)
        self.tallies = _joined(self.tallies)
        self._rewritten(digest)

    def within(self, first: int, last: int) -> dict[Chunk, Tally]:
        """What was played of these seeds, the last one excluded; a chunk that reaches beyond them is left out."""
        return {chunk: tally for chunk, tally in self.tallies.items() if first <= chunk[1] and chunk[2] <= last}

    def add(self, chunk: Chunk, tally: Tally) -> None:
        """Keep this, too."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(chunk, tally))

    def _rewritten(self, digest: str) -> None:
        assert self._path is not None
        whole = self._path.with_suffix(".new")
        whole.write_text("".join([digest + "\n", *(_line(*one) for one in self.tallies.items())]), encoding="utf-8")
        whole.replace(self._path)


def _line(chunk: Chunk, tally: Tally) -> str:
    return json.dumps([*chunk, vars(tally)]) + "\n"


def _tally(raw: dict[str, Any]) -> Tally:
    counts = {name: Counter(raw[name]) for name in ("found", "met", "states")}
    first = {name: (seed, words) for name, (seed, words) in raw["first"].items()}
    return Tally(raw["schedules"], raw["processor_s"], first=first, **counts)


def _joined(tallies: dict[Chunk, Tally]) -> dict[Chunk, Tally]:
    """Chunks that follow each other as one. A chunk with a seed that another one has played as well is left out, so that no seed counts twice."""
    made: list[tuple[Chunk, Tally]] = []
    for capability, first, last in sorted(tallies, key=lambda chunk: (chunk[0].value, chunk[1], -chunk[2])):
        tally = tallies[(capability, first, last)]
        (of, begin, end), whole = made[-1] if made else ((None, 0, 0), tally)
        if of is not capability or first > end:
            made.append(((capability, first, last), tally))
        elif first == end:
            whole.add(tally)
            made[-1] = ((capability, begin, last), whole)
    return dict(made)


def _digest() -> str:
    digest = hashlib.sha256()
    for path in _files():
        digest.update(f"{path.relative_to(_ROOT)}\n".encode())
        digest.update(_played(path))
    return digest.hexdigest()


def _played(path: Path) -> bytes:
    """What of a file is played: of a module its code, without comments and docstrings."""
    if path.suffix != ".py":
        return path.read_bytes()
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        match node:
            case ast.Module(body) | ast.ClassDef(body=body) | ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
                body[:] = [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    return ast.dump(tree).encode()


def _files() -> Iterator[Path]:
    with seams.installed():
        for seed in _LOADING:
            for capability in Capability:
                play(seed, capability)
    loaded = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    played = {name: Path(file) for name, file in loaded.items() if file and name != "__main__" and not _is_of_a_system(name)}
    own = {path for path in played.values() if path.is_relative_to(_ROOT) and ".venv" not in path.parts}
    yield from sorted(own | set((_ROOT / "schemas").rglob("*.avsc")))


def _is_of_a_system(name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in _NOT_PLAYED)
