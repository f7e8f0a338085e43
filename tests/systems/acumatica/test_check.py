"""`check` names each planted mistake in one line and says what to do; everything right gives no error."""

from __future__ import annotations

from typing import Any

import pytest

from systems.contract import Finding
from tests.systems.acumatica import ground
from tests.systems.acumatica.tenant import Start, Tenant

GOOD = {
    "business_unit": {"Plumbing": {"subaccount": "PLB-000", "branch": "EAST", "sales_account": "40100"}},
    "payment_type": {"Check": {"payment_method": "CHECK", "cash_account": "10200"}},
    "tax_zone": {"77": {"account": "22000", "erp_zone": "TXDALLAS"}},
}


async def findings(tenant: Tenant, tables: dict[str, Any], own: Any = None, credentials: Any = None) -> list[Finding]:
    checker, wire = tenant.checker(own, credentials)
    found = list(await checker.check(ground.crosswalk(tables)))
    assert not [
        one
        for one in wire.sent
        if one.method in ("PUT", "POST") and "CompaniesStructure" not in one.url and "/entity/Default" in one.url
    ]
    return found


def errors(found: list[Finding]) -> list[str]:
    assert all(one.remedy for one in found if one.level == "error")
    return [f"{one.words} {one.remedy}" for one in found if one.level == "error"]


async def test_everything_right_gives_no_error(tenant: Tenant) -> None:
    assert errors(await findings(tenant, GOOD)) == []


@pytest.mark.parametrize(
    ("table", "row", "named"),
    [
        ("business_unit", {"subaccount": "NOPE-1"}, "subaccount NOPE-1 of business_unit X is not in Acumatica."),
        ("business_unit", {"subaccount": "OLD-000"}, "subaccount OLD-000 of business_unit X is inactive."),
        ("business_unit", {"branch": "NORTH"}, "branch NORTH of business_unit X is not in Acumatica."),
        ("line_type", {"account": "49900"}, "account 49900 of line_type X is inactive."),
        ("line_type", {"account": "4"}, "account 4 of line_type X is not in Acumatica."),
        ("payment_type", {"payment_method": "BARTER"}, "payment method BARTER of payment_type X is not in Acumatica."),
        (
            "payment_type",
            {"payment_method": "CHECK", "cash_account": "10300"},
            "cash account 10300 of payment_type X is not allowed",
        ),
        ("customer_class", {"customer_class": "VIP"}, "customer class VIP of customer_class X is not in Acumatica."),
        ("tax_zone", {"erp_zone": "MARS"}, "tax zone MARS of tax_zone X is not in Acumatica."),
    ],
)
async def test_a_wrong_value_of_the_crosswalk_is_named_with_what_to_do(
    tenant: Tenant, table: str, row: dict[str, str], named: str
) -> None:
    (line,) = errors(await findings(tenant, GOOD | {table: {**GOOD.get(table, {}), "X": row}}))
    assert line.startswith(named)
    assert f"{table} X" in line


async def test_a_wrong_account_of_the_settings_is_named(tenant: Tenant) -> None:
    (line,) = errors(await findings(tenant, GOOD, tenant.settings(company_id="OTHER")))
    assert "company OTHER is not in this tenant; there are: ACME" in line
    own = tenant.settings(accounts={"rounding": "1"})
    assert errors(await findings(tenant, GOOD, own)) == [
        "account 1 of settings.accounts.rounding is not in Acumatica. Create 1 in Acumatica or correct settings.accounts.rounding."
    ]


async def test_a_wrong_secret_and_a_wrong_version_are_named(tenant: Tenant) -> None:
    (secret,) = errors(await findings(tenant, GOOD, None, tenant.credentials(client_secret="wrong")))
    assert "invalid_client" in secret
    assert "Check client_id" in secret
    (version,) = errors(await findings(tenant, GOOD, tenant.settings(endpoint_version="25.100.001")))
    assert "25.100.001 is not offered; there are: 24.200.001" in version


async def test_a_missing_right_names_the_form(tenants: Start) -> None:
    tenant = await tenants(denied="PaymentMethod")
    (line,) = errors(await findings(tenant, GOOD))
    assert "insufficient rights to access the PaymentMethod form" in line


async def test_a_closed_period_of_today_is_named(tenant: Tenant) -> None:
    await tenant.ask("periods", {"period": "032026", "status": "Closed"})
    (line,) = errors(await findings(tenant, GOOD))
    assert "today's period 032026 is closed for AR, AP." in line


async def test_no_session_left_is_named(tenants: Start) -> None:
    tenant = await tenants(max_sessions=1)
    reader, _ = tenant.reader()
    await reader.fetch("customer", ["C1"])
    (line,) = errors(await findings(tenant, GOOD))
    assert "Free a web-services session or raise the limit" in line


async def test_an_instance_that_is_not_there_is_named(tenant: Tenant) -> None:
    (line,) = errors(await findings(tenant, GOOD, tenant.settings().model_copy(update={"base_url": "http://127.0.0.1:9"})))
    assert "Check base_url http://127.0.0.1:9" in line
