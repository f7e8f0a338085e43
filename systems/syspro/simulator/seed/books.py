"""The books of a new company: ledger codes, branches, terms, warehouses and stock codes. All names and figures are made up."""

from __future__ import annotations

from runtime.simulator.records import Change
from systems.syspro.simulator.company import Company, change, new_row
from systems.syspro.simulator.objects.fields import GL_COMPANY

BRANCHES = (
    ("10", "Plumbing Service"),
    ("20", "HVAC Service"),
    ("30", "HVAC Install"),
    ("40", "Electrical Service"),
    ("50", "North Yard"),
)
TERMS = (("00", "Due on receipt", 0), ("15", "Net 15 days", 15), ("30", "Net 30 days", 30))
WAREHOUSES = (("MA", "Main warehouse"), ("NO", "North warehouse"), ("T1", "Truck 1"), ("T2", "Truck 2"))
_LEDGER = (
    ("1000", "Cash at bank", "A", ("00",), ""),
    ("1200", "Inventory", "A", ("00",), ""),
    ("2000", "Trade creditors", "L", ("00",), "Y"),
    ("2100", "Goods received not invoiced", "L", ("00",), ""),
    ("2300", "Sales tax", "L", ("00",), ""),
    ("5000", "Job materials", "E", ("00", "10", "20", "30", "40"), ""),
    ("5100", "Job labor and subcontractors", "E", ("00", "10", "20", "30", "40"), ""),
    ("5200", "Inventory adjustments", "E", ("00",), ""),
    ("5400", "Freight in", "E", ("00",), ""),
    ("5900", "Other costs of jobs", "E", ("00", "10", "20", "30", "40"), ""),
    ("8090", "Rounding", "E", ("00",), ""),
)
HELD = "5999-00"
"""A ledger code that is on hold."""
_STOCK = (
    ("PIPE-PVC2", "PVC pipe 2 in, 10 ft", "PLB", "9.87"),
    ("VALVE-34", "Ball valve 3/4 in", "PLB", "14.22"),
    ("FILTER-16", "Air filter 16x25x4", "HVA", "17.10"),
    ("CAP-455", "Run capacitor 45/5", "HVA", "21.35"),
    ("BRKR-20A", "Breaker 20 A", "ELE", "16.40"),
    ("WIRE-122", "Wire 12/2, 50 ft", "ELE", "41.93"),
    ("R410A", "Refrigerant R-410A, lb", "HVA", "28.65"),
    ("TSTAT-SM", "Smart thermostat", "HVA", "142.80"),
    ("ANODE", "Anode rod", "PLB", "33.18"),
    ("FAUCET-K", "Kitchen faucet", "PLB", "118.05"),
    ("WH-50", "Water heater 50 gal", "PLB", "702.33"),
    ("AC-3T", "Condenser 3 ton", "HVA", "2318.60"),
    ("LABOR", "Labor, one hour", "LAB", "52.00"),
    ("SERVICE", "Service work", "LAB", "0.00"),
    ("MISC", "Purchase without a stock code", "MSC", "0.00"),
)
_STOCKED = 12
STOCK = tuple((code, cost) for code, _, _, cost in _STOCK[:_STOCKED])
"""What is kept in stock, and its cost."""
_ON_HAND = 40


def plant_books(company: Company) -> None:
    """Plant what is not there yet."""
    if company.rows("GenMaster"):
        return
    changes = [_ledger(f"{code}-{part}", name, kind, control) for code, name, kind, parts, control in _LEDGER for part in parts]
    held = _ledger(HELD, "Closed job costs", "E", "")
    changes.append(Change(held.kind, held.key, held.body | {"AccOnHldFlag": "Y"}))
    changes += [change("ApBranch", new_row("ApBranch", Branch=code, Description=name), "") for code, name in BRANCHES]
    changes += [
        change("TblApTerms", new_row("TblApTerms", TermsCode=code, Description=name, DueDays=str(days)), "")
        for code, name, days in TERMS
    ]
    changes += [change("InvWhControl", new_row("InvWhControl", Warehouse=code, Description=name), "") for code, name in WAREHOUSES]
    for place, (code, name, product, cost) in enumerate(_STOCK):
        changes += _stock(code, name, (product, cost), _ON_HAND if place < _STOCKED else 0)
    company.commit(changes)


def _ledger(code: str, name: str, kind: str, control: str) -> Change:
    row = new_row("GenMaster", Company=GL_COMPANY, GlCode=code, Description=name, AccountType=kind, GlGroup=code[:2])
    return change("GenMaster", row | {"ControlAccFlag": control or "N", "AccOnHldFlag": "N"}, "")


def _stock(code: str, name: str, told: tuple[str, str], on_hand: int) -> list[Change]:
    product, cost = told
    row = new_row(
        "InvMaster",
        StockCode=code,
        Description=name,
        LongDesc=name,
        StockUom="EA",
        ProductClass=product,
        MaterialCost=cost,
        WarehouseToUse="MA",
        Decimals="3",
        PriceMethod="C",
        ConvFactAltUom="1.000000",
    )
    made = [change("InvMaster", row, "")]
    for warehouse, _ in WAREHOUSES:
        held = new_row("InvWarehouse", StockCode=code, Warehouse=warehouse, UnitCost=cost, QtyOnHand=f"{on_hand}.000000")
        made.append(change("InvWarehouse", held, ""))
    return made
