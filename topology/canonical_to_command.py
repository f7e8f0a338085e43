"""Hop 2: turns canonical records into commands for the other side of their connection, by the flows that its ERP declares.

In: `canonical.<entity>` and `remap`. Out: `command.<system>` (key connection, one partition per connection), `audit`, `dead`.
The target system maps a record. The source system's settings say which of its objects are not passed on.
The mapping is pure and depends on crosswalk and profile; it gives one command per source document and part.
The hop keeps no state: the same record mapped twice gives the same op-keys and hashes, by which the sink recognises the duplicate.
A record that cannot be mapped also becomes a command, with `unresolved`, its amount and the canonical bytes.
Order: the commands follow the order of the records.
To `dead`: what cannot be decoded, and commands that do not fit their schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any, cast

from runtime.errors import Malformed
from systems import registry
from systems.contract import Flow
from systems.flow import CARRIES_MONEY, MASTER
from systems.mapped import COMPLETION, Draft, Leaving, NoCommand
from topology.batch import ConsumerRecord, Context, Decision, Outcome, Output, State, fitting
from topology.configuration import Connected
from topology.decisions import dead_output
from topology.headers import (
    CONFIG,
    DEFAULTED,
    HOLD,
    OP_KEY,
    PARTED,
    PAYLOAD_HASH,
    PREVIOUS_STATUS,
    SOURCE_HASH,
    SOURCE_VERSION,
    TRACE,
    header,
    headers,
)
from topology.rules.cleaning import cleaned
from topology.rules.due import BEFORE_CUTOVER, COMPLETED, JOB, Due, due, update_only
from topology.rules.envelope import Source, command, with_parts
from topology.rules.without_flow import by_hand, without_flow
from topology.topics import partition_of

STAGE = "canonical_to_command"
OBSERVED = "observed"
_DETAIL_CHARACTERS = 500


@dataclass(frozen=True)
class _Mapped:
    """The outputs and decisions of one record. They are complete before any of them is added to the batch."""

    outputs: list[Output]
    decisions: list[Decision]


def apply(batch: Sequence[ConsumerRecord], state: State, context: Context) -> Outcome:  # noqa: ARG001 - every hop has the same signature
    """See the module."""
    outcome = Outcome()
    for record in batch:
        try:
            mapped = _map(record, context)
        except Malformed as error:
            outcome.outputs.append(dead_output(record, str(error), STAGE, context))
            continue
        outcome.outputs += mapped.outputs
        outcome.decisions += [(record, decision) for decision in mapped.decisions]
    return outcome


def _map(record: ConsumerRecord, context: Context) -> _Mapped:
    name, value = context.codec.decode(record.value)
    step, _, entity = name.partition(".")
    if step != "canonical":
        raise Malformed(f"{name} on a canonical topic")
    connected = context.snapshot.connections.get(value["connection"])
    if connected is None:
        return _Mapped([], [_decision_about(value, entity, "refused", "the connection is unknown")])
    flows = connected.flows_from(value["system"], entity)
    if entity == JOB and connected.waits_for_jobs:
        return _completion(record, value, connected, context)
    if not flows and (entity not in CARRIES_MONEY or value["system"] != connected.settings.field_service.system):
        return _Mapped([], [])
    source = Source(entity, value, record.topic, record.partition, record.offset, record.value or b"")
    return _by_flows(flows, source, connected, (record, context))


def _by_flows(flows: Sequence[Flow], source: Source, connected: Connected, at: tuple[ConsumerRecord, Context]) -> _Mapped:
    made = _Mapped([], [])
    before = header(at[0].headers, PREVIOUS_STATUS)
    stays = _why_not_passed_on(source, connected, before)
    answers: dict[str, Due] = {}
    zone = connected.settings.zone
    for flow in flows:
        staying = Due(NoCommand("excluded", stays, flow.id)) if stays else None
        if source.record["origin_ref"] and connected.comes_from_both(source.entity) and flow.purpose == MASTER:
            staying = staying or update_only(source.entity, source.record)
        answers[flow.id] = staying or due(flow, connected.settings.flows[flow.id], (source.entity, source.record), zone, before)
    for answer in answers.values():
        if answer.no_command is not None:
            made.decisions.append(_decision_of(source, answer.no_command))
    due_flows = {one.id: (one, answers[one.id]) for one in flows if answers[one.id].no_command is None or answers[one.id].only}
    commands = list(_milestones(flows, answers, source, connected))
    for draft in _wanted(due_flows, source, connected):
        commands += _commands(draft, source, connected, due_flows[draft.flow][1], made.decisions)
    if not flows:
        for draft in without_flow(source.entity, source.record, connected, before):
            commands += _commands(draft, source, connected, Due(), made.decisions)
    made.outputs.extend(_output(draft.record, value, *at) for draft, value in with_parts(commands))
    return made


def _wanted(due_flows: Mapping[str, tuple[Flow, Due]], source: Source, connected: Connected) -> Iterator[Draft | NoCommand]:
    """What the mappings make of a record for the flows that are due. If the mapping of a flow that moves money makes nothing of a record,
    its document is held by name, so that it still appears on a list (accounting.md 33)."""
    told = set()
    for target in dict.fromkeys(flow.target for flow, _ in due_flows.values()):
        for draft in registry.system(target).to_commands(source.entity, source.record, connected.plan_to(target)):
            if draft.flow in due_flows and due_flows[draft.flow][0].target == target:
                told.add(draft.flow)
                if due_flows[draft.flow][1].only in ("", getattr(draft, "record", None)):
                    yield draft
    for flow, _ in due_flows.values():
        if flow.id not in told and flow.moves_money and source.entity in CARRIES_MONEY:
            yield by_hand(flow, source.record, f"{registry.system(flow.target).title} makes nothing of it")


def _why_not_passed_on(source: Source, connected: Connected, previous_status: str) -> str:
    """Why a record is not passed on, by the settings of its own system; "" means that it is. A record that is excluded only by its new
    status is still passed on, so that the other side learns of that change (a deactivated vendor)."""
    chosen = connected.readings[source.record["system"]].settings
    if not _choose_what_travels(type(chosen)):
        return ""
    leaving = cast("Leaving", chosen)
    why = leaving.excludes(source.entity, source.record)
    if why and previous_status and not leaving.excludes(source.entity, {**source.record, "status": previous_status}):
        return ""
    return why


@cache
def _choose_what_travels(settings: type) -> bool:
    """Whether settings of this class can choose what is passed on. Cached by class: checking the protocol for each record took a tenth of
    the hop's time."""
    return issubclass(settings, Leaving)


