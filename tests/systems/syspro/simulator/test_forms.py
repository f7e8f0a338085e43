"""The recorded exchanges, form by form, with values of ours: declaration, attributes, roots, cases, paddings, errors."""

from __future__ import annotations

import re

from tests.systems.syspro.simulator.orders import ORDER, ordered
from tests.systems.syspro.simulator.world import Client, Make, envelope, tags

HEAD = '<?xml version="1.0" encoding="Windows-1252"?>\n'
ATTRIBUTES = (
    "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' Version='{}' OperatorPrimaryRole='   '"
)


def whole(root: str, version: str, inner: str) -> str:
    return f"{HEAD}<{root} {ATTRIBUTES.format(version)}>\n{inner}</{root}>\n"


async def test_comfnd_answers_header_rows_and_their_number(client: Client) -> None:
    xml = """<?xml version="1.0" encoding="Windows-1252"?>
<Query xmlns:xsd="http://www.w3.org/2001/XMLSchema-instance" xsd:noNamespaceSchemaLocation="COMFND.XSD">
  <TableName>InvMaster</TableName>
  <ReturnRows>5</ReturnRows>
  <Columns>
      <Column>StockCode</Column>
  </Columns>
    <Where>
        <Expression>
          <OpenBracket>(</OpenBracket>
            <AndOr>And</AndOr>
          <Column>StockCode</Column>
          <Condition>EQ</Condition>
          <Value>ANODE</Value>
          <CloseBracket>)</CloseBracket>
        </Expression>
    </Where>
  <OrderBy>
    <Column>StockCode</Column>
  </OrderBy>
</Query>"""
    answer = await client.call("Query/Query", BusinessObject="COMFND", XmlIn=xml)
    head = "<HeaderDetails>\n<TableName>InvMaster</TableName>\n<Columns>\n<Column>StockCode</Column>\n</Columns>\n"
    head += "<OrderBy>\n<Column>StockCode</Column>\n</OrderBy>\n</HeaderDetails>\n"
    rows = "<Row>\n<StockCode>ANODE</StockCode>\n</Row>\n<RowsReturned>       1</RowsReturned>\n"
    assert answer.text == whole("InvMaster", "7.0.053", head + rows)


async def test_a_setup_refusal_has_lower_case_tags_and_the_key(client: Client) -> None:
    """The recorded refusal of INVSWS; also a dry run shows it."""
    told = {"ApplyProductClassDefault": "BA", "IgnoreWarnings": "N", "ApplyIfEntireDocumentValid": "Y", "ValidateOnly": "Y"}
    item = tags(
        {"Item": {"Key": {"StockCode": "NONE", "Warehouse": "MA"}, "CostMultiplier": "1.0", "MinimumQty": "", "DefaultBin": "MA"}}
    )
    answer = await client.write("Setup/Add", "INVSWS", "SetupInvWarehouse", told, item)
    key = "<key>\n<stockcode>NONE</stockcode>\n<warehouse>MA</warehouse>\n</key>\n"
    error = (
        "<Value>NONE</Value>\n<ErrorNumber>240004</ErrorNumber>\n<ErrorDescription>Stock code 'NONE' not found</ErrorDescription>\n"
    )
    status = "<StatusOfItems>\n<RecordsRead>1</RecordsRead>\n<RecordsInvalid>1</RecordsInvalid>\n</StatusOfItems>\n"
    inner = f"<item>\n{key}<stockcode>\n{error}</stockcode>\n</item>\n{status}"
    assert answer.text == whole("setupinvwarehouse", "7.0.026", inner)


async def test_a_setup_that_is_well_shows_its_key_alone(client: Client) -> None:
    """The form of the recorded COMSFM."""
    answer = await client.supplier("Update", {"Key": {"Supplier": "0000910"}, "Contact": "Ann"}, ValidateOnly="Y")
    inner = "<item>\n<key>\n<supplier>0000910</supplier>\n</key>\n</item>\n"
    inner += "<StatusOfItems>\n<RecordsRead>1</RecordsRead>\n<RecordsInvalid>0</RecordsInvalid>\n</StatusOfItems>\n"
    assert answer.text == whole("setupapsupplier", "7.0.019", inner)
    assert (await client.find("ApSupplier", "Contact", where="Supplier EQ 0000910")).rows() == [{"Contact": ""}]


async def test_a_receipt_into_inspection_has_no_counters(make: Make) -> None:
    """The recorded request of PORTOR names elements that its schema does not, and in another order: a live service took it (`elements=loose`)."""
    world = await make(elements="loose")
    client = await (await world.client()).with_supplier()
    number = await ordered(client, ORDER)
    sent = {
        "PurchaseOrder": number,
        "Warehouse": "MA",
        "StockCode": "R410A",
        "Quantity": "0.01",
        "CountedQuantityComplete": "Y",
        "DeliveryNote": "NOTE-1",
        "Certificate": "7/1-2",
        "Narration": "",
        "Lot": "5001",
        "GRNNumber": "",
        "Concession": "",
        "CostBasis": "",
        "Notation": "",
        "Reference": "",
        "GRNSource": "",
    }
    told = {
        "TransactionDate": "2026-03-16",
        "IgnoreWarnings": "N",
        "NonStockedWhToUse": "",
        "GRNMatchingAction": "A",
        "AllowBlankSupplier": "N",
    }
    told |= {"ApplyIfEntireDocumentValid": "N", "ValidateOnly": "N", "ManualSerialTransfersAllowed": "N", "IgnoreAnalysis": "N"}
    item = tags({"Item": {"ReceiptIntoInspection": sent}})
    answer = await client.write("Transaction/Post", "PORTOR", "PostPurchaseOrderReceipts", told, item)
    key = f"<PurchaseOrder>{number}</PurchaseOrder>\n<Line>0001</Line>\n<Grn>G00000001</Grn>\n<LotNumber>5001</LotNumber>\n"
    inner = f"<Item>\n<Key>\n{key}</Key>\n<ItemNumber>000001</ItemNumber>\n</Item>\n"
    assert answer.text == whole("postpurchaseorderreceipts", "7.0.111", inner)
    strict = await make("strict")
    refused = await (await strict.client()).write("Transaction/Post", "PORTOR", "PostPurchaseOrderReceipts", told, item)
    assert refused.text == "ERROR: XML element {ReceiptIntoInspection}{GRNNumber} is out of order"


