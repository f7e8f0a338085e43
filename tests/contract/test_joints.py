"""What a declaration may say beyond what the first systems needed: each shown on the toy, whose declaration is changed for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from pydantic import BaseModel

from console.connections.checks import refusals
from console.connections.files import ConnectionFiles, read_connection
from console.connections.sealing import same_sign_ins, sets_of
from console.connections.template import write_template
from console.pages import flows as flows_page
from runtime.errors import Broken
from runtime.secrets import Sources
from runtime.settings import Settings
from schemas import generate
from schemas.codec import offline_codec
from schemas.records import Ledger, Parent, Raw
from schemas.shapes import record_sources
from services.ingress.produce import Deliveries, Outgoing
from services.ingress.seen import Run, WrittenElements
from services.ingress.writing import Writing
from services.sinks import entry as e
from services.sinks.parents import BEFORE_CUTOVER, Parents, resolve
from systems import registry
from systems.connection import ConnectionSettings
from systems.contract import Element, Feed, Flow, Page, Role, System
from systems.mapped import Canonical, Draft, Normalised, Plan, Reading
from systems.parents import link_name, parent_id
from systems.raw import How, Where
from tests import toy
from tests.contract import examples, test_declarations
from tests.contract.conftest import Declare
from tests.contract.ground import ground
from tests.contract.seam import VirtualClock
from tests.contract.toybooks.system import SYSTEM, to_commands
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Context, Outcome
from topology.configuration import Snapshot
from topology.topics import records_of_topic

(BILLS,) = SYSTEM.flows
NOW = datetime(2026, 3, 9, tzinfo=UTC)


class Unread:
    """The state of a hop that remembers nothing."""

    def get(self, partition: int, key: str) -> bytes | None:
        raise AssertionError("hop 2 remembers nothing")


class Forgetful:
    """The state of a hop that has seen nothing."""

    def get(self, partition: int, key: str) -> bytes | None:
        return None


def mapped(system: System, **changes: Any) -> Outcome:
    """What hop 2 makes of the toy's bill with these fields changed."""
    return mapped_as(system, "bill", examples.canonical(system.name, "bill.of_a_vendor") | changes)


def mapped_as(system: System, entity: str, record: Mapping[str, Any]) -> Outcome:
    """What hop 2 makes of a canonical record."""
    topic, codec = f"canonical.{entity}", offline_codec(records_of_topic())
    context = Context(Snapshot({"acme": examples.connected(system)}), codec, str, 4, NOW)
    return canonical_to_command.apply(
        [ConsumerRecord(topic, 0, 0, b"k", codec.encode(topic, topic, record), None)], Unread(), context
    )


def order_and_bill(entity: str, record: Mapping[str, Any], plan: Plan) -> list[Draft]:
    """Two documents of one source object: an order, and a bill that is made of this order."""
    (bill,) = to_commands(entity, record, plan)
    assert isinstance(bill, Draft)
    order = Parent(role="order", entity=entity, source_id=record["source_id"], purpose="order", part=record["vendor_id"])
    return [replace(bill, purpose="order", part=record["vendor_id"]), replace(bill, part="V|2", parents=(order,))]


def commands(outcome: Outcome) -> list[dict[str, Any]]:
    """The commands of documents; milestones are none."""
    codec = offline_codec(records_of_topic())
    found = [codec.decode(output.value) for output in outcome.outputs if output.topic.startswith("command.")]
    return [command for name, command in found if name != "command.completion"]


def decided(outcome: Outcome) -> list[str]:
    return [decision.decision for _, decision in outcome.decisions]


def refused(settings: ConnectionSettings, *in_force: ConnectionSettings) -> list[str]:
    """What `plan` and `apply` say against it."""
    return refusals(ConnectionFiles(Path("x.yaml"), settings, ()), {one.connection: one for one in in_force}, loopback=True)


