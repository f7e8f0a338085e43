"""Reads from the topics what is compared: documents that people entered on either side, receipts and bills of the field-service system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from console.books.ledgers import DONE, Bucket, newest_entries
from console.compare.pairs import Entered, Pair, paired
from console.compare.received import Received, judged
from console.matching.masters import read_links
from console.matching.score import folded
from console.reading import Cluster
from runtime.clock import clock_from_environment
from systems.connection import ConnectionSettings
from systems.flow import USUAL_DATES
from topology.rules.due import local_day
from topology.topics import object_key

HISTORY = ("invoice", "credit_memo", "payment", "bill", "vendor_credit", "ap_payment")
"""Kinds of documents that people enter on both sides."""
_NUMBERS = ("number", "vendor_number", "check_number")
T = TypeVar("T")
Links = Mapping[str, Mapping[str, str]]


@dataclass
class Compared:
    """Pairs of documents that people entered. `ours` are the ERP's documents that we wrote, by kind: `reconcile` compares them."""

    pairs: list[Pair] = field(default_factory=list)
    ours: dict[str, Bucket] = field(default_factory=dict)


def compared(
    cluster: Cluster, settings: ConnectionSettings, kinds: Sequence[str], days: tuple[date | None, date | None] = (None, None)
) -> Compared:
    """The documents of these kinds and days that people entered on both sides, paired. What we posted, and the sources of it, are left out."""
    made, links = Compared(), read_links(cluster, settings)
    source, erp = settings.field_service.system, settings.erp.system
    posted = {
        (entry["source_entity"], entry["source_id"].partition("/")[0])
        for entry in newest_entries(cluster, lambda one: one["state"] in DONE, settings.connection)
        if entry["system"] == erp
    }

    def of_the_source(record: Mapping[str, Any]) -> Entered | None:
        is_posted = (record["entity"], record["source_id"]) in posted
        return None if is_posted or not _is_there(record) else entered(record, settings, links)

    def of_the_erp(record: Mapping[str, Any]) -> tuple[bool, Entered] | None:
        return (bool(record["origin_ref"]), entered(record, settings, None)) if _is_there(record) else None

    ours = [one for one in _newest(cluster, settings, source, kinds, of_the_source) if _within(one, days)]
    theirs = []
    for is_ours, one in _newest(cluster, settings, erp, kinds, of_the_erp):
        if not _within(one, days):
            continue
        if is_ours:
            made.ours.setdefault(one.kind, Bucket()).add(one.amount)
        else:
            theirs.append(one)
    made.pairs = paired(ours, theirs)
    return made


def bills_of_receipts(cluster: Cluster, settings: ConnectionSettings, allowed: int) -> list[Received]:
    """The receipts of the field-service system since the cut-over, each with the state of its bill."""
    system, zone = settings.field_service.system, settings.zone
    today = clock_from_environment().now().astimezone(zone).date()

    def whole(record: Mapping[str, Any]) -> Mapping[str, Any]:
        return record

    receipts = list(_newest(cluster, settings, system, ("receipt",), whole))
    bills = list(_newest(cluster, settings, system, ("bill",), whole))
    begins = min((flow.cutover_date for flow in settings.flows.values() if flow.cutover_date is not None), default=date.min)
    asking = [one for one in receipts if (one["received_on"] or date.max) >= begins]
    return judged(asking, bills, today, allowed, zone)


def entered(record: Mapping[str, Any], settings: ConnectionSettings, links: Links | None) -> Entered:
    """A canonical record as a document to compare. `links` translate the source's partners into the ERP's; None for a record of the ERP. A negative
    sale is a credit, as in ERPs."""
    kind, amount = record["entity"], record["total"]
    if kind == "invoice" and amount < 0:
        kind, amount = "credit_memo", -amount
    partner = "customer" if "customer_id" in record else "vendor"
    party, name = record[f"{partner}_id"], record.get(f"{partner}_name", "")
    theirs = party if links is None else links.get(partner, {}).get(party, "")
    parties = {f"id:{theirs}" if theirs else "", f"name:{folded(name)}" if folded(name) else ""} - {""}
    numbers = {str(record.get(one, "")).strip().casefold() for one in _NUMBERS} - {""}
    day = local_day(record[USUAL_DATES[record["entity"]]], settings.zone)
    where = "" if links is None else f"{record['entity']}/"
    return Entered(
        kind,
        f"{where}{record['source_id']}",
        frozenset(numbers),
        frozenset(parties),
        name or party,
        day,
        amount,
        record["currency"],
    )


def _is_there(record: Mapping[str, Any]) -> bool:
    return bool(record["active"]) and record.get("canceled_on") is None and record["total"] != Decimal(0)


def _within(one: Entered, days: tuple[date | None, date | None]) -> bool:
    first, last = days
    return (first is None or (one.day or date.max) >= first) and (last is None or (one.day or date.min) <= last)


def _newest(
    cluster: Cluster,
    settings: ConnectionSettings,
    system: str,
    entities: Sequence[str],
    made: Callable[[Mapping[str, Any]], T | None],
) -> Iterator[T]:
    """The result of `made` for the newest record of each object of one side. Only these results are kept in memory."""
    for entity in entities:
        prefix = object_key(settings.connection, system, entity, "").encode()
        found: dict[bytes, T | None] = {}
        for message in cluster.messages([f"canonical.{entity}"]):
            key = message.key() or b""
            if key.startswith(prefix) and (record := cluster.seen(message).record):
                found[key] = made(record)
        yield from (one for one in found.values() if one is not None)
