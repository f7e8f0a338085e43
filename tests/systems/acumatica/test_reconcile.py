"""`reconcile` through real objects: what is planted between both sides is named for what it is, with its amount."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from console.reconcile.rows import By, Range
from systems.acumatica.system import SYSTEM
from tests.systems.acumatica import ground
from tests.systems.acumatica.reconciled import AT, Edit, Joint, joint, shown
from tests.systems.acumatica.tenant import Tenant
from tests.unit.console.entries import example

PAYMENT = "108.25"


@pytest.fixture
async def books(tenant: Tenant) -> Joint:
    """An invoice with its payment and a bill, posted and equal on both sides."""
    made = await joint(tenant)
    await made.post(ground.invoice())
    await made.post(ground.payment(PAYMENT))
    await made.post(ground.bill())
    return made


def of(kind: str, change: dict[str, Any]) -> Edit:
    """Somebody changes fields of every document of a type."""

    def edit(row: dict[str, Any]) -> dict[str, Any]:
        if shown(row, "Type") != kind:
            return row
        return row | {name: {"value": value} if not isinstance(value, list) else value for name, value in change.items()}

    return edit


def lines(*changed: tuple[str, str, float]) -> Edit:
    """Somebody changes the lines of every invoice: account there, account instead, amount more."""

    def edit(row: dict[str, Any]) -> dict[str, Any]:
        if shown(row, "Type") != "Invoice":
            return row
        rows = []
        for line in row["Details"]:
            own = next(((new, more) for old, new, more in changed if old == shown(line, "Account")), None)
            if own is not None:
                amount = float(shown(line, "Amount")) + own[1]
                line = line | {"Account": {"value": own[0]}, "Amount": {"value": amount}}  # noqa: PLW2901 - the changed one
            rows.append(line)
        return row | {"Details": rows}

    return edit


async def test_what_is_equal_on_both_sides_has_nothing_unexplained(books: Joint) -> None:
    await books.read()
    assert [(row.flow, row.source.as_json(), row.erp.as_json()) for row in books.rows()] == [
        (flow, {"count": 1, "amount": amount}, {"count": 1, "amount": amount})
        for flow, amount in (("A1", "108.25"), ("A2", "108.25"), ("A3", "80.00"))
    ]
    assert books.classes() == {}
    assert books.unexplained() == (0, Decimal(0))


async def test_missing(books: Joint) -> None:
    books.edit(lambda row: None if shown(row, "Type") == "Invoice" else row)
    await books.read()
    assert books.classes() == {"missing": (1, "108.25")}
    assert books.unexplained() == (1, Decimal("108.25"))


async def test_what_was_posted_after_the_erp_was_last_read_is_not_called_missing(books: Joint) -> None:
    books.edit(lambda row: None if shown(row, "Type") == "Invoice" else row)
    await books.read(at=AT)
    assert books.classes() == {"not_read_back": (1, "108.25")}
    assert books.unexplained()[0] == 1, "the ledger alone proves nothing"


async def test_double_by_our_ref_and_double_typed_by_hand(books: Joint) -> None:
    """One answer shows the invoice three times: once more with our ref, once more without."""
    real = books.wire.answer
    assert real is not None

    def doubled(request: Any, answer: Any) -> Any:
        import json

        from runtime.exchange import response

        rows = json.loads(answer.body) if request.method == "GET" and "/Invoice?" in request.url else None
        if not isinstance(rows, list) or not rows:
            return real(request, answer)
        again = rows[0] | {"id": "a", "ReferenceNbr": {"value": "000901"}}
        typed = rows[0] | {"id": "b", "ReferenceNbr": {"value": "000902"}, "Description": {"value": "typed"}}
        return response(answer.status, json.dumps([*rows, again, typed]).encode(), dict(answer.headers))

    books.wire.answer = doubled
    await books.read()
    assert books.classes() == {"double": (2, "216.50")}
    (row,) = [one for one in books.rows() if one.flow == "A1"]
    assert (row.erp.count, row.difference) == (3, Decimal("-216.50"))


async def test_wrong_account(books: Joint) -> None:
    books.edit(lines(("40100", "40200", 0)))
    await books.read()
    assert books.classes() == {"wrong_account": (1, "100.00")}
    assert books.unexplained() == (1, Decimal("100.00"))


async def test_wrong_cash_account(books: Joint) -> None:
    books.edit(of("Payment", {"CashAccount": "10300"}))
    await books.read()
    assert books.classes() == {"wrong_account": (1, "108.25")}


async def test_another_account_by_a_table_that_changed_since_is_no_mistake_of_the_erp(books: Joint) -> None:
    unit = books.connected.crosswalk.tables["business_unit"]["Plumbing - Service"][0]
    assert isinstance(unit.values, dict)
    unit.values["sales_account"] = "40200"
    try:
        await books.read()
        assert books.classes() == {"remapped": (1, "100.00")}
        assert books.unexplained()[0] == 0
    finally:
        unit.values["sales_account"] = "40100"


async def test_wrong_period_by_the_period_alone(books: Joint) -> None:
    books.edit(of("Invoice", {"PostPeriod": "022026"}))
    await books.read()
    assert books.classes() == {"wrong_period": (1, "108.25")}


async def test_wrong_period_by_another_date_is_told_in_both_months(books: Joint) -> None:
    books.edit(of("Invoice", {"Date": "2026-04-02T00:00:00+00:00", "PostPeriod": "042026"}))
    await books.read()
    assert books.classes() == {"wrong_period": (1, "108.25")}
    march, april = Range(date(2026, 3, 1), date(2026, 3, 31)), Range(date(2026, 4, 1), date(2026, 4, 30))
    for days, difference in ((march, "108.25"), (april, "-108.25")):
        (row,) = [one for one in books.rows(days=days) if one.flow == "A1"]
        assert (row.difference, list(row.classes)) == (Decimal(difference), ["wrong_period"])


async def test_one_cent_of_tax(books: Joint) -> None:
    books.edit(lines(("22000", "22000", 0.01)))
    books.edit(of("Invoice", {"Amount": 108.26}))
    await books.read()
    assert books.classes() == {"tax": (1, "-0.01")}
    assert books.unexplained() == (1, Decimal("0.01"))


async def test_edited_in_the_erp(books: Joint) -> None:
    books.edit(lines(("40100", "40100", -20)))
    books.edit(of("Invoice", {"Amount": 88.25}))
    await books.read()
    assert books.classes() == {"edited_in_erp": (1, "20.00")}


async def test_voided_in_the_erp(books: Joint) -> None:
    books.edit(of("Payment", {"Status": "Voided"}))
    await books.read()
    assert books.classes() == {"voided_in_erp": (1, "108.25")}


async def test_voided_at_the_source_with_and_without_a_void_on_the_list(books: Joint) -> None:
    voided = ground.invoice(active=False, source_version="2026-03-11T12:00:00.0000000Z")
    await books.read()
    books.at_source(voided)
    assert books.classes() == {"voided_at_source": (1, "108.25")}
    assert books.unexplained() == (1, Decimal("108.25"))
    books.keep(voided, "HELD", "void_not_built")
    assert books.classes() == {"voided_at_source": (1, "108.25")}
    assert books.unexplained()[0] == 0, "it is held by name"


async def test_changed_at_the_source(books: Joint) -> None:
    await books.read()
    books.at_source(ground.invoice([ground.invoice_line("120.00")], fingerprint="e" * 64))
    assert books.classes() == {"changed_at_source": (1, "20.00")}


async def test_un_applied(books: Joint) -> None:
    await books.read()
    books.at_source(ground.payment(PAYMENT, [], unapplied=Decimal(PAYMENT)))
    assert books.classes() == {"un_applied": (1, "-108.25")}
    assert books.unexplained() == (1, Decimal("108.25"))


async def test_a_payment_that_was_refunded_at_the_source_is_explained_by_the_refund_that_is_held(tenant: Tenant) -> None:
    """The source has nothing of it open any more, the ERP all of it, until the refund is entered."""
    made = await joint(tenant)
    await made.post(ground.payment("120.00", [], unapplied=Decimal("120.00")))
    await made.read()
    made.at_source(ground.payment("120.00", [], unapplied=Decimal(0)))
    assert made.unexplained() == (1, Decimal("120.00"))
    made.keep(ground.payment("-120.00", [], source_id="202", refunded_payment_id="201"), "HELD", "refund_not_built")
    assert made.classes() == {"held": (1, "-120.00"), "un_applied": (1, "120.00")}
    assert made.unexplained()[0] == 0


async def test_an_application_that_waits_is_no_difference_of_its_own(tenant: Tenant) -> None:
    made = await joint(tenant)
    await made.post(ground.invoice())
    made.at_source(ground.payment(PAYMENT))
    receipt, application = made.commands(ground.payment(PAYMENT))
    await made._written(*receipt)
    made.enter(made._fresh(*application), state="WAITING", reason="parent")
    await made.read()
    assert made.classes() == {"waiting": (1, "108.25")}
    assert made.unexplained()[0] == 0


async def test_dropped_webhooks_are_counted_and_what_is_not_read_yet_is_named(books: Joint) -> None:
    await books.read()
    gap = {"natural_key": "acme/servicetitan/invoice/", "entity": "invoice", "source_id": "", "decision": "gap", "count": 3}
    books.cluster.put("audit", "audit.audit", example("audit.audit", connection="acme", system="servicetitan", **gap))
    assert books.compared().gaps == {"invoice": 3}
    ask = {"connection": "acme", "system": "servicetitan", "entity": "invoice", "at": AT}
    for source_id in ("101", "555"):
        books.cluster.put("fetch", "raw.fetch", example("raw.fetch", source_id=source_id, reason="hint", **ask))
    assert books.classes() == {"dropped_webhook": (2, "108.25")}
    assert books.unexplained()[0] == 2


async def test_what_was_asked_for_and_answered_is_no_difference(books: Joint) -> None:
    await books.read()
    about = {"connection": "acme", "system": "servicetitan", "entity": "invoice", "source_id": "101"}
    books.cluster.put("fetch", "raw.fetch", example("raw.fetch", reason="hint", at=AT, **about))
    books.cluster.put("raw.servicetitan", "raw.raw", example("raw.raw", how="fetch", shape="object", **about))
    assert books.classes() == {}


async def test_what_the_pollers_are_done_with_is_not_waited_for_even_if_the_source_does_not_know_it(books: Joint) -> None:
    """A forged webhook names an object that is not there."""
    await books.read()
    about = {"connection": "acme", "system": "servicetitan", "entity": "invoice", "source_id": "666"}
    place = books.cluster.put("fetch", "raw.fetch", example("raw.fetch", reason="hint", at=AT, **about))
    assert books.classes() == {"dropped_webhook": (1, "0.00")}
    books.cluster.committed["fetch"] = int(place.rpartition("/")[2]) + 1
    assert books.classes() == {}


async def test_a_closed_period_and_other_holds(books: Joint) -> None:
    await books.read()
    books.keep(ground.invoice(source_id="102", number="N102"), "HELD", "period_closed", detail="January is closed")
    books.keep(ground.invoice(source_id="103", number="N103"), "HELD", "unmapped", detail="tax_zone=9")
    books.keep(ground.invoice(source_id="104", number="N104"), "WAITING", "window")
    amounts = dict.fromkeys(("closed_period", "held", "waiting"), (1, "108.25"))
    assert books.classes() == amounts
    assert books.unexplained()[0] == 0


async def test_what_is_not_due_or_before_the_cut_over_is_explained_and_counted(books: Joint) -> None:
    await books.read()
    books.at_source(ground.invoice(source_id="105", status="Pending"))
    books.at_source(ground.invoice(source_id="106", invoice_date=date(2025, 12, 31)))
    books.at_source(ground.invoice([], source_id="107", tax=Decimal(0)))
    books.at_source(ground.invoice(source_id="108", active=False))
    assert books.classes() == {
        "not_due": (1, "108.25"), "before_cutover": (1, "108.25"), "excluded": (1, "0.00"), "voided": (1, "0.00"),
    }  # fmt: skip
    (row,) = [one for one in books.rows() if one.flow == "A1"]
    assert (row.source.count, row.source.amount, row.difference) == (5, Decimal("324.75"), Decimal("216.50"))


async def test_a_command_that_nobody_ever_made_is_missing_and_one_on_its_way_waits(books: Joint) -> None:
    await books.read()
    books.at_source(ground.invoice(source_id="109"))
    assert books.classes() == {"missing": (1, "108.25")}
    for name, value, _ in books.commands(ground.invoice(source_id="109")):
        books.cluster.put(f"command.{SYSTEM.name}", f"command.{name}", value)
    assert books.classes() == {"waiting": (1, "108.25")}


async def test_an_entity_without_a_flow_is_counted_and_unexplained(books: Joint) -> None:
    await books.read()
    books.at_source(ground.credit_memo([], source_id="701", applications=[]))
    found = books.classes()
    assert set(found) <= {"no_flow", "held", "missing"}
    assert next(iter(found.values())) == (1, "50.00")


async def test_a_ref_that_no_source_explains_is_unexplained_but_not_that_of_another_tenant(books: Joint) -> None:
    """Two tenants of the field service may share one company of the ERP."""
    entry = next(one for one in books.ledger.values() if one["record"] == "ar_invoice")
    other = entry | {"connection": "other", "op_key": entry["op_key"].replace("invoice:101", "invoice:999")}
    from topology.rules.identity import ref_of

    foreign, unknown = ref_of(other["op_key"]), "ST-AAAAAAAAAAAAAAAAAAAA"
    real = books.wire.answer

    def more(request: Any, answer: Any) -> Any:
        import json

        from runtime.exchange import response

        rows = json.loads(answer.body) if request.method == "GET" and "/Invoice?" in request.url else None
        if not isinstance(rows, list) or not rows:
            return answer
        made = [
            rows[0] | {"id": ref, "ReferenceNbr": {"value": ref[-6:]}, "Description": {"value": ref}} for ref in (foreign, unknown)
        ]
        return response(answer.status, json.dumps([*rows, *made]).encode(), dict(answer.headers))

    assert real is not None
    books.wire.answer = more
    await books.read()
    books.cluster.put(f"ledger.{SYSTEM.name}", "result.ledger", {**other, "ref": foreign})
    assert books.classes() == {"unknown_source": (1, "108.25")}


async def test_documents_of_the_erps_own_are_not_compared(books: Joint) -> None:
    typed = {"id": "c", "ReferenceNbr": {"value": "000903"}, "Description": {"value": "by hand"}}
    books.edit(lambda row: row | typed if shown(row, "Type") == "Bill" else row)
    await books.read()
    assert books.compared().others["bill"].as_json() == {"count": 1, "amount": "80.00"}


async def test_a_document_that_lost_our_ref_is_ours_by_the_id_that_the_ledger_has(books: Joint) -> None:
    books.edit(lambda row: row | {"Description": {"value": "by hand"}} if shown(row, "Type") == "Bill" else row)
    await books.read()
    assert [name for name in books.classes() if name == "edited_in_erp"] == ["edited_in_erp"]
    assert "bill" not in books.compared().others


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (By.customer, {"A1": "Ana Lopez", "A2": "Ana Lopez", "A3": "no customer"}),
        (By.vendor, {"A1": "no vendor", "A2": "no vendor", "A3": "Ferguson"}),
        (By.business_unit, dict.fromkeys(("A1", "A2", "A3"), "Plumbing - Service")),
        (By.day, dict.fromkeys(("A1", "A2", "A3"), "2026-03-10")),
    ],
)
async def test_rows_by_each_group(books: Joint, by: By, groups: dict[str, str]) -> None:
    await books.read()
    assert {row.flow: row.group for row in books.rows(by)} == groups


async def test_negative_and_foreign_invoices_are_held_and_named(books: Joint) -> None:
    await books.read()
    books.keep(ground.invoice([ground.invoice_line("-30.00")], source_id="110", tax=Decimal(0)), "HELD", "credit_memo_not_built")
    books.keep(ground.invoice(source_id="111", currency="CAD"), "HELD", "currency")
    rows = [one for one in books.rows() if one.flow == "A1"]
    assert {row.currency: row.classes["held"].as_json()["difference"] for row in rows} == {"USD": "-30.00", "CAD": "108.25"}
