"""Reads what was observed of a connection, for `check --coverage`, `crosswalk export` and the first ceiling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from console.books.ledgers import Bucket
from console.connections.coverage import DEFAULTED, HELD, UNMAPPED, Coverage, as_if_live, coverage_of, without_posted
from console.connections.remapping import newest_of, sources_of, without_flow_of
from console.mapping import context_of
from console.reading import Cluster
from runtime.clock import clock_from_environment
from runtime.errors import Broken
from topology.batch import ConsumerRecord
from topology.configuration import Connected, Snapshot
from topology.rules.without_flow import HOLD as NO_FLOW

_DAYS = re.compile(r"([1-9][0-9]{0,3})d?")


def days_of(text: str) -> int:
    """`90d` as a number of days. Raises `Broken`."""
    found = _DAYS.fullmatch(text.strip())
    if found is None:
        raise Broken(f"{text!r} is not a number of days.", "Example: --coverage 90d")
    return int(found[1])


def observed(cluster: Cluster, connected: Connected, days: int | None = None) -> Coverage:
    """What the newest records of a connection's source need, with every enabled flow live: those of the last `days` by posting date, or with None all
    from its first posting dates on."""
    today = clock_from_environment().now().astimezone(connected.settings.zone).date()
    since = today - timedelta(days=days) if days is not None else None
    live = as_if_live(connected, since)
    flows = [flow for flow in connected.settings.erp.declared.flows if flow.records and flow.id in connected.settings.flows]

    def records() -> Iterator[ConsumerRecord]:
        for seen in newest_of(cluster, connected.settings.connection, sources_of(flows) | without_flow_of(connected.settings)):
            yield ConsumerRecord(seen.topic, seen.partition, seen.offset, seen.key, seen.value, [])

    seen = coverage_of(records(), live, context_of(cluster, Snapshot()))
    return without_posted(seen, {name: own.cutover_date for name, own in connected.settings.flows.items()})


def coverage_rows(connection: str, seen: Coverage) -> list[dict[str, Any]]:
    """A line of `check` for each lack, largest amount first: what would be held is an error, what falls to a default a warning."""
    found = sorted(seen.lacks.items(), key=lambda one: (one[0][0] == DEFAULTED, -one[1].amount, one[0]))
    rows = [_row(connection, kind, value, bucket) for (kind, value), bucket in found]
    if not any(row["level"] == "error" for row in rows):
        told = seen.documents.as_json()
        words = f"{_documents(told)}: every value has a row or a default"
        rows.append({**_blank(connection), "level": "ok", "says": words, **told})
    return rows


def _row(connection: str, kind: str, value: str, bucket: Bucket) -> dict[str, Any]:
    told = bucket.as_json()
    what = {UNMAPPED: "has no row", DEFAULTED: "falls to a default", HELD: "is a rule that holds"}[kind]
    remedy = {
        UNMAPPED: "Give it a row: `ml-connector crosswalk export` writes the table with every value that was seen.",
        DEFAULTED: "Give it a row, if the default is not meant.",
        HELD: f"Decide about it before going live, or apply with --accept-held {value}.",
    }[kind]
    table, _, name = value.partition("=")
    shown = f"{table.replace('_', ' ')} {name}".strip()
    if table == NO_FLOW:
        what, shown, table = "is brought by no flow, so that each is entered by hand", name.replace("_", " "), ""
        remedy = f"Apply with --accept-held {value}, or name {name} in left_out if nobody is to be asked about it."
    return {
        **_blank(connection),
        "level": "warning" if kind == DEFAULTED else "error",
        "says": f"{shown} {what}: {_documents(told)}.",
        "do": remedy,
        "kind": kind,
        "table": table if name else "",
        "value": name or value,
        **told,
    }


def _documents(told: Mapping[str, Any]) -> str:
    return f"{told['count']} document{'' if told['count'] == 1 else 's'}, {told['amount']}"


def _blank(connection: str) -> dict[str, Any]:
    return {"connection": connection, "system": "", "level": "", "subject": "coverage", "says": "", "do": ""}


def keys_by_table(seen: Coverage) -> dict[str, dict[str, tuple[int, str]]]:
    """The keys that mappings asked for, by table, with documents and amount, in the form that `sheet_of` takes."""
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for (table, key), bucket in seen.keys.items():
        told = bucket.as_json()
        found.setdefault(table, {})[key] = (told["count"], told["amount"])
    return found
