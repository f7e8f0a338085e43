"""What is read from SYSPRO: feeds, their tables, and what is asked for by key. Pure.

Facts: tables and columns as in a live company's database (SYSTEM.md). No row has a time of change, so lists are read as a whole or by the day of a
document, and the hash of a row shows whether it changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from systems.contract import Feed

_OFTEN, _DAY = timedelta(minutes=15), timedelta(days=1)
FEEDS = (
    Feed("invoices", "bill", "window", "object", _OFTEN, _DAY),
    Feed("settlements", "bill", "window", "hint", _OFTEN, _DAY),
    Feed("vendors", "vendor", "full", "object", _OFTEN),
    Feed("purchase_orders", "purchase_order", "full", "object", _OFTEN),
    Feed("stock_levels", "stock_level", "full", "object", _OFTEN),
    Feed("periods", "period", "full", "object", _OFTEN),
    Feed("gl_accounts", "gl_account", "full", "object", _OFTEN),
)
FETCHABLE: Mapping[str, int] = {"bill": 20, "vendor": 20, "purchase_order": 20}
BY_ODATA: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "invoices": ("ApInvoice", ("InvoiceDate", "JournalDate")),
    "settlements": ("ApInvoicePay", ("JournalDate",)),
}
"""Feeds that are read by OData: their table, and the dates by which new rows are found."""
INVOICE_COLUMNS = (
    "Supplier", "Invoice", "Reference", "Branch", "InvoiceDate", "DueDate", "JournalDate", "Journal", "OrigInvValue", "MthInvBal1", "MthInvBal2",
    "MthInvBal3", "Currency", "InvoiceStatus", "InvoiceYear", "InvoiceMonth", "TotalAdjustments",
)  # fmt: skip
SETTLEMENT_COLUMNS = ("Supplier", "Invoice", "EntryNumber", "TrnType", "TrnValue", "JournalDate")


@dataclass(frozen=True)
class Listed:
    """A table that COMFND lists by its key: the columns that are read, and the key, whose first column continues a page."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


SUPPLIERS = Listed(
    "ApSupplier",
    ("Supplier",),
    ("Supplier", "SupplierName", "SupShortName", "SupplierClass", "Branch", "Telephone", "Contact", "Email", "UserField1", "Currency", "TermsCode",
     "OnHold", "PurchOrdAllowed", "GrnMatchReqd"),
)  # fmt: skip
ADDRESSES = Listed(
    "ApSupplierAddr",
    ("Supplier",),
    ("Supplier", "SupAddr1", "SupAddr2", "SupAddr3", "SupAddr4", "SupAddr5", "SupPostalCode"),
)
ORDERS = Listed(
    "PorMasterHdr",
    ("PurchaseOrder",),
    ("PurchaseOrder", "OrderStatus", "CancelledFlag", "Supplier", "OrderEntryDate", "OrderDueDate", "CustomerPoNumber", "ShippingInstrs",
     "Warehouse", "Currency", "DatePoCompleted", "Buyer", "DeliveryName", "DeliveryAddr1", "DeliveryAddr2", "DeliveryAddr3", "DeliveryAddr4",
     "DeliveryAddr5", "PostalCode", "TermsCode"),
)  # fmt: skip
ORDER_LINES = Listed(
    "PorMasterDetail",
    ("PurchaseOrder", "Line"),
    ("PurchaseOrder", "Line", "LineType", "MStockCode", "MStockDes", "MWarehouse", "MOrderUom", "MOrderQty", "MReceivedQty", "MLatestDueDate",
     "MSupCatalogue", "MDiscPct1", "MDiscPct2", "MDiscPct3", "MPrice", "MCompleteFlag", "MGlCode", "NComment", "NMscChargeValue"),
)  # fmt: skip
LEVELS = Listed(
    "InvWarehouse",
    ("StockCode", "Warehouse"),
    ("StockCode", "Warehouse", "QtyOnHand", "QtyAllocated", "QtyOnOrder", "UnitCost"),
)
ACCOUNTS = Listed("GenMaster", ("GlCode",), ("GlCode", "Description", "AccountType", "AccOnHldFlag", "ControlAccFlag"))
BY_FIND: Mapping[str, Listed] = {"vendors": SUPPLIERS, "purchase_orders": ORDERS, "stock_levels": LEVELS, "gl_accounts": ACCOUNTS}
"""Feeds that are read by COMFND."""
MOST_LINES = 5000
"""The most lines that are read for one order."""
