"""One process of a bench: `python -m tests.bench.child module:function ARGUMENT...`, profiled where BENCH_PROFILE names a file."""

from __future__ import annotations

import importlib
import os
import sys

from tests.bench.profiled import profiled


def main() -> int:
    """Run the function with the arguments as text; its number is the exit code."""
    module, _, name = sys.argv[1].partition(":")
    with profiled(os.environ.get("BENCH_PROFILE", "")):
        return int(getattr(importlib.import_module(module), name)(*sys.argv[2:]) or 0)


def service(name: str) -> int:
    """One of our services as `ml-connector run` runs it."""
    from console.cli.run import run_one

    return run_one(name, os.environ.get("BENCH_LOG_LEVEL", "info"))


if __name__ == "__main__":
    sys.exit(main())
