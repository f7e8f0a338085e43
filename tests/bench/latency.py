"""From webhook to posted at 20/s: both simulators and every service as processes of their own on this machine.

Counted from just before the source is told to post an invoice (its webhook leaves after that) to the commit of the release in the
ERP's journal, so polling for the release is not in it. Taken off is what the ERP's simulator says it spent inside its handlers for an
invoice, and the time that a release takes there; what the source's simulator needs is not taken off, for it does not tell it.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from confluent_kafka import Message

from runtime import kafka
from tests.bench.ground import CONNECTION, ERP, FIELD_SERVICE, WEBHOOK_KEY, Bench, Corner, Process, filled, until
from tests.bench.report import Figure, quantile
from tests.bench.simulators import Simulated, simulated

PER_S, SECONDS, WARM_UP = 20, 30, 20
P50_MS, P99_MS = 250.0, 1000.0
_SERVICES = ("topology", "sinks", "pollers", "ingress")
_QUIET_S, _RELEASE_S = 3.0, 0.01
_WATCHED = (f"raw.{FIELD_SERVICE}", f"raw.{ERP}", f"ledger.{ERP}", "fetch")


def measure(bench: Bench) -> list[Figure]:
    """p50 and p99."""
    corner, count = bench.corner(), max(60, int(PER_S * SECONDS * bench.size))
    source = simulated(corner, FIELD_SERVICE, calls_per_second="1000")
    erp = simulated(corner, ERP, concurrent_calls="0", max_sessions="100", release_seconds=str(_RELEASE_S))
    running: list[Process] = []
    try:
        corner.connect(urls={FIELD_SERVICE: source.ready, ERP: erp.ready})
        _link_customers(corner, source, erp)
        running += [corner.service(name, ML_CONNECTOR_LANES="20").start() for name in _SERVICES]
        port = running[-1].await_event("ready")["port"]
        booked = _booked(source, count + WARM_UP)
        bench.say(f"{len(booked)} invoices are booked; waiting until what the pollers see of them is through")
        _quiet(corner)
        hook = {"url": f"http://127.0.0.1:{port}/webhooks/{FIELD_SERVICE}/{CONNECTION}", "key": WEBHOOK_KEY}
        source.ask("webhooks", hook)
        _posted(source, booked[:WARM_UP])
        _quiet(corner)
        erp.forget_calls()
        sent = _posted(source, booked[WARM_UP:])
        return _figures(bench, _done_at(corner, erp, set(sent)), sent, erp)
    finally:
        for process in running[::-1]:
            process.stop()
        source.stop()
        erp.stop()


def _link_customers(corner: Corner, source: Simulated, erp: Simulated) -> None:
    partner = erp.ask("documents?kind=Customer")["documents"][0]["CustomerID"]
    rows = source.ask("holdings?entity=customers")
    found = rows["holdings"] if isinstance(rows, dict) else rows
    corner.link_customers((str(row["id"]), partner) for row in found)


def _booked(source: Simulated, count: int) -> list[int]:
    """Invoices with an item, not posted yet."""
    rows = source.ask("holdings?entity=customers")
    customers = [row["id"] for row in (rows["holdings"] if isinstance(rows, dict) else rows)]
    events: list[dict[str, Any]] = []
    for number in range(count):
        # an amount of its own: with one customer, day and amount for all, every look-up would bring every other invoice as a suspect
        name, item = f"j{number}", {"sku": "SVC-DIAG", "price": f"{120 + number}.00", "taxable": False}
        events.append({"do": "book_job", "customer": customers[number % len(customers)], "business_unit": 901, "as": name})
        events.append({"do": "add_items", "invoice": f"@{name}.invoice", "items": [item]})
    return [int(one["invoice"]) for one in source.ask("events", {"events": events})["results"][::2]]


def _posted(source: Simulated, invoices: list[int]) -> dict[str, float]:
    """Post one every 1 / PER_S seconds; when each was told."""
    told: dict[str, float] = {}
    began = time.time()
    for number, source_id in enumerate(invoices):
        time.sleep(max(0.0, began + number / PER_S - time.time()))
        told[str(source_id)] = time.time()
        source.ask("events", {"events": [{"do": "post", "invoices": [source_id]}]})
    return told


def _quiet(corner: Corner) -> None:
    """Wait until nothing moves."""
    seen, since = -1, time.monotonic()

    def still_s() -> float:
        nonlocal seen, since
        now = sum(filled(corner, name) for name in _WATCHED)
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since

    until(still_s, lambda still: still > _QUIET_S, 240)


def _done_at(corner: Corner, erp: Simulated, wanted: set[str]) -> dict[str, float]:
    """When the release of each invoice was committed in the ERP, by the source's id."""
    partitions = range(corner.settings.kafka.partitions)

    def results() -> dict[str, dict[str, Any]]:
        found = {}
        messages: list[Message] = list(kafka.read_to_end(corner.settings.kafka, corner.topic(f"result.{ERP}"), partitions))
        for message in messages:
            result = corner.codec.decode(message.value())[1]
            if result["source_id"] in wanted:
                found[result["source_id"]] = result
        return found

    found = until(results, lambda seen: len(seen) == len(wanted), 120)
    wrong = {f"{one['outcome']} {one['reason']} {one['detail'][:100]}" for one in found.values() if one["outcome"] != "POSTED"}
    if wrong:
        raise RuntimeError(f"not posted: {sorted(wrong)[:3]}")
    last: dict[str, float] = {}
    for row in erp.ask("journal")["commits"]:
        last[row["ref"]] = max(last.get(row["ref"], 0.0), datetime.fromisoformat(row["at"]).timestamp())
    return {source_id: last[result["ref"]] for source_id, result in found.items()}


def _figures(bench: Bench, done: dict[str, float], sent: dict[str, float], erp: Simulated) -> list[Figure]:
    counted = erp.ask("calls")
    inside_s = counted["inside_s"] / len(sent)
    took_ms = [(done[source_id] - at - inside_s - _RELEASE_S) * 1000 for source_id, at in sent.items()]
    rate = (len(sent) - 1) / (max(sent.values()) - min(sent.values()))
    more = {"events_per_s": rate, "inside_erp_ms": inside_s * 1000, "calls": counted["total"] / len(sent)}
    bench.say(f"{len(sent)} invoices at {rate:.1f}/s; {inside_s * 1000:.0f} ms inside the ERP's handlers for each, taken off")
    found = []
    for name, share, most_ms in (("p50", 0.5, P50_MS), ("p99", 0.99, P99_MS)):
        value = quantile(took_ms, share)
        found.append(Figure(f"webhook to posted {name}", value, "ms", f"<= {most_ms:g} ms", value <= most_ms, more=more))
    return found
