"""The WSDL: where it is, that a strict reader takes it, and what differs between sites."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import requests
import zeep
import zeep.wsse

from tests.systems.peoplesoft.simulator.world import LISTENER, Make, World, voucher

_BASE = "/PSIGW/PeopleSoftServiceListeningConnector"
_ZEEP: Any = zeep  # the library has no types
_SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"


async def _zeep(world: World, place: int, work: Any, *, is_wsse: bool = True) -> Any:
    """Run `work(service)` with a plain zeep client on the WSDL that the ready line names."""
    held = world.credentials

    def run() -> Any:
        with requests.Session() as session:
            session.auth = (held["username"], held["password"])
            wsse = _ZEEP.wsse.UsernameToken(held["username"], held["password"]) if is_wsse else None
            settings = _ZEEP.Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
            transport = _ZEEP.Transport(session=session)
            client = _ZEEP.Client(held["wsdl"][place], wsse=wsse, transport=transport, settings=settings)
            return work(client.service)

    return await asyncio.to_thread(run)


async def test_a_plain_soap_client_reads_the_wsdl_and_writes_a_journal_with_it(world: World) -> None:
    lines = [{"LEDGER": "LOCAL", "ACCOUNT": "120000", "MONETARY_AMOUNT": Decimal("10.50")},
             {"LEDGER": "LOCAL", "ACCOUNT": "401000", "MONETARY_AMOUNT": Decimal("-10.50"), "DEPTID": "21000"}]  # fmt: skip
    keys = {"BUSINESS_UNIT": "US001", "JOURNAL_ID": "K1", "JOURNAL_DATE": date(2026, 3, 10), "UNPOST_SEQ": 0}

    def work(service: Any) -> Any:
        made = service.CI_ML_JOURNAL_CI_C(**keys, LEDGER_GROUP="RECORDING", SOURCE="ONL", DESCR254="ST-A1 x", JRNL_LN=lines)
        return made, service.CI_ML_JOURNAL_CI_G(**keys), service.CI_ML_JOURNAL_CI_F(BUSINESS_UNIT="US001")

    made, got, found = await _zeep(world, 0, work)
    assert made.notification == "1"
    assert made.detail.ML_JOURNAL_CI.JOURNAL_ID == "K1"
    totals = [str(got[name]) for name in ("JRNL_TOTAL_DEBITS", "JRNL_HDR_STATUS", "FISCAL_YEAR")]
    assert totals == ["10.500", "N", "2026"]
    amounts = [str(line.MONETARY_AMOUNT) for line in got.JRNL_LN]
    assert amounts == ["10.500", "-10.500"]
    assert [one.JOURNAL_ID for one in found] == ["K1"]


async def test_a_plain_soap_client_writes_a_voucher_with_nested_collections(world: World) -> None:
    row = voucher(INVOICE_DT=date(2026, 3, 10))

    def work(service: Any) -> Any:
        service.CI_ML_VOUCHER_CI_C(**row)
        return service.CI_ML_VOUCHER_CI_G(BUSINESS_UNIT="AP001", VOUCHER_ID="K0000001")

    got = await _zeep(world, 1, work, is_wsse=False)
    assert [str(got[name]) for name in ("ENTRY_STATUS", "GROSS_AMT", "ACCOUNTING_DT")] == ["P", "125.500", "2026-03-10"]
    assert got.VCHR_LINE[0].VCHR_DIST[0].BUSINESS_UNIT_GL == "US001"


@pytest.mark.parametrize(
    "path",
    [
        f"{LISTENER}/CI_ML_JOURNAL_CI.1.wsdl",
        f"{_BASE}/CI_ML_JOURNAL_CI.1.wsdl",
        f"{LISTENER}?Operation=GetWSDL&wsdl=CI_ML_JOURNAL_CI.1",
        f"{_BASE}?Operation=GetWSDL&wsdl=CI_ML_JOURNAL_CI.1",
    ],
)
async def test_the_same_wsdl_is_at_each_of_its_addresses(world: World, path: str) -> None:
    answer = await world.call("GET", path)
    assert answer.status == 200
    assert answer.raw == (await world.call("GET", world.credentials["wsdl"][0])).raw
    assert [one.get("location") for one in answer.xml.iter(f"{_SOAP}address")] == [world.served.url + LISTENER]


async def test_soap_action_and_message_names_are_read_in_the_binding(world: World, make: Make) -> None:
    text = (await world.call("GET", f"{LISTENER}/CI_ML_JOURNAL_CI.1.wsdl")).xml
    actions = [one.get("soapAction") for one in text.iter(f"{_SOAP}operation")]
    assert actions == ["CI_ML_JOURNAL_CI_C.V1", "CI_ML_JOURNAL_CI_G.V1", "CI_ML_JOURNAL_CI_F.V1"]
    other = await make("other", method_alias=True)
    text = (await other.call("GET", f"{LISTENER}/CI_ML_JOURNAL_CI.1.wsdl")).xml
    assert next(text.iter(f"{_SOAP}operation")).get("soapAction") == "CREATE_ML_JOURNAL_CI.V1"


async def test_message_numbers_differ_between_sites_and_after_a_change_and_are_stable_otherwise(world: World, make: Make) -> None:
    first = await world.namespace("ML_JOURNAL_CI", "Create")
    assert first.startswith("http://xmlns.oracle.com/Enterprise/Tools/schemas/M")
    assert await (await make("same")).namespace("ML_JOURNAL_CI", "Create") == first
    assert await (await make("seed", seed=8)).namespace("ML_JOURNAL_CI", "Create") != first
    await world.sim("settings", {"wsdl_revision": 1})
    assert await world.namespace("ML_JOURNAL_CI", "Create") != first


async def test_the_schema_of_one_message_is_there_too(world: World) -> None:
    name = (await world.namespace("ML_JOURNAL_CI", "Get")).rsplit("/", 1)[1]
    answer = await world.call("GET", f"{LISTENER}?Operation=GetSchema&xsd={name}")
    assert answer.status == 200
    assert answer.xml.get("targetNamespace").endswith(name)
    assert (await world.call("GET", f"{LISTENER}?Operation=GetSchema&xsd=M1.V1")).status == 404


async def test_interfaces_and_node_have_the_names_that_the_site_gave_them(make: Make) -> None:
    world = await make(journal_interface="ACME_JRNL", node="PSFT_FIN", missing_services="ML_VOUCHER_CI")
    assert world.credentials["wsdl"][0].endswith("/PSFT_FIN/CI_ACME_JRNL.1.wsdl")
    assert (await world.call("GET", world.credentials["wsdl"][0])).status == 200
    for path in ("/PSFT_FIN/CI_ML_JOURNAL_CI.1.wsdl", "/PSFT_EP/CI_ACME_JRNL.1.wsdl", "/PSFT_FIN/CI_ML_VOUCHER_CI.1.wsdl"):
        assert (await world.call("GET", _BASE + path)).status == 404


async def test_a_wsdl_may_ask_for_the_password_and_may_name_a_host_of_its_own(make: Make) -> None:
    world = await make(wsdl_security="basic", wsdl_host="http://fin.internal:8000")
    assert (await world.call("GET", world.credentials["wsdl"][0])).status == 401
    answer = await world.call("GET", world.credentials["wsdl"][0], headers=world.signed)
    assert next(answer.xml.iter(f"{_SOAP}address")).get("location") == "http://fin.internal:8000" + LISTENER
