"""The settings of a connection to an Oracle Fusion Cloud ERP pod: its address, how to sign in, which of its objects are passed on, and the accounts
of amounts that have no line.

Sources: REST API for Oracle Fusion Cloud Financials, Procurement and SCM (resources and attributes), Set the REST Framework Version, OCI IAM identity
domains. SYSTEM.md says which of these facts are assumed. Limits are in the connection's `quota`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from systems.values.codes import code

_CODE = r"^[^\s|/'][^|/']{0,29}$"
_NAME = r"^[^'\"]{0,240}$"
SITE = "SupplierSite"
"""The dimension of a canonical vendor that names its purchasing site; absent if it has none in the connection's procurement business units."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Accounts(_Section):
    """Account combinations of amounts that have no line in the source, with all segments and the delimiter of the chart of accounts. A document that
    needs an empty one is held."""

    sales: str = Field("", description="Revenue where `line_type` has no row; counted as defaulted. Example: 01-000-4110-0000-000")
    sales_tax: str = Field(
        "", description="Tax liability where `tax_zone` has no row; counted as defaulted. Example: 01-000-2310-0000-000"
    )
    discount: str = Field("", description="Price modifiers where `line_type` has no row. Example: 01-000-4190-0000-000")
    receivable: str = Field("", description="Receivable where the business unit's row names none. Example: 01-000-1210-0000-000")
    rounding: str = Field(
        "", description="Takes a difference of lines, tax and total, up to the limit. Example: 01-000-7990-0000-000"
    )
    rounding_limit: Decimal = Field(Decimal("0.05"), ge=0, description="Largest such difference of one document; above it, held.")


class Receivables(_Section):
    """How invoices and receipts are entered in Receivables."""

    transaction_source: str = Field(
        "ServiceTitan", pattern=_NAME, description="Transaction source of our invoices. Example: ServiceTitan"
    )
    transaction_type: str = Field("Invoice", pattern=_NAME, description="Transaction type of our invoices. Example: Invoice")
    credit_type: str = Field(
        "Credit Memo", pattern=_NAME, description="Transaction type of what is owed to a customer. Example: Credit Memo"
    )
    numbering: Literal["automatic", "ours"] = Field(
        "automatic",
        description="Who numbers the invoices of this source. ours: it takes the ServiceTitan number and refuses a second one; "
        "automatic: it numbers itself, and the ServiceTitan number is in Comments.",
    )
    payment_terms: str = Field("", description="Terms of invoices whose term has no row in `term`. Example: 30 Net")
    tax_code: str = Field(
        "",
        description="Tax classification code of lines that Fusion must not tax (tax_mode source, none); empty = none is sent. Example: EXEMPT",
    )
    difference_limit: Decimal = Field(Decimal("0.02"), ge=0, description="tax_mode erp: largest difference to the source's total.")
    apply_by: Literal["automatch", "action"] = Field(
        "automatch",
        description="How receipts are applied. automatch: by remittance references, and watched until AutoMatch has run; action: by the "
        "action applyReceipt of newer releases (26D).",
    )
    reverse_by: Literal["person", "action"] = Field(
        "person",
        description="How receipts are reversed and un-applied. person: the change is held until somebody has done it in Fusion; action: by the "
        "actions reverseReceipt and unapplyReceipt of newer releases (26D).",
    )
    reversal_category: Literal["REV", "NSF", "STOP", "CCRR"] = Field(
        "REV", description="Category of reversals (reverse_by action). Example: REV"
    )
    reversal_reason: str = Field(
        "PAYMENT REVERSAL",
        pattern=_NAME,
        description="Reason code of reversals, a lookup of Receivables. Example: PAYMENT REVERSAL",
    )


class Ledger(_Section):
    """The ledger, its chart of accounts, and how its journals are imported."""

    name: str = Field("", description="Ledger of the business unit. Example: US Primary Ledger")
    ledger_id: str = Field("", pattern=r"^[0-9]{0,18}$", description="LedgerId, for imported journals. Example: 300000046975971")
    data_access_set_id: str = Field("", pattern=r"^[0-9]{0,18}$", description="DataAccessSetId. Example: 300000046975980")
    chart_of_accounts_id: str = Field(
        "", pattern=r"^[0-9]{0,18}$", description="Structure instance of the chart of accounts. Example: 101"
    )
    segments: tuple[str, ...] = Field(
        (),
        description="Attribute of accountCombinationsLOV for each segment, in order; without them no account can be validated, and every "
        "invoice is held. Example: [Company, Department, Account]",
    )
    delimiter: str = Field("-", min_length=1, max_length=1, description="Between the segments of an account combination.")
    journal_source: str = Field("ServiceTitan", pattern=_NAME, description="Source of imported journals. Example: ServiceTitan")
    journal_category: str = Field("Adjustment", pattern=_NAME, description="Category of imported journals. Example: Adjustment")
    import_parameters: str = Field(
        "{data_access_set},{source},{ledger},{group},N,N,N",
        description="ParameterList of JournalImportLauncher; words in braces are put in.",
    )
    require_posted: bool = Field(
        True,
        description="Whether an imported journal is done only when it is posted (AutoPost or a person); false: when it is imported.",
    )
    job_poll_s: float = Field(120, gt=0, description="Seconds between two looks whether an import job has ended.")


