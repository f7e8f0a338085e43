"""Seeded faults in core and owner: each must be caught, by an invariant with a name, within a bounded number of schedules.

A mutant changes the source of the real modules in memory: the old text must be there exactly once. What changed is put into the running
functions (their code objects are exchanged), so that every reference to them is to the broken one, and taken out again afterwards.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from systems.contract import Capability
from tests.property.sinks.campaign import seams
from tests.property.sinks.campaign.declared import SHAPES, Shape
from tests.property.sinks.campaign.kafka import Cluster
from tests.property.sinks.campaign.process import Clock
from tests.property.sinks.campaign.schedule import Chosen, play

BOUND = 1_500
C1, C3, C4 = Capability.C1, Capability.C3, Capability.C4
KEPT_UP = tuple(one for one in SHAPES if one.kept_up)
WATCHED = tuple(one for one in SHAPES if one.watched)
TAKERS = tuple(one for one in SHAPES if one.takes_back)
STAGED = tuple(one for one in SHAPES if one.steps[0] == "stage")


@dataclass(frozen=True)
class Patch:
    """Text of a module of `services.sinks` that becomes another one."""

    module: str
    old: str
    new: str


@dataclass(frozen=True)
class Attribute:
    """An attribute of a real object that becomes another value."""

    of: Any
    name: str
    value: Any


@dataclass(frozen=True)
class Mutant:
    """One fault. `emphasis` makes likely what it needs to show; `caught_by` names invariants (empty: any)."""

    name: str
    changes: tuple[Patch | Attribute, ...]
    emphasis: str = ""
    capability: Capability = C3
    shapes: tuple[Shape, ...] = ()
    caught_by: frozenset[str] = field(default_factory=frozenset)
    bound: int = BOUND

    @property
    def chosen(self) -> Chosen:
        return Chosen(frozenset(filter(None, self.emphasis.split(", "))), self.shapes)


class NotThere(Exception):
    """A mutant's text is not in the source any more, or more than once: it has to be written anew."""


# --- broken source in running functions -------------------------------------------------------------------------------


@contextlib.contextmanager
def broken(mutant: Mutant) -> Iterator[None]:
    """The shell with this fault in it."""
    undo: list[Callable[[], None]] = []
    try:
        patches: dict[str, list[Patch]] = {}
        for change in mutant.changes:
            if isinstance(change, Attribute):
                undo += _attribute(change)
            else:
                patches.setdefault(change.module, []).append(change)
        for name, changes in patches.items():
            undo += _patched(name, changes)
        yield
    finally:
        for back in reversed(undo):
            back()


def _attribute(change: Attribute) -> list[Callable[[], None]]:
    before = inspect.getattr_static(change.of, change.name)
    setattr(change.of, change.name, change.value)
    return [lambda: setattr(change.of, change.name, before)]


def _patched(name: str, changes: list[Patch]) -> list[Callable[[], None]]:
    module = importlib.import_module(f"services.sinks.{name}")
    source = inspect.getsource(module)
    for change in changes:
        if source.count(change.old) != 1:
            raise NotThere(f"{name} has {source.count(change.old)} times: {change.old}")
        source = source.replace(change.old, change.new)
    made = compile(source, module.__file__ or name, "exec", dont_inherit=True)
    codes = dict(_codes(made, ""))
    undo: list[Callable[[], None]] = []
    for own, function in _functions(module):
        code = codes.get(own)
        if code is not None and not _is_same(code, function.__code__):
            undo.append(_exchanged(function, code))
    if not undo:
        raise NotThere(f"{name}: no function is another one")
    return undo


def _exchanged(function: Any, code: types.CodeType) -> Callable[[], None]:
    before = function.__code__
    function.__code__ = code

    def back() -> None:
        function.__code__ = before

    return back


def _codes(code: types.CodeType, prefix: str) -> Iterator[tuple[str, types.CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            name = f"{prefix}{constant.co_name}"
            yield name, constant
            yield from _codes(constant, f"{name}.")


def _functions(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    """Every function and method of a module, by its name as the compiler nests them."""
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            yield name, value
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            for own, method in vars(value).items():
                found = method.fget if isinstance(method, property) else getattr(method, "__func__", method)
                if inspect.isfunction(found) and found.__module__ == module.__name__:
                    yield f"{name}.{own}", found


def _is_same(one: types.CodeType, other: types.CodeType) -> bool:
    if one.co_code != other.co_code or one.co_names != other.co_names or len(one.co_consts) != len(other.co_consts):
        return False
    for mine, theirs in zip(one.co_consts, other.co_consts, strict=True):
        if isinstance(mine, types.CodeType):
            if not isinstance(theirs, types.CodeType) or not _is_same(mine, theirs):
                return False
        elif mine != theirs:
            return False
    return True


# --- playing them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Caught:
    """How a mutant was caught: by which invariant, at which seed, in words, after how many schedules and seconds of processor time; `by`
    is "" for one that survived."""

    mutant: str
    by: str = ""
    seed: int = -1
    words: str = ""
    schedules: int = 0
    cpu_s: float = 0.0

    def __str__(self) -> str:
        cost = f"{self.schedules} schedules, {self.cpu_s:.2f} s"
        if not self.by:
            return f"{self.mutant} ({cost}): SURVIVED {self.words}"
        return f"{self.mutant} ({cost}): {self.by} at seed {self.seed}: {self.words.splitlines()[0][:160]}"

    def as_json(self) -> dict[str, Any]:
        """Its row of the table."""
        cost = {"schedules": self.schedules, "cpu_s": round(self.cpu_s, 2)}
        return {"mutant": self.mutant, "by": self.by, "seed": self.seed, **cost}


def hunt(mutant: Mutant, first: int = 0) -> Caught:
    """Play schedules until one of them catches it: one in which the shell as it is breaks nothing."""
    started, seed, end = time.process_time(), first, first + mutant.bound
    while seed < end:
        found = _next(mutant, seed, end)
        if not found.by or not _is_broken_anyway(mutant, found):
            return replace(found, schedules=found.seed + 1 - first, cpu_s=time.process_time() - started)
        seed = found.seed + 1
    return Caught(mutant.name, schedules=mutant.bound, cpu_s=time.process_time() - started)


def _is_broken_anyway(mutant: Mutant, found: Caught) -> bool:
    with seams.installed():
        return any(name == found.by for name, _ in play(found.seed, mutant.capability, mutant.chosen).found)


def _next(mutant: Mutant, first: int, end: int) -> Caught:
    with seams.installed(), broken(mutant):
        for seed in range(first, end):
            made = play(seed, mutant.capability, mutant.chosen)
            caught = next((found for found in made.found if not mutant.caught_by or found[0] in mutant.caught_by), None)
            if caught is not None:
                return Caught(mutant.name, caught[0], seed, caught[1])
            if seed % 50 == 0:
                gc.collect()
    return Caught(mutant.name, seed=end - 1)


def play_one(name: str) -> Caught:
    """Hunt the mutant of this name."""
    try:
        return hunt(by_name()[name])
    except NotThere as error:
        return Caught(name, words=str(error))


def by_name() -> dict[str, Mutant]:
    """Every mutant."""
    from tests.property.sinks.campaign.faults import MUTANTS

    return {mutant.name: mutant for mutant in MUTANTS}


FENCING = Attribute(Cluster, "is_fencing", False)
STANDS_STILL = Attribute(Clock, "stands_still", True)
