"""Every exchange of the suite is held against the vendors' documents, and what they do not cover has to be listed in `SYSTEM.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from systems import registry
from systems.contract import System
from tests.contract import examples
from tests.contract.toybooks.system import SYSTEM
from tests.exchanges import all_exchanges_held


@pytest.fixture(autouse=True)
def exchanges() -> Iterator[None]:
    """Watch every simulator that a test builds."""
    with all_exchanges_held(is_listed=True):
        yield


Declare = Callable[..., System]


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Declare]:
    """The toy among the registered systems, with its folder; called with what its declaration shall say otherwise, it says so."""
    known, said = registry.system, {SYSTEM.name: SYSTEM}
    monkeypatch.setattr(registry, "NAMES", (*registry.NAMES, SYSTEM.name))
    monkeypatch.setattr(registry, "system", lambda name: said.get(name) or known(name))
    monkeypatch.setitem(examples.FOLDERS, SYSTEM.name, Path(__file__).parent / "toybooks")

    def declare(**changes: Any) -> System:
        said[SYSTEM.name] = replace(SYSTEM, **changes)
        return said[SYSTEM.name]

    yield declare
    examples.told.cache_clear()


@pytest.fixture
def toy(declared: Declare) -> System:
    """The toy as it is declared."""
    return declared()