class Settings(_Section):
    """One pod, business unit and ledger."""

    base_url: str = Field(pattern=r"^https?://[^\s?#]+$", description="Pod address. Example: https://acme.fa.us2.oraclecloud.com")
    rest_version: str = Field("11.13.18.05", pattern=r"^(\d{2}(\.\d{2}){3}|latest)$", description="Version of the REST resources.")
    framework_version: int = Field(
        4,
        ge=4,
        le=9,
        description="REST-Framework-Version, sent with every call. Below 4 an answer does not tell whether a child list is complete.",
    )
    instance_id: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,60}$", description="Our immutable name of the pod; never changed. Example: acme-prod"
    )
    company_id: str = Field(pattern=_CODE, description="Our immutable name of the set of books; never changed. Example: US1")
    sign_in: Literal["oauth", "assertion", "basic"] = Field(
        "oauth",
        description="oauth: client credentials at the identity domain; assertion: a token that we sign (RS256); basic: user and password.",
    )
    token_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        json_schema_extra={"sign_in": "oauth"},
        description="Token endpoint. Example: https://idcs-1a2b.identity.oraclecloud.com/oauth2/v1/token",
    )
    token_scope: str = Field(
        "", max_length=400, description="Scope of the token, as the resource application shows it. Example: https://acme:443/"
    )
    token_issuer: str = Field(
        "", description="Trusted issuer that the pod knows us by, sign_in assertion only. Example: mlconnector"
    )
    business_unit: str = Field(
        pattern=_NAME, description="Business unit of documents whose unit names none. Example: US1 Business Unit"
    )
    procurement_units: tuple[str, ...] = Field(
        (), description="Procurement business units whose suppliers and orders travel; empty = all."
    )
    supplier_types: tuple[str, ...] = Field((), description="SupplierTypeCode values that travel; empty = every type.")
    supplier_statuses: tuple[str, ...] = Field(("ACTIVE",), description="Status values of suppliers that travel.")
    needs_purchasing_site: bool = Field(
        True, description="Only suppliers with an active purchasing site in these procurement business units travel."
    )
    page_size: int = Field(200, ge=2, le=499, description="Rows of one page; Fusion gives 499 at most, whatever is asked for.")
    request_s: float = Field(60, gt=0, le=600, description="Real seconds for one request.")
    poll_s: float = Field(300, ge=300, le=900, description="Seconds between two reads of suppliers and orders that changed.")
    open_orders_s: float = Field(
        3600, gt=0, description="Seconds between two reads of every open order, whose receipts and bills may not change its header."
    )
    vendor_scan_s: float = Field(
        86_400,
        ge=300,
        description="Seconds between two reads of every supplier, whose sites may change without its own date of change.",
    )
    read_from: date | None = Field(None, description="What changed before this day (UTC) is not read; empty = all.")
    receivables: Receivables = Field(default_factory=Receivables, description="How invoices and receipts are entered.")
    ledger: Ledger = Field(default_factory=Ledger, description="The ledger and its chart of accounts.")
    accounts: Accounts = Field(default_factory=Accounts, description="Accounts of amounts without a line of their own.")

    @property
    def root(self) -> str:
        """Pod address without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def resources(self) -> str:
        """Address of the pinned version, below which each collection is."""
        return f"{self.root}/fscmRestApi/resources/{self.rest_version}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that a session calls: the pod, and the identity domain if it gives the token."""
        return (self.root, self.token_url) if self.sign_in == "oauth" and self.token_url else (self.root,)

    @property
    def feed_cadences(self) -> Mapping[str, timedelta]:
        """Feeds that this connection reads at a cadence of its own choice."""
        often, slow, scan = (timedelta(seconds=one) for one in (self.poll_s, self.open_orders_s, self.vendor_scan_s))
        return {"vendors": often, "all_vendors": scan, "purchase_orders": often, "open_orders": slow}

    def excludes(self, entity: str, record: Mapping[str, Any]) -> str:
        """See `systems.mapped.Leaving`. Suppliers of another class or status, or without a purchasing site of ours, stay in Fusion."""
        if entity != "vendor":
            return ""
        if self.supplier_types and code(record["kind"]) not in map(code, self.supplier_types):
            return f"SupplierTypeCode {record['kind'] or 'empty'} does not travel"
        if code(record["status"]) not in map(code, self.supplier_statuses):
            return f"Status {record['status'] or 'empty'} does not travel"
        if self.needs_purchasing_site and not (record.get("dimensions") or {}).get(SITE):
            return "it has no active purchasing site in the procurement business units"
        return ""


class Credentials(_Section):
    """The credentials: the integration user (Basic; the user of an assertion), the confidential application, or the key that signs assertions."""

    username: SecretStr = Field(
        SecretStr(""), description="Fusion user of the integration; sign_in basic and assertion. Example: ML.USER"
    )
    password: SecretStr = Field(
        SecretStr(""), json_schema_extra={"sign_in": "basic"}, description="Its password, sign_in basic only."
    )
    client_id: SecretStr = Field(
        SecretStr(""), json_schema_extra={"sign_in": "oauth"}, description="Client id of the confidential application, OAuth only."
    )
    client_secret: SecretStr = Field(SecretStr(""), json_schema_extra={"sign_in": "oauth"}, description="Its secret, OAuth only.")
    private_key: SecretStr = Field(
        SecretStr(""),
        json_schema_extra={"sign_in": "assertion"},
        description="RSA key in PEM that signs assertions, sign_in assertion only.",
    )
    certificate: SecretStr = Field(
        SecretStr(""),
        json_schema_extra={"sign_in": "assertion"},
        description="Its certificate in PEM, which the pod trusts, sign_in assertion only.",
    )
