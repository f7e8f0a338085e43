"""`python -m tests.property.sinks.campaign --seed S --schedules N [--mutants] [--json]`: N schedules of each capability class on two
processes; the last line of stdout is one JSON object. `--class C3 --narrative` tells everything that happens in the schedule of one seed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from systems.contract import Capability
from tests.property.sinks.campaign import runner
from tests.property.sinks.campaign.kept import OtherCode


def main() -> int:
    """Run it; 0 only with no violation, no mutant that survives and no kind of fault that was never met."""
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--schedules", type=int, default=1000, help="of each class")
    options.add_argument("--class", dest="classes", action="append", choices=[one.value for one in Capability])
    options.add_argument("--mutants", action="store_true", help="also break the shell in every known way: each must be caught")
    options.add_argument("--mutant", action="append", default=[], help="only these of them")
    options.add_argument("--json", action="store_true", help="end with one JSON object (it is always the last line)")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--keep", type=Path, help="a file for what was played: the same command goes on from there")
    options.add_argument("--narrative", action="store_true", help="tell what happens in the schedule of this one seed")
    chosen = options.parse_args()
    classes = [Capability(one) for one in chosen.classes] if chosen.classes else list(Capability)
    if chosen.narrative:
        return runner.narrate(chosen.seed, classes[0])
    only = tuple(chosen.mutant)
    try:
        return runner.run(
            runner.Wanted(chosen.seed, chosen.schedules, classes, chosen.workers, chosen.mutants, only, kept=chosen.keep)
        )
    except OtherCode as refused:
        sys.stderr.write(f"{refused}\n")
        return 2


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of text go round in another order otherwise, and a seed is another schedule
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
