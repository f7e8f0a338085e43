"""What the tenant keeps, a row per resource: its path, the schemas of its list and export rows, its scope, its webhook.

Sources: OpenAPI 2026-05-21 (paths, schemas, scopes, filter of inactive rows); webhook names are assumed, for none is published.
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
    schema: str
    scope: str
    first_id: int
    export: str = ""
    inactive: str = ""
    event: str = ""
    number: str = ""
    amount: str = ""
    date: str = ""

    @property
    def read_scope(self) -> str:
        """Scope of its reads."""
        return f"{self.scope}:r"

    @property
    def write_scope(self) -> str:
        """Scope of its writes."""
        return f"{self.scope}:w"


_A, _C, _I, _J, _S, _P = "Accounting.V2.", "Crm.V2.", "Inventory.V2.", "Jpm.V2.", "TenantSettings.V2.", "Pricebook.V2."
_BASE = 3_000_000_000

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "customers",
            "crm",
            f"{_C}Customers.CustomerResponse",
            "tn.crm.customers",
            _BASE + 10_000_001,
            f"{_C}ExportCustomerResponse",
            "active",
            "customer",
            "name",
            "balance",
        ),
        Kind(
            "locations",
            "crm",
            f"{_C}Locations.LocationResponse",
            "tn.crm.locations",
            _BASE + 20_000_001,
            f"{_C}ExportLocationsResponse",
            "active",
            "location",
            "name",
        ),
        Kind(
            "jobs",
            "jpm",
            f"{_J}JobResponse",
            "tn.jpm.jobs",
            _BASE + 30_000_001,
            f"{_J}ExportJobsResponse",
            "",
            "job",
            "jobNumber",
            "total",
        ),
        Kind("job-types", "jpm", f"{_J}JobTypeResponse", "tn.jpm.jobtypes", 41, inactive="active", number="name"),
        Kind(
            "invoices",
            "accounting",
            f"{_A}InvoiceResponse",
            "tn.acc.invoices",
            _BASE + 40_000_001,
            f"{_A}ExportInvoiceResponse",
            "activeState",
            "invoice",
            "referenceNumber",
            "total",
            "invoiceDate",
        ),
        Kind(
            "payments",
            "accounting",
            f"{_A}DetailedPaymentResponse",
            "tn.acc.payments",
            _BASE + 50_000_001,
            f"{_A}ExportPaymentResponse",
            "activeState",
            "payment",
            "referenceNumber",
            "total",
            "date",
        ),
        Kind("payment-types", "accounting", f"{_A}PaymentTypeResponse", "tn.acc.paymenttypes", 201, number="name"),
        Kind("payment-terms", "accounting", f"{_A}PaymentTermAPIModel", "tn.acc.paymentterms", 301, number="name"),
        Kind("tax-zones", "accounting", f"{_A}TaxZoneResponse", "tn.acc.taxzones", 401, inactive="active", number="name"),
        Kind(
            "gl-accounts",
            "accounting",
            f"{_A}GlAccountExtendedResponse",
            "tn.acc.glaccounts",
            501,
            inactive="active",
            number="number",
        ),
        Kind(
            "ap-bills",
            "accounting",
            f"{_A}ApBillResponse",
            "tn.acc.apbills",
            _BASE + 60_000_001,
            "",
            "",
            "bill",
            "referenceNumber",
            "billAmount",
            "billDate",
        ),
        Kind(
            "ap-credits",
            "accounting",
            f"{_A}ApCreditResponse",
            "tn.acc.apcredits",
            _BASE + 61_000_001,
            number="number",
            amount="amount",
            date="date",
        ),
        Kind("ap-payments", "accounting", f"{_A}ApPaymentResponse", "tn.acc.appayments", _BASE + 62_000_001, amount="amount"),
        Kind(
            "credit-memos",
            "accounting",
            f"{_A}CreditMemos.CreditMemoPublicResponse",
            "tn.acc.creditmemos",
            _BASE + 63_000_001,
            "",
            "active",
            "",
            "referenceNumber",
            "total",
            "date",
        ),
        Kind(
            "vendors",
            "inventory",
            f"{_I}VendorResponse",
            "tn.inv.vendors",
            70_001,
            inactive="active",
            event="vendor",
            number="name",
        ),
        Kind(
            "purchase-orders",
            "inventory",
            f"{_I}PurchaseOrderResponse",
            "tn.inv.purchaseorders",
            _BASE + 71_000_001,
            f"{_I}ExportPurchaseOrdersResponse",
            "",
            "purchaseorder",
            "number",
            "total",
            "date",
        ),
        Kind(
            "receipts",
            "inventory",
            f"{_I}InventoryReceiptResponse",
            "tn.inv.receipts",
            _BASE + 72_000_001,
            "",
            "active",
            "receipt",
            "number",
            "receiptAmount",
            "receivedOn",
        ),
        Kind("warehouses", "inventory", f"{_I}WarehouseResponse", "tn.inv.warehouses", 801, inactive="active", number="name"),
        Kind(
            "business-units",
            "settings",
            f"{_S}BusinessUnitResponse",
            "tn.stt.businessunits",
            901,
            f"{_S}ExportBusinessUnitResponse",
            "active",
            number="name",
        ),
        Kind(
            "technicians",
            "settings",
            f"{_S}TechnicianResponse",
            "tn.stt.technicians",
            951,
            f"{_S}ExportTechnicianResponse",
            "active",
            number="name",
        ),
        Kind("materials", "pricebook", f"{_P}MaterialResponse", "tn.pb.materials", 10_001, inactive="active", number="code"),
        Kind("services", "pricebook", f"{_P}ServiceGetResponse", "tn.pb.services", 20_001, inactive="active", number="code"),
    )
}

BILL_SCHEMA = f"{_A}InventoryBillResponse"
BILL_EXPORT = f"{_A}ExportInventoryBillResponse"
INVOICE_ITEM_EXPORT = f"{_A}ExportInvoiceItemResponse"
BILL_SCOPE = "tn.acc.inventorybills"
CONTACTS = "customer-contacts"
CONTACT_SCHEMA = f"{_C}Customers.CustomerContactWithModifiedOnAndCustomerIdResponse"
CONTACT_EXPORT = f"{_C}ExportCustomerContactResponse"

SCOPES: tuple[str, ...] = tuple(
    f"{scope}:{way}" for scope in (*(kind.scope for kind in KINDS.values()), BILL_SCOPE) for way in ("r", "w")
)
