"""The systems that ml-connector joins. A further ERP is one folder and one word here; everything else is computed from it."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from systems.contract import System

NAMES: tuple[str, ...] = ("servicetitan", "acumatica")
FIELD_SERVICE = "servicetitan"


@cache
def system(name: str) -> System:
    """The declaration of one system (`systems/<name>/system.py: SYSTEM`). Raises KeyError for a name that is not listed."""
    if name not in NAMES:
        raise KeyError(f"{name!r} is not a system; there are: {', '.join(NAMES)}")
    declared = import_module(f"systems.{name}.system").SYSTEM
    if not isinstance(declared, System):
        raise TypeError(f"systems/{name}/system.py does not declare a System")
    return declared


def systems() -> tuple[System, ...]:
    """All declarations, in the order of `NAMES`."""
    return tuple(system(name) for name in NAMES)


def erps() -> tuple[System, ...]:
    """The declarations of all systems but the field-service one."""
    return tuple(system(name) for name in NAMES if name != FIELD_SERVICE)
