"""The settings of a connection to a ServiceTitan tenant: its address, the form of its webhooks, and its credentials.

Sources: ServiceTitan developer documentation (OAuth 2.0, get going, V2 webhooks FAQ). The header name, encoding and envelope of V2 webhooks are
not published, so all three are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from systems.servicetitan.resources import FEEDS

_HOSTS = {
    "production": ("https://api.servicetitan.io", "https://auth.servicetitan.io"),
    "test": ("https://api-integration.servicetitan.io", "https://auth-integration.servicetitan.io"),
}
_ID = r"^([1-9][0-9]{0,18})?$"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class EventRule(_Section):
    """Which object an event is about. The first rule whose pattern fits is used."""

    pattern: str = Field(description="Event type in lower case, * stands for anything. Example: invoice.*")
    entity: str = Field(description="Our word for the object to read again. Example: invoice")
    id_path: str = Field("data.id", description="Where its id is in the payload. Example: data.billId")


DEFAULT_EVENTS: tuple[EventRule, ...] = (
    EventRule(pattern="invoice.*", entity="invoice", id_path="data.id"),
    EventRule(pattern="payment.*", entity="payment", id_path="data.id"),
    EventRule(pattern="customer.*", entity="customer", id_path="data.id"),
    EventRule(pattern="location.*", entity="location", id_path="data.id"),
    EventRule(pattern="job.*", entity="job", id_path="data.id"),
    EventRule(pattern="vendor.*", entity="vendor", id_path="data.id"),
    EventRule(pattern="purchaseorder.*", entity="purchase_order", id_path="data.id"),
    EventRule(pattern="*bill.*", entity="bill", id_path="data.id"),
    EventRule(pattern="*receipt.*", entity="bill", id_path="data.billId"),
)


class Webhook(_Section):
    """How the tenant's webhooks are signed and where their payload says what changed."""

    scheme: Literal["body-hmac", "standard-webhooks"] = Field(
        "body-hmac", description="What is signed: the raw body (assumed for ServiceTitan), or id.timestamp.body."
    )
    header: str = Field(
        "x-servicetitan-signature",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header with the signature; not published, assumed.",
    )
    encoding: Literal["hex", "HEX", "base64"] = Field(
        "hex", description="How the signature is written: hex, HEX (upper case), base64."
    )
    prefix: str = Field("", max_length=32, description="What stands before it in the header. Example: sha256=")
    event_path: str = Field("eventType", description="Where the payload names the event. Example: eventType")
    tenant_path: str = Field("tenantId", description="Where it names the tenant; checked when it is there.")
    events: tuple[EventRule, ...] = Field(DEFAULT_EVENTS, description="Registered events, the first that fits counts.")


class Orders(_Section):
    """How purchase orders of the ERP are written here. Ids are ServiceTitan's own, as text."""

    type_id: str = Field("", pattern=_ID, description="Id of the order type; empty = orders are not written. Example: '2001'")
    self_receiving_types: frozenset[str] = Field(
        frozenset(),
        description="Ids of the order types that are received by themselves when they are made; type_id must not be one. Example: ['2002']",
    )
    business_unit_id: str = Field("", pattern=_ID, description="Business unit of orders whose place names none. Example: '901'")
    substitute_sku_id: str = Field(
        "",
        pattern=_ID,
        description="Material that stands for a line without an item; empty = such an order is held. Example: '12001'",
    )
    ref_in: Literal["memo", "vendor_document_number"] = Field(
        "memo", description="Where our ref stands in an order: in a line of its memo, or as the vendor's document number."
    )
    equal_lines: Literal["hold", "by_position"] = Field(
        "hold",
        description="Lines of one order that are equal in item, quantity and cost: hold the order, or pair them in the order of their ids.",
    )
    impacts_technician_payroll: bool = Field(False, description="Whether the orders count for the payroll of technicians.")

    def unavailable(self) -> str:
        """Why orders cannot be written with these settings, in words; "" means that they can. For `Flow.unavailable` of the ERPs."""
        if not self.type_id:
            return "orders.type_id of the field-service side names no order type"
        if self.type_id in self.self_receiving_types:
            return f"order type {self.type_id} receives its orders by itself: choose another orders.type_id"
        return ""


