"""The check: each planted mistake of a company is one line with a remedy; nothing is changed; a trial tells what SYSPRO would say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from console.connections.checks import refusals
from console.connections.files import ConnectionFiles
from systems.connection import ConnectionSettings
from systems.contract import Finding, Role
from systems.syspro.check import open_checker
from systems.syspro.settings import Settings
from systems.syspro.sink import is_write
from systems.syspro.system import FLOWS, SYSTEM
from tests.contract import examples
from tests.systems import field_service
from tests.systems.syspro import mapping_ground
from tests.systems.syspro.ground import Site, company


async def findings(
    site: Site, tables: Mapping[str, Any] | None = None, credentials: dict[str, str] | None = None, **settings: Any
) -> list[Finding]:
    """What a check says."""
    access, wire = site.access(Role.CHECK, **settings)
    if credentials:
        access = type(access)(**{**access.__dict__, "credentials": site.credentials(Role.CHECK, **credentials)})
    checker = open_checker(access)
    found = await checker.check(field_service.crosswalk({**mapping_ground.TABLES, **(tables or {})}))
    await checker.close()
    assert [one for one in wire.sent if is_write(one)] == []
    assert await site.sessions() == []
    return list(found)


def errors(found: list[Finding]) -> list[str]:
    return [f"{one.subject}: {one.words}" for one in found if one.level == "error"]


async def test_a_company_that_is_set_up_has_no_error(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=10) as site:
        found = await findings(site)
        assert errors(found) == []
        said = {one.subject: one.words for one in found if one.level == "ok"}
        assert "SYSPRO would take an AP invoice of supplier 0000010 on 5000-10 (ValidateOnly)" in said["trial"]
        assert "2026-03" in said["months"]
        assert said["tables"] == "11 tables can be read"
        assert [one for one in (await site.ask("documents?kind=ApInvoice"))["documents"] if one["ref"]] == []


@pytest.mark.parametrize(
    ("tables", "settings", "words"),
    [
        ({"sku_vendor": {"A": {"sku": "A", "vendor_id": "4711"}}}, {}, "sku_vendor A names 0004711, which is no supplier"),
        (
            {"line_type": {"A": {"line_type": "A", "gl_code": "5000-99"}}},
            {},
            "line_type A names GL code 5000-99, which is not there",
        ),
        ({"line_type": {"A": {"line_type": "A", "gl_code": "5999-00"}}}, {}, "names GL code 5999-00, which is on hold"),
        ({"line_type": {"A": {"line_type": "A", "gl_code": "2000-00"}}}, {}, "names GL code 2000-00, which is a control account"),
        ({"stock_code": {"A": {"sku": "A", "stock_code": "NOPE"}}}, {}, "stock_code A names stock code NOPE, which is not there"),
        ({"warehouse": {"1": {"place": "1", "warehouse": "ZZ"}}}, {}, "warehouse 1 names warehouse ZZ, which is not there"),
        ({}, {"stock": {"adjustment_gl_code": "1-1"}}, "settings.stock.adjustment_gl_code names GL code 1-1"),
        ({}, {"payables": {"branch": "77"}}, "Branch '77' not found"),
        ({}, {"company_id": "NONE"}, "Company 'NONE' not found"),
        ({}, {"rest_url": "http://127.0.0.1:1/Nowhere"}, "404"),
        ({}, {"odata_url": "http://127.0.0.1:1/Nowhere"}, "404"),
    ],
)
async def test_each_mistake_is_one_line(tmp_path: Path, tables: Any, settings: Any, words: str) -> None:
    async with company(tmp_path, suppliers=10) as site:
        found = errors(await findings(site, tables, **settings))
        assert len([one for one in found if words in one]) == 1, found


async def test_what_an_administrator_has_not_done_is_told_by_name(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=10, hidden_tables="ApInvoicePay,InvWarehouse") as site:
        assert [one.partition(":")[0] for one in errors(await findings(site))] == ["table InvWarehouse", "table ApInvoicePay"]
    async with company(tmp_path / "b", suppliers=10, unlicensed="APSTIN") as site:
        assert any("licence" in one or "licensed" in one for one in errors(await findings(site)))
    async with company(tmp_path / "c", suppliers=10, seats=0) as site:
        (only,) = [one for one in errors(await findings(site)) if not one.startswith("OData")]
        assert only.startswith("seat: ")
    async with company(tmp_path / "d", suppliers=10) as site:
        (only,) = errors(await findings(site, credentials={"operator_password": "wrong-password"}))[:1]
        assert only.startswith("logon: ")


async def test_a_supplier_that_cannot_be_owed_is_named(tmp_path: Path) -> None:
    async with company(tmp_path, suppliers=40) as site:
        rows = (await site.ask("documents?kind=ApSupplier"))["documents"]
        held = next(row["Supplier"] for row in rows if row["OnHold"] == "Y")
        matched = next(row["Supplier"] for row in rows if row["GrnMatchReqd"] == "Y")
        vendors = {name: {"sku": name, "vendor_id": name} for name in (held, matched)}
        found = errors(await findings(site, {"sku_vendor": vendors}))
        assert [("on hold" in one, "goods received notes" in one) for one in found] in (
            [(True, False), (False, True)],
            [(False, True), (True, False)],
        )


# --- what is available ------------------------------------------------------------------------------------------------


def own(**changes: Any) -> Settings:
    return mapping_ground.settings(**changes)


def test_a_tenant_with_odata_alone_gets_s5_and_s1_to_s4_are_refused_by_name() -> None:
    odata, enet = own(rest_url=""), own(odata_url="")
    refused = {flow.id: flow.unavailable(odata, odata) for flow in FLOWS if flow.unavailable is not None}
    assert [flow for flow, why in refused.items() if not why] == ["S5"]
    assert all("OData is read-only" in why for flow, why in refused.items() if flow != "S5")
    assert [flow.id for flow in FLOWS if flow.unavailable is not None and flow.unavailable(enet, enet)] == ["S3", "S5"]
    with pytest.raises(ValueError, match="rest_url or odata_url is required"):
        own(rest_url="", odata_url="")


def test_apply_refuses_by_name_what_a_tenant_with_odata_alone_cannot_do() -> None:
    """What `plan` and `apply` say: a line for each flow that would write or list by e.net, until the file switches it off."""
    whole = examples.connected(SYSTEM).settings.model_dump(mode="json")

    def said(flows: Iterable[str]) -> list[str]:
        told = {flow.id: {"enabled": flow.id in flows, "cutover_date": "2026-01-01"} for flow in FLOWS}
        laid = examples.laid(whole, {"erp": {"settings": {"rest_url": ""}}, "flows": told})
        files = ConnectionFiles(Path("x.yaml"), ConnectionSettings.model_validate(laid), ())
        return [line for line in refusals(files, {}, loopback=True) if line.startswith("flows.")]

    lines = {line.partition(":")[0].removeprefix("flows."): line for line in said([flow.id for flow in FLOWS])}
    assert set(lines) == {"S1", "S2", "S2V", "S3", "S3W", "S3R", "S4", "S4L"}
    assert all("OData is read-only" in line and "rest_url is empty" in line for line in lines.values())
    assert said(["S5", "M0"]) == []


def test_the_settings_name_every_address_that_is_called() -> None:
    made = own(soap_url="https://erp.acme.example/sysprowebservices/")
    assert made.addresses == (
        "http://127.0.0.1:1/SYSPROWCFService/Rest",
        "http://127.0.0.1:1/SYSPRO8Odata/SYSPROOData",
        "https://erp.acme.example/sysprowebservices",
    )
