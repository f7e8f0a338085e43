"""Memory and readiness: every service with a million ledger entries, ten thousand waiting, and a million links, over all partitions.

`ready again` is from the start of the process to owning every partition, with its snapshot and the links of its life before; without
them ledger and links are read whole.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from tests.bench.ground import BUILD, ERP, Bench, Corner, Process, one_for_each_partition
from tests.bench.ledgers import Templates, templates
from tests.bench.report import Figure

ENTRIES, WAITING, LINKS = 1_000_000, 10_000, 1_000_000
MOST_MB, READY_S, RESTORE_PER_S = 300.0, 10.0, 50_000
_SERVICES = ("ingress", "pollers", "topology")
_PATIENCE_S = 600.0


def measure(bench: Bench) -> list[Figure]:
    """Memory of each process, seconds to ready, records a second without a snapshot."""
    corner = bench.corner()
    connections = one_for_each_partition(corner)
    for connection in connections:
        corner.connect(connection)
    entries, waiting, links = _fill(bench, corner, templates(corner, connections))
    words = f"with {entries:,} entries, {waiting:,} waiting, {links:,} links"
    figures = [_restored(bench, corner, entries)]
    again = _ready_again(corner)
    figures.append(Figure("sinks ready again", again[0], "s", f"<= {READY_S:g} s", again[0] <= READY_S, None, words))
    figures.append(_memory("sinks", again[1], words))
    for name in _SERVICES:
        figures.append(_memory(name, _highest_mb(bench, corner, name), words))
    return figures


def _memory(name: str, highest_mb: float, words: str) -> Figure:
    return Figure(f"memory of {name}", highest_mb, "MB", f"<= {MOST_MB:g} MB", highest_mb <= MOST_MB, None, words)


def _fill(bench: Bench, corner: Corner, of: list[Templates]) -> tuple[int, int, int]:
    entries, waiting, links = bench.count(ENTRIES), bench.count(WAITING), bench.count(LINKS)
    began = time.monotonic()
    for number in range(entries):
        one = of[number % len(of)]
        entry = one.waiting if number < waiting else one.posted
        entry.put(corner, one.ledger_topic, one.partition, number)
        if number % 200_000 == 199_999:
            bench.say(f"{number + 1:,} of {entries:,} ledger entries written in {time.monotonic() - began:.0f} s")
    for number in range(links):
        one = of[number % len(of)]
        one.link.put(corner, "links", one.partition, number)
    corner.flush()
    bench.say(f"{entries:,} ledger entries and {links:,} links written in {time.monotonic() - began:.0f} s")
    return entries, waiting, links


def _restored(bench: Bench, corner: Corner, entries: int) -> Figure:
    """Without a snapshot. The rate is that of reading ledgers, the start of the process not counted."""
    process, ready_s = _started(corner)
    try:
        read = [one for one in _events(process, "ledger_read") if one["system"] == ERP]
        took_s = sum(one["took_ms"] for one in read) / 1000
        per_s = sum(one["records"] for one in read) / took_s
        bench.say(
            f"{entries:,} entries read in {took_s:.1f} s, with the links ready after {ready_s:.1f} s, {process.status_mb('VmHWM'):.0f} MB"
        )
        more = {"ready_s": ready_s, "highest_mb": process.status_mb("VmHWM")}
    finally:
        process.stop()
    met = per_s >= RESTORE_PER_S
    if not met:
        _profile(bench, corner)
    words = f"aim; {entries:,} entries"
    return Figure("ledger read without a snapshot", per_s, "/s", f">= {RESTORE_PER_S:,}/s", met, None, words, (), (), more)


def _profile(bench: Bench, corner: Corner) -> None:
    path = BUILD / "restore.txt"
    bench.say(f"the aim is missed: profile to {path}")
    (ledgers,) = Path(corner.settings.state_dir).glob(f"sinks/*/{ERP}")  # links stay: they are no part of this figure
    aside = ledgers.with_name(f"{ERP}-aside")
    shutil.move(ledgers, aside)
    _started(corner, BENCH_PROFILE=str(path))[0].stop()
    shutil.rmtree(ledgers)
    shutil.move(aside, ledgers)


def _ready_again(corner: Corner) -> tuple[float, float]:
    process, ready_s = _started(corner)
    try:
        return ready_s, process.status_mb("VmHWM")
    finally:
        process.stop()


def _started(corner: Corner, **environment: str) -> tuple[Process, float]:
    began = time.monotonic()
    process = corner.service("sinks", **environment).start()
    # every system's sinks tell it for themselves, and the ones without a ledger first
    process.child.await_ready(lambda: any(one["system"] == ERP for one in _events(process, "assigned")), _PATIENCE_S)
    return process, time.monotonic() - began


def _events(process: Process, name: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == name]


def _highest_mb(bench: Bench, corner: Corner, name: str) -> float:
    process = corner.service(name).start()
    try:
        process.await_event({"ingress": "ready", "topology": "started"}.get(name, "assigned"), 60)
        time.sleep(2)  # what a service does once it runs: nothing tells that it is done
        bench.say(f"{name}: {process.status_mb('VmHWM'):.0f} MB")
        return process.status_mb("VmHWM")
    finally:
        process.stop()