def joined(system: System, **changes: Any) -> ConnectionSettings:
    """The settings of the toy's connection, with these fields otherwise."""
    whole = examples.connected(system).settings.model_dump(mode="json")
    return ConnectionSettings.model_validate(examples.laid(whole, changes))


# --- due --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "changes", "found"),
    [
        (BILLS, {"status": "Pending"}, "not_due"),
        (replace(BILLS, due="at_once"), {"status": "Pending"}, "commanded"),
        (replace(BILLS, due="at_once"), {"status": ""}, "commanded"),
        (replace(BILLS, due="at_once"), {"bill_date": date(2025, 12, 31)}, "before_cutover"),
        (replace(BILLS, due="at_once"), {"origin_ref": "ST-X"}, "own_origin"),
        (replace(BILLS, posting_date="due_date"), {"bill_date": date(2025, 12, 31)}, "commanded"),
        (replace(BILLS, posting_date="due_date"), {"due_date": date(2025, 12, 31)}, "before_cutover"),
        (replace(BILLS, posting_date="created_on"), {"created_on": datetime(2026, 1, 1, 5, 59, tzinfo=UTC)}, "before_cutover"),
        (replace(BILLS, posting_date="created_on"), {"created_on": datetime(2026, 1, 1, 6, 0, tzinfo=UTC)}, "commanded"),
        (replace(BILLS, money=False), {"status": "Pending", "bill_date": date(2025, 12, 31)}, "commanded"),
        (replace(BILLS, money=False), {"origin_ref": "ST-X"}, "own_origin"),
        (replace(BILLS, purpose="master", money=True), {"status": "Pending"}, "not_due"),
    ],
)  # fmt: skip
def test_a_flow_says_what_makes_it_due_its_date_and_whether_it_moves_money(
    declared: Declare, flow: Flow, changes: dict[str, Any], found: str
) -> None:
    """The day of an instant is the tenant's (America/Chicago): 05:59 UTC of the first day is the evening before."""
    outcome = mapped(declared(flows=(flow,)), **changes)
    assert [*decided(outcome), *("commanded" for _ in commands(outcome))] == [found]


def test_what_moves_no_money_needs_no_first_day(declared: Declare) -> None:
    settings = joined(declared(flows=(replace(BILLS, money=False),)), flows={"T1": {"cutover_date": None}})
    assert (settings.flows["T1"].cutover_date, refused(settings)) == (None, [])
    with pytest.raises(ValueError, match="cutover_date is required"):
        joined(declared(flows=(replace(BILLS, due="at_once"),)), flows={"T1": {"cutover_date": None}})


def test_what_is_due_at_once_waits_for_no_job(declared: Declare) -> None:
    system = declared(flows=(replace(BILLS, due="at_once"),))
    (line,) = refused(joined(system, flows={"T1": {"post_when": "job_completed"}}))
    assert line.startswith("flows.T1.post_when: bills are due at once")
    assert refused(joined(system)) == []
    assert refused(joined(system, flows={"T1": {"enabled": False, "post_when": "job_completed"}})) == []


@pytest.mark.parametrize(
    "flow",
    [
        replace(BILLS, due="sometime"),
        replace(BILLS, posting_date="summary"),
        replace(BILLS, posting_date="no_such_field"),
        replace(BILLS, entity="job"),
    ],
)
def test_a_flow_without_a_date_or_a_known_way_of_being_due_is_no_declaration(declared: Declare, flow: Flow) -> None:
    with pytest.raises(AssertionError):
        test_declarations.check_due(flow)
    test_declarations.check_flows(declared())


GOODS = {
    "purchase_order": "order_date",
    "receipt": "received_on",
    "return": "returned_on",
    "inventory_adjustment": "adjusted_on",
    "ap_payment": "paid_on",
    "labor_entry": "worked_on",
    "bank_deposit": "deposited_on",
}


