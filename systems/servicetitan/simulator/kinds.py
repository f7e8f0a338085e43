"""What the tenant keeps, one row per resource: its path, the schemas of its list and export rows, its scope, its webhook.

Sources: OpenAPI 2026-05-21 (paths, schemas, scopes, filter of inactive rows). Webhook names are assumed, because none is published.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One resource. `export` is the schema of its export row ("" = no feed); `inactive` the filter that shows inactive rows.

    `first_id` starts its ids: above 2^31, as real tenants have them. `event` is the noun of its webhooks ("" = none).
    """

    name: str
    module: str
    first_id: int
    inactive: str
    event: str
    number: str
    amount: str
    date: str
    schema: str
    export: str

    @property
    def scope(self) -> str:
        """The prefix of its scopes: `tn.acc.invoices`."""
        return f"tn.{_MODULES[self.module][1]}.{self.name.replace('-', '')}"

    @property
    def read_scope(self) -> str:
        """Scope of its reads."""
        return f"{self.scope}:r"

    @property
    def write_scope(self) -> str:
        """Scope of its writes."""
        return f"{self.scope}:w"


# module -> (prefix of its schemas, its part of a scope)
_MODULES = {
    "accounting": ("Accounting.V2.", "acc"),
    "crm": ("Crm.V2.", "crm"),
    "inventory": ("Inventory.V2.", "inv"),
    "jpm": ("Jpm.V2.", "jpm"),
    "pricebook": ("Pricebook.V2.", "pb"),
    "settings": ("TenantSettings.V2.", "stt"),
}
_KINDS = """
name            module     first_id      inactive    event         number          amount        date        schema export
customers       crm        3_010_000_001 active      customer      name            balance       -           Customers.CustomerResponse Customer
locations       crm        3_020_000_001 active      location      name            -             -           Locations.LocationResponse Locations
jobs            jpm        3_030_000_001 -           job           jobNumber       total         -           JobResponse Jobs
job-types       jpm        41            active      -             name            -             -           JobTypeResponse -
invoices        accounting 3_040_000_001 activeState invoice       referenceNumber total         invoiceDate InvoiceResponse Invoice
payments        accounting 3_050_000_001 activeState payment       referenceNumber total         date        DetailedPaymentResponse Payment
payment-types   accounting 201           -           -             name            -             -           PaymentTypeResponse -
payment-terms   accounting 301           -           -             name            -             -           PaymentTermAPIModel -
tax-zones       accounting 401           active      -             name            -             -           TaxZoneResponse -
gl-accounts     accounting 501           active      -             number          -             -           GlAccountExtendedResponse -
ap-bills        accounting 3_060_000_001 -           bill          referenceNumber billAmount    billDate    ApBillResponse -
ap-credits      accounting 3_061_000_001 -           -             number          amount        date        ApCreditResponse -
ap-payments     accounting 3_062_000_001 -           -             name            amount        date        ApPaymentResponse -
credit-memos    accounting 3_063_000_001 active      -             referenceNumber total         date        CreditMemos.CreditMemoPublicResponse -
bank-deposits   accounting 3_064_000_001 -           -             name            grossAmount   depositDate DetailedDepositResponse -
projects        jpm        3_036_000_001 -           -             number          -             startDate   ProjectResponse Projects
returns         inventory  3_068_000_001 active      -             number          returnAmount  returnDate  InventoryReturnResponse Returns
vendors         inventory  70_001        active      vendor        name            -             -           VendorResponse -
purchase-orders inventory  3_071_000_001 -           purchaseorder number          total         date        PurchaseOrderResponse PurchaseOrders
adjustments     inventory  3_073_000_001 active      -             number          _total        date        InventoryAdjustmentResponse Adjustments
receipts        inventory  3_072_000_001 active      receipt       number          receiptAmount receivedOn  InventoryReceiptResponse -
purchase-order-types inventory 2001      active      -             name            -             -           PurchaseOrderTypeResponse -
warehouses      inventory  801           active      -             name            -             -           WarehouseResponse -
trucks          inventory  851           active      -             name            -             -           TruckResponse -
business-units  settings   901           active      -             name            -             -           BusinessUnitResponse BusinessUnit
technicians     settings   951           active      -             name            -             -           TechnicianResponse Technician
materials       pricebook  10_001        active      -             code            -             -           MaterialResponse -
equipment       pricebook  15_001        active      -             code            -             -           EquipmentResponse -
services        pricebook  20_001        active      -             code            -             -           ServiceGetResponse -
"""


def _kind(line: str) -> Kind:
    name, module, first_id, *others, schema, export = ("" if text == "-" else text for text in line.split())
    begin = _MODULES[module][0]
    inactive, event, number, amount, date = others
    return Kind(name, module, int(first_id), inactive, event, number, amount, date, begin + schema, _export(begin, export))


def _export(begin: str, noun: str) -> str:
    return f"{begin}Export{noun}Response" if noun else ""


KINDS: dict[str, Kind] = {kind.name: kind for kind in map(_kind, _KINDS.strip().splitlines()[1:])}

BILL_SCHEMA = "Accounting.V2.InventoryBillResponse"
BILL_EXPORT = "Accounting.V2.ExportInventoryBillResponse"
INVOICE_ITEM_EXPORT = "Accounting.V2.ExportInvoiceItemResponse"
BILL_SCOPE = "tn.acc.inventorybills"
CONTACTS = "customer-contacts"
CONTACT_SCHEMA = "Crm.V2.Customers.CustomerContactWithModifiedOnAndCustomerIdResponse"
CONTACT_EXPORT = "Crm.V2.ExportCustomerContactResponse"

SCOPES: tuple[str, ...] = tuple(
    f"{scope}:{way}" for scope in (*(kind.scope for kind in KINDS.values()), BILL_SCOPE) for way in ("r", "w")
)
