"""A ledger of a million: how fast it is read without a snapshot, how soon it is ready with one, and the memory of both.

`python -m tests.bench.sink_ledger --entries N --waiting N`; no broker: the read is timed from value bytes to the index.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from schemas.codec import Codec, offline_codec
from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks.ledger import Index, Mark, mark_in, mark_of
from services.sinks.takeover import BATCH
from tests.toy import blank

TOPIC = "ledger"
AT = datetime(2026, 3, 2, tzinfo=UTC)


def made(number: int, waiting: bool) -> Ledger:
    """One entry as it is after posting, or waiting for a parent with its command's bytes."""
    record = blank("result.ledger") | {
        "connection": "acme", "system": "erp", "op_key": f"test:t1|erp:i1:c1|sale|invoice:{number}||create", "ref": f"ST-{number:020d}",
        "record": "ar_invoice", "source_entity": "invoice", "source_id": str(number), "source_hash": f"{number:064x}",
        "payload_hash": f"{number:064x}", "posting_date": date(2026, 3, 2), "amount": Decimal("100.00"), "currency": "USD",
        "state": e.WAITING if waiting else e.POSTED, "reason": "parent" if waiting else "", "first_seen_at": AT, "updated_at": AT,
        "waits_for": [f"customer/{number % 500}"] if waiting else [], "command": b"x" * 1200 if waiting else None,
        "steps_done": [] if waiting else ["create", "release"], "erp_id": "" if waiting else f"D{number}",
    }  # fmt: skip
    return cast("Ledger", record)


def _rss_mb(field: str = "VmRSS") -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith(field))


def fill(folder: Path, entries: int, waiting: int) -> dict[str, Any]:
    """Read the whole ledger into an empty index."""
    codec = offline_codec({TOPIC: ("result.ledger",)})
    index = Index(folder / "0", codec)
    spent = 0.0
    for first in range(0, entries, BATCH):
        values = _values(codec, first, min(first + BATCH, entries), entries - waiting)
        started = time.perf_counter()
        index.apply(((mark_in(header) or _lost(), value) for header, value in values), {"offset": first + len(values)})
        spent += time.perf_counter() - started
    index.close()
    return {"bench": "ledger_without_snapshot", "entries": entries, "per_s": round(entries / spent), "rss_mb": _rss_mb("VmHWM")}


def _values(codec: Codec, first: int, end: int, waiting_from: int) -> list[tuple[bytes, bytes]]:
    entries = [made(number, number >= waiting_from) for number in range(first, end)]
    return [(mark_of(entry).header(), codec.encode(TOPIC, "result.ledger", entry)) for entry in entries]


def _lost() -> Mark:
    raise AssertionError("a header of ours is read again")


def ready(folder: Path, entries: int, waiting: int) -> dict[str, Any]:
    """Open the snapshot and take up what has not ended, as an owner does."""
    started = time.perf_counter()
    index = Index(folder / "0", offline_codec({TOPIC: ("result.ledger",)}))
    rests = dict(index.resting())
    waits = {op_key: index.get(op_key) for op_key in rests}
    children = [(entry["waits_for"], op_key) for op_key, entry in waits.items() if entry is not None]
    took_s = time.perf_counter() - started
    assert len(children) == waiting
    return {"bench": "ledger_with_snapshot", "entries": entries, "ready_s": round(took_s, 2), "rss_mb": _rss_mb()}


def _alone(call: Callable[..., dict[str, Any]], *arguments: Any) -> None:
    """In a process of its own, so that the memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        sys.stdout.write(json.dumps(pool.apply(call, arguments)) + "\n")
        sys.stdout.flush()


def main() -> int:
    """Both measurements."""
    options = argparse.ArgumentParser()
    options.add_argument("--entries", type=int, default=1_000_000)
    options.add_argument("--waiting", type=int, default=10_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _alone(fill, Path(folder), chosen.entries, chosen.waiting)
        _alone(ready, Path(folder), chosen.entries, chosen.waiting)
    return 0


if __name__ == "__main__":
    sys.exit(main())
