"""APSQRY, INVQRY and GENQGL: a supplier with its invoices, a stock code with its warehouses, and whether a ledger code exists.

Source: the element trees of the answers. Assumed: which of their elements an answer contains (those that a table of the company has), that quantities
have three places, and that a missing object is reported as a field error inside the answer.
"""

from __future__ import annotations

from decimal import Decimal

from runtime.simulator.records import Row
from systems.syspro.simulator.answers import FieldError, Tag, document
from systems.syspro.simulator.company import Company, money
from systems.syspro.simulator.objects.fields import GL_COMPANY
from systems.syspro.simulator.query.shown import columns_of, edited, shown
from systems.syspro.simulator.reading import Part

_SUPPLIER = (
    "Supplier SupplierName SupplierType Telephone Fax Contact OnHold Bank Currency Branch SupplierClass Area Nationality BankAccount BankBranch"
    " TaxRegnNum"
)
_ADDRESS = (
    "SupAddr1 SupAddr2 SupAddr3 SupAddr4 SupAddr5 SupPostalCode RemitName RemitAddr1 RemitAddr2 RemitAddr3 RemitAddr4 RemitAddr5"
    " RemitPostalCode"
)
_REST = "UserField1 UserField2 PurchOrdAllowed FirstPurchDate LastPurchDate MerchGlCode FreightGlCode Email CurrentBalance DateSuppAdded"
_INVOICE = (
    "Invoice JournalDate Journal Branch InvoiceDate DiscountDate DueDate Reference OrigInvValue OrigDiscValue MthInvBal1 InvoiceStatus Currency Bank"
    " PaymGrossValue PaymDiscValue InvoiceYear InvoiceMonth ConvRate MulDiv EntryNumber"
)
_STOCK = (
    "StockCode Description LongDesc AlternateKey1 AlternateKey2 StockUom ConvFactAltUom Supplier ProductClass TariffCode UserField1 LeadTime"
    " WarehouseToUse Mass Volume PriceMethod TaxCode"
)
_QUANTITIES = ("QtyOnOrder", "QtyInInspection", "MinimumQty", "MaximumQty", "QtyOnBackOrder", "QtyAllocated", "QtyInTransit")
_SHOWN_AS = {"MthInvBal1": "MthInvBal"}


def supplier(company: Company, asked: Part) -> str:
    """APSQRY."""
    code = asked.one("Key")["Supplier"]
    row, place = company.row("ApSupplier", code), company.row("ApSupplierAddr", code)
    if row is None or place is None:
        return _not_found("ApQuery", "7.0.040", FieldError("Supplier", code, 110001, f"Supplier '{code}' not found"))
    inner = _cells("ApSupplier", row, _SUPPLIER) + _cells("ApSupplierAddr", place, _ADDRESS) + _cells("ApSupplier", row, _REST)
    tags: list[Tag] = [("Supplier", inner)]
    for one in company.rows_with("ApInvoice", "Supplier", code):
        tags.append(("Invoices", [(_SHOWN_AS.get(name, name), value) for name, value in _cells("ApInvoice", one, _INVOICE)]))
    return document("ApQuery", "7.0.040", tags)


def stock(company: Company, asked: Part) -> str:
    """INVQRY."""
    code = asked.one("Key")["StockCode"]
    row = company.row("InvMaster", code)
    if row is None:
        return _not_found("InvQuery", "7.0.061", FieldError("StockCode", code, 240004, f"Stock code '{code}' not found"))
    tags: list[Tag] = [("StockItem", _cells("InvMaster", row, _STOCK))]
    for held in company.rows_with("InvWarehouse", "StockCode", code):
        place = company.row("InvWhControl", held["Warehouse"]) or {}
        inner: list[Tag] = [("Warehouse", held["Warehouse"]), ("Description", place.get("Description", ""))]
        inner += [("QtyOnHand", _quantity(held["QtyOnHand"])), ("AvailableQty", _quantity(held["QtyOnHand"], held["QtyAllocated"]))]
        inner += [(name, _quantity(held[name])) for name in _QUANTITIES]
        tags.append(("WarehouseItem", [*inner, ("UnitCost", f"{money(held['UnitCost']):.5f}")]))
    return document("InvQuery", "7.0.061", tags)


def ledger(company: Company, asked: Part) -> str:
    """GENQGL."""
    code = asked.one("key")["LedgerCode"]
    row = company.row("GenMaster", GL_COMPANY, code)
    if row is None:
        return _not_found("GLStructureQuery", "7.0.009", FieldError("LedgerCode", code, 140001, f"Ledger code '{code}' not found"))
    told: list[Tag] = [("LedgerCode", code), ("Description", row["Description"]), ("AccountType", row["AccountType"])]
    told += [("GlGroup", row["GlGroup"]), ("ControlAccFlag", row["ControlAccFlag"])]
    return document("GLStructureQuery", "7.0.009", [("LedgerDetails", told)])


def _cells(table: str, row: Row, names: str) -> list[Tag]:
    columns = columns_of(table)
    return shown(row, [columns[name] for name in names.split()])


def _quantity(held: str, taken: str = "0") -> str:
    return edited(money(held) - Decimal(taken or "0"))


def _not_found(root: str, version: str, error: FieldError) -> str:
    return document(root, version, [error.shown()])
