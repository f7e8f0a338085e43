"""What an object of the source wants, by the hop's own mapping: also of what no flow of the connection brings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from console.reconcile.mapped import Mapper
from console.reconcile.rules import Facts, judge
from console.reconcile.sides import Booked, Issued, Known, Wanted, posted, summed, wanted_of
from tests.property.test_nothing_vanishes import codec, commands, joined, passed, plain
from topology.batch import ConsumerRecord, Context
from topology.configuration import Snapshot

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def issued(erp: str, record: dict[str, Any]) -> Issued:
    """The one flow that takes a record, or none."""
    made, topic = joined(erp), f"canonical.{record['entity']}"
    around = Context(Snapshot({made.settings.connection: made}), codec(), str, 4, NOW)
    consumed = ConsumerRecord(topic, 0, 0, b"k", codec().encode(topic, topic, record), [])
    (found,) = Mapper(made, around).issued([consumed])
    return found


@pytest.mark.parametrize(
    ("more", "decision"),
    [
        ({"status": "Pending"}, "not_due"),
        ({"bill_date": date(2025, 12, 31)}, "before_cutover"),
        ({"origin_ref": "ST-X"}, "own_origin"),
    ],
)
def test_a_bill_that_no_flow_brings_is_not_due_or_left_out_for_the_reason_that_it_has(more: dict[str, Any], decision: str) -> None:
    """Each was told as `no_flow`, which nothing explains: a bill that nobody had posted yet made the vendor's balance different."""
    found = issued("peoplesoft", plain("bill", "336.75", **more))
    assert (found.flow, found.decision, found.amount) == ("", decision, Decimal("336.75"))


def test_a_bill_that_is_due_and_that_no_flow_brings_is_the_held_document_that_a_person_enters() -> None:
    found = issued("peoplesoft", plain("bill", "336.75"))
    assert [(one.record, one.amount) for one in found.wanted] == [("manual_entry", Decimal("336.75"))]
    assert found.decision == ""


def test_the_reason_of_a_flow_is_told_without_its_id() -> None:
    found = issued("acumatica", plain("bill", "336.75", status="Pending"))
    assert (found.flow, found.decision) == ("A3", "not_due")
    assert not found.words.startswith("A3")


def test_a_credit_memo_is_wanted_with_the_sign_of_its_source() -> None:
    """The command takes 60.00 from the receivable, and the source shows a credit memo of 60.00: the two differed by 120.00."""
    for kind, command in commands(passed(joined("acumatica"), plain("credit_memo", "60.00"))):
        if kind in ("ar_credit_memo", "manual_entry"):
            assert wanted_of(kind, command).amount == Decimal("60.00")


def test_the_days_on_which_a_payment_settles_are_known() -> None:
    """An ERP shows the day of the newest application as the payment's: that was told as a change by somebody there."""
    one = {"application_id": "1", "document_id": "7", "document_number": "", "amount": Decimal(10), "applied_on": date(2026, 3, 9)}
    found = issued("acumatica", plain("payment", "10.00", applications=[one]))
    assert found.settled_on == {date(2026, 3, 9)}


@pytest.mark.parametrize(
    ("state", "on", "kinds"),
    [
        ("POSTED", None, []),
        ("POSTED", date(2026, 3, 6), []),
        ("POSTED", date(2026, 3, 5), ["edited_in_erp"]),
        ("SUPERSEDED", None, ["edited_in_erp"]),
    ],
)
def test_the_day_on_which_an_application_was_taken_back_is_known(state: str, on: date | None, kinds: list[str]) -> None:
    """Acumatica shows it as the payment's own, and the source has nothing on that day: it was told as a change by somebody there."""
    day, later, amount = date(2026, 3, 2), date(2026, 3, 6), Decimal("179.00")
    told = ("collection", "apply", state, "", "", -amount, "", on, NOW)
    known = [Known("k|apply|correct|1", "ST-B", "reversal", *told)]
    wanted = Wanted("k", "ST-A", "ar_receipt", "create", "collection", amount, day, ())
    named = ("A2", "payment", "1", "N1", day, amount, "USD", True, "f", "7", "Ana", "")
    booked = Booked("payment", "P1", "P1", "ST-A", later, "", "C1", amount, "USD", True, settled=Decimal(0))
    facts = Facts(by_ref={"ST-A": [booked]}, entries={("payment", "1"): known})
    found = judge(Issued(*named, wanted=(wanted,), settled=Decimal(0)), facts).findings
    assert [one.kind for one in found if one.kind != "wrong_period"] == kinds


def test_the_journal_of_a_refund_is_less_than_nothing() -> None:
    """Its debits were taken for its amount: a refund of 120.00 that was posted as it is differed by 240.00."""
    lines = summed([("120000", {}, Decimal("120.00")), ("100200", {}, Decimal("-120.00"))])
    day, less = date(2026, 3, 2), Decimal("-120.00")
    wanted = Wanted("k", "ST-A", "journal", "create", "collection", less, day, lines, control=frozenset({"120000", "100200"}))
    named = ("P2", "payment", "1", "N1", day, less, "USD", True, "f", "7", "Ana", "")
    booked = Booked("journal", "J1", "J1", "ST-A", day, "", "", Decimal(0), "USD", True, lines)
    judged = judge(Issued(*named, wanted=(wanted,)), Facts(by_ref={"ST-A": [booked]}))
    assert (judged.erp, judged.findings) == (((day, less),), ())


