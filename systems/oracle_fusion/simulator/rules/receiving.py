"""Receiving: requests go into the interface, and the receiving processor turns them into receipts later. 201 does not mean received.

Sources: SCM receivingReceiptRequests and receivingReceiptTransactionRequests (children, DELETE of a request in error), CD:...lines (TransactionType,
AutoTransactCode), a published mapping guide of Oracle WMS (InsertAndProcessFlag, ExternalSystemTransactionReference, ParentTransactionId
from receivingTransactionsHistory). Assumed: ReturnStatus and ProcessingStatusCode, that a line in error does not stop the others, the words of
errors, that receiving does not change the change time of the order (`receipt_moves_order`), and that a request stays readable.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import Pod, money, plain, wire_time
from systems.oracle_fusion.simulator.rules import orders
from systems.oracle_fusion.simulator.rules.receiving_checks import Wrong, problems_of_line, problems_of_transaction
from systems.oracle_fusion.simulator.rules.setup import require
from systems.oracle_fusion.simulator.seed.company import ORGANIZATION, ORGANIZATION_ID
from systems.oracle_fusion.simulator.seed.suppliers import blank

REQUESTS, TRANSACTIONS, HISTORY = "receivingReceiptRequests", "receivingReceiptTransactionRequests", "receivingTransactionsHistory"
PENDING, SUCCESS, ERROR = "PENDING", "SUCCESS", "ERROR"
_MINE = ("HeaderInterfaceId", "ProcessingStatusCode", "ReturnStatus", "ReturnMessage")
_COPIED = ("ReceiptSourceCode", "OrganizationCode", "TransactionDate", "InsertAndProcessFlag")


def create(pod: Pod, draft: Row) -> Row:
    """A request to receive goods. If something is already wrong, it is saved nevertheless, with ReturnStatus ERROR. Raises 400."""
    require(draft, ("ReceiptSourceCode", "lines"))
    if not draft.get("OrganizationCode") and not draft.get("OrganizationId"):
        raise bad("Attribute OrganizationCode is required.", "JBO-27014", "OrganizationCode")
    mine = next((name for name in draft if name in _MINE), None)
    if mine:
        raise bad(f"The attribute {mine} cannot be set.", "JBO-27008", mine)
    _refuse_organization(draft)
    key, at = pod.new_id(), pod.stamp()
    header = blank(REQUESTS) | {"OrganizationCode": ORGANIZATION, "TransactionDate": wire_time(pod.clock.now())} | draft
    header |= {"HeaderInterfaceId": key, "OrganizationCode": ORGANIZATION, "OrganizationId": ORGANIZATION_ID}
    header["ReceiptNumber"] = _receipt_number(pod, draft)
    lines = [_line(pod, header, one, at) for one in draft["lines"]]
    row = _judged(pod, header | {"lines": lines})
    made = pod.save(REQUESTS, row, "create")
    return _processed(pod, REQUESTS, made) if _is_online(pod, draft) else made


def _refuse_organization(draft: Row) -> None:
    code, number = draft.get("OrganizationCode") or ORGANIZATION, draft.get("OrganizationId") or ORGANIZATION_ID
    if (code, number) != (ORGANIZATION, ORGANIZATION_ID):
        raise bad(f"The organization {code} is not valid.", "RCV-2200100", "OrganizationCode")


def _receipt_number(pod: Pod, draft: Row) -> str:
    """Our number if the organization accepts one, else the next of its series. Raises 400 for a number that is taken."""
    sent = draft.get("ReceiptNumber")
    if not pod.settings.receipt_numbering:
        return pod.number("receipt", 0, 9001)
    if not sent:
        raise bad("Attribute ReceiptNumber is required in this organization.", "JBO-27014", "ReceiptNumber")
    alive = [row for row in pod.rows_with(REQUESTS, "ReceiptNumber", sent) if row["ProcessingStatusCode"] != ERROR]
    if alive or pod.rows_with(HISTORY, "ReceiptNumber", sent):
        raise bad(f"The receipt number {sent} already exists.", "RCV-2200101", "ReceiptNumber")
    return str(sent)


def _is_online(pod: Pod, draft: Row) -> bool:
    return pod.settings.receiving == "online" and str(draft.get("InsertAndProcessFlag", "")).lower() == "true"


def _line(pod: Pod, header: Row, sent: Row, at: str) -> Row:
    copied = {name: header[name] for name in _COPIED if header.get(name) is not None}
    keys = {"InterfaceTransactionId": pod.new_id(), "HeaderInterfaceId": header["HeaderInterfaceId"]}
    stamps = {"CreationDate": at, "LastUpdateDate": at}
    return blank(f"{REQUESTS}.lines") | copied | {name: value for name, value in sent.items() if value is not None} | keys | stamps


def _judged(pod: Pod, row: Row) -> Row:
    """The request, with the present faults of each line."""
    lines = [_marked(pod, line, problems_of_line(pod, row, line)) for line in row["lines"]]
    return _summed(row | {"lines": lines})


def _marked(pod: Pod, line: Row, found: list[Wrong]) -> Row:
    errors = [
        {
            "InterfaceErrorId": pod.new_id(),
            "InterfaceTransactionId": line["InterfaceTransactionId"],
            "ErrorMessageName": wrong.name,
            "ErrorMessage": wrong.words,
            "ColumnName": wrong.column,
        }
        for wrong in found
    ]
    status = (
        {"ReturnStatus": ERROR, "ReturnMessage": found[0].words, "ProcessingStatusCode": ERROR}
        if found
        else {"ReturnStatus": SUCCESS, "ReturnMessage": None, "ProcessingStatusCode": PENDING}
    )
    return line | status | {"processingErrors": errors}


def _summed(row: Row) -> Row:
    """The header's status: an error if any line has one, else pending while any line is."""
    codes = {line["ProcessingStatusCode"] for line in row["lines"]}
    code = ERROR if ERROR in codes else PENDING if PENDING in codes else SUCCESS
    first = next((line["ReturnMessage"] for line in row["lines"] if line["ProcessingStatusCode"] == ERROR), None)
    return row | {"ProcessingStatusCode": code, "ReturnStatus": ERROR if code == ERROR else SUCCESS, "ReturnMessage": first}


