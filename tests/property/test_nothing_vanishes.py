"""Nothing vanishes (accounting.md 33): whatever a record that carries money says, each connection has a command, a decision with its amount, or
a hold. Over every entity and every ERP, the toy as well, through hop 2 itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from schemas.codec import Codec, offline_codec
from schemas.shapes import fields_of, part, record_sources
from systems import registry
from systems.contract import System
from systems.flow import CARRIES_MONEY
from systems.mapped import COMPLETION, MANUAL
from tests import toy
from tests.contract.examples import FOLDERS, connected, told
from tests.contract.toybooks import system as toybooks
from tests.unit.topology.hops import PARTITIONS, Memory
from topology import canonical_to_command
from topology.batch import ConsumerRecord, Context, Decision, Outcome
from topology.configuration import Connected, Snapshot
from topology.topics import object_key, records_of_topic

NO_DOCUMENT = {"job"}
"""Records with a total that are no document: the invoice of a job carries its money."""
ENTITIES = sorted(
    name.removeprefix("canonical.")
    for name, source in record_sources().items()
    if name.startswith("canonical.") and "total" in fields_of(source) and name.removeprefix("canonical.") not in NO_DOCUMENT
)
ERPS = [*(one.name for one in registry.erps()), toybooks.SYSTEM.name]
NOW = datetime(2026, 3, 10, tzinfo=UTC)
TRIES = 60


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    known = registry.system
    monkeypatch.setattr(registry, "NAMES", (*registry.NAMES, toybooks.SYSTEM.name))
    monkeypatch.setattr(registry, "system", lambda name: toybooks.SYSTEM if name == toybooks.SYSTEM.name else known(name))
    monkeypatch.setitem(FOLDERS, toybooks.SYSTEM.name, Path(toybooks.__file__).parent)
    yield
    told.cache_clear()


@cache
def codec_of(_: tuple[str, ...]) -> Codec:
    """The codec of the topics of these systems."""
    return offline_codec(records_of_topic())


def codec() -> Codec:
    return codec_of(registry.NAMES)


def joined(name: str, **choices: Any) -> Connected:
    """The connection of an ERP's examples."""
    system: System = registry.system(name)
    made = connected(system)
    return (
        Connected(made.settings.model_copy(update=choices), made.version, made.crosswalk_version, made.crosswalk)
        if choices
        else made
    )


def passed(made: Connected, record: Mapping[str, Any]) -> Outcome:
    """What hop 2 makes of a record."""
    entity, name = record["entity"], made.settings.connection
    around = Context(Snapshot({name: made}), codec(), str, PARTITIONS, NOW)
    topic, key = f"canonical.{entity}", object_key(name, record["system"], entity, record["source_id"])
    encoded = codec().encode(topic, f"canonical.{entity}", record)
    return canonical_to_command.apply([ConsumerRecord(topic, 0, 0, key.encode(), encoded, None)], Memory(), around)


def commands(outcome: Outcome) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name.removeprefix("command."), value)
        for name, value in (codec().decode(output.value) for output in outcome.outputs)
        if name.startswith("command.")
    ]


# --- records at random ------------------------------------------------------------------------------------------------


def _value(random: Random, name: str, kind: str) -> Any:
    if kind.endswith("?") and random.random() < 0.4:
        return None
    kind, _, item = kind.removesuffix("?").partition(":")
    if kind == "list":
        return [_fields(random, part(item)["fields"]) for _ in range(random.randint(0, 3))] if item[:1].isupper() else []
    if kind == "map":
        return {}
    if kind in ("money", "quantity"):
        return random.choice((Decimal(0), Decimal("108.25"), Decimal("-108.25"), Decimal(random.randint(-99999, 99999)).scaleb(-2)))
    simple: dict[str, Any] = {
        "string": random.choice(("", "1", "Plumbing - Service", "Service", "77", "Check", "x")),
        "boolean": random.random() < 0.5,
        "int": 1,
        "long": 1,
        "bytes": b"",
        "instant": NOW,
        "date": random.choice((date(2025, 12, 31), date(2026, 3, 2))),
    }
    return simple[kind]


def _fields(random: Random, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(random, name, spec["type"]) for name, spec in fields.items()}


