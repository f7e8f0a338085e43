"""The settings of a connection to a NetSuite account: its address, how to sign in, which of its records are passed on, and the accounts of amounts
that have no row.

Sources: help pages on SuiteTalk REST (hosts, OAuth 2.0 client credentials, token-based authentication), SuiteQL, the REST API Browser. SYSTEM.md says
which of these facts are assumed. Departments, classes, locations, accounts, items, terms and payment methods are named by their internal ids
everywhere, here and in the mapping tables; `check` shows their names. Limits are in the connection's `quota`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from systems.values.instants import time_zones

_CODE = r"^[^\s|/'][^|/']{0,29}$"
_ID = r"^([0-9]{1,18})?$"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
SUBSIDIARY = "subsidiary"
"""The dimension of a canonical vendor, customer or document that names its subsidiary, by internal id."""
EVENTS: Mapping[str, str] = {
    "vendor": "vendor",
    "customer": "customer",
    "purchaseorder": "purchase_order",
    "vendorbill": "bill",
    "vendorpayment": "ap_payment",
    "vendorcredit": "vendor_credit",
    "invoice": "invoice",
    "creditmemo": "credit_memo",
    "customerpayment": "payment",
    "customerdeposit": "payment",
    "journalentry": "journal",
}
"""Record types as the user-event script names them, each with our word for it."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Defaults(_Section):
    """Where a line is booked if its business unit or job has no row. It is never held for that reason, and is counted as defaulted."""

    department: str = Field("", pattern=_ID, description="Department of what no row maps. Example: 8")
    classification: str = Field("", pattern=_ID, description="Class of what no row maps. Example: 1")
    location: str = Field("", pattern=_ID, description="Location of what no row maps. Example: 1")


class Payables(_Section):
    """How job invoices become payables at cost: an order, and a bill that is made from it."""

    amount_basis: Literal["cost", "price"] = Field("cost", description="What a line is worth as a payable.")
    cost_account: str = Field(
        "", pattern=_ID, description="Account of cost lines where `cost_line` has no row; counted as defaulted. Example: 15"
    )
    payable_account: str = Field("", pattern=_ID, description="A/P account of the bills; empty = the vendor's. Example: 7")
    clearing_vendor: str = Field("", pattern=_ID, description="Vendor that takes lines of no known vendor. Example: 1021")
    terms: str = Field("", pattern=_ID, description="Terms of orders and bills; empty = the vendor's. Example: 3")


class Receivables(_Section):
    """How job invoices and payments are entered on the customer side."""

    receivable_account: str = Field("", pattern=_ID, description="A/R account of invoices; empty = the customer's. Example: 4")
    sales_item: str = Field(
        "", pattern=_ID, description="Item of lines where `line_type` has no row; counted as defaulted. Example: 1"
    )
    discount_item: str = Field("", pattern=_ID, description="Item of price modifiers where `line_type` has no row. Example: 10")
    tax_item: str = Field(
        "", pattern=_ID, description="Item of sales tax where `tax_zone` has no row; counted as defaulted. Example: 8"
    )
    rounding_item: str = Field("", pattern=_ID, description="Item that takes a difference of cents, up to the limit. Example: 9")
    rounding_limit: Decimal = Field(Decimal("0.05"), ge=0, description="Largest such difference of one document; above it, held.")
    difference_limit: Decimal = Field(Decimal("0.02"), ge=0, description="tax_mode erp: largest difference to the source's total.")
    terms: str = Field("", pattern=_ID, description="Terms of invoices whose term has no row; empty = the customer's. Example: 3")
    payments_as: Literal["payment", "deposit", "journal"] = Field(
        "payment",
        description="payment: a customer payment, applied to its invoices; deposit: a customer deposit; journal: Dr cash, Cr clearing.",
    )
    clearing_account: str = Field("", pattern=_ID, description="Credited by payments_as journal. Example: 12")


class Labor(_Section):
    """The journal of payroll's gross pay by job."""

    cost_account: str = Field("", pattern=_ID, description="Debited with job labor. Example: 16")
    applied_account: str = Field("", pattern=_ID, description="Credited as labor applied. Example: 19")