class Settings(_Section):
    """One ServiceTitan tenant."""

    environment: Literal["production", "test"] = Field(description="Which of the two. test = integration environment.")
    tenant_id: str = Field(pattern=r"^[1-9][0-9]{0,18}$", description="Tenant id of the URL path. Example: 1234567890")
    api_url: str = Field(
        "", description="Host of the API; empty = the vendor's for the environment. Example: http://127.0.0.1:9001"
    )
    auth_url: str = Field("", description="Host of the token endpoint; empty = the vendor's for the environment.")
    request_s: float = Field(100, gt=0, le=300, description="Real seconds for one request; the vendor's own limit is 100.")
    page_size: int = Field(500, ge=1, le=5000, description="Rows asked for in one page of a list.")
    poll_s: float = Field(
        30,
        ge=30,
        le=900,
        description="Seconds between two polls of an export; webhooks tell most of it sooner. Slower feeds keep their pace.",
    )
    read_from: date | None = Field(None, description="Changes before this day (UTC) are not read; empty = all. Example: 2025-01-01")
    feeds_off: frozenset[str] = Field(frozenset(), description="Feeds not to poll, by name. Example: [jobs]")
    external_data_application_guid: str = Field(
        "",
        pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$",
        description="External Data Application GUID of the app (developer portal); without it external data is not read.",
    )
    external_ref_key: str = Field("mlConnectorRef", description="Key of external data under which our ref is kept.")
    external_code_key: str = Field("erpCode", description="Key of external data under which the ERP's code is kept.")
    external_marks_key: str = Field(
        "mlConnectorMarks",
        description="Key of external data under which short hashes of what we wrote last are kept, field by field.",
    )
    owners_change: Literal["overwrite", "hold"] = Field(
        "overwrite",
        description="A field that the ERP owns was changed here: overwrite it (and list it), or hold the vendor for a person.",
    )
    bill_amount_is: Literal["total", "lines"] = Field(
        "total", description="What billAmount means: the whole bill (assumed), or its lines without tax, shipping and other."
    )
    webhook: Webhook = Field(default_factory=Webhook, description="How webhooks look.")
    orders: Orders = Field(default_factory=Orders, description="How purchase orders of the ERP are written.")

    @model_validator(mode="after")
    def _hosts_fit_the_environment(self) -> Self:
        for url in (self.api_url, self.auth_url):
            host = urlsplit(url).hostname or ""
            if host.endswith("servicetitan.io") and ("integration" in host) != (self.environment == "test"):
                raise ValueError(f"{host} is not the {self.environment} environment; change environment or the address")
        return self

    @property
    def feed_cadences(self) -> Mapping[str, timedelta]:
        """The pace of each feed: the connection's own, but never faster than the feed is declared."""
        pace = timedelta(seconds=self.poll_s)
        return {feed.name: max(feed.cadence, pace) for feed in FEEDS}

    def no_orders(self) -> str:
        """See `systems.flow.TakesOrders`."""
        return self.orders.unavailable()

    @property
    def api(self) -> str:
        """Base address of the API, without a slash at its end."""
        return (self.api_url or _HOSTS[self.environment][0]).rstrip("/")

    @property
    def auth(self) -> str:
        """Base address of the token endpoint, without a slash at its end."""
        return (self.auth_url or _HOSTS[self.environment][1]).rstrip("/")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that a session calls."""
        return (self.api, self.auth)


class Credentials(_Section):
    """The credentials. The keys of webhooks belong to the connection (`webhook_keys`), because only the ingress needs them."""

    client_id: SecretStr = Field(min_length=1, description="Client id of the app in this tenant. Example: cid.abc")
    client_secret: SecretStr = Field(min_length=1, description="Its secret. Example: cs1.abc")
    app_key: SecretStr = Field(min_length=1, description="App key of the developer portal, sent as ST-App-Key. Example: ak1.abc")

    @field_validator("app_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr) -> SecretStr:
        text = key.get_secret_value()
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("has a character that no header carries")
        return key