def record_of(entity: str, number: int, connection: str = "acme") -> dict[str, Any]:
    """A record of an entity, of the field-service side; every field at random but its identity."""
    random = Random(f"{entity} {number}")
    made = _fields(random, fields_of(record_sources()[f"canonical.{entity}"]))
    return made | {
        "connection": connection,
        "system": registry.FIELD_SERVICE,
        "entity": entity,
        "source_id": str(number + 1),
        "origin_ref": None,
        "status": random.choice(("Posted", "Exported", "Pending", "")),
        "active": random.random() < 0.85,
        "currency": "USD",
    }


def told_amounts(outcome: Outcome) -> set[Decimal]:
    decided: list[Decision] = [decision for _, decision in outcome.decisions]
    return {one.amount for one in decided if one.amount is not None}


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("erp", ERPS)
def test_every_record_that_carries_money_is_a_command_a_decision_with_its_amount_or_a_hold(
    toys: None, erp: str, entity: str
) -> None:
    made = joined(erp)
    for number in range(TRIES):
        record = record_of(entity, number)
        outcome = passed(made, record)
        written = [value for kind, value in commands(outcome) if kind != COMPLETION]
        assert written or outcome.decisions, f"{entity} {number} vanished towards {erp}"
        if not written:
            assert record["total"] in told_amounts(outcome) or _is_counted_part(outcome), f"{entity} {number}: {outcome.decisions}"
        beside = sum(one.amount or 0 for _, one in outcome.decisions)
        is_whole = sum(value["amount"] for value in written) + beside == record["total"]  # a part of goods may be worth nothing
        assert is_whole or entity not in ("receipt", "return"), f"{entity} {number}: {written} {outcome.decisions}"
        for value in written:
            assert value["amount"] or value["hold"] or value["unresolved"] or is_whole or value["action"] == "apply"


def _is_counted_part(outcome: Outcome) -> bool:
    """An invoice at cost, of which another amount than its total is counted as excluded."""
    return all(decision.decision == "excluded" for _, decision in outcome.decisions)


def test_every_entity_with_a_total_is_known_to_carry_money() -> None:
    assert set(ENTITIES) == set(CARRIES_MONEY)


# --- by the amounts of a review ---------------------------------------------------------------------------------------


def plain(entity: str, amount: str, **more: Any) -> dict[str, Any]:
    """A record of an entity with nothing in it but a day and a total."""
    made = toy.blank(f"canonical.{entity}") | record_of(entity, 0)
    blank = toy.blank(f"canonical.{entity}")
    days = {
        name: date(2026, 3, 2)
        for name, spec in fields_of(record_sources()[f"canonical.{entity}"]).items()
        if spec["type"] == "date?"
    }
    identity = {name: made[name] for name in ("connection", "system", "entity", "source_id", "currency")}
    return blank | days | identity | {"active": True, "status": "Posted", "number": "CM-1", "total": Decimal(amount), **more}


@pytest.mark.parametrize("erp", [one.name for one in registry.erps()])
def test_a_credit_memo_of_108_25_is_a_document_or_held_with_its_amount(erp: str) -> None:
    """It gave no output and no decision at all."""
    [command] = [one for _, one in commands(passed(joined(erp), plain("credit_memo", "-108.25"))) if one["amount"]]
    assert abs(command["amount"]) == Decimal("108.25")
    assert command["op_key"].endswith("|sale|credit_memo:1||create")
    assert command["hold"] or command["unresolved"], "nothing tells where its amount goes"
    assert command["canonical"] is not None


def test_a_bill_towards_books_that_take_none_is_held() -> None:
    [(kind, command)] = commands(passed(joined("peoplesoft"), plain("bill", "336.75")))
    assert (kind, command["hold"], command["amount"], command["purpose"]) == (MANUAL, "no_flow", Decimal("336.75"), "payable")


@pytest.mark.parametrize(
    ("erp", "order", "is_told"), [("oracle_fusion", "77", True), ("oracle_fusion", "", False), ("peoplesoft", "77", False)]
)
def test_a_bill_of_an_order_is_held_with_a_word_about_the_payables_of_an_erp_that_orders(
    erp: str, order: str, is_told: bool
) -> None:
    """A person who was told to enter it there would pay what the order's own bill pays already (accounting.md 11)."""
    [(_, command)] = commands(passed(joined(erp), plain("bill", "336.75", purchase_order_id=order)))
    assert (command["hold"], command["amount"]) == ("no_flow", Decimal("336.75"))
    assert ("not where Oracle Fusion Cloud ERP made the order: its own payables bill that" in command["hold_detail"]) == is_told


