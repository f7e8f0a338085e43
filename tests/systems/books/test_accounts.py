"""Accounts decide, not habits (accounting.md 35): deferred revenue and retainage never fall to the sales account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.books.both import ERPS, accounts, drafts, plan, settings
from tests.systems.field_service import invoice, invoice_line

LIABILITY = {"gl_account": "24000", "gl_account_type": "OtherCurrentLiability"}
SPECIAL: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("deferred", LIABILITY, {}),
    ("retainage", {"gl_account": "12500", "gl_account_type": "AccountsReceivable"}, {}),
    ("an account of no known type", {"gl_account": "24000"}, {}),
    ("an account without a number", {"gl_account_type": "OtherCurrentLiability"}, {}),
    ("line of a membership", {"membership_type_id": "9"}, {}),
    ("invoice of a membership", {}, {"membership_id": "31"}),
    ("membership invoice", {}, {"configuration": "MembershipInvoice"}),
    ("interest", {}, {"configuration": "InterestChargeInvoice"}),
    ("project", {}, {"configuration": "ProjectInvoice"}),
]


def sold(line: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return invoice([invoice_line("1200.00", **line)], tax=0, tax_zone_id="", tax_code="", **more)


@pytest.mark.parametrize(("line", "more"), [one[1:] for one in SPECIAL], ids=[one[0] for one in SPECIAL])
@pytest.mark.parametrize("erp", ERPS)
def test_what_is_not_plain_income_is_unresolved_until_a_row_says_where_it_goes(
    erp: str, line: dict[str, Any], more: dict[str, Any]
) -> None:
    """1,200.00 of deferred revenue was booked on the sales account of its unit, or of its kind."""
    policy: dict[str, Any] = {"policies": {"line_type": "default"}} if erp == "peoplesoft" else {}
    (made,) = drafts(
        erp, "invoice", sold(line, more), plan(erp, {"line_type": {"*": {"account": "400000"}}}, settings=settings(erp, **policy))
    )
    assert [one for one in made.unresolved if one.startswith("line_type=")], made.unresolved
    assert accounts(made, "line") == [""]
    assert made.amount == 1200


@pytest.mark.parametrize(
    ("key", "line", "more"),
    [
        ("24000", LIABILITY, {}),
        ("SVC-1", LIABILITY, {}),
        ("membership", {"membership_type_id": "9"}, {}),
        ("membership", {}, {"membership_id": "31"}),
        ("membership", {}, {"configuration": "MembershipInvoice"}),
        ("interest", {}, {"configuration": "InterestChargeInvoice"}),
        ("project", {}, {"configuration": "ProjectInvoice"}),
        ("24000", LIABILITY, {"configuration": "ProjectInvoice"}),
    ],
)
@pytest.mark.parametrize("erp", ERPS)
def test_a_row_by_account_sku_or_what_it_has_to_do_with_decides(
    erp: str, key: str, line: dict[str, Any], more: dict[str, Any]
) -> None:
    (made,) = drafts(erp, "invoice", sold(line, more), plan(erp, {"line_type": {key: {"account": "24100"}}}))
    assert (made.unresolved, accounts(made, "line")) == ((), ["24100"])


@pytest.mark.parametrize("erp", ERPS)
def test_the_account_that_the_source_names_goes_before_the_sku(erp: str) -> None:
    rows = {"line_type": {"24000": {"account": "24100"}, "SVC-1": {"account": "40000"}}}
    (made,) = drafts(erp, "invoice", sold(LIABILITY, {}), plan(erp, rows))
    assert accounts(made, "line") == ["24100"]


@pytest.mark.parametrize("erp", ERPS)
def test_a_sku_named_like_a_key_of_these_does_not_take_its_row(erp: str) -> None:
    rows = {"line_type": {"project": {"account": "12500"}}}
    (made,) = drafts(erp, "invoice", sold({"sku_code": "project"}, {}), plan(erp, rows))
    assert accounts(made, "line") != ["12500"]


@pytest.mark.parametrize("kind", ["Income", "income", "Other Income", "OtherIncome"])
@pytest.mark.parametrize("erp", ERPS)
def test_income_goes_where_it_always_went(erp: str, kind: str) -> None:
    plain, named = (drafts(erp, "invoice", sold(line, {}))[0] for line in ({}, {"gl_account": "40100", "gl_account_type": kind}))
    assert accounts(plain, "line") == accounts(named, "line") != [""]
    assert named.unresolved == ()
