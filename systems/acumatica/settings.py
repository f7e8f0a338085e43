"""The settings of a connection to an Acumatica instance: its address, how to sign in, and the accounts of amounts without a line.

Sources: Integration Development Guide (sign-in, endpoints, licence limits), OpenAPI Default 24.200.001. The limits of the licence (calls in a
minute, calls at once, sessions) are in the connection's `quota`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

_CODE = r"^[^\s|/'][^|/']{0,29}$"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Accounts(_Section):
    """Accounts of amounts that have no line in the source, as codes of the chart of accounts. If a document needs one that is empty, it is held."""

    sales: str = Field("", description="Sales account where `line_type` has no row; counted as defaulted. Example: 40000")
    sales_tax: str = Field(
        "", description="Tax liability account where `tax_zone` has no row; counted as defaulted. Example: 22000"
    )
    discount: str = Field("", description="Account of price modifiers where `line_type` has no row. Example: 40900")
    rounding: str = Field(
        "", description="Account that takes a difference of lines, tax and total, up to the limit. Example: 80900"
    )
    rounding_limit: Decimal = Field(Decimal("0.05"), ge=0, description="Largest such difference of one document; above it, held.")
    bill_line: str = Field(
        "", description="Account of bill lines where `bill_line` has no row; counted as defaulted. Example: 12100"
    )
    bill_tax: str = Field("", description="Account of the tax of a bill. Example: 50100")
    freight: str = Field("", description="Account of the shipping of a bill. Example: 60000")
    other: str = Field("", description="Account of other charges of a bill. Example: 60000")


class Tax(_Section):
    """How a line says whether the ERP taxes it. The tax zone is that of the customer, because documents have none (OpenAPI)."""

    exempt_category: str = Field("EXEMPT", description="Tax category of lines that the ERP must not tax (tax_mode source, none).")
    taxable_category: str = Field("TAXABLE", description="Tax category of taxed lines under tax_mode erp.")
    difference_limit: Decimal = Field(Decimal("0.02"), ge=0, description="tax_mode erp: largest difference to the source's total.")


class Settings(_Section):
    """One Acumatica instance and company."""

    base_url: str = Field(pattern=r"^https?://[^\s?#]+$", description="Instance address. Example: https://acme.acumatica.com/Acme")
    endpoint: str = Field("Default", pattern=r"^[A-Za-z0-9_]{1,50}$", description="Name of the contract-based endpoint.")
    endpoint_version: str = Field(
        "24.200.001", pattern=r"^\d{2}\.\d{3}\.\d{3}$", description="Pinned version, checked at each sign-in. Example: 24.200.001"
    )
    extended_endpoint: str = Field(
        "",
        pattern=r"^([A-Za-z0-9_]{1,50}/\d{2}\.\d{3}\.\d{3})?$",
        description="Endpoint with the action ReverseApplication, as NAME/VERSION, where it was installed "
        "(systems/acumatica/install/README.md); empty = applications are taken back by a person. Example: MLConnector/24.200.001",
    )
    tenant: str = Field(pattern=_CODE, description="Tenant (login company) name, as on the sign-in page. Example: Company")
    instance_id: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,60}$", description="Our immutable name of the instance; never changed. Example: acme-prod"
    )
    company_id: str = Field(pattern=_CODE, description="Company code inside the tenant; never changed. Example: ACME")
    branch: str = Field(pattern=_CODE, description="Branch of documents whose business unit names none. Example: MAIN")
    sign_in: Literal["oauth", "cookie"] = Field("oauth", description="OAuth 2.0 with a connected application, or cookie login.")
    concurrent_access: bool = Field(
        False, description="Ask for scope api:concurrent_access; the session is then kept by its cookies."
    )
    ref_field: str = Field(
        "description",
        pattern=r"^(description|custom:[A-Za-z]+\.Usr[A-Za-z0-9_]+)$",
        description="Where our ref is kept: first word of Description, or a user field. Example: custom:Document.UsrMLCRef",
    )
    guarded_create: bool = Field(
        True, description="Send the look-up by ref as $filter of a create too, so that an existing one answers 412."
    )
    create_on_hold: bool = Field(True, description="Create on hold, verify, then release; False creates ready for release.")
    licence_tier: Literal["small", "medium", "large"] = Field(
        "small", description="Sets the first wait after a 429: 8, 5, 3 seconds."
    )
    request_s: float = Field(60, gt=0, le=600, description="Real seconds for one request; the server's own limit is 600.")
    poll_first_s: float = Field(
        0.2, gt=0, le=10, description="Real seconds before the first question whether an action is done; grows."
    )
    poll_count: int = Field(12, ge=1, le=12, description="Most questions whether an action is done; then its outcome is looked up.")
    page_size: int = Field(200, ge=2, le=500, description="Rows of one page of a list.")
    read_from: date | None = Field(None, description="Documents changed before this day (UTC) are not read; empty = all.")
    customer_class: str = Field(
        "DEFAULT", description="Class of created customers where `customer_class` has no row. Example: RESID"
    )
    vendor_class: str = Field("DEFAULT", description="Class of created vendors. Example: SUPPLIER")
    default_terms: str = Field("", description="Terms of documents whose term has no row; empty = the customer's or vendor's own.")
    push_entities: dict[str, str] = Field(
        default_factory=lambda: {
            "ML-Customer": "customer",
            "ML-Vendor": "vendor",
            "ML-Invoice": "invoice",
            "ML-Payment": "payment",
            "ML-Bill": "bill",
            "ML-Account": "gl_account",
        },
        description="Push notifications: name of the inquiry -> our word for its objects.",
    )
    push_header: str = Field("x-ml-secret", pattern=r"^[A-Za-z0-9-]{1,64}$", description="Header in which pushes carry the secret.")
    accounts: Accounts = Field(default_factory=Accounts, description="Accounts of amounts without a line of their own.")
    tax: Tax = Field(default_factory=Tax, description="Tax categories and the limit of tax_mode erp.")

    @property
    def root(self) -> str:
        """Instance address without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that a session calls. The sign-in is at the instance, too."""
        return (self.root,)

    @property
    def entity_root(self) -> str:
        """Address of the pinned endpoint."""
        return f"{self.root}/entity/{self.endpoint}/{self.endpoint_version}"

    @property
    def extended_root(self) -> str:
        """Address of the extended endpoint."""
        return f"{self.root}/entity/{self.extended_endpoint}"

    @property
    def custom_ref(self) -> str:
        """`View.Field` of our ref, or "" if the ref is the first word of Description."""
        return self.ref_field.removeprefix("custom:") if self.ref_field.startswith("custom:") else ""


class Credentials(_Section):
    """The credentials: the integration user, and for OAuth the connected application (screen SM303010)."""

    username: SecretStr = Field(min_length=1, description="Integration user. Example: mlconnector")
    password: SecretStr = Field(min_length=1, description="Its password.")
    client_id: SecretStr = Field(
        SecretStr(""),
        json_schema_extra={"sign_in": "oauth"},
        description="Client id with tenant, OAuth only. Example: 88358B02-...@Company",
    )
    client_secret: SecretStr = Field(SecretStr(""), json_schema_extra={"sign_in": "oauth"}, description="Its secret, OAuth only.")