@pytest.mark.parametrize(
    ("more", "decision", "amount"),
    [
        ({"bill_date": date(2025, 12, 31)}, "before_cutover", "336.75"),
        ({"status": "Pending"}, "not_due", "336.75"),
        ({"origin_ref": "ST-X"}, "own_origin", "336.75"),
        ({"total": Decimal(0)}, "excluded", "0"),
    ],
)
def test_what_is_not_held_without_a_flow_is_a_decision(more: dict[str, Any], decision: str, amount: str) -> None:
    outcome = passed(joined("peoplesoft"), plain("bill", "336.75", **more))
    assert [(one.decision, one.amount) for _, one in outcome.decisions] == [(decision, Decimal(amount))]
    assert all(kind == COMPLETION for kind, _ in commands(outcome))


def test_an_entity_that_is_left_out_by_decision_is_counted_and_ends_what_was_held() -> None:
    outcome = passed(joined("peoplesoft", left_out=frozenset({"bill"})), plain("bill", "336.75"))
    assert [(one.decision, one.amount) for _, one in outcome.decisions] == [("excluded", Decimal("336.75"))]
    assert [(kind, one["action"], one["parts"]) for kind, one in commands(outcome)] == [(COMPLETION, "nothing", {})]


def test_a_flow_that_is_off_is_counted() -> None:
    made = joined("acumatica")
    flows = {name: one for name, one in made.settings.flows.items() if name != "A7"}
    outcome = passed(joined("acumatica", flows=flows), plain("vendor_credit", "20.00"))
    assert [(one.decision, one.detail, one.amount) for _, one in outcome.decisions] == [
        ("excluded", "flow A7 is off", Decimal("20.00"))
    ]


def test_a_void_of_what_is_held_without_a_flow_ends_it() -> None:
    made = joined("peoplesoft")
    [(_, held)] = commands(passed(made, plain("bill", "336.75")))
    [(kind, void)] = commands(passed(made, plain("bill", "336.75", canceled_on=NOW)))
    assert (kind, void["action"], void["reverses"]) == ("reversal", "void", held["op_key"])


@pytest.mark.parametrize("erp", [one.name for one in registry.erps()])
def test_a_mapping_that_says_nothing_of_a_due_flow_has_a_held_document(erp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known, made = registry.system, joined(erp)
    silent = replace(known(erp), to_commands=lambda *_: [])
    monkeypatch.setattr(registry, "system", lambda name: silent if name == erp else known(name))
    due = {
        flow.purpose
        for flow in known(erp).flows
        if flow.entity == "invoice" and flow.records and made.settings.flows[flow.id].enabled
    }
    held = commands(passed(made, plain("invoice", "108.25")))
    assert {command["purpose"] for _, command in held} == due
    assert len(held) == len(due) > 0
    assert {(kind, command["hold"], command["amount"]) for kind, command in held} == {(MANUAL, "no_flow", Decimal("108.25"))}


@pytest.mark.parametrize("system", ["acumatica", "a-system-of-before"])
def test_what_no_side_of_the_connection_is_the_source_of_is_only_read(system: str) -> None:
    """A record of the ERP itself, or of a system that the connection joined once."""
    outcome = passed(joined("acumatica"), plain("credit_memo", "-108.25", system=system))
    assert (outcome.outputs, outcome.decisions) == ([], [])


@pytest.mark.parametrize("entity", ["purchase_order", "receipt"])
@pytest.mark.parametrize("status", ["Sent", "Pending", "Posted", ""])
def test_what_nobody_posts_and_no_flow_brings_is_counted_and_never_called_not_due(entity: str, status: str) -> None:
    """It was told to be due "when posted", which it never is: the vendor's bill brings what it costs."""
    outcome = passed(joined("acumatica"), plain(entity, "336.75", status=status))
    [(decision, amount, words)] = [(one.decision, one.amount, one.detail) for _, one in outcome.decisions]
    assert (decision, amount, commands(outcome)) == ("excluded", Decimal("336.75"), [])
    assert "vendor's bill" in words
