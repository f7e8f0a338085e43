"""The basis of the books: accounts, subaccounts, ledger, periods, taxes, methods and classes, planted once in an empty store."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import Any

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.seed.companies import BRANCHES, COMPANY, COMPANY_NAME
from systems.acumatica.simulator.tenant import Tenant

ACCOUNTS = (
    ("10100", "Operating Bank", "Asset", True),
    ("10200", "Undeposited Funds", "Asset", True),
    ("10300", "Credit Card Clearing", "Asset", True),
    ("10400", "ACH Clearing", "Asset", True),
    ("11000", "Accounts Receivable", "Asset", False),
    ("12100", "Inventory", "Asset", False),
    ("12200", "Goods Received Not Invoiced", "Liability", False),
    ("20000", "Accounts Payable", "Liability", False),
    ("22000", "Sales Tax Payable", "Liability", False),
    ("23000", "Deferred Membership Revenue", "Liability", False),
    ("24000", "Customer Deposits", "Liability", False),
    ("25000", "Retainage Payable", "Liability", False),
    ("40000", "Service Revenue", "Income", False),
    ("40100", "Plumbing Revenue", "Income", False),
    ("40200", "HVAC Service Revenue", "Income", False),
    ("40300", "HVAC Install Revenue", "Income", False),
    ("40400", "Electrical Revenue", "Income", False),
    ("40500", "Membership Revenue", "Income", False),
    ("40900", "Discounts Given", "Income", False),
    ("50000", "Cost of Goods Sold", "Expense", False),
    ("50100", "Material Cost", "Expense", False),
    ("50200", "Equipment Cost", "Expense", False),
    ("50300", "Job Labor", "Expense", False),
    ("60000", "Freight", "Expense", False),
    ("60100", "Merchant Fees", "Expense", False),
    ("80900", "Rounding", "Expense", False),
    ("12500", "Retainage Receivable", "Asset", False),
    ("42000", "Interest Income", "Income", False),
    ("42100", "Returned Check Fees", "Income", False),
)
SUBACCOUNTS = (
    ("000-000", "Default", True),
    ("PLB-000", "Plumbing", True),
    ("HVS-000", "HVAC Service", True),
    ("HVI-000", "HVAC Install", True),
    ("ELE-000", "Electrical", True),
    ("DRN-000", "Drains", True),
    ("OLD-000", "Closed business unit", False),
)
METHODS = (
    ("CHECK", "Check", "10200", "Cash/Check"),
    ("CASH", "Cash", "10200", "Cash/Check"),
    ("CREDIT", "Credit card", "10300", "Credit Card"),
    ("ACH", "Bank transfer", "10400", "Direct Deposit"),
)
TAX_ZONE = "TXDALLAS"
TAX = "TXSALES"


def plant(tenant: Tenant) -> None:
    """Plant everything, unless this was done before."""
    if tenant.store.get("planted", "books") is not None:
        return
    with tenant.store.transaction():
        for number, (code, name, kind, cash) in enumerate(ACCOUNTS, 1):
            values = {"AccountCD": code, "AccountID": 1000 + number, "Description": name, "Type": kind, "CashAccount": cash}
            add(tenant, "Account", values | {"Active": True, "CurrencyID": tenant.settings.currency if cash else None})
        add(
            tenant,
            "Account",
            {"AccountCD": "49900", "AccountID": 1900, "Description": "Old Revenue", "Type": "Income", "Active": False},
        )
        for number, (code, name, active) in enumerate(SUBACCOUNTS, 1):
            add(tenant, "Subaccount", {"SubaccountCD": code, "SubaccountID": 500 + number, "Description": name, "Active": active})
        _company(tenant)
        _taxes(tenant)
        _methods(tenant)
        _classes(tenant)
        for year in (2025, 2026, 2027):
            _year(tenant, year)
        tenant.store.put("planted", "books", {"planted": True}, tenant.clock.now())


def add(tenant: Tenant, entity: str, values: dict[str, Any], details: dict[str, list[dict[str, Any]]] | None = None) -> Node:
    """Plant one record with its rows."""
    table = tenant.table(entity)
    node = Node(values={name: value for name, value in values.items() if value is not None})
    node.id = tenant.new_id(entity, *table.key_of(node))
    for name, rows in (details or {}).items():
        node.details[name] = [Node(tenant.new_id(node.id, name, str(number)), row) for number, row in enumerate(rows, 1)]
    tenant.plant(entity, node)
    return node


def _company(tenant: Tenant) -> None:
    branches = [{"BranchID": code, "BranchName": name, "CompanyName": COMPANY_NAME, "Active": True} for code, name in BRANCHES]
    values = {"LedgerID": "ACTUAL", "Description": "Actual Ledger", "Type": "Actual", "Currency": tenant.settings.currency}
    companies = [{"Company": COMPANY, "CompanyName": COMPANY_NAME, "Active": True}]
    add(tenant, "Ledger", values, {"Branches": branches, "Companies": companies})
    add(tenant, "Project", {"ProjectID": "X", "Description": "Non-Project Code", "Status": "Active"})


def _taxes(tenant: Tenant) -> None:
    schedule = {"TaxID": TAX, "TaxRate": Decimal("8.25"), "StartDate": date(2020, 1, 1), "RevisionID": 1, "ReportingGroup": "SALES"}
    values = {"TaxID": TAX, "Description": "Texas sales tax", "TaxType": "Sales", "TaxPayableAccount": "22000"}
    add(tenant, "Tax", values, {"TaxSchedule": [schedule], "Zones": [{"TaxID": TAX, "TaxZoneID": TAX_ZONE}]})
    zone = {"TaxZoneID": TAX_ZONE, "Description": "Dallas, Texas"}
    add(tenant, "TaxZone", zone, {"ApplicableTaxes": [{"TaxID": TAX}]})
    for code, name in (("TAXABLE", "Taxable"), ("EXEMPT", "Exempt")):
        add(tenant, "TaxCategory", {"TaxCategoryID": code, "Description": name, "Active": True})


def _methods(tenant: Tenant) -> None:
    for code, name, account, means in METHODS:
        flags = {"UseInAP": True, "UseInAR": True}
        rows = [
            {"CashAccount": account, "PaymentMethod": code, "Branch": "MAIN", "ARDefault": True, "APDefault": False} | flags,
            {"CashAccount": "10100", "PaymentMethod": code, "Branch": "MAIN", "ARDefault": False, "APDefault": True} | flags,
        ]
        values = {"PaymentMethodID": code, "Description": name, "MeansOfPayment": means, "Active": True}
        add(tenant, "PaymentMethod", values | flags, {"AllowedCashAccounts": rows})


def _classes(tenant: Tenant) -> None:
    zone = tenant.settings.class_tax_zone or None
    for code, name, zone_id in (
        ("DEFAULT", "Customers", zone),
        ("RESID", "Residential", zone),
        ("COMM", "Commercial", zone),
        ("TAXED", "Taxed", TAX_ZONE),
    ):
        accounts = {"ARAccount": "11000", "SalesAccount": "40000", "DiscountAccount": "40900", "Country": "US", "Terms": "30D"}
        add(tenant, "CustomerClass", {"ClassID": code, "Description": name, "TaxZoneID": zone_id} | accounts)
    for code, name in (("DEFAULT", "Vendors"), ("SUPPLIER", "Suppliers")):
        add(tenant, "VendorClass", {"ClassID": code, "Description": name})


def _year(tenant: Tenant, year: int) -> None:
    first_open = tenant.settings.open_from
    rows = []
    for month in range(1, 13):
        is_closed = (year, month) < (int(first_open[2:]), int(first_open[:2]))
        days = monthrange(year, month)[1]
        row: dict[str, Any] = {
            "FinancialPeriodID": f"{month:02d}{year}",
            "PeriodNbr": f"{month:02d}",
            "Description": date(year, month, 1).strftime("%B"),
            "StartDate": date(year, month, 1),
            "EndDate": date(year, month, days),
            "LengthInDays": days,
            "Status": "Closed" if is_closed else "Open",
            "AdjustmentPeriod": False,
        }
        rows.append(row | {f"ClosedIn{module}": is_closed for module in ("AP", "AR", "CA", "FA", "IN")})
    values = {"FinancialYear": str(year), "NbrOfPeriods": 12, "StartDate": date(year, 1, 1), "UserDefinedPeriods": False}
    add(tenant, "FinancialPeriod", values, {"Details": rows})