async def test_a_browse_shows_cells_with_value_and_type(client: Client) -> None:
    inner = tags({"BrowseName": "InvWhControl", "StartAtKey": "", "StartCondition": "", "ReturnRows": "2"})
    answer = await client.call("Query/Browse", XmlIn=envelope("Browse", "COMBRW", inner))
    cell = "<{0}>\n<Value>{1}</Value>\n<DataType>AlphaNumeric</DataType>\n</{0}>\n"
    rows = "".join(
        f"<Row>\n{cell.format('Warehouse', code)}{cell.format('Description', name)}</Row>\n"
        for code, name in (("MA", "Main warehouse"), ("NO", "North warehouse"))
    )
    assert answer.text == whole("InvWhControl", "7.0.038", f"<Title>Warehouses</Title>\n{rows}")


async def test_a_fetch_fills_numbers_with_blanks_and_has_an_empty_date(client: Client) -> None:
    inner = tags({"TableName": "InvMaster", "Key": "ANODE", "FullKeyProvided": "Y", "DefaultType": "", "EspressoFetch": "N"})
    answer = await client.call("Query/Fetch", XmlIn=envelope("Fetch", "COMFCH", inner))
    assert answer.text.startswith(f"{HEAD}<InvMaster {ATTRIBUTES.format('7.0.035')}>\n<StockCode>ANODE</StockCode>\n<Description>")
    for line in (
        "<ConvFactAltUom>     1.000000</ConvFactAltUom>",
        "<Mass>           0.000000</Mass>",
        "<LeadTime>         0</LeadTime>",
        "<MaterialCost>        33.18000</MaterialCost>",
        "<Supplier/>",
    ):
        assert f"\n{line}\n" in answer.text
    inner = tags({"TableName": "InvWarehouse", "Key": "ANODE", "OptionalKey1": "MA", "FullKeyProvided": "Y"})
    answer = await client.call("Query/Fetch", XmlIn=envelope("Fetch", "COMFCH", inner))
    assert "<DateLastSale>0000-00-00</DateLastSale>" in answer.text


async def test_an_order_has_edited_quantities_with_raw_twins(client: Client) -> None:
    number = await ordered(client, ORDER | {"qty": "38400"})
    answer = await client.query(
        "PORQRY", tags({"Key": {"PurchaseOrder": number}, "Option": {"IncludeStockedLines": "Y", "XslStylesheet": ""}})
    )
    assert answer.root.tag == "PorDetail"
    names = [one.tag for one in answer.root]
    assert names[:6] == ["PurchaseOrder", "Supplier", "SupplierName", "SupplierClass", "Customer", "CustomerName"]
    for line in (
        "<MOutstandingQty>38,400.000</MOutstandingQty>\n<Unedited_MOutstandingQty>        38400.000000</Unedited_MOutstandingQty>",
        "<MReceivedQty>0.000</MReceivedQty>\n<Unedited_MReceivedQty>            0.000000</Unedited_MReceivedQty>",
        "<PoExchangeRate>     1.000000</PoExchangeRate>",
        "<OrderStatus>1</OrderStatus>\n<OrderStatusDescription>Open</OrderStatusDescription>",
    ):
        assert line in answer.text


async def test_a_wrong_item_of_a_transaction_is_of_the_sample_s_form(client: Client) -> None:
    item = tags({"Item": {"Supplier": "", "Invoice": "A-1", "TransactionValue": "1.00", "InvoiceDate": "2026-13-01"}})
    answer = await client.write("Transaction/Post", "APSTIN", "PostApInvoice", {}, item)
    blank = "<Supplier>\n<Value/>\n<ErrorNumber>100030</ErrorNumber>\n"
    blank += "<ErrorDescription>XML element '{Item}{Supplier}' cannot be spaces</ErrorDescription>\n"
    dated = "Date '2026-13-01' is invalid for XML element 'InvoiceDate' it must be CCYY-MM-DD format"
    assert blank in answer.text
    assert f"<ErrorNumber>100028</ErrorNumber>\n<ErrorDescription>{dated}</ErrorDescription>" in answer.text
    end = "<ItemNumber>000001</ItemNumber>\n</Item>\n<StatusOfItems>\n<ItemsProcessed>000000</ItemsProcessed>\n<ItemsInvalid>000001</ItemsInvalid>\n"
    assert answer.text.endswith(f"{end}</StatusOfItems>\n</postapinvoice>\n")


async def test_every_root_of_an_answer_has_the_recorded_attributes(client: Client) -> None:
    answers = [
        await client.call("GetLogonProfile"),
        await client.query("APSQRY", tags({"Key": {"Supplier": "0000910"}})),
        await client.query("INVQRY", tags({"Key": {"StockCode": "ANODE"}})),
        await client.query("GENQGL", tags({"key": {"LedgerCode": "5000-10"}})),
    ]
    form = re.compile(re.escape(HEAD) + r"<(\w+) " + ATTRIBUTES.format(r"\d\.\d\.\d{3}") + ">\n.*</\\1>\n", re.DOTALL)
    assert [bool(form.fullmatch(answer.text)) for answer in answers] == [True] * 4