def run_due(pod: Pod) -> None:
    """The receiving processor: processes what has waited for `receiving_s`."""
    for kind, row in _waiting(pod):
        if pod.due(row["CreationDate"], pod.settings.receiving_s):
            _processed(pod, kind, row)


def run(pod: Pod) -> int:
    """Run the receiving processor now; returns how many requests it processed."""
    waiting = _waiting(pod)
    for kind, row in waiting:
        _processed(pod, kind, row)
    return len(waiting)


def _waiting(pod: Pod) -> list[tuple[str, Row]]:
    return [(kind, row) for kind in (REQUESTS, TRANSACTIONS) for row in pod.waiting(kind)]


def _processed(pod: Pod, kind: str, row: Row) -> Row:
    if kind == TRANSACTIONS:
        return _processed_transaction(pod, row)
    for place in range(len(row["lines"])):
        row = _processed_line(pod, row, place)
    return row


def _processed_line(pod: Pod, row: Row, place: int) -> Row:
    line = row["lines"][place]
    if line["ProcessingStatusCode"] != PENDING:
        return row
    found = problems_of_line(pod, row, line)
    fault = pod.faults.take("receiving_fails", "POST", f"/{REQUESTS}")
    if fault is not None:
        found = [Wrong("RCV_PROCESSING_ERROR", "The transaction could not be processed.", "")]
    changes: list[Change] = []
    if found:
        line = _marked(pod, line, found)
    else:
        changes = _received(pod, row, line)
        line = line | {"ProcessingStatusCode": SUCCESS}
    lines = [line if number == place else one for number, one in enumerate(row["lines"])]
    after = pod.put(REQUESTS, _summed(row | {"lines": lines}), "error" if found else "process", str(line["DocumentLineNumber"]))
    pod.commit([*changes, after], pod.request_id)
    return after.body


def _received(pod: Pod, row: Row, line: Row) -> list[Change]:
    """The changes of processing a line: the transaction RECEIVE, with direct delivery also DELIVER, and the order."""
    order = orders.find(pod, line["DocumentNumber"])
    held = orders.at(order, money(line["DocumentLineNumber"]), schedule_number(line)) if order else None
    if order is None or held is None:
        return []
    quantity = money(line["Quantity"])
    receive = _transaction(pod, row, (order, *held), "RECEIVE", quantity) | {"ReceiptNumber": row["ReceiptNumber"]}
    receive |= {"Subinventory": line.get("Subinventory"), "ShipmentHeaderId": row["HeaderInterfaceId"]}
    receive |= {
        "ExternalSystemTransactionReference": line.get("ExternalSystemTransactionReference")
        or row.get("ExternalSystemTransactionReference")
    }
    made = [receive]
    if line.get("AutoTransactCode") == "DELIVER":
        made.append(receive | _named("DELIVER") | {"TransactionId": pod.new_id(), "ParentTransactionId": receive["TransactionId"]})
    return [*[pod.put(HISTORY, one, "create") for one in made], _moved(pod, order, held[1], quantity)]


def schedule_number(line: Row) -> Decimal:
    """The schedule that a line means, by either of its two names; the first schedule if it names none."""
    return money(line.get("DocumentScheduleNumber") or line.get("DocumentShipmentLineNumber") or "1")


def _named(kind: str) -> Row:
    return {"TransactionTypeCode": kind, "TransactionType": kind.capitalize()}