def _milestones(
    flows: Sequence[Flow], answers: Mapping[str, Due], source: Source, connected: Connected
) -> Iterator[tuple[Draft, dict[str, Any]]]:
    """For a document before the cut-over: milestones that say it will never be commanded. Documents that settle it read them, and they end
    what an older version of it asked for."""
    for flow in flows:
        decided = answers[flow.id].no_command
        is_early = decided is not None and decided.decision == BEFORE_CUTOVER
        if not is_early or not flow.moves_money or connected.settings.mode_of(flow.id) == "observe":
            continue
        for purpose in (flow.purpose, *flow.other_purposes):
            draft = Draft(COMPLETION, {"reached": BEFORE_CUTOVER}, flow.id, purpose, action=BEFORE_CUTOVER, parted=True)
            yield draft, command(draft, source, connected, None)


def _commands(
    draft: Draft | NoCommand, source: Source, connected: Connected, answer: Due, decisions: list[Decision]
) -> list[tuple[Draft, dict[str, Any]]]:
    """The command of a draft, or none. Decisions made instead of the command, or besides it, are appended to `decisions`."""
    if isinstance(draft, NoCommand):
        decisions.append(_decision_of(source, draft))
        return []
    draft, unfit = cleaned(draft)
    if unfit:
        detail = f"control characters removed from {', '.join(unfit)[:_DETAIL_CHARACTERS]}"
        decisions.append(_decision_of(source, NoCommand("cleaned", detail, draft.flow, draft.amount, draft.currency)))
    if connected.settings.mode_of(draft.flow) == "observe":
        would = f"flow {draft.flow} only observes; it would write {draft.record}"
        detail = would if draft.flow else "the connection only observes; no flow brings it, and going live holds it for a person"
        decisions.append(_decision_of(source, NoCommand(OBSERVED, detail, draft.flow, draft.amount, draft.currency)))
        return []
    if draft.record == COMPLETION:
        return [(draft, command(draft, source, connected, None))]
    if answer.hold and not draft.hold:
        draft = replace(
            draft, hold=answer.hold, hold_detail="it was posted in the source and is no longer; post it again or skip it"
        )
    if draft.defaulted:
        detail = f"flow {draft.flow}: {', '.join(draft.defaulted)}"
        decisions.append(_decision_of(source, NoCommand("defaulted", detail, draft.flow, draft.amount, draft.currency)))
    return [(draft, command(draft, source, connected, answer.parent))]


def _completion(record: ConsumerRecord, value: Mapping[str, Any], connected: Connected, context: Context) -> _Mapped:
    """The milestone of a completed job, for the invoices that wait for it."""
    if value["completed_on"] is None:
        return _Mapped([], [])
    draft = Draft(COMPLETION, {"reached": COMPLETED}, "", "master", action="upsert", amount=Decimal(0))
    source = Source(JOB, value, record.topic, record.partition, record.offset, record.value or b"")
    return _Mapped([_output(COMPLETION, command(draft, source, connected, None), record, context)], [])


def _output(kind: str, value: dict[str, Any], record: ConsumerRecord, context: Context) -> Output:
    topic, name = context.topic(f"command.{value['system']}"), f"command.{kind}"
    marks = {
        OP_KEY: value["op_key"],
        DEFAULTED: str(len(value["defaulted"])),
        SOURCE_HASH: value["source_hash"],
        PAYLOAD_HASH: value["payload_hash"],
        SOURCE_VERSION: value["source_version"],
        CONFIG: value["config_version"],
        PARTED: "" if value["parts"] is None else "1",
        HOLD: value["hold"] or ("unmapped" if value["unresolved"] else ""),
    }
    trace = header(record.headers, TRACE).encode()
    cause = record.coordinates
    made = headers(name, f"{cause}:{value['ref']}", cause, trace, **marks)
    connection = value["connection"]
    encoded = context.codec.encode(topic, name, value)
    return fitting(Output(topic, partition_of(connection, context.partitions), connection, encoded, made))


def _decision_of(source: Source, decided: NoCommand) -> Decision:
    value = source.record
    return Decision(
        decided.decision,
        value["connection"],
        value["system"],
        source.entity,
        value["source_id"],
        value["source_version"],
        f"{decided.flow}: {decided.detail}" if decided.flow else decided.detail,
        decided.amount,
        decided.currency,
    )


def _decision_about(value: Mapping[str, Any], entity: str, decision: str, detail: str) -> Decision:
    return Decision(
        decision, value["connection"], value["system"], entity, value["source_id"], value["source_version"], detail, countable=True
    )
