"""Fixed reference data of the tenant: business units, job types, payment types, terms, tax zones, accounts, price book.

Ids follow from the order here and are the same for every seed. All names and figures are made up.
"""

from __future__ import annotations

from dataclasses import dataclass

BUSINESS_UNITS = (
    # name, account code, division, trade
    ("Plumbing - Service", "PLB", "Plumbing", "Plumbing"),
    ("HVAC - Service", "HVS", "HVAC", "HVAC"),
    ("HVAC - Install", "HVI", "HVAC", "HVAC"),
    ("Electrical - Service", "ELE", "Electrical", "Electrical"),
)
JOB_TYPES = ("Service Call", "Maintenance", "Installation", "Estimate")
PAYMENT_TYPES = ("Cash", "Check", "Credit Card", "ACH")
REFUND = "Refund"
"""The payment type of a manual refund; no payment of the day is drawn from it."""
PAYMENT_TERMS = (("Due Upon Receipt", 0), ("Net 15", 15), ("Net 30", 30))
TAX_ZONES = (
    # name, rates as fractions; the second is divided into state and county
    ("Austin TX", (("Texas and Austin", "0.0825"),)),
    ("Round Rock TX", (("Texas State", "0.0625"), ("Williamson County", "0.0200"))),
)
GL_ACCOUNTS = (
    ("40100", "Service Revenue", "Income", "Revenue"),
    ("40200", "Material Revenue", "Income", "Revenue"),
    ("40900", "Discounts Given", "Income", "Revenue"),
    ("12100", "Inventory", "CurrentAsset", "Inventory"),
    ("50100", "Cost of Materials", "CostOfSale", "CostOfSale"),
    ("61200", "Shop Expense", "Expense", "Expense"),
    ("10300", "Undeposited Funds", "CurrentAsset", "UndepositedFunds"),
    ("10100", "Operating Account", "CurrentAsset", "CheckingAccount"),
    ("61900", "Card Processing Fees", "Expense", "ProcessingFees"),
    ("25100", "Deferred Membership Revenue", "CurrentLiability", "MembershipAgreements"),
    ("12500", "Retainage Receivable", "CurrentAsset", "OtherCurrentAsset"),
    ("42000", "Interest Income", "OtherIncome", "OtherIncome"),
    ("42100", "Returned Check Fees", "Income", "Revenue"),
)
WAREHOUSES = ("Main Warehouse", "North Warehouse")
TRUCKS = ("Truck 1", "Truck 2")
ORDER_TYPES = (("Stocking Order", False), ("Auto-received Order", True))
"""Types of purchase orders, and whether an order of the type is received as soon as it is made."""
TECHNICIANS = (
    "Alex Moreno",
    "Dana Whitfield",
    "Jordan Pike",
    "Sam Okoye",
    "Robin Castillo",
    "Lee Tran",
    "Chris Dalton",
    "Pat Nyberg",
)


@dataclass(frozen=True)
class Sku:
    """One entry of the price book; `kind` is the type of an invoice item."""

    code: str
    name: str
    kind: str
    price: str
    cost: str
    taxable: bool
    account: str


SERVICES = (
    Sku("SVC-DIAG", "Diagnostic visit", "Service", "89.00", "31.50", False, "40100"),
    Sku("SVC-HOUR", "Labor, one hour", "Service", "145.00", "52.00", False, "40100"),
    Sku("SVC-TUNE", "Seasonal tune-up", "Service", "179.00", "61.25", False, "40100"),
    Sku("SVC-DRAIN", "Clear main drain", "Service", "389.00", "118.40", False, "40100"),
    Sku("SVC-PANEL", "Replace breaker panel", "Service", "1850.00", "640.00", False, "40100"),
    Sku("SVC-INST", "Install system", "Service", "2400.00", "910.00", False, "40100"),
)
MATERIALS = (
    Sku("MAT-PVC2", "PVC pipe 2 in, 10 ft", "Material", "24.95", "9.87", True, "40200"),
    Sku("MAT-VALVE", "Ball valve 3/4 in", "Material", "38.50", "14.22", True, "40200"),
    Sku("MAT-FLTR", "Air filter 16x25x4", "Material", "44.99", "17.10", True, "40200"),
    Sku("MAT-CAP", "Run capacitor 45/5", "Material", "129.00", "21.35", True, "40200"),
    Sku("MAT-BRKR", "Breaker 20 A", "Material", "58.75", "16.40", True, "40200"),
    Sku("MAT-WIRE", "Wire 12/2, 50 ft", "Material", "96.40", "41.93", True, "40200"),
    Sku("MAT-R410", "Refrigerant R-410A, lb", "Material", "84.00", "28.65", True, "40200"),
    Sku("MAT-THERM", "Smart thermostat", "Material", "329.00", "142.80", True, "40200"),
    Sku("MAT-ANODE", "Anode rod", "Material", "112.35", "33.18", True, "40200"),
    Sku("MAT-FAUCET", "Kitchen faucet", "Material", "267.00", "118.05", True, "40200"),
)
EQUIPMENT = (
    Sku("EQP-WH50", "Water heater 50 gal", "Equipment", "1649.00", "702.33", True, "40200"),
    Sku("EQP-AC3T", "Condenser 3 ton", "Equipment", "4875.00", "2318.60", True, "40200"),
)
SUBSTITUTES = (Sku("MAT-MISC", "Purchase without an item", "Material", "0.00", "0.00", True, "40200"),)
"""Sku for order lines that are no item of the price book."""
DISCOUNTS = (Sku("DISC-10", "Member discount", "PriceModifier", "0.00", "0.00", False, "40900"),)
AGREEMENTS = (
    Sku("MBR-GOLD", "Gold membership, one year", "Service", "228.00", "0.00", False, "25100"),
    Sku("RET-HELD", "Retainage held", "Service", "0.00", "0.00", False, "12500"),
    Sku("INT-LATE", "Interest on late payment", "Service", "0.00", "0.00", False, "42000"),
    Sku("FEE-NSF", "Returned check fee", "Service", "35.00", "0.00", False, "42100"),
)
"""Items that are sold or charged but are not revenue of a job; their account decides where they are booked."""

_SERIES = (
    (MATERIALS, 10_001),
    (SUBSTITUTES, 12_001),
    (EQUIPMENT, 15_001),
    (SERVICES, 20_001),
    (DISCOUNTS, 30_001),
    (AGREEMENTS, 40_001),
)
SKUS: dict[str, Sku] = {sku.code: sku for skus, _ in _SERIES for sku in skus}
SKU_IDS: dict[str, int] = {sku.code: first + place for skus, first in _SERIES for place, sku in enumerate(skus)}
