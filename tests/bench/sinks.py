"""The sink, in this process, with an ERP at the writer's seam: commands a second, replayed commands a second, lanes at 50 ms a call.

`python -m tests.bench.sinks --commands N --replay N`; needs a cluster (ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS, ..._REGISTRY__URL) or starts one.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime import kafka
from runtime.embedded.cluster import start_cluster
from tests.integration.ingress.stage import eventually
from tests.integration.sinks.stage import ERP, Stage


def posting(stage: Stage, count: int, latency_s: float, lanes: int) -> dict[str, float]:
    """Commands written first, then posted; the clock runs from the first call to the last outcome."""
    stage.erp.latency_s = latency_s
    for number in range(count):
        stage.send("ar_invoice", stage.wanted("ar_invoice", f"{lanes}-{number}"))
    stage.flush()
    before, wanted = stage.erp.calls, len(stage.erp.journal) + 2 * count
    with stage.running(lanes=lanes):
        eventually(lambda: stage.erp.calls, lambda calls: calls > before, 60)
        started = time.perf_counter()
        eventually(lambda: len(stage.erp.journal), lambda steps: steps >= wanted, 300)
        took_s = time.perf_counter() - started
    calls = (stage.erp.calls - before) / count
    return {"commands": count, "took_s": round(took_s, 2), "per_s": round(count / took_s), "calls_each": round(calls, 2)}


def replay(stage: Stage, count: int) -> dict[str, float]:
    """The same commands again: the ledger knows them."""
    first = [stage.wanted("ar_invoice", f"256-{number}") for number in range(min(count, 2000))]
    for number in range(count):
        stage.send("ar_invoice", first[number % len(first)])
    stage.flush()

    def told() -> int:
        return sum(r["count"] for r in stage.records("audit") if r["decision"] == "duplicate")

    audits = stage.settings.topic("audit")
    with stage.running():
        # looked at seldom and cheaply: the reader shares the interpreter with the sink
        eventually(lambda: kafka.high_watermarks(stage.settings.kafka, audits, [0, 1]), _still(), 120)
    spans = sorted((r["at"], r["count"]) for r in stage.records("audit") if r["decision"] == "duplicate")
    took_s = (spans[-1][0] - spans[0][0]).total_seconds()
    counted = told() - spans[0][1]
    return {"commands": told(), "took_s": round(took_s, 2), "per_s": round(counted / took_s) if took_s else 0}


def _still() -> Callable[[dict[int, int]], bool]:
    """Whether nothing was added for two seconds, after something was."""
    seen: list[tuple[float, int]] = []

    def still(ends: dict[int, int]) -> bool:
        now, total = time.perf_counter(), sum(ends.values())
        if not seen or seen[-1][1] != total:
            seen.append((now, total))
        time.sleep(0.5)
        return len(seen) > 1 and now - seen[-1][0] > 2

    return still


def main() -> int:
    """Run what was asked for and print one JSON line each."""
    options = argparse.ArgumentParser()
    options.add_argument("--commands", type=int, default=6000)
    options.add_argument("--replay", type=int, default=200_000)
    chosen = options.parse_args()
    cluster = start_cluster(None, lambda _: None)
    try:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            stage = Stage(cluster, Path(folder), patch)
            stage.connect()
            stage.flush()
            _say("in_process", posting(stage, chosen.commands, 0.0, 256))
            slow = posting(stage, 400, 0.05, 20)
            ideal = 20 / (slow["calls_each"] * 0.05)
            _say("50ms_20_lanes", {**slow, "ideal_per_s": round(ideal, 1), "share": round(slow["per_s"] / ideal, 2)})
            stage.erp.latency_s = 0.0
            _say("replay", replay(stage, chosen.replay))
            _say("memory", {"rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), "erp": ERP})  # type: ignore[dict-item]  # a name among numbers
    finally:
        cluster.stop()
    return 0


def _say(name: str, found: dict[str, float]) -> None:
    sys.stdout.write(json.dumps({"bench": name, **found}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
