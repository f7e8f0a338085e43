"""Holds every exchange with a served simulator against the facts of its vendor's OpenAPI documents, in whatever test it is served.

The documents are found by name: `systems/<name>/spec/validation.py` offers `validator()` or `validators()`. What no document describes is
counted in `uncovered`, and `SYSTEM.md` has to list it. A system without such a module publishes no document; its `SYSTEM.md` says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import systems
from runtime.simulator.openapi import Exchange, Validator, watch
from runtime.simulator.serve import Simulator

_SYSTEMS = Path(systems.__file__).parent
_HEADING = "What the published document(s) do(es) not cover"
_SECTION = re.compile(r"^### What the published documents? do(?:es)? not cover$(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
_PARTS = re.compile(r"/(?:[0-9a-fA-F-]{36}|\d+)(?=/|$)")


class Documents(Validator):
    """All documents of one system as one validator: an exchange is judged by the document whose base its path has."""

    def __init__(self, validators: list[Validator]) -> None:
        self.uncovered: Counter[str] = Counter()
        self._validators = validators

    def problems(self, exchange: Exchange) -> list[str]:
        """See `Validator`; ids in the names of what is uncovered become `*`."""
        for one in self._validators:
            if exchange.path.startswith(one.reading.base):
                before = one.uncovered.copy()
                found = one.problems(exchange)
                for name in one.uncovered - before:
                    method, path, *rest = name.split(" ", 2)
                    whole = path if path.startswith(one.reading.base) else one.reading.base + path
                    self._note(Counter({" ".join([method, whole, *rest]): 1}), exchange.status)
                return found
        self._note(Counter({f"{exchange.method} {exchange.path}": 1}), exchange.status)
        return []

    def _note(self, found: Counter[str], status: int) -> None:
        for name, count in found.items():
            told = name if " -> " in name else f"{name} -> {status}"
            self.uncovered[_PARTS.sub("/*", told)] += count


@cache
def documents(system: str) -> Documents | None:
    """The documents of a system, one object for the session: each operation is compiled once. None where the vendor publishes none."""
    name = f"systems.{system}.spec.validation"
    if find_spec(f"systems.{system}") is None or find_spec(f"systems.{system}.spec") is None:
        return None
    module: Any = import_module(name)
    return Documents(module.validators() if hasattr(module, "validators") else [module.validator()])


def listed_as_uncovered(system: str, folder: Path | None = None) -> list[str]:
    """What `SYSTEM.md` lists as left out by the published documents: `METHOD path -> status`, with `*` for anything."""
    text = ((folder or _SYSTEMS / system) / "SYSTEM.md").read_text()
    section = _SECTION.search(text)
    return re.findall(r"^- `(\S+ \S+ -> \S+)`", section[1], re.MULTILINE) if section is not None else []


@contextmanager
def all_exchanges_held(is_listed: bool = False) -> Iterator[None]:
    """While it lasts, every simulator that is built is watched; at its end nothing may have contradicted a document.

    With `is_listed`, what no document describes must be listed in `SYSTEM.md` too; the simulators' own suites ask for more than that.
    """
    problems: list[list[str]] = []
    seen: dict[str, Counter[str]] = {}
    built = Simulator.__init__

    def build_watched(simulator: Simulator, system: str, app: web.Application, *rest: Any, **named: Any) -> None:
        built(simulator, system, app, *rest, **named)
        held = documents(system)
        if held is not None:
            problems.append(watch(app, held))
            seen.setdefault(system, held.uncovered.copy())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Simulator, "__init__", build_watched)
        yield
    found = [problem for one in problems for problem in one]
    assert found == [], "\n".join(dict.fromkeys(found))
    if is_listed:
        for system, before in seen.items():
            _require_listed(system, before)


def _require_listed(system: str, before: Counter[str]) -> None:
    held = documents(system)
    assert held is not None
    patterns = listed_as_uncovered(system)
    new = [name for name in held.uncovered - before if not any(fnmatchcase(name, pattern) for pattern in patterns)]
    assert new == [], f"systems/{system}/SYSTEM.md, '{_HEADING}': does not list {sorted(new)}"
