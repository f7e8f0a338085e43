"""What the reports read from the topics: each record through the real codec, in the order of the logs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from console.books.causes import causes
from console.books.chain import chains, of_objects
from console.books.gathered import gather
from console.books.journal import Days
from console.books.ledgers import held_rows, is_named, newest_entries
from console.cli.explain import documents_of, lines, which_one
from console.cli.held import lines as held_lines
from console.cli.held import none_or_many, total_of
from console.cli.journal import rows_of
from console.connections.applying import applied_once
from runtime.clock import ScaledClock
from runtime.errors import Broken
from schemas.records import Ledger
from services.sinks.entry import result_of
from tests.unit.console.entries import ERP, SOURCE, application, entry, example, not_due, settings
from tests.unit.console.recorded import CODEC, Recorded
from topology.configuration import Connected, Snapshot, Tables

LEDGER, COMMANDS, RESULTS = f"ledger.{ERP}", f"command.{ERP}", f"result.{ERP}"
NOW = datetime(2026, 12, 31, tzinfo=UTC)
SNAPSHOT = Snapshot({"acme": Connected(settings(), "v", "c", Tables())})


def written(*entries: dict[str, Any]) -> Recorded:
    made = Recorded()
    for one in entries:
        made.put(LEDGER, "result.ledger", one)
    return made


def invoice(source_id: str, **more: Any) -> dict[str, Any]:
    about = {"connection": "acme", "system": SOURCE, "entity": "invoice", "source_id": source_id, "number": f"N{source_id}"}
    return example("canonical.invoice", **{**about, "customer_name": "Jane Smith", "active": True, **more})


def charged(cluster: Recorded) -> dict[str, Decimal]:
    return {cause.key: cause.amount for cause in causes(gather(cluster, SNAPSHOT))}


@pytest.mark.parametrize("marked", [True, False], ids=["by its mark", "without a mark"])
def test_only_the_newest_state_of_an_op_key_counts(marked: bool) -> None:
    held = entry("invoice", "1", "HELD", "unmapped", detail="tax_zone=401", amount="10.00")
    other = entry("invoice", "2", "HELD", "unmapped", detail="tax_zone=401", amount="7.00")
    cluster = Recorded()
    for one in (held, other, entry("invoice", "1", "POSTED", amount="10.00")):
        cluster.put(LEDGER, "result.ledger", one, marked)
    assert charged(cluster) == {"unmapped:tax_zone=401": Decimal("7.00")}


def test_names_are_read_of_what_is_on_the_list_alone() -> None:
    held = entry("invoice", "1", "HELD", "unmapped", detail="tax_zone=401", amount="10.00")
    cluster = written(held)
    cluster.put("canonical.invoice", "canonical.invoice", invoice("1"))
    zone = example(
        "canonical.tax_zone", connection="acme", system=SOURCE, entity="tax_zone", source_id="401", number="401", name="Austin"
    )
    cluster.put("canonical.tax_zone", "canonical.tax_zone", zone)
    (cause,) = causes(gather(cluster, SNAPSHOT))
    assert cause.words == "tax zone 401 (Austin) has no row"
    assert cause.items[0].customer == "Jane Smith"


def test_what_a_document_waits_for_is_told_by_its_command() -> None:
    link = {"role": "invoice", "entity": "invoice", "source_id": "1", "purpose": "payable", "part": "V1"}
    command = CODEC.encode(COMMANDS, "command.ar_application", example("command.ar_application", parents=[link]))
    waits = {"waits_for": ["invoice/1"], "command": command}
    sale = entry("invoice", "1", "HELD", "unmapped", detail="tax_zone=401", amount="10.00")
    payable = {**sale, "purpose": "payable", "part": "V1", "op_key": "payable|V1", "detail": "tax_zone=402"}
    cluster = written(sale, payable, application("9", "1", "5.00", "invoice/1", **waits))
    found = {cause.key: [item.source_id for item in cause.items] for cause in causes(gather(cluster, SNAPSHOT))}
    assert found == {"unmapped:tax_zone=401": ["1"], "unmapped:tax_zone=402": ["1", "9/1"]}


def test_what_was_not_due_leaves_the_list_with_its_document_or_another_decision() -> None:
    cluster = written(entry("invoice", "1", "POSTED"))
    for decision in (not_due("invoice", "1", "10.00"), not_due("invoice", "2", "20.00"), not_due("invoice", "3", "30.00")):
        cluster.put("audit", "audit.audit", decision)
    cluster.put("audit", "audit.audit", not_due("invoice", "3", "30.00", decision="before_cutover"))
    cluster.put("audit", "audit.audit", not_due("invoice", "2", "25.00"))
    cluster.put("audit", "audit.audit", not_due("invoice", "2", "0.00", decision="duplicate", stage="raw_to_canonical"))
    assert charged(cluster) == {"not_due": Decimal("25.00")}


def test_what_was_voided_before_it_was_due_leaves_the_list() -> None:
    cluster = Recorded()
    cluster.put("audit", "audit.audit", not_due("invoice", "1", "10.00"))
    cluster.put("canonical.invoice", "canonical.invoice", invoice("1"))
    assert charged(cluster) == {"not_due": Decimal("10.00")}
    cluster.put("canonical.invoice", "canonical.invoice", invoice("1", active=False))
    assert charged(cluster) == {}


def test_the_application_of_a_payment_that_was_voided_unposted_is_closed() -> None:
    voided = entry("payment", "9", "SUPERSEDED", "voided", amount="10.00")
    cluster = written(application("9", "1", "10.00", "payment/9", detail="payment/9: superseded (voided)"), voided)
    assert charged(cluster) == {}
    cluster.put(LEDGER, "result.ledger", entry("payment", "9", "HELD", "refused", amount="10.00"))
    assert list(charged(cluster).values()) == [Decimal("10.00")], "it came back with a newer version"


def test_what_a_removed_connection_left_is_charged_to_its_removal_in_its_own_words() -> None:
    """It was told as before, with remedies that nobody can carry out any more."""
    cluster = written(entry("invoice", "1", "HELD", "unmapped", detail="tax_zone=401", amount="10.00"))
    cluster.put("audit", "audit.audit", not_due("invoice", "2", "5.00"))
    removed = Snapshot(removed={"acme": settings().model_dump_json()})
    (cause,) = causes(gather(cluster, removed))
    assert (cause.key, cause.words, cause.amount) == ("removed", "connection acme was removed", Decimal("15.00"))
    assert [item.flow for item in cause.items] == ["A1", "A1"]


def test_the_journal_of_a_removed_connection_keeps_its_zone() -> None:
    """`journal --connection` refused it, and its days were those of UTC."""
    cluster = Recorded()
    late = result_of(cast("Ledger", entry("invoice", "1", "POSTED", updated_at=datetime(2026, 3, 2, 3, tzinfo=UTC))))
    cluster.put(RESULTS, "result.result", cast("dict[str, Any]", late))
    days = Days(date(2026, 3, 1), date(2026, 3, 1), NOW)
    assert list(rows_of(cluster, Snapshot(), days, "acme")) == [], "in UTC it is the day after"
    removed = Snapshot(removed={"acme": settings().model_dump_json(), "older": "{}"})
    (row,) = [row for _, row in rows_of(cluster, removed, days, "acme")]
    assert row["at"] == "2026-03-01T21:00:00-06:00"
    applied_once(removed, "acme")
    with pytest.raises(Broken, match="not an applied connection"):
        applied_once(removed, "acne")


def test_a_command_that_no_sink_has_read_is_on_the_list_and_a_replayed_one_is_not() -> None:
    command = example("command.ar_invoice", connection="acme", system=ERP, source_system=SOURCE, amount=Decimal("10.00"))
    cluster = Recorded()
    cluster.put(COMMANDS, "command.ar_invoice", command)
    cluster.put(COMMANDS, "command.ar_invoice", {**command, "amount": Decimal("12.00")})
    assert charged(cluster) == {"unread": Decimal("12.00")}
    cluster.put(LEDGER, "result.ledger", entry("invoice", "7", "POSTED", op_key=command["op_key"]))
    assert charged(cluster) == {}


def test_what_could_not_be_read_leaves_the_list_when_a_later_version_is() -> None:
    key = f"acme/{SOURCE}/invoice/8"
    dead = example("audit.dead", key=key.encode(), amount=Decimal("10.00"), connection="acme")
    cluster = Recorded()
    cluster.put("canonical.invoice", "canonical.invoice", invoice("8"))
    cluster.put("dead", "audit.dead", dead)
    assert list(charged(cluster).values()) == [Decimal("10.00")]
    cluster.put("canonical.invoice", "canonical.invoice", invoice("8"))
    assert charged(cluster) == {}


def test_a_paused_connection_is_told_with_who_paused_it() -> None:
    cluster = written(entry("invoice", "1", "WAITING", "paused", amount="10.00"))
    about = {"connection": "acme", "system": "", "op_key": "", "action": "pause", "actor": "Ada", "reason": "month end"}
    cluster.put("control", "connection.control", example("connection.control", **about))
    (cause,) = causes(gather(cluster, SNAPSHOT))
    assert cause.words == "acme is paused by Ada: month end"
    cluster.put("control", "connection.control", example("connection.control", **{**about, "action": "resume"}))
    assert "by Ada" not in causes(gather(cluster, SNAPSHOT))[0].words


def test_a_decision_that_nobody_signed_is_nobody_s(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever can write to Kafka can write to `control`; sinks do not obey it, and no report tells of it."""
    cluster = Recorded()
    held = posted(cluster, entry("invoice", "1", "HELD", "refused", amount="10.00"))
    about = {"connection": "acme", "system": ERP, "op_key": held["op_key"], "action": "release", "actor": "cfo@acme", "reason": "x"}
    cluster.put("control", "connection.control", example("connection.control", **about), signed=False)
    pause = {**about, "op_key": "", "action": "pause"}
    cluster.put("control", "connection.control", example("connection.control", **pause), signed=False)
    rows = [row["event"] for _, row in rows_of(cluster, SNAPSHOT, Days(date(2026, 1, 1), date(2026, 12, 31), NOW), "acme")]
    assert rows == ["held"]
    assert gather(cluster, SNAPSHOT).pauses == {}
    assert "2 record(s) of control have no valid signature" in capsys.readouterr().err


