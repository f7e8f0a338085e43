"""The import job: file in, states, children, report; what fails, what is rejected line by line, and what "succeeded" does not say."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from decimal import Decimal
from typing import Any

import pytest

from systems.oracle_fusion.spec import gl_interface_columns
from tests.systems.oracle_fusion.simulator.world import Answer, Client, Make, World

CASH, RECEIVABLE = "01-000-10200-000", "01-000-11000-000"


def row(account: str, debit: str = "", credit: str = "", **changed: str) -> dict[str, str]:
    """A line of GL_INTERFACE."""
    segments = {f"SEGMENT{place}": code for place, code in enumerate(account.split("-"), 1)}
    values = {
        "STATUS": "NEW",
        "LEDGER_ID": "300000046975971",
        "ACCOUNTING_DATE": "2026/03/10",
        "USER_JE_SOURCE_NAME": "ServiceTitan",
        "USER_JE_CATEGORY_NAME": "Receipts",
        "CURRENCY_CODE": "USD",
        "ACTUAL_FLAG": "A",
        "ENTERED_DR": debit,
        "ENTERED_CR": credit,
        "REFERENCE1": "ST-B1",
        "REFERENCE4": "ST-J1",
        "REFERENCE10": "Payment 7781",
        "GROUP_ID": "77",
    }
    return values | segments | changed


def packed(rows: list[dict[str, str]], end: bool = True) -> str:
    """The zip archive of a file, as Base64."""
    text = io.StringIO()
    writer = csv.writer(text)
    for one in rows:
        writer.writerow([*(one.get(column, "") for column in gl_interface_columns()), *(["END"] if end else [])])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("GlInterface.csv", text.getvalue())
    return base64.b64encode(buffer.getvalue()).decode()


def body(rows: list[dict[str, str]], **changed: Any) -> dict[str, Any]:
    found = {
        "OperationName": "importBulkData",
        "DocumentContent": packed(rows),
        "ContentType": "zip",
        "FileName": "GlInterface_ST_20260310.zip",
        "DocumentAccount": "fin$/generalLedger$/import$",
        "JobName": "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher",
        "ParameterList": "300000046975972,ServiceTitan,300000046975971,77,N,N,N",
        "CallbackURL": "#NULL",
        "NotificationCode": "10",
        "JobOptions": "ExtractFileType=ALL",
    }
    return {name: value for name, value in (found | changed).items() if value is not None}


GOOD = [row(CASH, "100.00"), row(RECEIVABLE, "", "100.00")]


async def submitted(client: Client, rows: list[dict[str, str]], **changed: Any) -> str:
    answer = await client.post("/erpintegrations", body(rows, **changed))
    assert answer.status == 201, answer.raw
    assert "DocumentContent" not in answer.text or answer.body["DocumentContent"] is None
    return str(answer.body["ReqstId"])


async def state(client: Client, key: str) -> str:
    return str((await client.get("/erpintegrations", finder=f"ESSJobStatusRF;requestId={key}")).items[0]["RequestStatus"])


async def tree(client: Client, key: str) -> dict[str, Any]:
    found = (await client.get("/erpintegrations", finder=f"ESSExecutionDetailsRF;requestId={key}")).items[0]["RequestStatus"]
    return dict(json.loads(found)["JOBS"])


async def report(client: Client, key: str) -> list[list[str]]:
    """The lines of the execution report, in their parts."""
    answer = await client.get("/erpintegrations", finder=f"ESSJobExecutionDetailsRF;requestId={key},fileType=OUT")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer.items[0]["DocumentContent"]))) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    return [line.split("|") for line in text.splitlines()]


async def test_a_job_waits_runs_and_ends(world: World, client: Client) -> None:
    key = await submitted(client, GOOD)
    states = [await state(client, key)]
    for _ in range(2):
        world.clock.move(seconds=16)
        states.append(await state(client, key))
    assert states == ["READY", "RUNNING", "SUCCEEDED"]
    batch = (
        await client.version(4).get("/journalBatches", q="BatchName like 'ST-B1 %'", expand="journalHeaders.journalLines")
    ).items[0]
    assert (batch["RunningTotalDr"], batch["RunningTotalCr"], batch["StatusMeaning"]) == (100, 100, "Unposted")
    header = batch["journalHeaders"]["items"][0]
    assert (header["JournalName"], header["PeriodName"], header["AccountingDate"]) == ("ST-J1 Receipts USD", "Mar-26", "2026-03-10")
    assert [line["AccountCombination"] for line in header["journalLines"]["items"]] == [CASH, RECEIVABLE]
    assert {one["account"]: one["balance"] for one in (await world.sim("balances"))["accounts"]} == {
        CASH: "100.00",
        RECEIVABLE: "-100.00",
    }


async def test_succeeded_does_not_say_that_every_line_was_imported(world: World, client: Client) -> None:
    rows = [*GOOD, row("01-000-40100-000", "5.00", REFERENCE4="ST-J2"), row(CASH, "", "5.00", REFERENCE4="ST-J2")]
    key = await submitted(client, rows)
    assert (await world.sim("jobs", {}))["ended"] == 1
    assert await state(client, key) == "SUCCEEDED"
    found = await tree(client, key)
    child = found["CHILD"][0]["CHILD"][0]
    assert (found["STATUS"], child["JOBNAME"], child["STATUS"]) == ("SUCCEEDED", "Import Journals: Child", "WARNING")
    assert await state(client, child["REQUESTID"]) == "WARNING"
    lines = await report(client, key)
    assert [line[1] for line in lines if line[0].isdigit()] == ["P", "P", "EF04", "EX01"]
    assert ["Lines rejected: 2"] in lines
    await world.settings(warning_is_shown="true")
    other = await submitted(client, rows)
    await world.sim("jobs", {})
    assert await state(client, other) == "WARNING"
    batches = (await client.get("/journalBatches")).items  # nothing keeps a file from being imported twice
    assert [batch["RunningTotalDr"] for batch in batches] == [Decimal("100.00")] * 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"LEDGER_ID": "1"}, "EB01"),
        ({"USER_JE_SOURCE_NAME": "Manual"}, "ES01"),
        ({"USER_JE_CATEGORY_NAME": "Nothing"}, "EC01"),
        ({"CURRENCY_CODE": "EUR"}, "EC02"),
        ({"ACCOUNTING_DATE": "2025/12/31"}, "EP01"),
        ({"ACCOUNTING_DATE": "2026-03-10"}, "EP01"),
        ({"ACCOUNTING_DATE": "2026/04/10"}, "EP01"),  # future enterable is not open
        ({"ENTERED_DR": "1,000.00"}, "EM01"),
        ({"ENTERED_DR": "0.001"}, "EM01"),
        ({"ENTERED_DR": "99.99"}, "WU01"),
        ({"GROUP_ID": "78"}, "EG01"),
        ({"SEGMENT3": "49900"}, "EF04"),
        ({"SEGMENT5": "000"}, "EF04"),
        ({"STATUS": ""}, "ES00"),
    ],
)
async def test_a_line_in_error_rejects_its_journal(world: World, client: Client, changed: dict[str, str], code: str) -> None:
    key = await submitted(client, [GOOD[0] | changed, GOOD[1]])
    await world.sim("jobs", {})
    assert next(line[1] for line in await report(client, key) if line[0].isdigit()) == code
    assert (await client.get("/journalBatches")).items == []


@pytest.mark.parametrize(
    "changed",
    [
        {"DocumentContent": base64.b64encode(b"no archive").decode()},
        {"DocumentContent": packed([])},
        {"ParameterList": "1,ServiceTitan,300000046975971,77,N,N,N"},
        {"ParameterList": "300000046975972,ServiceTitan"},
    ],
)
async def test_a_file_or_parameters_that_cannot_be_read_end_in_error(world: World, client: Client, changed: dict[str, Any]) -> None:
    key = await submitted(client, GOOD, **changed)
    await world.sim("jobs", {})
    assert await state(client, key) == "ERROR"
    assert (await report(client, key))[0][0].startswith("Error: ")


@pytest.mark.parametrize(
    "changed",
    [
        {"OperationName": "importEverything"},
        {"DocumentContent": "not base64!"},
        {"DocumentAccount": "fin$/payables$/import$"},
        {"JobName": "/oracle/apps/ess/x,Other"},
        {"ParameterList": None},
    ],
)
async def test_what_is_no_job_is_refused(client: Client, changed: dict[str, Any]) -> None:
    assert (await client.post("/erpintegrations", body(GOOD, **changed))).status == 400


async def test_a_file_may_be_uploaded_loaded_and_imported_in_steps(world: World, client: Client) -> None:
    upload = {name: body(GOOD)[name] for name in ("DocumentContent", "ContentType", "FileName", "DocumentAccount")}
    document = (await client.post("/erpintegrations", {"OperationName": "uploadFileToUCM"} | upload)).body["DocumentId"]

    async def submit(package: str, name: str, parameters: str) -> str:
        job = {"OperationName": "submitESSJobRequest", "JobPackageName": package, "JobDefName": name, "ESSParameters": parameters}
        key = (await client.post("/erpintegrations", job)).body["ReqstId"]
        await world.sim("jobs", {})
        return await state(client, key)

    programs = "/oracle/apps/ess/financials/generalLedger/programs/common"
    loader = "/oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader"
    assert await submit(programs, "JournalImportLauncher", body([])["ParameterList"]) == "ERROR"
    assert await submit(loader, "InterfaceLoaderController", f"15,{document},N,N") == "SUCCEEDED"
    assert (await client.get("/journalBatches")).items == []
    assert await submit(programs, "JournalImportLauncher", body([])["ParameterList"]) == "SUCCEEDED"
    assert await submit(programs, "AutomaticPosting", "1000") == "SUCCEEDED"
    assert [batch["Status"] for batch in (await client.get("/journalBatches")).items] == ["P"]


async def test_a_job_may_be_interrupted(world: World, client: Client) -> None:
    await world.fault(kind="job_fails")
    key = await submitted(client, GOOD)
    await world.sim("jobs", {})
    assert await state(client, key) == "ERROR"


async def test_files_are_there_when_a_job_has_ended_and_jobs_are_asked_for_by_id(client: Client) -> None:
    key = await submitted(client, GOOD)

    async def asked(finder: str) -> Answer:
        return await client.get("/erpintegrations", finder=finder)

    assert (await asked(f"ESSJobExecutionDetailsRF;requestId={key},fileType=OUT")).status == 400
    assert (await asked("ESSJobStatusRF;requestId=1")).status == 400
    assert (await client.get("/erpintegrations")).status == 400


async def test_suspense_takes_what_no_account_does(make: Make) -> None:
    world = await make(suspense="true")
    client = await world.client()
    await submitted(client, [row("01-000-40100-000", "5.00"), row(CASH, "", "5.00")])
    await world.sim("jobs", {})
    assert {one["account"] for one in (await world.sim("balances"))["accounts"]} == {"01-000-29900-000", CASH}