@pytest.mark.parametrize(("entity", "day"), GOODS.items())
def test_what_nobody_posts_is_due_at_once_from_the_first_day_on(declared: Declare, entity: str, day: str) -> None:
    """Every order, receipt and adjustment was `not_due` for ever; each goes to the toy as a bill here."""

    def as_bill(entity: str, record: Mapping[str, Any], plan: Plan) -> list[Draft]:
        bill = examples.canonical(SYSTEM.name, "bill.of_a_vendor")
        amounts = {"amount": record["total"], "currency": record["currency"], "posting_date": record[day]}
        return [replace(cast("Draft", one), purpose="order", **amounts) for one in to_commands("bill", bill, plan)]

    flow = replace(BILLS, title=entity, entity=entity, purpose="order", due="at_once")
    system, name = declared(flows=(flow,), to_commands=as_bill), f"canonical.{entity}"
    test_declarations.check_flows(system)
    written = json.loads((Path(generate.__file__).parent / "examples" / f"{name}.json").read_text())
    record = examples.typed_record(written, record_sources()[name]) | {"system": registry.FIELD_SERVICE, "status": "Pending"}
    (command,) = commands(mapped_as(system, entity, record))
    assert (command["source_entity"], command["amount"], command["hold"]) == (entity, record["total"], "")
    early = mapped_as(system, entity, record | {day: date(2025, 12, 31)})
    assert (commands(early), [one.amount for _, one in early.decisions]) == ([], [record["total"]])
    assert decided(mapped_as(declared(flows=(replace(flow, due="posted"),)), entity, record)) == ["not_due"]


@pytest.mark.parametrize("entity", ["stock_level", "item"])
def test_what_has_no_day_moves_no_money(entity: str) -> None:
    flow = replace(BILLS, entity=entity, due="at_once")
    test_declarations.check_due(replace(flow, money=False))
    with pytest.raises(AssertionError, match="no field is not a date"):
        test_declarations.check_due(flow)


# --- flows side by side -----------------------------------------------------------------------------------------------

JOURNALS = replace(BILLS, id="T2", title="bills as journals", off_by_default=True, excludes={"T1": "a bill would be booked twice"})


def test_what_is_off_by_default_runs_only_where_the_file_says_so(declared: Declare) -> None:
    system = declared(flows=(BILLS, JOURNALS))
    dated = {"cutover_date": "2026-01-01"}
    silent, asked = joined(system), joined(system, flows={"T1": dated | {"enabled": False}, "T2": dated | {"enabled": True}})
    assert [flow.enabled for flow in silent.flows.values()] == [True, False]
    assert [flow.enabled for flow in asked.flows.values()] == [False, True]
    assert refused(silent) == refused(asked) == []
    again = ConnectionSettings.model_validate_json(silent.model_dump_json())
    assert (again, again.flows["T2"].enabled) == (silent, False)
    assert joined(system, flows={"T2": {"cutover_date": None}}).flows["T2"].enabled is False


@pytest.mark.parametrize("order", [(BILLS, JOURNALS), (JOURNALS, BILLS)])
def test_flows_that_exclude_each_other_are_refused_with_the_reason(declared: Declare, order: tuple[Flow, ...]) -> None:
    both = joined(declared(flows=order), flows={key: {"enabled": True, "cutover_date": "2026-01-01"} for key in ("T1", "T2")})
    (line,) = refused(both)
    later, first = order[1].id, order[0].id
    assert line.startswith(f"flows.{later}: ")
    assert f"do not run beside {first} " in line
    assert "a bill would be booked twice; write enabled: false for one of them" in line


def test_a_flow_that_these_settings_do_not_allow_is_refused_with_the_reason(declared: Declare) -> None:
    def why(erp: BaseModel, field_service: BaseModel) -> str:
        read_only = getattr(erp, "company_id", "") == "readers"
        return f"{type(field_service).__name__} sends bills and company readers takes none" if read_only else ""

    system = declared(flows=(replace(BILLS, unavailable=why),))
    assert refused(joined(system)) == []
    (line,) = refused(joined(system, erp={"settings": {"company_id": "readers"}}))
    assert line.startswith("flows.T1: bills cannot run with these settings: Settings sends bills and company readers takes none;")
    off = {"T1": {"enabled": False, "cutover_date": "2026-01-01"}}
    assert refused(joined(system, erp={"settings": {"company_id": "readers"}}, flows=off)) == []