# --- journal, explain, held --------------------------------------------------------------------------------------------


def posted(cluster: Recorded, one: dict[str, Any]) -> dict[str, Any]:
    """The ledger record and the result that the sink writes for it."""
    cluster.put(LEDGER, "result.ledger", one)
    result = result_of(one)  # type: ignore[arg-type]  # a ledger record
    assert result is not None
    cluster.put(RESULTS, "result.result", result)
    return one


def test_the_journal_names_customers_and_people() -> None:
    cluster = Recorded()
    cluster.put("canonical.invoice", "canonical.invoice", invoice("1"))
    held = posted(cluster, entry("invoice", "1", "HELD", "refused", amount="10.00"))
    about = {
        "connection": "acme",
        "system": ERP,
        "op_key": held["op_key"],
        "action": "skip",
        "actor": "Ada",
        "reason": "paid in cash",
    }
    cluster.put("control", "connection.control", example("connection.control", **about))
    posted(cluster, {**held, "state": "REJECTED", "reason": "skipped"})
    rows = [row for _, row in rows_of(cluster, SNAPSHOT, Days(date(2026, 1, 1), date(2026, 12, 31), NOW), "acme")]
    assert [(row["event"], row["actor"], row["customer"]) for row in rows] == [
        ("held", "ml-connector", "Jane Smith"), ("skipped", "Ada", "Jane Smith"),
    ]  # fmt: skip


