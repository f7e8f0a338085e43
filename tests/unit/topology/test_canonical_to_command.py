from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from systems import registry
from systems.mapped import Draft, Plan
from tests import toy
from tests.unit.topology.hops import CODEC, PARTITIONS, Memory, canonical_records, context, decisions, outputs, raw_record
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Context, Outcome
from topology.headers import DEFAULTED, HOLD, OP_KEY, PARTED, PAYLOAD_HASH, RECORD, SOURCE_HASH, header
from topology.topics import partition_of

PARTS = {"V": Decimal("5.00"), "W": Decimal("0.50")}
COMMANDS = f"command.{toy.TARGET}"


def _way(body: bytes, around: Context | None = None, **raw: object) -> Outcome:
    around = around or context()
    first = raw_to_canonical.apply([raw_record(0, toy.raw("7", 1, body, **raw))], Memory(), around)
    return canonical_to_command.apply(canonical_records(first), Memory(), around)


def test_a_command_carries_identity_hashes_and_coordinates_and_its_headers_say_them_too() -> None:
    outcome = _way(b'{"total": 5.50}')
    [command] = outputs(outcome, COMMANDS)
    assert command["op_key"] == f"test:t1|{toy.TARGET}:i1:c1|sale|invoice:7||create"
    assert (command["canonical_topic"], command["canonical_offset"], command["canonical"]) == ("canonical.invoice", 0, None)
    found = outcome.outputs[0].headers
    assert [header(found, name) for name in (OP_KEY, SOURCE_HASH, PAYLOAD_HASH, RECORD, HOLD)] == [
        command["op_key"],
        command["source_hash"],
        command["payload_hash"],
        "command.ar_invoice",
        "",
    ]
    assert header(found, DEFAULTED) == "0", "a reader decodes only what went to a default"
    assert outcome.outputs[0].key == "acme"


def test_an_unmapped_value_is_a_command_with_its_amount_and_its_canonical_bytes() -> None:
    around = context({})
    first = raw_to_canonical.apply([raw_record(0, toy.raw("7", 1, b'{"total": 5.50}'))], Memory(), around)
    [record] = canonical_records(first)
    outcome = canonical_to_command.apply([record], Memory(), around)
    [command] = outputs(outcome, COMMANDS)
    assert command["unresolved"] == ["business_unit=east"]
    assert command["canonical"] == record.value
    assert header(outcome.outputs[0].headers, HOLD) == "unmapped"
    again = ConsumerRecord("remap", record.partition, 3, record.key, command["canonical"], None)
    [mapped] = outputs(canonical_to_command.apply([again], Memory(), context()), COMMANDS)
    assert mapped["op_key"] == command["op_key"]
    assert not mapped["unresolved"]


@pytest.mark.parametrize(
    ("body", "decision"),
    [
        (b'{"total": 5.50, "date": "2025-12-31"}', "before_cutover"),
        (b'{"total": 5.50, "status": "Pending"}', "not_due"),
        (b'{"total": 5.50, "status": ""}', "not_due"),
        (b'{"total": 5.50, "origin_ref": "ST-X"}', "own_origin"),
        (b'{"total": 0.00}', "excluded"),
    ],
)
def test_what_is_not_commanded_is_a_decision_with_its_amount(body: bytes, decision: str) -> None:
    outcome = _way(body)
    assert all(header(output.headers, RECORD) == "command.completion" for output in outcome.outputs)
    [(_, made)] = outcome.decisions
    assert made.decision == decision
    assert made.amount == (Decimal("5.50") if b"5.50" in body else 0)


def test_a_document_before_the_cutover_is_a_milestone_for_what_settles_it() -> None:
    [milestone] = outputs(_way(b'{"total": 5.50, "date": "2025-12-31"}'), COMMANDS)
    assert (milestone["reached"], milestone["action"], milestone["amount"]) == ("before_cutover", "before_cutover", 0)
    assert milestone["op_key"].endswith("|sale|invoice:7||before_cutover")
    assert _way(b'{"total": 5.50, "date": "2025-12-31"}', context(mode="observe")).outputs == []


def test_a_reversal_names_the_command_whose_document_it_reverses() -> None:
    [create], [reversal] = outputs(_way(b'{"total": 5.50}'), COMMANDS), outputs(_way(b'{"total": -5.50}'), COMMANDS)
    assert reversal["reverses"] == create["op_key"]
    assert (reversal["hold"], reversal["canonical"] is not None) == ("void_not_built", True)


def test_the_first_day_of_the_cutover_is_commanded() -> None:
    assert len(outputs(_way(b'{"total": 5.50, "date": "2026-01-01"}'), COMMANDS)) == 1


@pytest.mark.parametrize("status", ["Exported", "PostedAndExported"])
def test_exported_is_as_good_as_posted(status: str) -> None:
    assert len(_way(b'{"total": 5.50, "status": "%s"}' % status.encode()).outputs) == 1


def test_an_invoice_that_is_no_longer_posted_is_commanded_held() -> None:
    around = context()
    records = [
        raw_record(0, toy.raw("7", 1, b'{"total": 5.50}')),
        raw_record(1, toy.raw("7", 2, b'{"total": 5.50, "status": "Pending"}')),
    ]
    first = raw_to_canonical.apply(records, Memory(), around)
    posted, held = outputs(canonical_to_command.apply(canonical_records(first), Memory(), around), COMMANDS)
    assert (posted["hold"], held["hold"]) == ("", "unposted")
    assert posted["op_key"] == held["op_key"]
    assert posted["source_hash"] == held["source_hash"]


