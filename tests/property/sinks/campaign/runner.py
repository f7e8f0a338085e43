"""Many seeds on some processes: counts of violations by class, how often each kind of fault was met, mutants caught and survived."""

from __future__ import annotations

import gc
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path

from systems.contract import Capability
from tests.property.sinks.campaign import seams
from tests.property.sinks.campaign.kept import Chunk, Played, Tally
from tests.property.sinks.campaign.schedule import Chosen, play
from tests.property.sinks.campaign.workers import interruptible, spread

CHUNK = 200
EVERY_S = 10.0
ENOUGH = 5_000
"""Schedules of a class from which on every kind of fault must have been met."""
SOMETIMES = frozenset(
    {
        "kill", "freeze", "suspend", "replaced", "rebalance", "stop", "silent", "late_commit", "definite_no", "throttled",
        "refused_credentials", "reject", "perform_raised", "find_raised", "reserve_raised", "limiter_wait", "slow_find",
        "open_session", "close_session", "commit_refused", "commit_lost", "commit_unheard", "offsets_failed", "settings", "credentials",
        "pause", "resume", "release", "retry", "accept", "skip", "ceiling", "mode", "window", "typed", "touched", "matched", "void",
        "unposted", "zero", "dead_batch", "edge", "mapped_again", "junk", "backlog", "replay_kept", "replay_ledger", "replay_results", "loss",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is to be run."""

    seed: int
    schedules: int
    classes: Sequence[Capability]
    workers: int = 2
    mutants: bool = False
    only: tuple[str, ...] = ()
    kept: Path | None = None


def chunk(what: Chunk) -> tuple[Chunk, Tally]:
    """Some seeds in a row, in whichever process."""
    capability, first, last = what
    tally, begun = Tally(), time.process_time()
    with seams.installed():
        for seed in range(first, last):
            made = play(seed, capability)
            tally.schedules += 1
            tally.met.update(made.counts)
            tally.states.update(made.states)
            for name, words in made.found:
                tally.found[name] += 1
                tally.first.setdefault(name, (seed, words))
    gc.collect()
    tally.processor_s = time.process_time() - begun
    return what, tally


def _to_do(wanted: Wanted, played: Collection[Chunk]) -> Iterator[Chunk]:
    """What is left: of each class the seeds between those that were played, the classes in turns."""
    turns = [_left(capability, wanted, played) for capability in wanted.classes]
    for chunks in zip_longest(*turns):
        yield from (what for what in chunks if what is not None)


def _left(capability: Capability, wanted: Wanted, played: Collection[Chunk]) -> Iterator[Chunk]:
    end = wanted.seed + wanted.schedules
    at = wanted.seed
    for first, last in [*sorted(chunk[1:] for chunk in played if chunk[0] is capability), (end, end)]:
        yield from ((capability, begin, min(begin + CHUNK, first)) for begin in range(at, first, CHUNK))
        at = last


def run(wanted: Wanted) -> int:
    """Run them, say how it goes on stderr, end with one JSON object on stdout; the exit code. What is interrupted tells what was played."""
    started = time.monotonic()
    tallies = {capability: Tally() for capability in wanted.classes}
    caught: list[str] = []
    survived: list[str] = []
    interrupted = ""
    kept = Played(wanted.kept)
    played = kept.within(wanted.seed, wanted.seed + wanted.schedules)
    before = {chunk: tally for chunk, tally in played.items() if chunk[0] in tallies}
    for (capability, _, _), tally in before.items():
        tallies[capability].add(tally)
    try:
        with interruptible():
            progress = Progress(wanted.schedules * len(wanted.classes), sum(tally.schedules for tally in tallies.values()))
            for what, tally in spread(chunk, _to_do(wanted, before), wanted.workers):
                kept.add(what, tally)
                tallies[what[0]].add(tally)
                progress.tells(tallies)
            if wanted.mutants or wanted.only:
                _mutants(wanted, caught, survived)
    except (KeyboardInterrupt, BrokenProcessPool) as end:
        interrupted = f"{type(end).__name__} {end}".strip()
        sys.stderr.write(f"interrupted ({interrupted}): what was played until then is told\n")
    for capability, tally in tallies.items():
        sys.stdout.write(json.dumps({"class": capability.value, **tally.as_json()}) + "\n")
    violations, unmet = sum(sum(tally.found.values()) for tally in tallies.values()), _unmet(tallies)
    last = {
        "schedules": sum(tally.schedules for tally in tallies.values()),
        "violations": violations,
        "classes": {capability.value: tally.schedules for capability, tally in tallies.items()},
        "mutants": {"caught": sorted(caught), "survived": sorted(survived)},
        "unmet": unmet,
        "took_s": round(time.monotonic() - started, 1),
        "processor_s": round(sum(tally.processor_s for tally in tallies.values()), 1),
        "interrupted": interrupted,
    }
    sys.stdout.write(json.dumps(last) + "\n")
    return 0 if not (violations or survived or unmet or interrupted) else 1


class Progress:
    """Lines on stderr: how many schedules of how many, how fast, how long it still takes, and what was found."""

    def __init__(self, of: int, before: int) -> None:
        self.of, self.before = of, before
        self.started = time.monotonic()
        self.told = -math.inf

    def tells(self, tallies: dict[Capability, Tally]) -> None:
        """A line, where the last one is long ago."""
        now = time.monotonic()
        if now - self.told < EVERY_S:
            return
        self.told = now
        done = sum(tally.schedules for tally in tallies.values())
        rate = (done - self.before) / max(now - self.started, 0.001)
        to_go = timedelta(seconds=round((self.of - done) / rate))
        found = sum((tally.found for tally in tallies.values()), Counter())
        first = {f"{name} {c.value}": seed for c, tally in tallies.items() for name, (seed, _) in tally.first.items()}
        words = f"violations {dict(found)}, first seeds {first}" if found else "no violation"
        sys.stderr.write(f"{done} of {self.of} schedules ({done / self.of:.1%}), {rate:.0f}/s, {to_go} to go, {words}\n")
        sys.stderr.flush()


def _unmet(tallies: dict[Capability, Tally]) -> list[str]:
    if min(tally.schedules for tally in tallies.values()) < ENOUGH:
        return []
    met: Counter[str] = sum((tally.met for tally in tallies.values()), Counter())
    return sorted(name for name in SOMETIMES if not met[name])


def _mutants(wanted: Wanted, caught: list[str], survived: list[str]) -> None:
    from tests.property.sinks.campaign import mutants

    for found in spread(mutants.play_one, iter(wanted.only or tuple(mutants.by_name())), wanted.workers):
        (caught if found.by else survived).append(found.mutant)
        sys.stdout.write(json.dumps(found.as_json()) + "\n")
        sys.stderr.write(f"{found}\n")
        sys.stderr.flush()


def narrate(seed: int, capability: Capability) -> int:
    """Everything that happens in one schedule."""
    lines: list[str] = []
    with seams.installed():
        made = play(seed, capability, Chosen(narrative=lines))
    sys.stdout.writelines(line + "\n" for line in lines)
    sys.stdout.writelines(f"{name} {words}\n" for name, words in made.found)
    return 1 if made.found else 0
