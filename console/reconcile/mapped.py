"""The documents that the objects of the source want now, by the hop's own mapping with the settings and tables in force. Pure except for the
codec."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from console.books import words
from console.mapping import mapped
from console.reconcile.findings import EXCLUDED, NO_FLOW
from console.reconcile.sides import ZERO, Issued, Object, Wanted, day_of, wanted_of
from systems.contract import Flow
from topology.batch import ConsumerRecord, Context, Decision
from topology.configuration import Connected

_AT_COST = "payable"
_DECIDES = ("not_due", "before_cutover", "own_origin", "excluded", "observed", "filtered", "refused")
Decided = tuple[str, str, Decimal]


class Mapper:
    """Maps canonical records of one connection in groups."""

    def __init__(self, connected: Connected, context: Context) -> None:
        self._connected, self._context = connected, context
        self._declared = connected.settings.erp.declared.flows
        self._names: dict[tuple[str, str], str] = {}

    def issued(self, records: Sequence[ConsumerRecord]) -> Iterator[Issued]:
        """The objects of these records, each in every flow that takes it."""
        found = mapped(records, self._context)
        wanted: dict[tuple[str, Object], list[Wanted]] = defaultdict(list)
        for record, command in found.commands:
            flow = words.flow_id({**command, "record": record}, self._connected.settings)
            place = command["source_entity"], command["source_id"].partition("/")[0]
            wanted[(flow, place)].append(wanted_of(record, command))
        decided = _decided(found.decisions, {flow.id for flow in self._declared})
        for consumed in records:
            value = self._context.codec.decode(consumed.value or b"")[1]
            yield from self._of(value, wanted, decided)

    def _of(
        self, value: Mapping[str, Any], wanted: Mapping[tuple[str, Object], list[Wanted]], decided: Mapping[Any, Decided]
    ) -> Iterator[Issued]:
        place = value["entity"], value["source_id"]
        flows = self._connected.flows_from(value["system"], value["entity"])
        named = [flow.id for flow in flows] or [""]
        for number, flow in enumerate(named):
            own = [*wanted.get((flow, place), ()), *(wanted.get(("", place), ()) if flow and not number else ())]
            made = replace(self._issued(flow, value), wanted=tuple(own), purposes=_purposes(flows, flow))
            yield self._valued(made, decided.get((flow, place)))

    def _valued(self, made: Issued, decided: Decided | None) -> Issued:
        """The object with the amount that the flow is about (for a payable at cost, not the price), and why no document is wanted."""
        documents = [w for w in made.wanted if w.is_document]
        if documents and made.entity == "invoice" and all(w.purpose == _AT_COST for w in documents):
            return replace(made, amount=sum((w.amount for w in documents), ZERO))
        if documents or not made.active:
            return made
        if decided is not None:
            decision, why, amount = decided
            return replace(made, decision=decision, words=why, amount=amount or made.amount)
        if not made.flow:
            off = next((flow for flow in self._declared if flow.records and flow.entity == made.entity), None)
            if off is None:
                return replace(made, decision=NO_FLOW, words="the connection has no flow for it")
            return replace(made, decision=EXCLUDED, words=f"flow {off.id} is off")
        return made

    def _issued(self, flow: str, value: Mapping[str, Any]) -> Issued:
        kind = "vendor" if "vendor_id" in value else "customer"
        party, name = value.get(f"{kind}_id") or "", value.get(f"{kind}_name") or ""
        if name:
            self._names[(kind, party)] = name
        total = value["total"]
        is_settling = value["entity"] == "payment" and total > 0
        return Issued(
            flow,
            value["entity"],
            value["source_id"],
            value["number"],
            day_of(value, self._connected.settings.zone),
            total,
            value["currency"],
            bool(value["active"]) and value.get("canceled_on") is None,
            value["fingerprint"],
            party,
            name,
            value.get("business_unit_name") or value.get("business_unit_id") or "",
            settled=total - value["unapplied"] if is_settling else None,
            settled_on=frozenset(one["applied_on"] for one in value["applications"] if one["applied_on"])
            if is_settling
            else frozenset(),
        )

    def named(self, one: Issued) -> Issued:
        """The object with the name of its party, taken from other records of the party."""
        if one.party_name or not one.party:
            return one
        kind = "vendor" if one.entity in ("bill", "vendor_credit", "ap_payment") else "customer"
        return replace(one, party_name=self._names.get((kind, one.party), ""))


def _purposes(flows: Iterable[Flow], flow_id: str) -> frozenset[str]:
    """The purposes of a flow's documents; empty = any."""
    return frozenset(one for flow in flows if flow.id == flow_id for one in (flow.purpose, *flow.other_purposes))


def _decided(decisions: Iterable[Decision], flows: Container[str]) -> dict[tuple[str, Object], Decided]:
    """Why objects want no document, by flow ("" = no flow brings them) and object. The amount of a decision about a part of an object is not used as
    the object's own."""
    found: dict[tuple[str, Object], Decided] = {}
    for one in decisions:
        if one.decision in _DECIDES:
            named, _, why = one.detail.partition(": ")
            flow, told = (named, why) if named in flows else ("", one.detail)
            found.setdefault((flow, (one.entity, one.source_id)), (one.decision, told, one.amount or ZERO))
    return found
