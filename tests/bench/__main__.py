"""`python -m tests.bench`: measure, show the table, write JSON. Exit code 0 whatever the figures are; nothing is asserted here."""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import signal
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runtime.embedded.cluster import start_cluster
from tests.bench.ground import BUILD, Bench, Say
from tests.bench.report import Figure, machine, show

NAMES = ("ingress", "hops", "sink", "replay", "latency", "memory")


def main() -> int:
    """Parse, measure, show."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    began = time.monotonic()

    def say(sentence: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - a command's progress

    about = machine()
    folder = Path(tempfile.mkdtemp(prefix="ml-connector-bench-"))
    cluster = start_cluster(None, say)
    try:
        figures, failed = _measured(Bench(cluster, folder, options.size, options.rounds, say), options.only or NAMES, say)
    finally:
        cluster.stop()
        if options.keep:
            say(f"logs are kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    show(figures)
    _write(options.json, {"at": datetime.now(UTC).isoformat(), "size": options.size, "machine": about, "failed": failed}, figures)
    say(f"figures are in {options.json}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=NAMES, help="Measure this only; may be repeated.")
    parser.add_argument("--json", type=Path, default=BUILD / "figures.json", help="Where the figures go.")
    parser.add_argument("--size", type=float, default=1.0, help="Multiplies every count; below 1 for trying the bench out.")
    parser.add_argument("--rounds", type=int, default=3, help="Rounds of what is measured alternately.")
    parser.add_argument("--keep", action="store_true", help="Keep the processes' logs.")
    return parser.parse_args()


def _measured(bench: Bench, names: Any, say: Say) -> tuple[list[Figure], dict[str, str]]:
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    for name in names:
        say(f"--- {name}")
        try:
            figures += importlib.import_module(f"tests.bench.{name}").measure(bench)
        except Exception as error:  # noqa: BLE001 - the other figures are still wanted; the failure is shown and told by the exit code
            failed[name] = f"{type(error).__name__}: {error}"
            say(f"{name} failed: {traceback.format_exc()}")
    return figures, failed


def _write(path: Path, head: dict[str, Any], figures: list[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**head, "figures": [one.as_json() for one in figures]}, indent=1, default=str) + "\n")


if __name__ == "__main__":
    sys.exit(main())
