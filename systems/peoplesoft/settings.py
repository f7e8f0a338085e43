"""The settings of a connection to a PeopleSoft site: its address, how to sign in, the names of its interfaces, and the accounts of amounts without a
line.

Sources: PeopleBooks (Integration Broker, FSCM 9.2) as far as cited in SYSTEM.md. The names of Component Interfaces and queries differ by site and
are settings; the defaults are the names that our install guide proposes (assumed). Limits are in the connection's `quota`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from systems.values.codes import code

_CODE = r"^[^\s|/'][^|/']{0,29}$"
_NAME = r"^[A-Z][A-Z0-9_]{0,29}$"
_UNIT = r"^[A-Z0-9]{1,5}$"

Policy = Literal["hold", "default", "suspense"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Policies(_Section):
    """What happens to a value that has no row in its crosswalk table: the document is held for a person, booked by the default row (key `*`), or
    booked on suspense.

    Everything except `hold` is counted in money as defaulted.
    """

    business_unit: Policy = Field("hold", description="Field-service business unit without a row.")
    location: Policy = Field(
        "default", description="Service location without a row; the default is the business unit's own chartfields."
    )
    line_type: Policy = Field("hold", description="Line whose sku, GL account and kind have no row.")
    tax_zone: Policy = Field("hold", description="Tax zone without a row.")
    payment_type: Policy = Field("hold", description="Payment type without a row.")


class Accounts(_Section):
    """ChartField ACCOUNT (10 characters) of amounts that have no line in the source. A document that needs an empty one is held."""

    receivable: str = Field("", max_length=10, description="Receivable where the business unit's row names none. Example: 120000")
    deposits: str = Field(
        "",
        max_length=10,
        description="Customer deposits, a liability. With it a payment credits deposits, and each application is a journal on its own day (Dr "
        "deposits, Cr receivable); empty = a payment credits the receivable at once. Example: 230000",
    )
    deposits_from: date | None = Field(
        None,
        description="First day on which a payment credits `deposits`; earlier payments credited the receivable and stay so. Write it when you "
        "name `deposits` later. Example: 2026-07-01",
    )
    intercompany: str = Field(
        "",
        max_length=10,
        description="Due to and due from other ledger units. With it the application of a payment to an invoice of another ledger unit is two "
        "journals, one in each unit; empty = such an application is held. Example: 150000",
    )
    suspense: str = Field("", max_length=10, description="Account of policy `suspense`. Example: 199999")
    rounding: str = Field(
        "", max_length=10, description="Takes a difference of lines, tax and total, up to the limit. Example: 799900"
    )
    rounding_limit: Decimal = Field(Decimal("0.05"), ge=0, description="Largest such difference of one document; above it, held.")

    def deposits_on(self, day: date | None) -> str:
        """The account that a payment of that day credits until it is applied; "" = it credits the receivable account."""
        if day is None or self.deposits_from is None or day >= self.deposits_from:
            return self.deposits
        return ""


class Journal(_Section):
    """How journals are written (flow P1 and P2, profile journal)."""

    interface: str = Field("ML_JOURNAL_CI", pattern=_NAME, description="Name of the journal Component Interface at the site.")
    ledger_group: str = Field("RECORDING", max_length=10, description="LEDGER_GROUP of the header.")
    ledger: str = Field("LOCAL", max_length=10, description="LEDGER of the lines.")
    source: str = Field("ONL", max_length=3, description="Journal SOURCE.")
    suspects: bool = Field(
        True,
        description="Look for journals typed by hand before one is written (query JOURNAL_SUSPECTS); False where the site has no such query.",
    )
    typed_sources: tuple[str, ...] = Field(
        ("ONL",), description="SOURCE values of journals that people type; others are no suspects. Empty = every source."
    )


class Voucher(_Section):
    """How vouchers are written (flow P1, profile voucher)."""

    interface: str = Field("ML_VOUCHER_CI", pattern=_NAME, description="Name of the voucher Component Interface at the site.")
    writer: Literal["interface", "staging"] = Field(
        "interface",
        description="interface: Component Interface with an explicit VOUCHER_ID; staging: VOUCHER_BUILD with our build key.",
    )
    amount_basis: Literal["cost", "price"] = Field("cost", description="What a line is worth as a payable (accounting: cost).")
    origin: str = Field("ONL", max_length=3, description="Voucher ORIGIN.")
    ref_field: Literal["DESCR254_MIXED", "USER_VCHR_CHAR1"] = Field(
        "DESCR254_MIXED",
        description="Field that survives Voucher Build and keeps our ref: start of DESCR254_MIXED, or a user field.",
    )
    reversal_style: Literal["RVRS", "ADJ"] = Field(
        "RVRS",
        description="VOUCHER_STYLE of a voucher that takes another one back: RVRS Reversal or ADJ Adjustment (values assumed).",
    )
    related_field: str = Field(
        "VOUCHER_ID_RELATED",
        pattern=_NAME,
        description="Property of the voucher interface that names the voucher which is taken back (name assumed).",
    )


class Settings(_Section):
    """One PeopleSoft site and business-unit family."""

    base_url: str = Field(
        pattern=r"^https?://[^\s?#]+$", description="Gateway address with port. Example: https://fin.acme.example:8443"
    )
    node: str = Field("PSFT_EP", pattern=_NAME, description="Default local node of the site. Example: PSFT_EP")
    instance_id: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,60}$", description="Our immutable name of the database; never changed. Example: acme-fin-prod"
    )
    company_id: str = Field(pattern=_CODE, description="Our immutable name of the set of books; never changed. Example: ACME")
    sign_in: Literal["basic", "oauth"] = Field(
        "basic", description="HTTP Basic with a PeopleSoft user, or a bearer token of `token_url`."
    )
    token_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        json_schema_extra={"sign_in": "oauth"},
        description="External token server, sign_in oauth only. Example: https://login.acme.example/token",
    )
    token_scope: str = Field("", max_length=200, description="Scope asked of the token server; empty = none.")
    soap_security: Literal["transport", "username_token"] = Field(
        "username_token",
        description="What SOAP calls carry: the sign-in of the transport alone, or a WS-Security UsernameToken as well.",
    )
    wsdl_hashes: dict[str, str] = Field(
        default_factory=dict,
        description="Accepted WSDLs: interface or service -> SHA-256 (hex) of its canonical form, as `check` prints it; another one is refused.",
    )
    profile: Literal["journal", "voucher"] = Field(
        "journal", description="What a job invoice becomes: a journal, or AP vouchers at cost."
    )
    profile_from: date | None = Field(
        None,
        description="First invoice date of `profile`; earlier invoices keep the other one. Write it when you switch. Example: 2026-07-01",
    )
    setid: str = Field("SHARE", pattern=_UNIT, description="SETID of vendors and chartfields. Example: SHARE")
    vendor_setids: tuple[str, ...] = Field((), description="SETIDs whose vendors are read; empty = `setid` alone.")
    vendor_classes: tuple[str, ...] = Field((), description="VENDOR_CLASS values that travel; empty = every class.")
    vendor_statuses: tuple[str, ...] = Field(
        ("A",), description="VENDOR_STATUS values that travel: A approved, I inactive, E unapproved."
    )
    query_prefix: str = Field("ML_", pattern=r"^[A-Z][A-Z0-9_]{0,9}$", description="Prefix of our public queries (install guide).")
    page_size: int = Field(500, ge=2, le=5000, description="maxrows of one query; pages go on after the last key.")
    request_s: float = Field(60, gt=0, le=600, description="Real seconds for one request.")
    vendor_poll_s: float = Field(900, gt=0, description="Seconds between two reads of vendors.")
    read_from: date | None = Field(
        None, description="Vendors changed before this day are read by the first full read only; empty = all."
    )
    batch_poll_s: float = Field(
        300, gt=0, description="Seconds between two looks whether PeopleSoft's own batch (edit, build, post) is done."
    )
    require_posted: bool = Field(
        True, description="A document is posted when PeopleSoft has posted it; False = when it is created and valid."
    )
    database_zone: str = Field(
        "UTC", description="Zone of PeopleSoft's DATETIME fields, which have none of their own. Example: America/Chicago"
    )
    policies: Policies = Field(default_factory=Policies, description="Per field: what becomes of a value without a row.")
    accounts: Accounts = Field(default_factory=Accounts, description="Accounts of amounts without a line of their own.")
    journal: Journal = Field(default_factory=Journal, description="How journals are written.")
    voucher: Voucher = Field(default_factory=Voucher, description="How vouchers are written.")

    @property
    def root(self) -> str:
        """Gateway address without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that a session calls: the gateway, and the token server if one is used."""
        return (self.root, self.token_url) if self.sign_in == "oauth" and self.token_url else (self.root,)

    @property
    def feed_cadences(self) -> Mapping[str, timedelta]:
        """Feeds that this connection reads at a cadence of its own choice."""
        return {"vendors": timedelta(seconds=self.vendor_poll_s)}

    def excludes(self, entity: str, record: Mapping[str, Any]) -> str:
        """See `systems.mapped.Leaving`. Vendors of another SETID, class or status stay in PeopleSoft."""
        if entity != "vendor":
            return ""
        setid = str(record["source_id"]).partition("/")[0]
        if code(setid) not in map(code, self.vendor_setids or (self.setid,)):
            return f"SETID {setid} does not travel"
        if self.vendor_classes and code(record["kind"]) not in map(code, self.vendor_classes):
            return f"VENDOR_CLASS {record['kind'] or 'empty'} does not travel"
        if code(record["status"]) not in map(code, self.vendor_statuses):
            return f"VENDOR_STATUS {record['status'] or 'empty'} does not travel"
        return ""

    def profile_on(self, day: date | None) -> str:
        """The profile of an invoice of that day."""
        if day is None or self.profile_from is None or day >= self.profile_from:
            return self.profile
        return "voucher" if self.profile == "journal" else "journal"

    def query(self, name: str) -> str:
        """The site's name of one of our queries."""
        return f"{self.query_prefix}{name}"


class Credentials(_Section):
    """The credentials: the integration user, and for OAuth the client at the external token server."""

    username: SecretStr = Field(min_length=1, description="PeopleSoft user of the integration. Example: MLCONNECT")
    password: SecretStr = Field(min_length=1, description="Its password.")
    client_id: SecretStr = Field(
        SecretStr(""), json_schema_extra={"sign_in": "oauth"}, description="Client id at the token server, sign_in oauth only."
    )
    client_secret: SecretStr = Field(
        SecretStr(""), json_schema_extra={"sign_in": "oauth"}, description="Its secret, sign_in oauth only."
    )