def test_a_template_leaves_off_what_is_off_by_default_and_can_be_applied(declared: Declare, tmp_path: Path) -> None:
    declared(flows=(BILLS, JOURNALS))
    write_template(tmp_path, "acme", SYSTEM.name)
    file = tmp_path / "connection.yaml"
    text = file.read_text()
    flows = yaml.safe_load(text)["flows"]
    assert ({name: own["enabled"] for name, own in flows.items()}, "cutover_date" in flows["T2"]) == (
        {"T1": True, "T2": False},
        False,
    )
    for key, value in {"cutover_date": "2026-01-01", "environment": "test", "time_zone": "UTC", "calls": "60"}.items():
        text = text.replace(f"{key}: FILL IN", f"{key}: {value}")
    text = text.replace("FILL IN", "1")
    for switched in (text, text.replace("    enabled: false\n", "")):
        file.write_text(switched)
        files = read_connection(file)
        assert ([own.enabled for own in files.settings.flows.values()], refusals(files, {}, loopback=True)) == ([True, False], [])


@pytest.mark.parametrize(
    "flows",
    [
        (BILLS, replace(JOURNALS, off_by_default=False)),
        (BILLS, replace(JOURNALS, excludes={"T1": ""})),
        (BILLS, replace(JOURNALS, excludes={"T9": "why"})),
        (BILLS, replace(JOURNALS, excludes={"T2": "why"})),
    ],
)
def test_a_declaration_that_no_connection_could_follow_is_refused(declared: Declare, flows: tuple[Flow, ...]) -> None:
    with pytest.raises(AssertionError):
        test_declarations.check_flows(declared(flows=flows))
    test_declarations.check_flows(declared(flows=(BILLS, JOURNALS)))


def test_the_page_of_flows_says_what_is_off_and_what_excludes_what(declared: Declare) -> None:
    system = declared(flows=(BILLS, JOURNALS))
    shown = [line for line in flows_page.lines_of(system) if line.startswith(("| T1 ", "| T2 "))]
    assert ["bills; not beside T2" in shown[0], "bills as journals; off by default; not beside T1" in shown[1]] == [True, True]


# --- quotas and credentials by role -----------------------------------------------------------------------------------


def quota(**changes: Any) -> dict[str, Any]:
    return {
        "erp": {"quota": {"calls": 100, "per_s": 60, "at_once": 4, "poller": 0.5, "sink": 0.3, "check": 0.1, "kept": 0.1} | changes}
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"sink": 0}, ["erp.quota.sink: 0 of 100 calls in 60 s is less than one call: raise it"]),
        ({"check": 0.009}, ["erp.quota.check: 0.009 of 100 calls in 60 s is less than one call: raise it"]),
        ({"check": 0.01}, []),
        ({"calls": 10}, []),
        ({"calls": 3}, ["erp.quota.check: 0.1 of 3 calls in 60 s", "erp.quota.sink: 0.3 of 3 calls in 60 s"]),
        ({"calls": 3, "check": 0.34, "sink": 0.34, "poller": 0, "kept": 0}, []),
        ({"poller": 0}, []),
        ({"at_once": 2}, []),
        ({"at_once": 1}, ["erp.quota: quota group g of toybooks: 2 role(s) of 1 connection(s) may make 2 calls at the same time"]),
    ],
)
def test_every_role_that_is_used_has_a_call(toy: System, changes: dict[str, Any], told: list[str]) -> None:
    """The toy has no feeds: nobody polls it."""
    found = sorted(refused(joined(toy, **quota(**changes))))
    assert [line for line, words in zip(found, told, strict=True) if not line.startswith(words)] == []