def explained(cluster: Recorded, what: str) -> list[str]:
    found = list(newest_entries(cluster, lambda one: is_named(one, what)))
    told = list(chains(cluster, found, ScaledClock()) if found else of_objects(cluster, what, "", ScaledClock()))
    return [line for one, links in told for line in lines(one, links, settings().zone, False)]


def chained() -> tuple[Recorded, Ledger]:
    """Everything behind one posted invoice, as the services write it."""
    cluster = Recorded()
    body = b'{"id": 1}'
    raw = example(
        "raw.raw", connection="acme", system=SOURCE, entity="invoice", source_id="1", body=body, signature="none", how="fetch"
    )
    place = cluster.put(f"raw.{SOURCE}", "raw.raw", raw).rsplit("/", 2)
    about = {"raw_topic": place[0], "raw_partition": int(place[1]), "raw_offset": int(place[2])}
    place = cluster.put("canonical.invoice", "canonical.invoice", invoice("1", **about)).rsplit("/", 2)
    one = entry("invoice", "1", "POSTED", erp_id="9", erp_number="000004", amount="10.00")
    about = {"canonical_topic": place[0], "canonical_partition": int(place[1]), "canonical_offset": int(place[2])}
    command = example("command.ar_invoice", connection="acme", system=ERP, op_key=one["op_key"], amount=Decimal("10.00"), **about)
    cluster.put(COMMANDS, "command.ar_invoice", command)
    posted(cluster, one)
    return cluster, one  # type: ignore[return-value]  # a ledger record


