"""Everything that is not in the ERP, each amount once, charged to its root cause."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len

from console.books.causes import causes
from console.books.opened import About, Cause, Facts, Source, grouped, total
from console.cli.open import lines_of
from schemas.records import Ledger
from services.sinks.gate import View, gate
from services.sinks.parents import Parents
from tests.unit.console.entries import about, application, entry, example, facts, not_due


def told(of: Facts) -> dict[str, Cause]:
    return {cause.key: cause for cause in causes(of)}


def numbers(cause: Cause) -> list[str]:
    return sorted(item.source_id for item in cause.items)


def test_a_value_without_a_row_is_one_cause_with_the_money_of_all_its_documents() -> None:
    held = [entry("invoice", str(n), "HELD", "unmapped", detail="tax_zone=401", amount="1794.29") for n in range(13)]
    held.append(entry("invoice", "13", "HELD", "unmapped", detail="tax_zone=401; term=Net 90", amount="1794.23"))
    (cause,) = causes(facts(*held, about=about(tax_zone_401="Austin")))
    assert (cause.key, cause.words) == ("unmapped:tax_zone=401", "tax zone 401 (Austin) has no row")
    assert "tax_zone.csv" in cause.remedy
    assert (len(cause.items), cause.amount) == (14, Decimal("23320.00") + Decimal("1800.00"))
    assert lines_of([cause], False)[0] == "tax zone 401 (Austin) has no row: 14 invoices, 25,120.00"


@pytest.mark.parametrize(
    ("note", "words", "remedy"),
    [
        ("business_unit=Plumbing - East", "business unit Plumbing - East has no row", "business_unit.csv"),
        ("tax_zone.account=401", "tax zone 401 has no account", "column"),
        ("business_unit.customer=North", "business unit North has no customer", "business_unit.csv"),
        ("setting=accounts.rounding", "the setting accounts.rounding is empty", "accounts.rounding"),
        ("invoice_date=none", "the document has no date", "ServiceTitan"),
        ("payment_type=none", "the document names no payment type", "ServiceTitan"),
        ("vendor=Ferguson", "vendor Ferguson is not known", "ServiceTitan"),
        ("line_type=a=b", "line type a=b has no row", "line_type.csv"),
    ],
)
def test_each_kind_of_gap_says_what_is_missing_and_where_to_put_it(note: str, words: str, remedy: str) -> None:
    (cause,) = causes(facts(entry("invoice", "1", "HELD", "unmapped", detail=note, amount="1.00")))
    assert cause.words == words
    assert remedy in cause.remedy or remedy == "column"
    assert "{" not in cause.remedy


def test_an_unmatched_customer_carries_what_waits_for_it_and_each_amount_counts_once() -> None:
    customer = entry("customer", "5", "HELD", "create_missing", detail="match it, or allow creating it")
    invoice = entry("invoice", "7", "WAITING", "parent", waits_for=["customer/5"], amount="120.00")
    payment = entry("payment", "9", "WAITING", "parent", waits_for=["customer/5"], amount="120.00")
    applied = application("9", "1", "120.00", "payment/9", "invoice/7")
    (cause,) = causes(facts(customer, invoice, payment, applied, about=about(customer_5="Jane Smith")))
    assert cause.key == "create_missing:customer/5"
    assert cause.words == "customer 5 (Jane Smith) has no partner in Acumatica"
    assert "match acme" in cause.remedy
    assert numbers(cause) == ["5", "7", "9", "9/1"]
    assert cause.amount == Decimal("240.00"), "the application moves no money beside its payment and its invoice"
    assert cause.as_json()["amount"] == "240.00"


def test_two_journals_of_one_application_count_once() -> None:
    """The payment is posted; of its application each ledger unit keeps a journal, and both were held with 300.00."""
    halves = [
        application(
            "9",
            "1",
            "300.00",
            state="HELD",
            reason="period_closed",
            record="journal",
            source_id="9",
            part=part,
            op_key=f"x{part}",
            waits_for=[],
        )
        for part in ("1", "receivable/1")
    ]
    assert sum(cause.amount for cause in causes(facts(*halves))) == Decimal("300.00")
    assert sum(cause.amount for cause in causes(facts(halves[1]))) == Decimal("300.00"), "the other half is posted"


def test_what_waits_for_a_held_document_is_charged_to_why_that_is_held() -> None:
    """The payment is posted; only its application waits for an invoice without a tax row, whose amount it shares."""
    invoice = entry("invoice", "7", "HELD", "unmapped", detail="tax_zone=402", amount="80.00")
    applied = application("9", "1", "80.00", "invoice/7")
    again = application("9", "2", "20.00", "payment/9/1", detail="payment/9/1: waiting (parent)")
    (cause,) = causes(facts(invoice, applied, again))
    assert (cause.key, cause.amount) == ("unmapped:tax_zone=402", Decimal("100.00"))
    assert {item.source_id: item.amount for item in cause.items} == {"7": 80, "9/1": 0, "9/2": 20}


@pytest.mark.parametrize(
    ("purpose", "part", "key"), [("payable", "V1", "V1"), ("payable", "V2", "V2"), ("sale", "", "sale"), ("", "", "sale")]
)
def test_of_several_documents_of_one_source_the_one_that_is_waited_for_is_the_cause(purpose: str, part: str, key: str) -> None:
    """The first document of the invoice was taken, whatever it stands for."""
    made = [("sale", "sale", ""), ("V1", "payable", "V1"), ("V2", "payable", "V2")]
    held = [
        entry("invoice", "7", "HELD", "unmapped", detail=f"tax_zone={name}", purpose=own, part=of, op_key=f"{own}|{of}")
        for name, own, of in made
    ]
    link = {"role": "invoice", "entity": "invoice", "source_id": "7", "purpose": purpose, "part": part}
    waiting = {**application("9", "1", "80.00", "invoice/7"), "parents": [link]}
    (cause,) = [one for one in causes(facts(*held, waiting)) if "9/1" in numbers(one)]
    assert cause.key == f"unmapped:tax_zone={key}"


def test_a_master_that_waits_for_its_own_partner_is_to_be_matched() -> None:
    waiting = entry("vendor", "5", "WAITING", "parent", detail="missing: vendor/5", waits_for=["vendor/5"])
    (cause,) = causes(facts(waiting, about=about(vendor_5="Ferris")))
    assert (cause.key, "match acme" in cause.remedy) == ("create_missing:vendor", True)


def test_an_application_that_nothing_else_carries_has_its_amount() -> None:
    (cause,) = causes(facts({**application("9", "1", "55.00"), "state": "HELD", "reason": "refused", "detail": "Error 7"}))
    assert cause.amount == Decimal("55.00")


def test_the_entry_that_the_gate_itself_makes_is_charged_to_its_parent() -> None:
    """Not a hand-made wait: what `services/sinks/gate.py` writes for a customer that is held."""
    view = View(at=entry("invoice", "7", "NEW")["updated_at"], parents=Parents(blocked={"customer/5": "held (create_missing)"}))
    command = example("command.ar_invoice", unresolved=[], hold="")
    fresh: Ledger = entry("invoice", "7", "NEW", amount="9.00")  # type: ignore[assignment]  # a ledger record
    waiting: Any = gate(fresh, command, view)  # type: ignore[arg-type]  # a command record
    customer = entry("customer", "5", "HELD", "create_missing")
    assert numbers(told(facts(customer, waiting))["create_missing:customer/5"]) == ["5", "7"]


def test_a_hold_for_a_parent_that_explicitly_has_no_partner_is_charged_to_that_parent() -> None:
    held = entry("invoice", "7", "HELD", "parent_missing", detail="customer/5: explicitly without partner", amount="9.00")
    assert told(facts(held))["create_missing:customer/5"].amount == Decimal("9.00")


def test_a_parent_that_never_came_is_named() -> None:
    held = entry(
        "payment", "9", "HELD", "parent_missing", detail="did not come: customer/5", waits_for=["customer/5"], amount="9.00"
    )
    (cause,) = causes(facts(held))
    assert cause.key == "missing:customer/5"
    assert cause.words == "customer 5 has not been read yet"
    assert "poll acme --now" in cause.remedy


def test_two_that_wait_for_each_other_end() -> None:
    one = entry("invoice", "1", "WAITING", "parent", waits_for=["invoice/2"], amount="1.00")
    other = entry("invoice", "2", "WAITING", "parent", waits_for=["invoice/1"], amount="2.00")
    assert sum(cause.amount for cause in causes(facts(one, other))) == Decimal("3.00")


def test_what_is_not_due_yet_is_on_the_list_and_carries_what_waits_for_it() -> None:
    pending = not_due("invoice", "7", "300.00")
    applied = application("9", "1", "300.00", "invoice/7")
    (cause,) = causes(facts(applied, undecided=[pending]))
    assert (cause.key, cause.words) == ("not_due", "not posted in ServiceTitan yet")
    assert (len(cause.items), cause.amount) == (2, Decimal("300.00"))
    assert {item.state for item in cause.items} == {"not due", "waiting"}


def test_each_flow_that_only_observes_is_named_with_its_own_documents() -> None:
    """Customers and payments stood under the flow of invoices, whichever was read first."""
    told = [("customer", "1", "0.00", "A4"), ("invoice", "2", "120.00", "A1"), ("payment", "3", "20.00", "A2")]
    decisions = [
        not_due(entity, key, amount, decision="observed", detail=f"{flow}: flow {flow} only observes; it would write something")
        for entity, key, amount, flow in told
    ]
    found = {cause.words: [item.kind for item in cause.items] for cause in causes(facts(undecided=decisions))}
    assert found == {
        "read while flow A1 only observes": ["invoice"],
        "read while flow A2 only observes": ["payment"],
        "read while flow A4 only observes": ["customer"],
    }


def test_what_no_flow_brings_and_the_connection_only_observed_is_told_in_words() -> None:
    """`read while flow flow  only observes; it would write manual_entry only observes`, stood there, and what to do was done already."""
    detail = "the connection only observes; no flow brings it, and going live holds it for a person"
    (cause,) = causes(facts(undecided=[not_due("return", "7", "44.25", decision="observed", detail=detail)]))
    assert cause.words == "read while the connection only observes, and brought by no flow"
    assert cause.remedy == "going live holds it: enter it by hand then, or name it in left_out"


def test_what_was_voided_before_it_was_due_is_not_on_the_list() -> None:
    place = Source("acme", "invoice", "7")
    assert causes(facts(undecided=[not_due("invoice", "7", "300.00")], about={place: About("Jane", "7", active=False)})) == []


def test_the_application_of_a_payment_that_was_voided_before_it_was_posted_is_closed() -> None:
    applied = application("9", "1", "300.00", "payment/9", "invoice/7", detail="payment/9: superseded (voided)")
    assert causes(facts(applied, ended={Source("acme", "payment", "9"): "voided at the source before it was written"})) == []


def test_the_application_to_an_invoice_that_was_voided_is_a_persons() -> None:
    applied = application("9", "1", "300.00", "invoice/7", detail="invoice/7: superseded (voided)")
    (cause,) = causes(facts(applied, ended={Source("acme", "invoice", "7"): "voided at the source before it was written"}))
    assert cause.key == "ended:invoice/7"
    assert cause.amount == Decimal("300.00")


def test_a_change_of_a_document_that_is_to_be_reversed_counts_once() -> None:
    posted = entry("invoice", "7", "POSTED")["op_key"]
    change = entry("invoice", "7", "HELD", "changed_after_post", action="correct", op_key=f"{posted}|correct|1", amount="20.00")
    void = entry("invoice", "7", "HELD", "void_not_built", record="reversal", action="void", amount="100.00")
    assert sum(cause.amount for cause in causes(facts(change, void))) == Decimal("100.00")
    assert sum(cause.amount for cause in causes(facts(change))) == Decimal("20.00")


def test_refusals_that_differ_in_numbers_alone_are_one_cause_and_periods_are_not() -> None:
    refused = [entry("invoice", str(n), "HELD", "refused", detail=f"invoice {n} exceeds the limit", amount="1.00") for n in (1, 2)]
    periods = [
        entry("invoice", str(n), "HELD", "period_closed", detail=f"period 0{n}-2026 is closed", amount="1.00") for n in (3, 4)
    ]
    found = causes(facts(*refused, *periods))
    assert sorted(len(cause.items) for cause in found) == [1, 1, 2]


def test_changes_and_voids_of_different_documents_are_one_cause_whatever_the_numbers_of_the_erp_look_like() -> None:
    details = ("source 2026-03-03T12:04:54Z wants 0 USD, written is 7949.03 (POSTED QCEGLXROVZ)", "written is 1.00 (POSTED 000056)")
    changes = [entry("invoice", str(n), "HELD", "changed_after_post", detail=one) for n, one in enumerate(details)]
    own = "the bill was cancelled: reverse it, then skip this: {} has to be reversed by a person"
    voids = [
        entry("bill", number, "HELD", "cancellation_not_built", detail=own.format(number)) for number in ("QCEGLXROVZ", "000001")
    ]
    found = {cause.key.partition(":")[0]: cause for cause in causes(facts(*changes, *voids))}
    assert {key: len(cause.items) for key, cause in found.items()} == {"changed_after_post": 2, "cancellation_not_built": 2}
    assert found["changed_after_post"].words == "the source changed after the document was written"
    assert "000001" not in found["cancellation_not_built"].words


@pytest.mark.parametrize(
    ("state", "reason", "more", "words"),
    [
        ("WAITING", "window", {}, "its posting window opens"),
        ("WAITING", "system_down", {"detail": "503"}, "Acumatica: the system did not take it"),
        ("WAITING", "credentials", {"detail": "401"}, "Acumatica: the system refused our credentials"),
        ("WAITING", "erp_batch", {}, "created; waiting for Acumatica's posting run"),
        ("WAITING", "observe", {}, "the flow only observes"),
        ("INTENT", "", {"intent_attempt": 1}, "it is being written"),
        ("NEW", "", {}, "about to be looked up"),
        ("HELD", "a_rule_of_a_mapping", {"detail": "because"}, "a rule of a mapping (because)"),
    ],
)
def test_every_state_says_for_what(state: str, reason: str, more: dict[str, Any], words: str) -> None:
    (cause,) = causes(facts(entry("invoice", "1", state, reason, amount="1.00", **more)))
    assert words in cause.words
    assert cause.remedy


def test_an_unread_command_and_an_unreadable_record_are_on_the_list() -> None:
    command = example("command.ar_invoice", system="acumatica", source_system="servicetitan", record="ar_invoice")
    dead = example("audit.dead", key=b"acme/servicetitan/invoice/8", amount=Decimal("12.00"), connection="acme")
    found = told(facts(unread=[command], dead=[dead]))
    assert found["unread"].amount == command["amount"]
    (unreadable,) = [cause for key, cause in found.items() if key.startswith("dead:")]
    assert (numbers(unreadable), unreadable.amount) == (["8"], Decimal("12.00"))


def test_unmatched_masters_for_which_nothing_waits_are_one_line() -> None:
    lonely = [entry("customer", str(n), "HELD", "create_missing") for n in range(30)]
    invoice = entry("invoice", "7", "WAITING", "parent", waits_for=["customer/5"], amount="9.00")
    found = told(facts(*lonely, invoice))
    assert {key: len(cause.items) for key, cause in found.items()} == {
        "create_missing:customer/5": 2,
        "create_missing:customer": 29,
    }


def test_two_connections_have_causes_of_their_own_and_currencies_are_not_added() -> None:
    here = entry("invoice", "1", "HELD", "unmapped", detail="tax_zone=401", amount="10.00")
    there = entry("invoice", "1", "HELD", "unmapped", detail="tax_zone=401", amount="5.00", connection="beta")
    abroad = entry("invoice", "2", "HELD", "unmapped", detail="tax_zone=401", amount="7.00", currency="CAD")
    found = causes(facts(here, there, abroad))
    assert [(cause.connection, cause.amount) for cause in found] == [
        ("acme", Decimal(10)),
        ("acme", Decimal(7)),
        ("beta", Decimal(5)),
    ]
    assert total([item for cause in found for item in cause.items]) == {
        "count": 3, "amount": "15.00", "currency": "USD", "other_currencies": {"CAD": "7.00"},
    }  # fmt: skip


def test_programs_get_the_contract() -> None:
    (cause,) = causes(facts(entry("invoice", "1", "HELD", "unmapped", detail="tax_zone=401", amount="10.5000")))
    shown = cause.as_json()
    assert set(shown) == {"cause", "words", "remedy", "count", "amount", "documents"}
    assert (shown["count"], shown["amount"], shown["documents"][0]["amount"]) == (1, "10.50", "10.50")
    assert shown["documents"][0]["flow"] == "A1"


def test_documents_can_be_grouped_by_customer_and_by_flow() -> None:
    mine = [entry("invoice", n, "HELD", "unmapped", detail="tax_zone=401", amount="10.00") for n in ("1", "2")]
    found = [item for cause in causes(facts(*mine, about=about(invoice_1="Jane", invoice_2="Bo"))) for item in cause.items]
    assert [(name, len(items)) for name, items in grouped(found, "customer")] == [("Bo", 1), ("Jane", 1)]
    assert [(name, len(items)) for name, items in grouped(found, "flow")] == [("acme A1", 2)]


def test_the_list_fits_a_hundred_columns() -> None:
    held = entry("invoice", "1" * 30, "HELD", "refused", detail="x" * 300, amount="123456789.12", ref="ST-IQP2MWD4LFACUZEDTTLX")
    lines = lines_of(causes(facts(held, about={Source("acme", "invoice", "1" * 30): About("王大明 A very long name " * 5)})), True)
    assert max(map(cell_len, lines)) <= 100
