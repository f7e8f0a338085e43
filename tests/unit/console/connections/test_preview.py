"""Going live: what would be written, by the hop's own mapping; and what a person has to say before it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from console.books.ledgers import Bucket
from console.connections.ceilings import ceiling_notes, with_ceiling
from console.connections.changes import change
from console.connections.checks import lines_of
from console.connections.consent import Consent, gate, rows_asked_for
from console.connections.files import ConnectionFiles, TableRow
from console.connections.history import live_in
from console.connections.preview import Known, Load, Preview, besides, going_live, planned_connection, preview, unmatched, weigh
from console.connections.remapping import map_again
from console.matching.masters import Masters, never_read
from console.matching.score import Master
from systems.connection import Ceiling, ConnectionSettings
from tests import toy
from tests.unit.topology import hops
from topology.batch import ConsumerRecord, Context, NoState
from topology.canonical_to_command import apply as hop_2
from topology.configuration import Connected, Snapshot, tables_of
from topology.raw_to_canonical import apply as hop_1

NOTHING = Known(set(), set())


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    with hops.toys():
        yield


def canonical(*bodies: bytes) -> list[ConsumerRecord]:
    """The newest canonical records of invoices with these bodies."""
    raws = [hops.raw_record(number, toy.raw(f"i{number}", 1, body)) for number, body in enumerate(bodies)]
    return list(hops.canonical_records(hop_1(raws, NoState(), hops.context())))


def connected() -> Connected:
    return next(iter(hops.context().snapshot.connections.values()))


def grounded(one: Connected) -> Context:
    return replace(hops.context(), snapshot=Snapshot({"acme": one}))


READ = (
    b'{"total": 100.10}',
    b'{"total": 55725.58}',
    b'{"total": 7.00, "unit": "west"}',
    b'{"total": 8.00, "unit": "north"}',
    b'{"total": 9.00, "unit": "north"}',
    b'{"total": 3.00, "date": "2025-12-31"}',
    b'{"total": 4.00, "status": "Pending"}',
)


def test_what_going_live_would_write_is_told_with_what_is_early_and_what_is_held() -> None:
    made = preview(canonical(*READ), hops.context(), NOTHING)
    assert made.words() == (
        "would write 2 documents, 55,825.68 USD; 1 before cut-over; 3 held (2 unmapped business units), 24.00 USD"
    )
    assert made.amount == Decimal("55825.68")


def test_what_is_in_the_erp_already_is_not_written_again() -> None:
    records = canonical(*READ)
    keys = {one["op_key"] for one in commands(records)}
    assert preview(records, hops.context(), Known(keys, set())).written.count == 0


def commands(records: list[ConsumerRecord]) -> list[dict[str, Any]]:
    return hops.outputs(hop_2(records, NoState(), hops.context()), f"command.{toy.TARGET}")


def test_a_flow_that_stays_as_it_was_is_not_counted() -> None:
    one = connected()
    observing = one.settings.flows["A1"].model_copy(update={"mode": "observe"})
    settings = one.settings.model_copy(update={"flows": {"A1": observing}})
    assert preview(canonical(*READ), grounded(replace(one, settings=settings)), NOTHING).written.count == 0


def test_before_anything_is_read_this_is_said() -> None:
    made = preview([], hops.context(), NOTHING)
    assert made.words() == "would write 0 documents, 0.00 USD; nothing is read yet: what is read from now on is written at once"


def files(settings: ConnectionSettings, rows: tuple[TableRow, ...] = ()) -> ConnectionFiles:
    return ConnectionFiles(Path("c.yaml"), settings, rows)


def as_mode(mode: str) -> ConnectionSettings:
    return connected().settings.model_copy(update={"mode": mode})


def test_only_flows_that_begin_to_write_go_live() -> None:
    for before, after, count in (("observe", "live", 1), ("shadow", "live", 1), ("live", "live", 0), ("live", "shadow", 0)):
        now = Connected(as_mode(before), "", "", tables_of(()))
        assert len(going_live(change(files(as_mode(after)), now))) == count
    assert len(going_live(change(files(as_mode("live")), None))) == 1


def test_what_no_flow_brings_is_mapped_again_with_what_goes_live() -> None:
    """A return that was read while the connection observed was never held: it stayed `observed` in a connection that was live."""
    after, sent = as_mode("live"), list[str]()
    records = [
        SimpleNamespace(record={"connection": after.connection, "system": after.field_service.system, "entity": entity})
        for entity in ("invoice", "bill")
    ]
    cluster = SimpleNamespace(
        newest=lambda topics, of: {t: one for t in topics for one in records if t == f"canonical.{one.record['entity']}"}
    )
    publisher = SimpleNamespace(again=lambda _, seen: sent.append(seen.record["entity"]), acked=lambda: None)

    def again(before: str) -> int:
        made = change(files(after), Connected(as_mode(before), "", "", tables_of(())))
        return map_again(cast("Any", cluster), cast("Any", publisher), made)

    assert (again("observe"), sorted(sent)) == (2, ["bill", "invoice"])
    assert again("live") == 0


def test_the_mapping_is_done_with_the_tables_that_would_be_in_force() -> None:
    rows = (TableRow("business_unit", "east", {"account": "4000"}), TableRow("business_unit", "west", {"account": "4001"}))
    made = change(files(as_mode("live"), rows), None)
    found = preview(canonical(*READ), grounded(planned_connection(made, going_live(made))), NOTHING)
    assert (found.written.count, found.written.amount) == (3, Decimal("55832.68"))


@pytest.mark.parametrize(
    ("agreed", "refused"), [(None, True), (Decimal("55825.69"), True), (Decimal(0), True), (Decimal("55825.680"), False)]
)
def test_going_live_asks_for_the_amount(agreed: Decimal | None, refused: bool) -> None:
    made = preview(canonical(*READ), hops.context(), NOTHING)
    lines = lines_of(files(as_mode("live")), gate(made, Consent(amount=agreed, held=frozenset(made.names))))
    assert bool(lines) == refused
    if refused:
        assert "would write 2 documents, 55,825.68 USD" in lines[0]
        assert "apply with --yes 55825.68" in lines[0]


def test_what_would_be_held_stops_going_live_until_each_of_it_is_accepted_by_name() -> None:
    made = preview(canonical(*READ), hops.context(), NOTHING)
    assert {name: one.as_json() for name, one in made.names.items()} == {
        "business_unit=west": {"count": 1, "amount": "7.00"},
        "business_unit=north": {"count": 2, "amount": "17.00"},
    }
    lines = lines_of(files(as_mode("live")), gate(made, Consent(amount=made.amount)))
    assert lines[0] == (
        "mode.business_unit=north: going live would hold 2 document(s), 17.00 USD, for business_unit=north: give it a row or a decision, "
        "or apply with --accept-held 'business_unit=north'"
    )
    assert len(lines) == 2
    one = Consent(amount=made.amount, held=frozenset({"business_unit=north"}))
    assert len(list(gate(made, one))) == 1
    assert list(gate(made, Consent(amount=made.amount, held=frozenset(made.names)))) == []


def test_what_no_flow_brings_is_counted_where_a_connection_goes_live_for_the_first_time() -> None:
    """Each bill and deposit of a connection without a flow for it was held from the first minute, and nobody had been asked."""
    for before, is_first in ((None, True), ("observe", True), ("shadow", True), ("live", False)):
        now = Connected(as_mode(before), "", "", tables_of(())) if before is not None else None
        assert bool(besides(change(files(as_mode("live")), now))) == is_first
    of_bill = {"unresolved": [], "hold": "no_flow", "source_entity": "bill", "source_id": "1", "parents": [], "op_key": "k"}
    made = Preview("USD")
    weigh(made, [of_bill | {"amount": Decimal("5.00")}], set())
    assert set(made.names) == {"no_flow=bill"}


def test_masters_of_both_sides_without_any_pair_stop_going_live() -> None:
    ours, theirs = Master(id="1", name="Ana"), Master(id="C1", name="Ana")
    both = {"customer": Masters([ours], [theirs]), "vendor": Masters([ours], [])}
    assert unmatched(both, ["customer", "vendor"]) == ("customer",)
    assert unmatched({**both, "customer": Masters([ours], [theirs], {"1": ""})}, ["customer"]) == (), (
        "a person said that there is none"
    )
    made = Preview("USD", unmatched=("customer",))
    (asked,) = gate(made, Consent(amount=Decimal(0)))
    assert "the customers of both sides are not matched" in asked.words
    assert list(gate(made, Consent(amount=Decimal(0), unmatched=True))) == []


def test_masters_of_the_erp_that_were_never_read_stop_going_live_where_they_may_be_created() -> None:
    """Before the first poll the ERP seemed to have no customers: nothing was asked, and each of ours would have been created again."""
    own = connected().settings
    feeds = (SimpleNamespace(name="clients", entity="customer"), SimpleNamespace(name="suppliers", entity="vendor"))
    settings = SimpleNamespace(connection="acme", erp=SimpleNamespace(declared=SimpleNamespace(name="erp", feeds=feeds)))
    ours = Masters([Master(id="1", name="Ana")], [])
    moved = {"x": SimpleNamespace(record={"connection": "acme", "feed": "erp.suppliers"})}
    cluster = SimpleNamespace(newest=lambda *_, **__: moved)
    found = never_read(cast("Any", cluster), cast("Any", settings), {"customer": ours, "vendor": ours})
    assert found == {"customer"}, "an ERP that has no vendor was read"
    made = Preview(own.currency, unread=("customer",))
    (asked,) = gate(made, Consent(amount=Decimal(0)))
    assert "the customers of the ERP were never read" in asked.words
    assert list(gate(made, Consent(amount=Decimal(0), unmatched=True))) == []


def test_what_needs_a_master_that_nobody_matched_and_that_may_not_be_created_would_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """`plan` counted the orders of 32 vendors as written: a minute after going live 196,605.26 waited for vendors that were held."""
    order = {
        "op_key": "o",
        "source_entity": "purchase_order",
        "source_id": "9",
        "unresolved": (),
        "hold": "",
        "amount": Decimal(50),
    }
    order |= {"parents": [{"entity": "vendor", "source_id": "7", "role": "vendor"}], "posting_date": "2026-03-02"}
    vendor = {"op_key": "v", "source_entity": "vendor", "source_id": "7", "create_missing": False}
    made = SimpleNamespace(decisions=(), dead=(), commands=[("vendor", vendor), ("purchase_order", order)])
    monkeypatch.setattr("console.connections.preview.mapped", lambda *_: made)
    own = connected()

    def seen(known: Known, *allowed: str) -> Preview:
        settings = own.settings.model_copy(update={"create_missing": frozenset(allowed)})
        return preview([], grounded(replace(own, settings=settings)), known)

    held = seen(NOTHING)
    assert (held.masters, held.written.count, list(held.names)) == (0, 0, ["unmatched vendor"])
    for found in (seen(NOTHING, "vendor"), seen(Known(set(), {("vendor", "7")}))):
        assert (found.masters, found.written.count, list(found.names)) == (1, 1, [])


def test_the_busiest_day_is_that_with_most_documents_and_that_with_most_money() -> None:
    bodies = (b'{"total": 108.25, "date": "2026-03-01"}', b'{"total": 108.25, "date": "2026-03-02"}')
    made = preview(canonical(*bodies, b'{"total": 5000.00, "date": "2026-03-02"}'), hops.context(), NOTHING)
    assert made.joining.busiest == (2, Decimal("5108.25"))


def test_the_first_ceiling_is_twice_what_was_observed_unless_the_file_has_its_own() -> None:
    made = preview(canonical(*[b'{"total": 900.00}'] * 60), hops.context(), NOTHING)
    file = ConnectionSettings.model_validate(as_mode("live").model_dump(mode="json", exclude={"ceiling"}))
    first = with_ceiling(file, as_mode("observe"), made).ceiling
    assert (first.documents_per_hour, first.amount_per_hour) == (120, Decimal(108_000))
    few = preview(canonical(b'{"total": 1.00}'), hops.context(), NOTHING)
    least = with_ceiling(file, None, few).ceiling
    assert (least.documents_per_hour, least.amount_per_hour) == (50, Decimal(10_000))
    own = Ceiling(documents_per_hour=7)
    written = ConnectionSettings.model_validate({**as_mode("live").model_dump(mode="json"), "ceiling": own.model_dump(mode="json")})
    assert with_ceiling(written, None, made).ceiling == own
    in_force = as_mode("live").model_copy(update={"ceiling": first})
    assert with_ceiling(file, in_force, None).ceiling == first, "applying the same file again changes nothing"


def test_no_ceiling_is_made_up_where_nothing_was_observed_and_a_flow_that_joins_adds_to_it() -> None:
    """The least, 10,000 an hour, would stop the first larger invoice for good. A second flow with two documents lowered the ceiling of the one that
    was live, whose next busy hour paused the connection."""
    file = ConnectionSettings.model_validate(as_mode("live").model_dump(mode="json", exclude={"ceiling"}))
    unread = Preview("USD", is_read=False)
    assert with_ceiling(file, None, unread).ceiling == Ceiling()
    (told,) = ceiling_notes(Ceiling(), unread)
    assert told.endswith("; nothing was observed from which a lower one could come, so write `ceiling` into the file")
    (told,) = ceiling_notes(Ceiling(documents_per_hour=120), unread)
    assert told.endswith("; it is the one in force, `ceiling` in the file is another")
    in_force = as_mode("live").model_copy(update={"ceiling": Ceiling(documents_per_hour=120, amount_per_hour=Decimal(108_000))})
    few = preview(canonical(b'{"total": 1.00}'), hops.context(), NOTHING)
    joined = with_ceiling(file, in_force, few).ceiling
    assert (joined.documents_per_hour, joined.amount_per_hour) == (170, Decimal(118_000))
    assert ceiling_notes(joined, few) == [
        "ceiling of an hour: 170 documents, 118,000; it comes from the ceiling in force and what was observed, `ceiling` in the file is another"
    ]
    assert ceiling_notes(Ceiling(), None) == [], "a plan in observe said that the default came from what was observed"


def test_a_flow_that_returns_takes_what_was_observed_where_the_ceiling_in_force_is_only_the_default() -> None:
    """Where the first going-live had nothing observed, the default stayed for ever, and the note said that it came from what was observed."""
    file = ConnectionSettings.model_validate(as_mode("live").model_dump(mode="json", exclude={"ceiling"}))
    back = preview(canonical(*[b'{"total": 900.00}'] * 60), hops.context(), once_live())
    observed = Ceiling(documents_per_hour=120, amount_per_hour=Decimal(108_000))

    def given(mode: str, ceiling: Ceiling) -> tuple[Ceiling, str]:
        made = with_ceiling(file, as_mode(mode).model_copy(update={"ceiling": ceiling}), back).ceiling
        return made, ceiling_notes(made, back)[0].partition("; ")[2].partition(",")[0]

    more = Ceiling(documents_per_hour=300, amount_per_hour=Decimal(400_000))
    assert given("observe", Ceiling()) == (observed, "it comes from what was observed")
    assert given("observe", more) == (more, "it comes from the ceiling in force and what was observed")
    assert given("live", Ceiling()) == (Ceiling(), "it is the default"), (
        "flows that stay live, of which nothing is known, were limited"
    )


def once_live() -> Known:
    """All flows of the connection were live before, and none of their documents was written."""
    return Known(set(), set(), frozenset(flow.id for flow in going_live(change(files(as_mode("live")), None))))


def test_a_flow_that_comes_back_beside_a_new_one_is_not_added_again() -> None:
    """One new flow beside it, and everything that the returning flow had still to write was added once more."""
    file = ConnectionSettings.model_validate(as_mode("live").model_dump(mode="json", exclude={"ceiling"}))
    sixty = preview(canonical(*[b'{"total": 900.00}'] * 60), hops.context(), NOTHING)
    in_force = as_mode("live").model_copy(update={"ceiling": Ceiling(documents_per_hour=120, amount_per_hour=Decimal(108_000))})
    both = Preview("USD", joining=Load(Bucket(1, Decimal(1))), again=sixty.joining)
    made = with_ceiling(file, in_force, both).ceiling
    assert (made.documents_per_hour, made.amount_per_hour) == (170, Decimal(118_000))


def test_a_flow_that_goes_back_to_live_neither_adds_to_the_ceiling_again_nor_lowers_it() -> None:
    """From live to observe and back, each time, added its documents once more; where it was the only flow, the one invoice that was left to write
    made a ceiling of 50 documents of one of 120."""
    file = ConnectionSettings.model_validate(as_mode("live").model_dump(mode="json", exclude={"ceiling"}))
    ceiling = Ceiling(documents_per_hour=120, amount_per_hour=Decimal(108_000))
    beside, alone = (as_mode(mode).model_copy(update={"ceiling": ceiling}) for mode in ("live", "observe"))
    few = canonical(b'{"total": 1.00}')
    back = preview(few, hops.context(), once_live())
    assert (back.again.written.count, back.joining.written.count) == (1, 0)
    for before in (beside, alone):
        assert with_ceiling(file, before, back).ceiling == ceiling
    many = preview(canonical(*[b'{"total": 900.00}'] * 70), hops.context(), once_live())
    raised = with_ceiling(file, beside, many).ceiling
    assert (raised.documents_per_hour, raised.amount_per_hour) == (140, Decimal(126_000)), "what is written at once is not stopped"


def test_nothing_is_asked_where_nothing_goes_live() -> None:
    assert list(gate(None, Consent())) == []
    assert Preview("USD").amount == 0


def test_rows_that_would_be_removed_are_counted_and_need_consent(tmp_path: Path) -> None:
    row = TableRow("business_unit", "east", {"account": "4000"})
    now = Connected(as_mode("observe"), "", "", tables_of([row.as_record()]))
    made = change(files(as_mode("observe")), now)
    assert made.totals == "0 to set, 1 to remove"
    (asked,) = rows_asked_for(made, Consent())
    assert "1 row(s) in force are no longer in any table and would be removed (business_unit 1)" in asked.words
    assert "--remove-rows" in asked.words
    assert list(rows_asked_for(made, Consent(remove_rows=True))) == []


def test_what_a_held_document_is_settled_by_waits_with_it(tmp_path: Path) -> None:
    blank = toy.blank("command.ar_invoice") | {
        "source_entity": "invoice",
        "source_id": "1",
        "amount": Decimal(5),
        "unresolved": ["term=x"],
    }
    receipt = blank | {
        "source_entity": "payment", "source_id": "2", "unresolved": [], "op_key": "p",
        "parents": [{"role": "invoice", "entity": "invoice", "source_id": "1"}, {"role": "customer", "entity": "customer", "source_id": "7"}],
    }  # fmt: skip
    made = Preview("USD")
    weigh(made, [receipt, blank], {("customer", "7")})
    assert made.words() == (
        "would write 0 documents, 0.00 USD; 2 held (1 document that waits for a held invoice, 1 unmapped term), 10.00 USD"
    )
    alone = Preview("USD")
    weigh(alone, [receipt], set())
    assert alone.causes == {"unmatched customer": {"7"}}


def test_a_record_that_cannot_be_mapped_is_counted_as_held() -> None:
    broken = ConsumerRecord("canonical.invoice", 0, 7, b"acme/x", b"\x00 no record", None)
    made = preview([*canonical(READ[0]), broken], hops.context(), NOTHING)
    assert made.words() == "would write 1 document, 100.10 USD; 1 held (1 unreadable record), 0.00 USD"


def test_which_flows_were_live_before_is_known_from_every_version_since_the_connection_was_last_removed() -> None:
    def version(mode: str, removed: bool = False) -> dict[str, Any]:
        return {"settings": as_mode(mode).model_dump_json(), "removed": removed}

    flows = as_mode("live").live_flows
    assert flows
    assert live_in([version("observe")]) == frozenset()
    assert live_in([version("live"), {"settings": "{}", "removed": False}, version("observe")]) == flows
    assert live_in([version("live"), version("live", removed=True), version("observe")]) == frozenset()