def test_each_line_of_a_chain_tells_local_time_document_customer_actor_and_outcome() -> None:
    cluster, one = chained()
    shown = explained(cluster, "000004")
    assert shown[0].startswith(one["ref"])
    assert shown[1].strip() == "posted as 000004"
    whole = " ".join(shown)
    assert "ledger    2026-03-02 16:16:04" in whole, "half past ten in the evening in UTC is the afternoon in Chicago"
    assert "invoice N1, Jane Smith, by ml-connector: POSTED as 000004, 10.00 USD" in whole
    assert "by ServiceTitan: fetched by us (fetch), 9 bytes" in whole
    assert "signature none" not in whole
    assert max(map(len, shown)) <= 100


def test_a_number_of_several_documents_is_asked_about_and_its_parts_are_one() -> None:
    cluster, _ = chained()
    paid = entry("payment", "5", "POSTED", erp_id="8", erp_number="000004", amount="10.00")
    parts = {**application("5", "1", "10.00"), "source_number": "N5"}
    for one in (paid, parts):
        cluster.put(LEDGER, "result.ledger", one)
    found = list(newest_entries(cluster, lambda one: is_named(one, "000004")))
    assert len(documents_of(found)) == 2
    shown = " ".join(which_one("000004", found))
    assert "2 documents have that number. Which one?" in shown
    assert f"{paid['ref']}  payment N5 of acme, 10.00 USD: posted as 000004" in shown
    assert len(documents_of(list(newest_entries(cluster, lambda one: is_named(one, "N5"))))) == 1


def test_an_imported_balance_is_explained_although_it_has_no_document() -> None:
    cluster = Recorded()
    cluster.put("canonical.invoice", "canonical.invoice", invoice("3", raw_topic=f"raw.{SOURCE}"))
    cluster.put(
        "audit", "audit.audit", not_due("invoice", "3", "30.00", decision="before_cutover", detail="A1: an imported balance")
    )
    shown = " ".join(explained(cluster, "N3"))
    assert "imported balance, not posted" in shown
    assert "Jane Smith" in shown


def unreadable(source_id: str, **more: Any) -> dict[str, Any]:
    about = {"topic": f"raw.{SOURCE}", "partition": 2, "offset": 77, "stage": "raw_to_canonical", "reason": "total is not a number"}
    return example("audit.dead", key=f"acme/{SOURCE}/invoice/{source_id}".encode(), connection="acme", **about, **more)