def test_calls_at_the_same_time_are_added_up_over_all_connections_of_an_account(toy: System) -> None:
    """Each role gets at least one, so that three connections could make six calls where the account allows four."""
    halves = {"calls": 600, "poller": 0.1, "sink": 0.1, "check": 0.05, "kept": 0}
    apart = {"field_service": {"quota": {"group": "alone"}}}
    mine, *others = [joined(toy, connection=f"acme-{n}", mode="observe", **quota(**halves), **apart) for n in range(3)]
    others = [
        one.model_copy(update={"field_service": one.field_service.model_copy(update={"quota": mine.erp.quota})}) for one in others
    ]
    assert refused(mine, others[0]) == []
    (line,) = refused(mine, *others)
    assert "6 role(s) of 3 connection(s) may make 6 calls at the same time, each at least one; the account allows 4" in line


SIGNED = {"erp": {"credentials": {"token": "env:T"}, "role_credentials": {"sink": {"token": "env:T_SINK"}}}}


def test_a_role_has_credentials_of_its_own(toy: System, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = joined(toy, **SIGNED)
    assert [settings.erp.credentials_of(role)["token"] for role in Role] == ["env:T", "env:T_SINK", "env:T"]
    assert ConnectionSettings.model_validate_json(settings.model_dump_json()) == settings
    with pytest.raises(ValueError, match="role_credentials"):
        joined(toy, erp={"role_credentials": {"sink": {"token": "the secret itself"}}})
    with pytest.raises(ValueError, match="role_credentials"):
        joined(toy, erp={"role_credentials": {"writer": {"token": "env:T"}}})


def test_two_roles_that_would_end_each_others_session_are_refused(declared: Declare) -> None:
    system = declared(signs_in_as=("company_id", "token"))
    (line,) = refused(joined(system, erp={"credentials": {"token": "env:T"}}))
    assert line.startswith("erp.role_credentials: check signs in to Toy books with the same token as sink")
    assert refused(joined(system, **SIGNED)) == []
    assert refused(joined(declared(), erp={"credentials": {"token": "env:T"}})) == []
    values = {Role.SINK: {"token": "s3cret"}, Role.CHECK: {"token": "s3cret"}}
    (words,) = same_sign_ins(system, values)
    assert "s3cret" not in words
    assert list(same_sign_ins(system, {Role.SINK: {"token": "a"}, Role.CHECK: {"token": "b"}})) == []


def test_each_role_is_sealed_with_its_own_and_equal_values_are_refused_too(declared: Declare) -> None:
    names = {"client_id": "env:ID", "client_secret": "env:ID", "app_key": "env:ID"}
    settings = joined(declared(signs_in_as=("token",)), field_service={"credentials": names}, **SIGNED)
    sets = sets_of(settings, Sources({"T": "one", "T_SINK": "two", "ID": "x"}))
    shown = {
        name: sealed.secret["token"]
        for name, sealed in sets.items()
        if isinstance(sealed.secret, dict) and "token" in sealed.secret
    }
    assert shown == {"toybooks.poller": "one", "toybooks.sink": "two", "toybooks.check": "one"}
    with pytest.raises(Broken, match="check signs in to Toy books with the same token as sink") as told:
        sets_of(settings, Sources({"T": "s3cret", "T_SINK": "s3cret", "ID": "x"}))
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("who", [("operator",), ("company_id",)])
def test_who_signs_in_is_told_by_credentials_that_are_there(declared: Declare, who: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match="signs_in_as"):
        test_declarations.check_settings(declared(signs_in_as=who))
    test_declarations.check_settings(declared(signs_in_as=("token", "company_id")))


# --- objects larger than one answer -----------------------------------------------------------------------------------


class Kept:
    """Deliveries that keep what they are given."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []

    async def send_all(self, records: Iterable[Outgoing]) -> int:
        self.records += records
        return len(self.records)


def in_pieces(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """A bill whose lines come in further answers, each the id of one line."""
    blank = toy.blank("canonical.bill") | {
        "connection": "acme",
        "system": raw["system"],
        "entity": "bill",
        "source_id": raw["source_id"],
    }
    line = examples.canonical(SYSTEM.name, "bill.of_a_vendor")["lines"][0]
    return [Canonical("bill", blank | {"lines": [{**line, "line_id": one.decode()} for one in (raw["body"], *raw["further"])]})]


@pytest.mark.parametrize("further", [(), (b"2",), (b"2", b"3", b"\xff not json at all")])
async def test_a_raw_record_holds_every_answer_of_its_object(declared: Declare, further: tuple[bytes, ...]) -> None:
    system = declared(to_canonical=lambda raw, reading: in_pieces(cast("Raw", {**raw, "further": raw["further"][:2]}), reading))
    settings, kept, codec = Settings(), Kept(), offline_codec(records_of_topic())
    writing = Writing(settings, codec, cast("Deliveries", kept), VirtualClock())
    page = Page((Element("7", "v1", b"1", further),), "", more=False, digest="d")
    await writing.elements(Where("acme", system.name), How("bill", "object", "list"), page, enumerate(page.elements))
    (raw,) = kept.records
    assert codec.decode_one("raw.raw", raw.value)["further"] == list(further)
    context = Context(Snapshot({"acme": examples.connected(system)}), codec, str, 4, NOW)
    outcome = raw_to_canonical.apply([ConsumerRecord(raw.topic, 0, 0, raw.key, raw.value, None)], Forgetful(), context)
    (made,) = [codec.decode(output.value)[1] for output in outcome.outputs]
    assert [line["line_id"] for line in made["lines"]] == ["1", *(one.decode() for one in further[:2])]


def test_what_is_shown_again_is_told_by_all_of_its_answers() -> None:
    seen, first = WrittenElements(), Element("7", "v1", b"1", (b"2", b"3"))
    seen.remember("bills", first)
    assert seen.is_known("bills", first)
    others = [replace(first, further=one) for one in ((b"2", b"4"), (b"3", b"2"), (b"23",), (b"2",), ())]
    assert not any(seen.is_known("bills", one) for one in (*others, replace(first, body=b"123", further=())))
    run = Run()
    feed = Feed("bills", "bill", "token", "object", timedelta(minutes=1))
    assert not run.repeats(feed, Page((first,), "a", more=True, digest="d"))
    assert not run.repeats(feed, Page((others[0],), "b", more=True, digest="d"))
    assert run.repeats(feed, Page((first,), "c", more=True, digest="d"))


def test_raw_records_from_before_hold_one_answer() -> None:
    codec = offline_codec(records_of_topic())
    old = {name: value for name, value in toy.blank("raw.raw").items() if name != "further"}
    assert codec.decode_one("raw.raw", codec.encode(f"raw.{toy.SOURCE}", "raw.raw", old))["further"] == []


# --- parents ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What a sink knows of the documents of one source object."""

    held: Iterable[Ledger]
    linked: str | None = None
    paired: str | None = None

    def link(self, entity: str, source_id: str) -> str | None:
        return self.linked

    def pair(self, parent: Parent) -> str | None:
        return self.paired

    def entries(self, entity: str, source_id: str) -> Iterable[Ledger]:
        return self.held

    def stands(self, entry: Ledger) -> bool:
        return False


def entry(purpose: str, part: str = "", erp_id: str = "", action: str = "create") -> Ledger:
    """An entry of bill 7; with an id it is posted."""
    made = toy.blank("result.ledger") | {"purpose": purpose, "part": part, "action": action, "erp_id": erp_id, "state": e.HELD}
    return cast("Ledger", made | ({"state": e.POSTED} if erp_id else {}))


def link(purpose: str = "", part: str = "") -> Parent:
    return Parent(role="bill", entity="bill", source_id="7", purpose=purpose, part=part)


SALE, BILL, OTHER = entry("sale", erp_id="S1"), entry("payable", "V1", "B1"), entry("payable", "V2")


@pytest.mark.parametrize(
    ("parent", "known", "found"),
    [
        (link(), Known([BILL, SALE]), Parents({"bill/7": "B1"})),
        (Parent(role="bill", entity="bill", source_id="7"), Known([SALE, BILL]), Parents({"bill/7": "S1"})),
        (link("sale"), Known([BILL, SALE]), Parents({"sale|bill/7|": "S1"})),
        (link("payable"), Known([SALE, OTHER, BILL]), Parents({"payable|bill/7|": "B1"})),
        (link("payable", "V1"), Known([SALE, OTHER, BILL]), Parents({"payable|bill/7|V1": "B1"})),
        (link("payable", "V2"), Known([SALE, BILL, OTHER]), Parents(blocked={"bill/7": "held"})),
        (link(part="V2"), Known([SALE, BILL, OTHER]), Parents(blocked={"bill/7": "held"})),
        (link("order"), Known([SALE, BILL]), Parents(missing=("bill/7",))),
        (link("order"), Known([SALE, BILL], paired="L1"), Parents({"order|bill/7|": "L1"})),
        (link("payable", "V2"), Known([OTHER], paired="L1"), Parents(blocked={"bill/7": "held"})),
        (link("payable", "V1"), Known([entry("payable", action=BEFORE_CUTOVER)]), Parents(before_cutover=("bill/7",))),
        (link("payable"), Known([entry("sale", action=BEFORE_CUTOVER)]), Parents(missing=("bill/7",))),
        (link("payable"), Known([BILL], linked="L1"), Parents({"payable|bill/7|": "B1"})),
        (link("payable"), Known([], linked=""), Parents(missing=("bill/7",))),
        (link("master"), Known([], linked="L1"), Parents({"master|bill/7|": "L1"})),
        (link(), Known([BILL], linked="L1"), Parents({"bill/7": "L1"})),
    ],
)  # fmt: skip
def test_a_parent_is_the_document_of_its_purpose_and_part(parent: Parent, known: Known, found: Parents) -> None:
    assert resolve([parent], known) == found


def test_two_documents_of_one_source_object_are_two_parents() -> None:
    found = resolve([link("sale"), link("payable", "V1")], Known([SALE, BILL]))
    assert found.ids == {"sale|bill/7|": "S1", "payable|bill/7|V1": "B1"}
    assert link_name(link("a", "b|c")) != link_name(Parent(role="", entity="bill", source_id="7|b", purpose="a", part="c"))


async def test_a_bill_finds_the_order_of_its_own_source(declared: Declare, tmp_path: Path) -> None:
    orders = replace(BILLS, other_purposes=("order",))
    system = declared(to_commands=order_and_bill, flows=(orders,))
    async with ground(system, tmp_path) as on:
        order, bill = on.drafts("bill.of_a_vendor")
        case = await on.prepared("bill.of_a_vendor", "", *bill)
        (kept,) = await on.kept()
        assert kept.ref == order[1]["ref"]
        assert parent_id(case.command, "order", case.ids) == kept.id
        document = await on.written(case)
        assert document.number != kept.id


def test_links_that_say_nothing_of_purpose_and_part_keep_the_payload_hash(declared: Declare) -> None:
    """The hash of every document with parents would have moved with the schema."""

    def hashed(**said: str) -> str:
        parent = cast("Parent", {"role": "vendor", "entity": "vendor", "source_id": "7", **said})
        system = declared(to_commands=lambda *of: [replace(cast("Draft", one), parents=(parent,)) for one in to_commands(*of)])
        (command,) = commands(mapped(system))
        return str(command["payload_hash"])

    assert hashed() == hashed(purpose="", part="") == "0d7113cc8795f915a20604141f52652d67ba1a3bfbd6ac30f1fb8505a4d7b6e1"
    assert len({hashed(), hashed(purpose="master"), hashed(part="V1")}) == 3
