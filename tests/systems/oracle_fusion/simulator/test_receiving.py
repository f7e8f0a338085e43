"""Receiving: a request is not a receipt; what the processor refuses; corrections and returns; the order and its life cycle."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.oracle_fusion.simulator.test_orders import life, order
from tests.systems.oracle_fusion.simulator.world import Answer, Client, Make, World, child_of, self_of


def line(made: dict[str, Any], quantity: float = 4, **changed: Any) -> dict[str, Any]:
    """A line that receives the first line of an order."""
    body = {
        "SourceDocumentCode": "PO",
        "TransactionType": "RECEIVE",
        "AutoTransactCode": "DELIVER",
        "DocumentNumber": made["OrderNumber"],
        "DocumentLineNumber": "1",
        "DocumentScheduleNumber": "1",
        "ItemNumber": "MAT-VALVE",
        "Quantity": quantity,
        "UnitOfMeasure": "Each",
        "Subinventory": "Stores",
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


async def requested(client: Client, *lines: dict[str, Any], **changed: Any) -> Answer:
    body: dict[str, Any] = {
        "ReceiptSourceCode": "VENDOR",
        "OrganizationCode": "ACM",
        "ReceiptNumber": "ST-RCPT-1",
        "lines": list(lines),
    }
    return await client.version(4).post(
        "/receivingReceiptRequests", {name: v for name, v in (body | changed).items() if v is not None}
    )


async def reread(client: Client, row: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.version(2).get(self_of(row), expand="lines.processingErrors")).body)


async def history(client: Client, number: str = "ST-RCPT-1") -> list[dict[str, Any]]:
    return (await client.get("/receivingTransactionsHistory", q=f"ReceiptNumber={number}")).items


async def test_201_is_not_received_until_the_processor_has_run(world: World, client: Client) -> None:
    made = await order(world)
    answer = await requested(client, line(made, ExternalSystemTransactionReference="ST-k1"))
    assert answer.status == 201
    row = answer.body
    assert (row["ReturnStatus"], row["ProcessingStatusCode"], len(str(row["HeaderInterfaceId"]))) == ("SUCCESS", "PENDING", 15)
    assert (await history(client), (await life(client, made))["schedules"][0]["ReceivedQuantity"]) == ([], 0)
    world.clock.move(seconds=61)
    assert (await reread(client, row))["ProcessingStatusCode"] == "SUCCESS"
    assert (await life(client, made))["schedules"][0]["ReceivedQuantity"] == 4
    kinds = [
        (one["TransactionTypeCode"], one["Quantity"], one["ExternalSystemTransactionReference"]) for one in await history(client)
    ]
    assert kinds == [("RECEIVE", 4, "ST-k1"), ("DELIVER", 4, "ST-k1")]
    held = (await client.get("/purchaseOrders", q=f"POHeaderId={made['POHeaderId']}")).items[0]
    assert held["LastUpdateDate"] == made["LastUpdateDate"]  # receiving does not move the header


async def test_a_request_is_found_by_our_reference(world: World, client: Client) -> None:
    made = await order(world)
    await requested(client, line(made), ExternalSystemTransactionReference="ST-k1")
    found = await client.version(4).get(
        "/receivingReceiptRequests", q="ExternalSystemTransactionReference = 'ST-k1'", expand="lines"
    )
    assert [one["ReceiptNumber"] for one in found.items] == ["ST-RCPT-1"]
    assert found.items[0]["lines"]["count"] == 1


async def test_online_processing_is_done_when_the_answer_comes(make: Make) -> None:
    world = await make(receiving="online")
    client = await world.client()
    made = await order(world)
    assert (await requested(client, line(made), InsertAndProcessFlag="true")).body["ProcessingStatusCode"] == "SUCCESS"
    assert (await requested(client, line(made), ReceiptNumber="2")).body["ProcessingStatusCode"] == "PENDING"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"DocumentNumber": "1"}, "RCV_INVALID_PO"),
        ({"DocumentLineNumber": 9}, "RCV_INVALID_PO_LINE"),
        ({"DocumentScheduleNumber": 2}, "RCV_INVALID_PO_LINE"),
        ({"ItemNumber": "MAT-CAP"}, "RCV_WRONG_ITEM"),
        ({"UnitOfMeasure": "Box"}, "RCV_WRONG_UOM"),
        ({"UnitOfMeasure": None}, "RCV_WRONG_UOM"),
        ({"Quantity": 10.001}, "RCV_OVER_RECEIPT"),
        ({"Quantity": 0}, "RCV_NO_QUANTITY"),
        ({"TransactionType": "SHIP"}, "RCV_INVALID_TYPE"),
        ({"SourceDocumentCode": "RMA"}, "RCV_INVALID_SOURCE"),
        ({"Subinventory": None}, "RCV_NO_SUBINVENTORY"),
        ({"TransactionDate": "2026-03-17T00:00:00+00:00"}, "RCV_FUTURE_DATE"),
        ({"TransactionDate": "2025-12-05T00:00:00+00:00"}, "RCV_CLOSED_PERIOD"),
    ],
)
async def test_a_line_in_error_is_there_with_its_errors(world: World, client: Client, changed: dict[str, Any], name: str) -> None:
    made = await order(world)
    good = line(made, 1, DocumentLineNumber=2, ItemNumber="MAT-CAP")
    answer = await requested(client, good, line(made, **changed))
    assert (answer.status, answer.body["ReturnStatus"]) == (201, "ERROR")
    row = await reread(client, answer.body)
    assert [one["ReturnStatus"] for one in row["lines"]] == ["SUCCESS", "ERROR"]
    assert [error["ErrorMessageName"] for error in row["lines"][1]["processingErrors"]] == [name]
    assert row["ReturnMessage"] == row["lines"][1]["processingErrors"][0]["ErrorMessage"]
    world.clock.move(minutes=2)
    assert len(await history(client)) == 2  # the other line was received
    assert (await reread(client, answer.body))["ProcessingStatusCode"] == "ERROR"


async def test_what_the_framework_refuses_is_no_request(client: Client, world: World) -> None:
    made = await order(world)
    wrong: tuple[dict[str, Any], ...] = ({"OrganizationCode": None}, {"OrganizationCode": "X"}, {"ReceiptNumber": None})
    for changed in (*wrong, {"ReturnStatus": "SUCCESS"}, {"lines": []}):
        assert (await requested(client, line(made), **changed)).status == 400, changed
    assert (await client.get("/receivingReceiptRequests")).items == []


async def test_a_receipt_number_is_taken_once(world: World, client: Client) -> None:
    made = await order(world)
    assert (await requested(client, line(made))).status == 201
    assert (await requested(client, line(made))).status == 400
    await world.sim("receiving", {})
    assert (await requested(client, line(made))).status == 400


async def test_the_tolerance_counts_what_was_received_before(world: World, client: Client) -> None:
    made = await order(world)
    await requested(client, line(made, 6))
    await requested(client, line(made, 6), ReceiptNumber="2")
    assert (await world.sim("receiving", {}))["processed"] == 2
    rows = (await client.get("/receivingReceiptRequests")).items
    assert [row["ProcessingStatusCode"] for row in rows] == ["SUCCESS", "ERROR"]
    await world.settings(over_receipt_percent="20")
    await requested(client, line(made, 6), ReceiptNumber="3")
    await world.sim("receiving", {})
    assert (await life(client, made))["schedules"][0]["ReceivedQuantity"] == 12


async def test_a_schedule_that_is_received_or_an_order_that_is_closed_takes_no_more(world: World, client: Client) -> None:
    made = await order(world)
    await requested(client, line(made, 10))
    await world.sim("receiving", {})
    row = (await client.get("/purchaseOrders", q=f"POHeaderId={made['POHeaderId']}", expand="lines.schedules")).items[0]
    assert row["lines"][0]["schedules"][0]["StatusCode"] == "CLOSED FOR RECEIVING"
    assert (await requested(client, line(made, 1), ReceiptNumber="2")).body["ReturnStatus"] == "ERROR"
    for status in ("FINALLY CLOSED", "CANCELED", "ON HOLD"):
        other = await order(world)
        await world.sim("orders/change", {"number": other["OrderNumber"], "status": status})
        answer = await requested(client, line(other), ReceiptNumber=status)
        assert answer.body["ReturnMessage"].endswith(f"the order is {status}.")


async def test_an_order_that_closes_meanwhile_is_an_error_of_the_processor(world: World, client: Client) -> None:
    made = await order(world)
    row = (await requested(client, line(made))).body
    await world.sim("orders/change", {"number": made["OrderNumber"], "status": "CANCELED"})
    world.clock.move(seconds=61)
    after = await reread(client, row)
    assert (after["ProcessingStatusCode"], after["ReturnStatus"]) == ("ERROR", "ERROR")
    assert after["lines"][0]["processingErrors"][0]["ErrorMessageName"] == "RCV_CLOSED_SCHEDULE"


async def test_a_request_in_error_may_be_deleted_and_its_number_used_again(world: World, client: Client) -> None:
    made = await order(world)
    row = (await requested(client, line(made, 99))).body
    errors = child_of((await client.get(child_of(row, "lines"))).items[0], "processingErrors")
    assert (await client.get(errors)).items[0]["ColumnName"] == "QUANTITY"
    assert (await client.call("DELETE", self_of(row))).status == 204
    again = await requested(client, line(made))
    assert (again.status, again.body["ReturnStatus"]) == (201, "SUCCESS")
    assert (await client.call("DELETE", self_of(again.body))).status == 400


async def _transaction(client: Client, parent: int, kind: str, quantity: float, **more: Any) -> Answer:
    body = {
        "TransactionType": kind,
        "ParentTransactionId": parent,
        "Quantity": quantity,
        "OrganizationCode": "ACM",
        "UOMCode": "EA",
    } | more
    return await client.version(4).post("/receivingReceiptTransactionRequests", body)


async def test_corrections_and_returns_name_the_transaction_that_they_are_of(world: World, client: Client) -> None:
    made = await order(world)
    await requested(client, line(made, 6))
    await world.sim("receiving", {})
    receive = (await history(client))[0]["TransactionId"]
    answer = await _transaction(client, receive, "CORRECT", -2, ExternalSystemTransactionReference="ST-k2")
    assert (answer.status, answer.body["ReturnStatus"], answer.body["ProcessingStatusCode"]) == (201, "SUCCESS", "PENDING")
    await world.sim("receiving", {})
    assert (await life(client, made))["schedules"][0]["ReceivedQuantity"] == 4
    assert (await _transaction(client, receive, "RETURN TO VENDOR", 5)).body["ReturnStatus"] == "ERROR"
    assert (await _transaction(client, receive, "RETURN TO VENDOR", 4)).body["ReturnStatus"] == "SUCCESS"
    await world.sim("receiving", {})
    assert (await life(client, made))["schedules"][0]["ReceivedQuantity"] == 0
    assert [one["TransactionTypeCode"] for one in await history(client)] == ["RECEIVE", "DELIVER", "CORRECT", "RETURN TO VENDOR"]
    for kind, parent, quantity in (("REJECT", receive, 1), ("CORRECT", 1, -1), ("CORRECT", receive, 0), ("CORRECT", receive, 11)):
        assert (await _transaction(client, parent, kind, quantity)).body["ReturnStatus"] == "ERROR", kind


async def test_a_batch_creates_every_part_or_none(world: World, client: Client) -> None:
    made = await order(world)
    await requested(client, line(made, 6))
    await world.sim("receiving", {})
    parent = (await history(client))[0]["TransactionId"]
    asked = client.having(Content_Type="application/vnd.oracle.adf.batch+json")

    def part(number: int, **changed: Any) -> dict[str, Any]:
        one = {"TransactionType": "CORRECT", "ParentTransactionId": parent, "Quantity": -1, "OrganizationCode": "ACM"} | changed
        return {"id": f"p{number}", "path": "/receivingReceiptTransactionRequests", "operation": "create", "payload": one}

    for wrong in (part(2, OrganizationCode="X"), part(2) | {"operation": "delete"}, part(2) | {"path": "/nothing"}, {"id": "p2"}):
        assert (await asked.post("/", {"parts": [part(1), wrong]})).status == 400
    assert (await client.get("/receivingReceiptTransactionRequests")).items == []
    assert (await client.post("/", {"parts": [part(1)]})).status == 415
    answer = await asked.post("/", {"parts": [part(1), part(2)]})
    assert (answer.status, [one["id"] for one in answer.body["parts"]]) == (200, ["p1", "p2"])
    assert len((await client.get("/receivingReceiptTransactionRequests")).items) == 2