@pytest.mark.parametrize("named", ["8", f"{SOURCE}/invoice/8"])
def test_what_cannot_be_read_is_explained_by_the_names_that_open_shows(named: str) -> None:
    """`open` listed the object with its amount, and `explain` knew no document of that id."""
    cluster = Recorded()
    cluster.put("dead", "audit.dead", unreadable("8"))
    cluster.put("dead", "audit.dead", unreadable("9"))
    shown = explained(cluster, named)
    assert shown[0] == "invoice 8"
    whole = " ".join(" ".join(shown).split())
    assert f"invoice 8, by raw_to_canonical: cannot be read: total is not a number; it is raw.{SOURCE}/2/77" in whole
    assert "invoice 9" not in whole
    assert list(of_objects(cluster, named, "other", ScaledClock())) == []


def test_a_later_version_that_cannot_be_read_is_told_with_the_document() -> None:
    cluster, one = chained()
    cluster.put("dead", "audit.dead", unreadable("1"))
    assert "cannot be read: total is not a number" in " ".join(" ".join(explained(cluster, one["ref"])).split())
    alone = Recorded()
    alone.put("canonical.invoice", "canonical.invoice", invoice("3", raw_topic=f"raw.{SOURCE}"))
    alone.put("dead", "audit.dead", unreadable("3"))
    whole = " ".join(explained(alone, "N3"))
    assert whole.count("cannot be read") == 1
    assert "Jane Smith" in whole


def test_a_decision_about_what_is_posted_says_as_what() -> None:
    cluster, one = chained()
    named = list(newest_entries(cluster, lambda found: is_named(found, one["ref"])))
    (line,) = none_or_many(one["ref"], [], named)
    assert line.endswith("already posted as 000004")
    assert next(none_or_many("N404", [], [])).startswith("N404: no document with that ref or number is known")


def test_the_list_of_what_is_held_fits_a_hundred_columns_and_ends_with_its_sum() -> None:
    held = [
        entry("invoice", str(n), "HELD", "refused", detail="because " * 40, amount="1234567.89", posting_date=None) for n in (1, 2)
    ]
    shown = list(held_lines(held_rows([{**one, "ref": "ST-IQP2MWD4LFACUZEDTTLX"} for one in held])))
    assert max(map(len, shown)) <= 100
    assert shown[-1] == "2 held, 2,469,135.78 USD"


def test_what_is_held_of_one_payment_is_counted_once() -> None:
    """A payment to the deposits account that was held, and the journals of its application in two ledger units, came to 1,100.00."""
    paid = entry("payment", "9", "HELD", "unmapped", amount="500.00", record="journal")
    halves = [
        application(
            "9", "1", "300.00", state="HELD", reason="unmapped", record="journal", source_id="9", part=part, op_key=f"x{part}"
        )
        for part in ("1", "receivable/1")
    ]
    rows = held_rows([paid, *halves])
    assert sorted((row["amount"], row["counted"]) for row in rows) == [(300, 0), (300, 0), (500, 500)]
    assert list(held_lines(rows))[-1] == "3 held, 500.00 USD"
    assert sorted(row["counted"] for row in held_rows(halves)) == [0, 300]
    assert list(held_lines(held_rows(halves)))[-1] == "2 held, 300.00 USD"


def test_a_held_change_shows_what_its_document_comes_to_and_not_only_what_it_adds() -> None:
    """A document of another day was held as a change of 0.00, and stood at the end of the list."""
    command = {**example("command.ar_invoice"), "amount": Decimal("324.75")}
    encoded = CODEC.encode("command.acumatica", "command.ar_invoice", command)
    changed = entry("invoice", "9", "HELD", "changed_after_post", action="correct", amount="0.00", command=encoded)
    changed["op_key"] += "|correct|1"
    other = entry("invoice", "8", "HELD", "unmapped", amount="100.00", command=encoded)
    rows = held_rows([other, changed], lambda one: total_of(one, CODEC.decode))
    assert [(row["amount"], row["document_amount"]) for row in rows] == [
        (Decimal("0.00"), Decimal("324.75")),
        (Decimal("100.00"), Decimal("100.00")),
    ]
    shown = " ".join(held_lines(rows))
    assert "the document is 324.75 at the source now" in shown
    assert shown.count("at the source now") == 1
