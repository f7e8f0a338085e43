"""What holds exchanges against the recorded forms notices what is not of them: a fault in each part of an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.simulator.openapi import Exchange
from systems.syspro.spec.validation import validators
from tests.systems.syspro.simulator.test_forms import whole

REST = "/SYSPROWCFService/Rest"
_STATUS = "<StatusOfItems>\n<RecordsRead>1</RecordsRead>\n<RecordsInvalid>0</RecordsInvalid>\n</StatusOfItems>\n"
SETUP = whole("setupapsupplier", "7.0.019", f"<item>\n<key>\n<supplier>0000910</supplier>\n</key>\n</item>\n{_STATUS}")
ROWS = whole("InvMaster", "7.0.053", "<Row>\n<StockCode>ANODE</StockCode>\n</Row>\n<RowsReturned>       1</RowsReturned>\n")
ODATA = '{"value":[{"Supplier":"0000910","Invoice":"N1","InvoiceDate":"2026-03-10T00:00:00Z","OrigInvValue":40.00}]}'


def answered(path: str, text: str, **query: str) -> Exchange:
    return Exchange("GET", path, query, b"", 200, text.encode("cp1252"))


LOGON = answered(f"{REST}/Logon", "0" * 34 + "  ")
UPDATE = answered(f"{REST}/Setup/Update", SETUP, BusinessObject="APSSSP")
QUERY = answered(f"{REST}/Query/Query", ROWS, BusinessObject="COMFND")
TABLE = answered("/SYSPRO8Odata/SYSPROOData/EDU1/ApInvoice", ODATA)


def problems(exchange: Exchange) -> list[str]:
    held = next(one for one in validators() if exchange.path.startswith(one.reading.base))
    found: list[str] = held.problems(exchange)
    assert not held.uncovered
    return found


@pytest.mark.parametrize("exchange", [LOGON, UPDATE, QUERY, TABLE])
def test_a_true_exchange_is_of_the_recorded_form(exchange: Exchange) -> None:
    assert problems(exchange) == []


@pytest.mark.parametrize(
    ("exchange", "old", "new"),
    [
        (LOGON, "  ", ""),
        (LOGON, "0" * 34, "0" * 33),
        (UPDATE, "Windows-1252", "UTF-8"),
        (UPDATE, "Role='01'", "Role='1'"),
        (UPDATE, "setupapsupplier", "SetupApSupplier"),
        (UPDATE, "key>", "Key>"),
        (UPDATE, "<RecordsInvalid>0", "<RecordsInvalid>none"),
        (QUERY, "       1", "one"),
        (QUERY, "</InvMaster>", "</InvWarehouse>"),
        (TABLE, "InvoiceDate", "zzInvented"),
        (TABLE, '"N1"', "1"),
        (TABLE, "40.00", '"40.00"'),
    ],
)
def test_a_planted_fault_is_caught(exchange: Exchange, old: str, new: str) -> None:
    text = exchange.response_body.decode()
    assert old in text
    assert problems(replace(exchange, response_body=text.replace(old, new).encode()))


@pytest.mark.parametrize("exchange", [LOGON, UPDATE, QUERY])
@pytest.mark.parametrize("body", [b"", b"<html></html>"])
def test_an_answer_without_a_document_is_caught(exchange: Exchange, body: bytes) -> None:
    assert problems(replace(exchange, response_body=body))
