"""A long campaign: `python -m tests.property.sinks.campaign --seed S --schedules N [--mutants]`; one JSON line per class and mutant."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from itertools import product

from systems.contract import Capability
from tests.property.sinks.schedule import MUTANTS, OF_SHAPES, PLAIN, UNBOUNDED, run
from tests.property.sinks.shapes import REQUESTS, SHAPES, Shape
from tests.property.sinks.world import Mutation


def campaign(capability: Capability, mutation: Mutation, seeds: range, shape: Shape = REQUESTS) -> dict[str, object]:
    """Counts of violations, faults and final states over these seeds."""
    found: Counter[str] = Counter()
    sometimes: Counter[str] = Counter()
    states: Counter[str] = Counter()
    first: dict[str, int] = {}
    started = time.perf_counter()
    for seed in seeds:
        try:
            broken, world = run(seed, capability, mutation, shape)
        except AssertionError:
            broken, world = "STUCK", None
        if world is not None:
            sometimes.update(world.counts)
            entry = world.ledger
            states[f"{entry['state']} {entry['reason']}".strip() if entry is not None else "nothing"] += 1
        if broken:
            found[broken] += 1
            first.setdefault(broken, seed)
    return {
        "shape": shape.name,
        "class": capability.value,
        "mutant": mutation.name,
        "schedules": len(seeds),
        "violations": dict(found),
        "first_seed": first,
        "per_s": round(len(seeds) / (time.perf_counter() - started)),
        "sometimes": dict(sometimes),
        "states": dict(states),
    }


def main() -> int:
    """Run it; 1 when the plain protocol was violated or a mutant survived."""
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--schedules", type=int, default=20_000)
    options.add_argument("--mutants", action="store_true")
    chosen = options.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.schedules)
    ok = True
    for shape, capability in product(SHAPES, Capability):
        if capability is Capability.C5 and shape is not REQUESTS:
            continue  # without a look-up nothing can be watched or compared
        line = campaign(capability, PLAIN, seeds, shape)
        ok = ok and not line["violations"]
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    for mutation in (*MUTANTS, UNBOUNDED) if chosen.mutants else ():
        lines = [campaign(capability, mutation, seeds) for capability in (Capability.C3, Capability.C4)]
        ok = ok and any(line["violations"] for line in lines)
        sys.stdout.writelines(json.dumps(line) + "\n" for line in lines)
        sys.stdout.flush()
    for shape, capability, mutation in OF_SHAPES if chosen.mutants else ():
        line = campaign(capability, mutation, seeds, shape)
        ok = ok and bool(line["violations"])
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
