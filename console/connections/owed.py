"""What a profile with payables means for Accounts Payable, in last month's figures, for `check`: job invoices at cost, mapped by the hop's own
mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from console.books.ledgers import Bucket
from console.connections.coverage import as_if_live
from console.connections.remapping import newest_of, sources_of
from console.mapping import context_of, mapped
from console.reading import Cluster, StoredRecord
from runtime.clock import clock_from_environment
from systems.contract import Flow
from topology.batch import ConsumerRecord, Context
from topology.configuration import Connected, Snapshot

PAYABLES = ("ap_bill", "ap_credit")
INVOICE = "invoice"
_REMEDY = (
    "Agree with the controller that Accounts Payable carries job cost, and that no vendor's own bill is entered for the same lines."
)


@dataclass
class Owed:
    """What the job invoices of some days would owe. `sold` are these invoices with what customers pay, `vendors` the bills of each vendor, `held` the
    bills that would be held, `excluded` the amounts that are no payables because another document carries them."""

    sold: Bucket = field(default_factory=Bucket)
    vendors: dict[str, Bucket] = field(default_factory=dict)
    held: Bucket = field(default_factory=Bucket)
    excluded: Bucket = field(default_factory=Bucket)

    @property
    def bills(self) -> Bucket:
        """All bills, including held ones."""
        every = self.vendors.values()
        return Bucket(sum(one.count for one in every), sum((one.amount for one in every), Decimal("0.00")))


def flows_of(connected: Connected) -> list[Flow]:
    """The enabled flows that make payables of job invoices."""
    own = connected.settings.flows
    return [
        flow
        for flow in connected.settings.erp.declared.flows
        if flow.entity == INVOICE and set(PAYABLES) & set(flow.records) and flow.id in own and own[flow.id].enabled
    ]


def last_month(today: date) -> tuple[date, date]:
    """First and last day of the month before the given day."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def owed(records: Iterable[StoredRecord], connected: Connected, context: Context, days: tuple[date, date]) -> Owed:
    """Map the invoices of these days as if everything were live, and add up what they owe. Nothing is written."""
    live = as_if_live(connected, days[0])
    looking = replace(context, snapshot=Snapshot({connected.settings.connection: live}))
    made = Owed()
    for seen in records:
        day = seen.record["invoice_date"]
        if day is None or not days[0] <= day <= days[1]:
            continue
        found = mapped([ConsumerRecord(seen.topic, seen.partition, seen.offset, seen.key, seen.value, [])], looking)
        told = [one.amount for one in found.decisions if one.decision == "excluded" and one.amount]
        commands = [command for kind, command in found.commands if kind in PAYABLES]
        if commands or told:
            made.sold.add(seen.record["total"])
        for amount in told:
            made.excluded.add(amount)
        for command in commands:
            _add(made, command)
    return made


def _add(made: Owed, command: Mapping[str, Any]) -> None:
    made.vendors.setdefault(command["part"], Bucket()).add(command["amount"])
    if command["hold"] or command["unresolved"]:
        made.held.add(command["amount"])


def rows(cluster: Cluster, connected: Connected) -> Iterator[dict[str, Any]]:
    """A line of `check` for a connection whose job invoices become payables; none for any other."""
    flows = flows_of(connected)
    if not flows:
        return
    days = last_month(clock_from_environment().now().astimezone(connected.settings.zone).date())
    observed = newest_of(cluster, connected.settings.connection, sources_of(flows))
    found = owed(observed, connected, context_of(cluster, Snapshot()), days)
    if not found.sold.count:
        return
    bills, currency = found.bills, connected.settings.currency
    words = (
        f"in {days[0]:%Y-%m} {found.sold.count} job invoices, sold for {found.sold.amount:,.2f} {currency}, would add {bills.count} documents of"
        f" {len(found.vendors)} vendors at cost, {bills.amount:,.2f} {currency}, to Accounts Payable"
    )
    if found.held.count:
        words += f"; {found.held.count} of them, {found.held.amount:,.2f}, would be held"
    if found.excluded.count:
        words += f"; {found.excluded.amount:,.2f} of {found.excluded.count} more is excluded, since another document carries it"
    yield {
        "connection": connected.settings.connection,
        "system": connected.settings.erp.system,
        "level": "warning",
        "subject": "payables",
        "says": f"{words}.",
        "do": _REMEDY,
        **bills.as_json(),
    }