FIFTY = (("401000", "50.00"), ("400000", "-50.00"))


@pytest.mark.parametrize(
    ("booked", "kinds"),
    [
        ([FIFTY], []),
        ([(("120000", "179.00"), ("400000", "-179.00")), (("400000", "179.00"), ("120000", "-179.00")), FIFTY], []),
        ([(("401000", "70.00"), ("400000", "-70.00"))], ["edited_in_erp"]),
    ],
    ids=["as it is", "after a correction", "edited"],
)
def test_the_journal_of_a_sale_that_comes_to_nothing_is_compared_by_its_accounts(booked: list[Any], kinds: list[str]) -> None:
    """No line of it is on the receivable, and its debits were taken for its amount: 50.00 were told as edited in the ERP."""
    day, nothing = date(2026, 3, 2), Decimal("0.00")

    def of(lines: Any) -> Any:
        return summed((account, {}, Decimal(amount)) for account, amount in lines)

    wanted = Wanted("k", "ST-A", "journal", "create", "sale", nothing, day, of(FIFTY))
    named = ("P1", "invoice", "1", "N1", day, nothing, "USD", True, "f", "7", "Ana", "")
    refs = ["ST-A", "ST-B", "ST-B"]
    shown = {ref: [_journal(f"J{n}", ref, of(booked[n])) for n in range(len(booked)) if refs[n] == ref] for ref in set(refs)}
    known = [Known(f"k{more}", ref, "journal", "sale", "create", "POSTED", "", "", nothing, "f", day, NOW) for more, ref in _BOTH]
    facts = Facts(by_ref={ref: found for ref, found in shown.items() if found}, entries={("invoice", "1"): known[: len(booked)]})
    assert [one.kind for one in judge(Issued(*named, wanted=(wanted,)), facts).findings] == kinds


_BOTH = (("", "ST-A"), ("|correct|1", "ST-B"))


def _journal(key: str, ref: str, lines: Any) -> Booked:
    return Booked("journal", key, key, ref, date(2026, 3, 2), "", "", Decimal(0), "USD", True, lines)


def test_what_a_payment_settles_is_compared_after_it_was_written_anew() -> None:
    """A payment that was voided and counts again stood in the ERP without what it settles, and nothing told it."""
    day, amount = date(2026, 3, 2), Decimal("179.00")
    known = [
        Known(f"k{more}", ref, "ar_receipt", "collection", "create", "POSTED", "", "", amount, "f", day, NOW) for more, ref in _BOTH
    ]
    wanted = Wanted("k", "ST-A", "ar_receipt", "create", "collection", amount, day, ())
    named = ("A2", "payment", "1", "N1", day, amount, "USD", True, "f", "7", "Ana", "")
    anew = Booked("payment", "P2", "P2", "ST-B", day, "", "C1", amount, "USD", True, settled=Decimal(0))
    facts = Facts(by_ref={"ST-B": [anew]}, entries={("payment", "1"): known})
    (one,) = judge(Issued(*named, wanted=(wanted,), settled=amount), facts).findings
    assert (one.kind, one.amount, one.is_explained) == ("un_applied", amount, False)
    whole = Facts(by_ref={"ST-B": [replace(anew, settled=amount)]}, entries={("payment", "1"): known})
    assert judge(Issued(*named, wanted=(wanted,), settled=amount), whole).findings == ()


def test_a_document_from_which_somebody_took_our_ref_is_named_as_edited() -> None:
    """It was told as missing, and the same invoice stood below as one of the ERP's own: a person would have posted it once more."""
    day, amount = date(2026, 3, 2), Decimal("146.60")
    known = Known("k", "ST-A", "ar_invoice", "sale", "create", "POSTED", "", "", amount, "", day, NOW, erp_id="Invoice/000003")
    applied = replace(known, op_key="k|apply", record="ar_application", action="apply", erp_id="Payment/000001", ref="ST-B")
    assert posted([known, applied, replace(known, state="HELD", erp_id="Invoice/7")]) == {"Invoice/000003": known}
    wanted = Wanted("k", "ST-A", "ar_invoice", "create", "sale", amount, day, ())
    named = ("A1", "invoice", "1", "N1", day, amount, "USD", True, "f", "7", "Ana", "")
    booked = Booked("invoice", "Invoice/000003", "000003", "ST-A", day, "", "CX1", amount, "USD", True, is_marked=False)
    judged = judge(Issued(*named, wanted=(wanted,)), Facts(by_ref={"ST-A": [booked]}))
    assert judged.erp == ((day, amount),)
    assert [(one.kind, one.difference, one.words) for one in judged.findings] == [
        ("edited_in_erp", Decimal(0), "somebody took our ref out of it")
    ]