@pytest.mark.parametrize("status", ["Pending", "", "Posted"])
def test_a_void_is_told_whatever_the_status(status: str) -> None:
    """Posted and held, taken back, then voided while Pending: it was `not_due`, and what was held for it stayed on the list for ever."""
    around = context()
    bodies = (
        b'{"total": 5.50}',
        b'{"total": 5.50, "status": "Pending"}',
        b'{"total": 5.50, "status": "%s", "active": false}' % status.encode(),
    )
    records = [raw_record(n, toy.raw("7", n + 1, body)) for n, body in enumerate(bodies)]
    first = raw_to_canonical.apply(records, Memory(), around)
    create, held, void = outputs(canonical_to_command.apply(canonical_records(first), Memory(), around), COMMANDS)
    assert (held["hold"], void["action"], void["reverses"]) == ("unposted", "void", create["op_key"])


@pytest.mark.parametrize(
    ("body", "reached"),
    [
        (b'{"total": 0.00}', "zero document, counted"),
        (b'{"total": 0.00, "status": "Pending"}', "zero document, counted"),
        (b'{"total": 5.50, "date": "2025-12-31"}', "before_cutover"),
    ],
)
def test_a_version_that_leaves_nothing_to_write_tells_so_with_an_empty_set(body: bytes, reached: str) -> None:
    """The sink takes back what waits of an older version, and holds the change beside what is written."""
    around = context()
    records = [raw_record(0, toy.raw("7", 1, b'{"total": 5.50}')), raw_record(1, toy.raw("7", 2, body))]
    outcome = canonical_to_command.apply(
        canonical_records(raw_to_canonical.apply(records, Memory(), around)), Memory(), context(post_when="posted")
    )
    posted, nothing = outputs(outcome, COMMANDS)
    assert (nothing["reached"], nothing["parts"], nothing["hold"], nothing["parents"]) == (reached, {}, "", [])
    assert nothing["op_key"].rpartition("|")[0] == posted["op_key"].rpartition("|")[0]
    assert header(outcome.outputs[1].headers, PARTED) == "1"


def test_job_completed_makes_the_invoice_wait_for_its_job_and_the_job_a_milestone() -> None:
    around = context(post_when="job_completed")
    [invoice] = outputs(_way(b'{"total": 5.50, "status": "Pending", "job": "J1"}', around), COMMANDS)
    assert invoice["parents"] == [{"role": "job", "entity": "job", "source_id": "J1", "purpose": "", "part": ""}]
    assert _way(b'{"total": 5.50, "entity": "job"}', around).outputs == []
    outcome = _way(b'{"total": 5.50, "entity": "job", "completed": 1}', around)
    assert header(outcome.outputs[0].headers, RECORD) == "command.completion"
    assert outputs(outcome, COMMANDS)[0]["reached"] == "completed"
    assert _way(b'{"total": 5.50, "entity": "job", "completed": 1}').outputs == [], "no flow waits for jobs"


def test_a_flow_that_observes_counts_and_commands_nothing() -> None:
    outcome = _way(b'{"total": 5.50}', context(mode="observe"))
    assert outcome.outputs == []
    assert decisions(outcome) == ["observed"]
    assert len(_way(b'{"total": 5.50}', context(mode="shadow")).outputs) == 1


def test_a_flow_that_is_off_commands_nothing_and_its_records_are_counted() -> None:
    outcome = _way(b'{"total": 5.50}', context(enabled=False))
    assert outcome.outputs == []
    assert [(one.decision, one.detail, one.amount) for _, one in outcome.decisions] == [
        ("excluded", "flow A1 is off", Decimal("5.50"))
    ]


def test_balance_and_status_edits_keep_the_source_hash_and_a_new_amount_changes_it() -> None:
    [first], [same], [other] = (
        outputs(_way(body), COMMANDS) for body in (b'{"total": 5.50}', b'{"total": 5.50, "status": "Exported"}', b'{"total": 5.60}')
    )
    assert first["source_hash"] == same["source_hash"] != other["source_hash"]
    assert first["payload_hash"] == same["payload_hash"] != other["payload_hash"]
    assert first["op_key"] == same["op_key"] == other["op_key"]


def test_what_is_no_canonical_record_is_dead() -> None:
    raw = CODEC.encode("fetch", "raw.fetch", toy.blank("raw.fetch"))
    outcome = canonical_to_command.apply([ConsumerRecord("canonical.invoice", 0, 0, b"k", raw, None)], Memory(), context())
    assert "on a canonical topic" in outputs(outcome, "dead")[0]["reason"]


def test_the_parts_of_a_document_know_each_other_and_lie_on_one_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    """On two partitions two owners would write them, and neither would see what the other one wrote."""
    one = toy.to_commands

    def two(entity: str, record: Mapping[str, Any], plan: Plan) -> list[Draft]:
        made = [draft for draft in one(entity, record, plan) if isinstance(draft, Draft)]
        return [replace(draft, part=part, amount=amount, parted=True) for draft in made for part, amount in PARTS.items()]

    target = replace(registry.system(toy.TARGET), to_commands=two)
    kept = registry.system
    monkeypatch.setattr(registry, "system", lambda name: target if name == toy.TARGET else kept(name))
    outcome = _way(b'{"total": 5.50}')
    commands = outputs(outcome, COMMANDS)
    assert [command["parts"] for command in commands] == [{c["part"]: c["payload_hash"] for c in commands}] * 2
    assert len({command["payload_hash"] for command in commands}) == 2
    assert {output.partition for output in outcome.outputs} == {partition_of("acme", PARTITIONS)}
    assert [header(output.headers, PARTED) for output in outcome.outputs] == ["1", "1"]


def test_a_document_without_parts_names_none() -> None:
    outcome = _way(b'{"total": 5.50}')
    assert outputs(outcome, COMMANDS)[0]["parts"] is None
    assert header(outcome.outputs[0].headers, PARTED) == ""
