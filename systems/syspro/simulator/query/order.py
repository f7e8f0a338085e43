"""PORQRY: a purchase order with its lines.

Source: a recorded answer that ends in its second line: the elements, their order, edited quantities (`38,400.000`) with raw twins `Unedited_*` of
twenty places. Assumed: the elements of charges, freight and comments follow the tree, and a missing order is reported as a field error.
"""

from __future__ import annotations

from decimal import Decimal

from runtime.simulator.records import Row
from systems.syspro.simulator.answers import FieldError, Tag, document
from systems.syspro.simulator.company import Company, money
from systems.syspro.simulator.query.shown import edited, padded
from systems.syspro.simulator.reading import Part

_VERSION = "7.0.022"
_STATES = {"1": "Open", "4": "Ready to print", "9": "Completed", "*": "Cancelled"}
_TYPES = {"1": "Stocked line", "4": "Freight line", "5": "Miscellaneous line", "6": "Comment line", "7": "Non-stocked line"}
_ADDRESS = ("SupplierAddr1", "SupplierAddr2", "SupplierAddr3", "SupplierAddr3Locality", "SupplierAddr4", "SupplierAddr5")


def order(company: Company, asked: Part) -> str:
    """The answer to a query."""
    number = asked.one("Key")["PurchaseOrder"]
    header = company.row("PorMasterHdr", number)
    if header is None:
        error = FieldError("PurchaseOrder", number, 160001, f"Purchase order '{number}' not found")
        return document("PorDetail", _VERSION, [error.shown()])
    lines = company.rows_with("PorMasterDetail", "PurchaseOrder", number)
    tags = [*_supplier(company, header), *_delivery(header), *_terms(company, header)]
    tags += [("PurchaseOrderLine", [_line(company, line)]) for line in sorted(lines, key=lambda one: int(one["Line"]))]
    return document("PorDetail", _VERSION, tags)


def _supplier(company: Company, header: Row) -> list[Tag]:
    code = header["Supplier"]
    row, place = company.row("ApSupplier", code) or {}, company.row("ApSupplierAddr", code) or {}
    found: list[Tag] = [
        ("PurchaseOrder", header["PurchaseOrder"]),
        ("Supplier", code),
        ("SupplierName", row.get("SupplierName", "")),
    ]
    found += [("SupplierClass", row.get("SupplierClass", "")), ("Customer", header["Customer"]), ("CustomerName", "")]
    found.append(("CustomerPoNumber", header["CustomerPoNumber"]))
    columns = ("SupAddr1", "SupAddr2", "SupAddr3", "SupAddr3Loc", "SupAddr4", "SupAddr5")
    found += [(name, place.get(column, "")) for name, column in zip(_ADDRESS, columns, strict=True)]
    found += [("SupPostalCode", place.get("SupPostalCode", "")), ("Currency", header["Currency"])]
    return [*found, ("LocalSupplier", "Y"), ("Description", "DOLLAR")]


def _delivery(header: Row) -> list[Tag]:
    found: list[Tag] = [("DeliveryName", header["DeliveryName"])]
    for place in range(1, 6):
        found.append((f"DeliveryAddr{place}", header[f"DeliveryAddr{place}"]))
        if place == 3:
            found.append(("DeliveryAddr3Locality", ""))
    return [*found, ("PostalCode", header["PostalCode"])]


def _terms(company: Company, header: Row) -> list[Tag]:
    terms = company.row("TblApTerms", header["TermsCode"]) or {}
    place = company.row("InvWhControl", header["Warehouse"]) or {}
    return [
        ("OrderStatus", header["OrderStatus"]),
        ("OrderStatusDescription", _STATES[header["OrderStatus"]]),
        ("ExchangeRateFixedFlag", "No"),
        ("PoExchangeRate", padded(money(header["ExchangeRate"]), 12, 6)),
        ("BlanketPoContract", "No"),
        ("ApInvoiceTerms", header["TermsCode"]),
        ("ApInvoiceTermsDescription", terms.get("Description", "")),
        ("CompletedDate", header["DatePoCompleted"]),
        ("Warehouse", header["Warehouse"]),
        ("WarehouseDesc", place.get("Description", "")),
        ("OrderEntryDate", header["OrderEntryDate"]),
        ("OrderDueDate", header["OrderDueDate"]),
        ("MemoDate", header["MemoDate"]),
        ("MemoCode", ""),
        ("OrderType", "Local"),
        ("PaymentTerms", header["PaymentTerms"]),
        ("TaxStatus", "Exempt from tax" if header["TaxStatus"] == "E" else "Taxable"),
        ("ShippingInstrs", header["ShippingInstrs"]),
        ("OrderDiscount", ""),
        ("Buyer", header["Buyer"]),
        ("IncludeInMrp", header["IncludeInMrp"]),
    ]


def _line(company: Company, line: Row) -> Tag:
    if line["LineType"] in ("1", "7"):
        return "Merchandise", _goods(company, line)
    name = {"4": "Freight", "5": "MiscCharge", "6": "CommentLine"}[line["LineType"]]
    told: list[Tag] = [("PurchaseOrderLine", line["Line"]), ("NComment", line["NComment"]), ("NCommentFromLin", "")]
    return name, told if name == "CommentLine" else [*told, ("NMscChargeValue", line["NMscChargeValue"])]


def _goods(company: Company, line: Row) -> list[Tag]:
    master = company.row("InvMaster", line["MStockCode"]) or {}
    place = company.row("InvWhControl", line["MWarehouse"]) or {}
    ordered, received, price = money(line["MOrderQty"]), money(line["MReceivedQty"]), money(line["MPrice"])
    found: list[Tag] = [
        ("Line", line["Line"]),
        ("LineType", line["LineType"]),
        ("LineTypeDescription", _TYPES[line["LineType"]]),
        ("MStockCode", line["MStockCode"]),
        ("MStockDes", line["MStockDes"]),
        ("LongDesc", master.get("LongDesc", "")),
        ("MWarehouse", line["MWarehouse"]),
        ("MWarehouseDesc", place.get("Description", "")),
    ]
    for name, quantity in (
        ("MOutstandingQty", max(ordered - received, Decimal(0))),
        ("MOrderQty", ordered),
        ("MReceivedQty", received),
    ):
        found += [(name, edited(quantity)), (f"Unedited_{name}", padded(quantity, 19, 6))]
    found += [("MOrderUom", line["MOrderUom"]), ("MCompleteFlag", line["MCompleteFlag"]), ("MJob", line["MJob"])]
    found += [("MPrice", f"{price:.5f}"), ("Edit_MPrice", edited(price)), ("OrderValue", f"{price * ordered:.5f}")]
    found += [
        ("MPriceUom", line["MPriceUom"]),
        ("MLatestDueDate", line["MLatestDueDate"]),
        ("MSupCatalogue", line["MSupCatalogue"]),
    ]
    found += [("MProductClass", line["MProductClass"]), ("MStockingUom", line["MStockingUom"]), ("MTaxCode", line["MTaxCode"])]
    return [*found, ("MGlCode", line["MGlCode"]), ("MOrigDueDate", line["MOrigDueDate"])]
