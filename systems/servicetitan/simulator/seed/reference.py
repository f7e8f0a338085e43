"""Plants the fixed reference data and the vendors into a tenant that has none yet."""

from __future__ import annotations

from runtime.simulator.people import companies
from systems.servicetitan.simulator.seed.catalogue import (
    AGREEMENTS,
    BUSINESS_UNITS,
    EQUIPMENT,
    GL_ACCOUNTS,
    JOB_TYPES,
    MATERIALS,
    ORDER_TYPES,
    PAYMENT_TERMS,
    PAYMENT_TYPES,
    REFUND,
    SERVICES,
    SKU_IDS,
    SUBSTITUTES,
    TAX_ZONES,
    TECHNICIANS,
    TRUCKS,
    WAREHOUSES,
    Sku,
)
from systems.servicetitan.simulator.seed.masters import plant_vendor
from systems.servicetitan.simulator.shapes import Row, filled
from systems.servicetitan.simulator.tenant import Tenant

ADDRESS = {"street": "100 Depot Road", "unit": "", "city": "Austin", "state": "TX", "zip": "78701", "country": "USA"}


def plant(tenant: Tenant) -> None:
    """Plant everything that exists before the first event, unless it is already there."""
    if tenant.rows("business-units"):
        return
    with tenant.changing():
        for kind, values in _reference(tenant):
            tenant.save(kind, tenant.new(kind, values), "plant")
        for company in companies(tenant.seed, tenant.settings.vendors):
            plant_vendor(tenant, company)


def _reference(tenant: Tenant) -> list[tuple[str, Row]]:
    found: list[tuple[str, Row]] = [
        ("business-units", _unit(tenant.tenant_id, place, unit)) for place, unit in enumerate(BUSINESS_UNITS)
    ]
    found += [("job-types", {"name": name, "priority": "Normal", "class": "Service", "duration": 7200}) for name in JOB_TYPES]
    found += [("payment-types", {"name": name}) for name in (*PAYMENT_TYPES, REFUND)]
    found += [("payment-terms", _term(name, days)) for name, days in PAYMENT_TERMS]
    found += [("tax-zones", _zone(tenant, name, rates)) for name, rates in TAX_ZONES]
    found += [
        ("gl-accounts", {"number": number, "name": name, "type": kind, "subtype": subtype, "source": "ManuallyCreated"})
        for number, name, kind, subtype in GL_ACCOUNTS
    ]
    found += [("warehouses", {"name": name, "address": ADDRESS}) for name in WAREHOUSES]
    found += [("technicians", _technician(place, name)) for place, name in enumerate(TECHNICIANS)]
    found += [("purchase-order-types", {"name": name, "automaticallyReceive": receives}) for name, receives in ORDER_TYPES]
    found += [("trucks", {"name": name, "warehouseId": 801, "technicianIds": [951 + place]}) for place, name in enumerate(TRUCKS)]
    found += [("materials", _material(sku) | {"id": SKU_IDS[sku.code]}) for sku in (*MATERIALS, *SUBSTITUTES)]
    found += [("equipment", _equipment(sku) | {"id": SKU_IDS[sku.code]}) for sku in EQUIPMENT]
    return found + [("services", _service(sku) | {"id": SKU_IDS[sku.code]}) for sku in (*SERVICES, *AGREEMENTS)]


def _unit(tenant_id: int, place: int, unit: tuple[str, str, str, str]) -> Row:
    name, code, division, trade = unit
    return {
        "name": name,
        "officialName": f"Acme Home Services, {name}",
        "currency": "USD",
        "accountCode": code,
        "quickbooksClass": name,
        "division": {"id": 71 + place, "name": division},
        "trade": {"id": 81 + place, "name": trade},
        "address": filled("settings", "TenantSettings.V2.BusinessUnitAddressResponse", ADDRESS),
        "tenant": {"id": tenant_id, "name": "Acme Home Services", "modifiedOn": "2025-01-02T00:00:00Z"},
        "externalData": [],
        "tagTypeIds": [],
    }


def _term(name: str, days: int) -> Row:
    return {
        "name": name,
        "dueDayType": "NumberOfDays",
        "dueDay": days,
        "isCustomerDefault": days == 0,
        "isVendorDefault": days == 30,
        "inUse": True,
        "paymentTermDiscountModel": {},
        "interestSettings": {
            "rateType": "Flat",
            "frequency": "Once",
            "targetInvoices": [],
            "taskId": 0,
            "taskDisplayName": "",
        },
    }


def _zone(tenant: Tenant, name: str, rates: tuple[tuple[str, str], ...]) -> Row:
    return {
        "name": name,
        "isTaxRateSeparated": len(rates) > 1,
        "isMultipleTaxZone": len(rates) > 1,
        "rates": [
            {"id": tenant.next_id("tax-rate"), "taxName": tax, "taxBaseType": ["Subtotal"], "taxRate": rate, "salesTaxItem": tax}
            for tax, rate in rates
        ],
    }


def _technician(place: int, name: str) -> Row:
    first, _, last = name.partition(" ")
    unit = 901 + place % len(BUSINESS_UNITS)
    values = {"name": name, "firstName": first, "lastName": last, "userId": 6001 + place, "businessUnitId": unit}
    return values | {"burdenRate": "18.50", "hourlyRate": "34.00", "email": f"{first}.{last}@example.com".lower()}


def _material(sku: Sku) -> Row:
    values = {"code": sku.code, "displayName": sku.name, "description": sku.name, "price": sku.price, "cost": sku.cost}
    return values | {"taxable": sku.taxable, "isInventory": True, "unitOfMeasure": "Each", "account": sku.account}


def _equipment(sku: Sku) -> Row:
    values = {"code": sku.code, "displayName": sku.name, "description": sku.name, "price": sku.price, "cost": sku.cost}
    warranty = {key: {"duration": 0, "description": ""} for key in ("manufacturerWarranty", "serviceProviderWarranty")}
    return values | warranty | {"taxable": sku.taxable, "isInventory": True, "unitOfMeasure": "Each", "account": sku.account}


def _service(sku: Sku) -> Row:
    values = {"code": sku.code, "displayName": sku.name, "description": sku.name, "price": sku.price, "cost": sku.cost}
    return values | {"taxable": sku.taxable, "isLabor": True, "account": sku.account}