def _transaction(pod: Pod, row: Row, of: tuple[Row, Row, Row], kind: str, quantity: Decimal) -> Row:
    order, line, part = of
    return (
        blank(HISTORY)
        | _named(kind)
        | {
            "TransactionId": pod.new_id(),
            "TransactionDate": row["TransactionDate"],
            "OrganizationId": ORGANIZATION_ID,
            "OrganizationCode": ORGANIZATION,
            "ItemId": line["ItemId"],
            "ItemNumber": line["Item"],
            "ItemDescription": line["Description"],
            "Quantity": plain(quantity),
            "UnitOfMeasure": line["UOM"],
            "UOMCode": line["UOMCode"],
            "POHeaderId": order["POHeaderId"],
            "PONumber": order["OrderNumber"],
            "POLineId": line["POLineId"],
            "POLineNumber": line["LineNumber"],
            "POLineLocationId": part["LineLocationId"],
            "POScheduleNumber": part["ScheduleNumber"],
        }
    )


def _moved(pod: Pod, order: Row, part: Row, quantity: Decimal) -> Change:
    """The order, with this quantity more received on a schedule."""
    received = plain(money(part["_received"]) + quantity)
    after = orders.with_schedule(order, part["LineLocationId"], lambda one: one | {"_received": received})
    change = pod.put(orders.KIND, after, "receive", plain(quantity))
    return change if pod.settings.receipt_moves_order else pod.untouched(orders.KIND, after, "receive", plain(quantity))


def create_transaction(pod: Pod, draft: Row) -> Row:
    """A request to correct a receipt, or to return goods from it. Raises 400."""
    require(draft, ("TransactionType", "ParentTransactionId", "Quantity"))
    mine = next((name for name in draft if name in (*_MINE[1:], "InterfaceTransactionId")), None)
    if mine:
        raise bad(f"The attribute {mine} cannot be set.", "JBO-27008", mine)
    _refuse_organization(draft)
    row = (
        blank(TRANSACTIONS)
        | {"TransactionDate": wire_time(pod.clock.now())}
        | {name: value for name, value in draft.items() if value is not None}
    )
    row |= {"InterfaceTransactionId": pod.new_id(), "OrganizationCode": ORGANIZATION}
    made = pod.save(TRANSACTIONS, _marked(pod, row, problems_of_transaction(pod, row)), "create")
    return _processed_transaction(pod, made) if _is_online(pod, draft) else made


def _processed_transaction(pod: Pod, row: Row) -> Row:
    if row["ProcessingStatusCode"] != PENDING:
        return row
    found = problems_of_transaction(pod, row)
    changes: list[Change] = []
    if found:
        row = _marked(pod, row, found)
    else:
        changes, row = _corrected(pod, row), row | {"ProcessingStatusCode": SUCCESS}
    after = pod.put(TRANSACTIONS, row, "error" if found else "process", str(row["TransactionType"]))
    pod.commit([*changes, after], pod.request_id)
    return after.body


def _corrected(pod: Pod, row: Row) -> list[Change]:
    """What a correction changes, which adds its quantity (negative takes back), or a return, which subtracts it: the new transaction, what is left of
    its parent, and the received quantity of the order."""
    parent = pod.get(HISTORY, str(row["ParentTransactionId"]))
    order = pod.get(orders.KIND, str(parent["POHeaderId"])) if parent else None
    if parent is None or order is None:
        return []
    held = orders.at(order, money(parent["POLineNumber"]), money(parent["POScheduleNumber"]))
    if held is None:
        return []
    sign = 1 if row["TransactionType"] == "CORRECT" else -1
    quantity = sign * money(row["Quantity"])
    moved = -quantity if parent["TransactionTypeCode"] == "RETURN TO VENDOR" else quantity
    made = _transaction(pod, row, (order, *held), row["TransactionType"], money(row["Quantity"]))
    made |= {"ParentTransactionId": parent["TransactionId"], "ReceiptNumber": parent["ReceiptNumber"]}
    made |= {"ExternalSystemTransactionReference": row.get("ExternalSystemTransactionReference")}
    left = plain(money(parent.get("_left", parent["Quantity"])) + quantity)
    marked = replace(pod.untouched(HISTORY, parent | {"_left": left}, ""), operation="")
    return [pod.put(HISTORY, made, "create"), marked, _moved(pod, order, held[1], moved)]


def remove(kind: str, pod: Pod, row: Row) -> None:
    """DELETE of a request that ended in error. Raises 400."""
    if row["ProcessingStatusCode"] != ERROR:
        raise bad("Only a request in error can be deleted.", "RCV-2200110")
    key = "HeaderInterfaceId" if kind == REQUESTS else "InterfaceTransactionId"
    pod.commit([Change(kind, str(row[key]), row, "delete", is_gone=True)], pod.request_id)
