"""The systems that ml-connector joins. A further ERP is one folder and one word here; everything else is computed from it."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from systems.contract import System
from systems.legend import Legend

NAMES: tuple[str, ...] = ("servicetitan", "acumatica", "peoplesoft", "oracle_fusion", "netsuite", "syspro")
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


def crosswalk_tables(erp: str) -> dict[str, tuple[str, ...]]:
    """The mapping tables of a connection with this ERP: its own, and those of the field-service system if a flow of the ERP writes to it."""
    declared = system(erp)
    writes_back = any(flow.target == FIELD_SERVICE and flow.records for flow in declared.flows)
    return {**(system(FIELD_SERVICE).crosswalk_tables if writes_back else {}), **declared.crosswalk_tables}


def legends(erp: str) -> dict[str, Legend]:
    """What each of these tables means, for people."""
    return {**system(FIELD_SERVICE).legends, **system(erp).legends}


def erps() -> tuple[System, ...]:
    """The declarations of all systems but the field-service one."""
    return tuple(system(name) for name in NAMES if name != FIELD_SERVICE)
