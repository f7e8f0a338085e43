"""The settings of a connection to a SYSPRO company: the addresses of its services, which of its objects are passed on, and where amounts are booked.

Sources: recorded exchanges with a SYSPRO 7 REST service, classes generated from its XSDs, SYSPRO's help on OData. SYSTEM.md says which of these facts
are assumed. Limits are in the connection's `quota`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from systems.values.codes import code

_CODE = r"^[^\s|/'][^|/']{0,29}$"
_URL = r"^(https?://[^\s?#]+)?$"
NO_ENET = "rest_url is empty: SYSPRO's e.net service is not reached, and OData is read-only"
NO_ODATA = "odata_url is empty: AP invoices are read by OData"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Payables(_Section):
    """How AP invoices are written (flow S1)."""

    amount_basis: Literal["cost", "price"] = Field("cost", description="What a line is worth as a payable (accounting: cost).")
    cost_gl_code: str = Field(
        "", max_length=35, description="GL code of lines without a row in `line_type`; counted as defaulted. Example: 00-5100"
    )
    branch: str = Field("", max_length=10, description="AP branch where the business unit's row names none. Example: 00")
    tax_code: str = Field("", max_length=1, description="Tax code of the invoice; empty = none is sent.")
    ignore_warnings: Literal["N", "W"] = Field(
        "N", description="N: a warning of SYSPRO rejects the invoice; W: it is taken and the warning reported."
    )
    validate_first: bool = Field(
        True,
        description="Ask SYSPRO by ValidateOnly whether it would take a document before it is sent; one more call for each. Shadow mode shows the "
        "answer.",
    )
    stock_codes: Literal["mapped", "same"] = Field(
        "mapped",
        description="mapped: an item needs a row in `stock_code`; same: without a row its own sku is the stock code, counted as defaulted.",
    )


class Suppliers(_Section):
    """How suppliers are kept (flow S2)."""

    code_length: int = Field(
        7, ge=0, le=15, description="Configured length of numeric supplier codes, zero-filled on the left; 0 = not filled."
    )
    code_prefix: str = Field(
        "",
        pattern=r"^[A-Z0-9]{0,6}$",
        description="Begins the code of a supplier that we create, before the vendor's ServiceTitan id. Example: ST",
    )
    classes: tuple[str, ...] = Field((), description="SupplierClass values that travel; empty = every class.")
    include_on_hold: bool = Field(False, description="Whether suppliers on hold travel.")
    terms_code: str = Field("", max_length=2, description="TermsCode of suppliers that we create. Example: A")
    branch: str = Field("", max_length=10, description="Branch of suppliers that we create. Example: 00")
    bank: str = Field("", max_length=15, description="Bank of suppliers that we create. Example: 1")
    supplier_class: str = Field("", max_length=10, description="SupplierClass of suppliers that we create.")


class Orders(_Section):
    """How purchase orders are kept (flow S3)."""

    status: Literal["1", "4"] = Field("4", description="OrderStatus of an order that we enter: 1 open, 4 ready to print.")
    buyer: str = Field("", max_length=20, description="Buyer of orders that we enter.")
    price_method: Literal["M"] = Field("M", description="PriceMethod of their lines: M, the price is ours.")
    read_days: int = Field(400, ge=1, le=4000, description="Days back by entry date within which orders are read.")


class Stock(_Section):
    """How stock moves (flow S4)."""

    adjustment_gl_code: str = Field(
        "", max_length=35, description="GL code of adjustments; empty = the warehouse's own. Example: 00-1499"
    )
    read_levels: bool = Field(True, description="Whether stock levels are read.")


class Settings(_Section):
    """One SYSPRO company, by its e.net service, its OData service, or both."""

    rest_url: str = Field(
        "",
        pattern=_URL,
        description="e.net REST service; '' = not reached. Example: https://erp.acme.example:30001/SYSPROWCFService/Rest",
        json_schema_extra={"asked": True},
    )
    odata_url: str = Field(
        "",
        pattern=_URL,
        description="OData service without the company; '' = none. Example: https://erp.acme.example/SYSPRO8Odata/SYSPROOData",
        json_schema_extra={"asked": True},
    )
    soap_url: str = Field(
        "",
        pattern=_URL,
        description="e.net's older SOAP services, for documents that no address can carry; empty = such a document is held with its size. "
        "Example: https://erp.acme.example/sysprowebservices",
    )
    instance_id: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,60}$", description="Our immutable name of the installation; never changed. Example: acme-syspro"
    )
    company_id: str = Field(
        pattern=_CODE, description="SYSPRO's company id, also our name of the set of books; never changed. Example: EDU1"
    )
    url_limit_bytes: int = Field(
        16_000,
        ge=2_000,
        le=1_000_000,
        description="Longest address that the server takes (HTTP.SYS: 16 KB, assumed); a longer document goes by soap_url.",
    )
    session_s: float = Field(
        600, ge=60, le=3600, description="Seconds after which an idle session is opened again (SYSPRO's own time-out is longer)."
    )
    request_s: float = Field(60, gt=0, le=600, description="Real seconds for one request.")
    page_size: int = Field(500, ge=2, le=5000, description="Rows of one page; OData gives 5000 at most.")
    poll_s: float = Field(900, gt=0, description="Seconds between two reads of a list.")
    read_from: date | None = Field(None, description="AP invoices dated and posted before this day are not read; empty = all.")
    payables: Payables = Field(default_factory=Payables, description="How AP invoices are written.")
    suppliers: Suppliers = Field(default_factory=Suppliers, description="How suppliers are kept.")
    orders: Orders = Field(default_factory=Orders, description="How purchase orders are kept.")
    stock: Stock = Field(default_factory=Stock, description="How stock moves.")

    @model_validator(mode="after")
    def _is_reachable(self) -> Settings:
        if not self.rest_url and not self.odata_url:
            raise ValueError("rest_url or odata_url is required: nothing of SYSPRO is reached otherwise")
        return self

    @property
    def rest(self) -> str:
        """Address of the e.net service without a slash at its end."""
        return self.rest_url.rstrip("/")

    @property
    def odata(self) -> str:
        """Address of the company's tables."""
        return f"{self.odata_url.rstrip('/')}/{self.company_id}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that a session calls."""
        return tuple(filter(None, (self.rest, self.odata_url.rstrip("/"), self.soap_url.rstrip("/"))))

    @property
    def feed_cadences(self) -> Mapping[str, timedelta]:
        """Reads every list at the cadence that the connection names."""
        often = timedelta(seconds=self.poll_s)
        return dict.fromkeys(
            ("invoices", "settlements", "vendors", "purchase_orders", "stock_levels", "periods", "gl_accounts"), often
        )

    def excludes(self, entity: str, record: Mapping[str, Any]) -> str:
        """See `systems.mapped.Leaving`. Suppliers of another class, or on hold, stay in SYSPRO."""
        if entity != "vendor":
            return ""
        if self.suppliers.classes and code(record["kind"]) not in map(code, self.suppliers.classes):
            return f"SupplierClass {record['kind'] or 'empty'} does not travel"
        if not self.suppliers.include_on_hold and record["status"] == "on hold":
            return "it is on hold"
        return ""


class Credentials(_Section):
    """The credentials of one role. SYSPRO ends an operator's session when the same operator logs on again, so each role needs its own operator."""

    operator: SecretStr = Field(min_length=1, description="Operator of the role; also the user of OData. Example: MLSINK")
    operator_password: SecretStr = Field(SecretStr(""), description="Its password; empty where it has none.")
    company_password: SecretStr = Field(SecretStr(""), description="The company's password; empty where it has none.")