class Settings(_Section):
    """One account and, in a OneWorld account, the subsidiary of records that name none."""

    base_url: str = Field(
        pattern=r"^https?://[^\s?#]+$",
        description="SuiteTalk address of Company Information > Company URLs. Example: https://1234567.suitetalk.api.netsuite.com",
    )
    account: str = Field(
        pattern=r"^[A-Z0-9]{1,20}(_[A-Z0-9]{1,10})?$",
        description="Account id in capitals, with _ for a sandbox. Example: 1234567_SB1",
    )
    instance_id: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,60}$", description="Our immutable name of the account; never changed. Example: acme-prod"
    )
    company_id: str = Field(pattern=_CODE, description="Our immutable name of the set of books; never changed. Example: ACME")
    sign_in: Literal["assertion", "token"] = Field(
        "assertion",
        description="assertion: OAuth 2.0 client credentials (PS256 or ES256); token: OAuth 1.0a, which NetSuite has announced to end.",
    )
    time_zone: str = Field(
        "America/Los_Angeles",
        description="Zone in which SuiteQL reads and shows times: the preference of the integration's user. Example: America/Chicago",
    )
    subsidiary: str = Field(
        "",
        pattern=_ID,
        description="Subsidiary of documents whose business unit names none; empty = no OneWorld account. Example: 2",
    )
    subsidiaries: tuple[str, ...] = Field(
        (), description="Subsidiaries whose vendors, customers and orders travel; empty = all. Example: ['2']"
    )
    vendor_categories: tuple[str, ...] = Field((), description="Categories of vendors that travel, by id; empty = every one.")
    defaults: Defaults = Field(default_factory=Defaults, description="Dimensions of what no row maps.")
    payables: Payables = Field(default_factory=Payables, description="Orders and bills of job invoices at cost.")
    receivables: Receivables = Field(default_factory=Receivables, description="Invoices and payments of customers.")
    labor: Labor = Field(default_factory=Labor, description="Job labor by journal.")
    page_size: int = Field(500, ge=2, le=1000, description="Rows of one page of SuiteQL; 1000 at most.")
    request_s: float = Field(60, gt=0, le=900, description="Real seconds for one request; NetSuite's own limit is 900.")
    poll_s: float = Field(
        300, ge=60, le=900, description="Seconds between two reads of vendors, customers and orders that changed."
    )
    index_lag_s: float = Field(
        300, ge=0, le=3600, description="Longest time after which SuiteQL shows what was saved; windows overlap by at least this."
    )
    read_from: date | None = Field(None, description="What changed before this day (zone of the account) is not read; empty = all.")
    event_types: dict[str, str] = Field(
        default_factory=lambda: dict(EVENTS), description="Record types of the user-event script -> our word for them."
    )

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if name not in time_zones():
            raise ValueError(f"{name!r} is no time zone; example: America/Chicago")
        return name

    @property
    def root(self) -> str:
        """Address of the account without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def token_url(self) -> str:
        """The address that exchanges a client assertion for a token; also the assertion's audience."""
        return f"{self.root}{TOKEN_PATH}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that a session calls. The sign-in is at the same host."""
        return (self.root,)

    @property
    def feed_cadences(self) -> Mapping[str, timedelta]:
        """Feeds that this connection reads at a cadence of its own choice."""
        often = timedelta(seconds=self.poll_s)
        return dict.fromkeys(("vendors", "customers", "purchase_orders"), often)

    def excludes(self, entity: str, record: Mapping[str, Any]) -> str:
        """See `systems.mapped.Leaving`. Vendors of another category, or of subsidiaries that are not passed on, stay in NetSuite."""
        if entity not in ("vendor", "customer", "purchase_order"):
            return ""
        own = (record.get("dimensions") or {}).get(SUBSIDIARY, "")
        if self.subsidiaries and own and own not in self.subsidiaries:
            return f"subsidiary {own} does not travel"
        if entity == "vendor" and self.vendor_categories and record["kind"] not in self.vendor_categories:
            return f"category {record['kind'] or 'none'} does not travel"
        return ""


class Credentials(_Section):
    """The credentials: client id, certificate id and key of the client assertion; or consumer and token of OAuth 1.0a."""

    client_id: SecretStr = Field(
        SecretStr(""), json_schema_extra={"sign_in": "assertion"}, description="Client id of the integration record."
    )
    certificate_id: SecretStr = Field(
        SecretStr(""),
        json_schema_extra={"sign_in": "assertion"},
        description="Certificate id that the account shows after the public certificate was uploaded.",
    )
    private_key: SecretStr = Field(
        SecretStr(""),
        json_schema_extra={"sign_in": "assertion", "pem": True},
        description="PEM key of that certificate: EC (ES256) or RSA (PS256).",
    )
    certificate: SecretStr = Field(
        SecretStr(""),
        json_schema_extra={"pem": True},
        description="The public certificate in PEM, so that `check` tells its end 30 days before; sign_in assertion only.",
    )
    consumer_key: SecretStr = Field(
        SecretStr(""), json_schema_extra={"sign_in": "token"}, description="Consumer key of the integration record, sign_in token."
    )
    consumer_secret: SecretStr = Field(
        SecretStr(""), json_schema_extra={"sign_in": "token"}, description="Its secret, sign_in token."
    )
    token_id: SecretStr = Field(
        SecretStr(""),
        json_schema_extra={"sign_in": "token"},
        description="Id of the access token of the integration's user and role.",
    )
    token_secret: SecretStr = Field(SecretStr(""), json_schema_extra={"sign_in": "token"}, description="Its secret, sign_in token.")
