"""The settings of one connection: the YAML file that a person writes, validated, and what is read back from the topic `connections`.

The sections `field_service` and `erp` are models of the two systems, which the registry names. The file contains no secrets. It refers to them
(`env:NAME`, `file:NAME`), and `apply` resolves and encrypts them.
"""

from __future__ import annotations

import difflib
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from runtime.limits import Share
from systems import registry
from systems.contract import Flow, Role, System
from systems.flow import CARRIES_MONEY
from systems.network import Network
from systems.values.instants import time_zones

CONNECTION_ID = r"^[a-z0-9][a-z0-9-]{1,30}$"
Reference = Annotated[str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_.-]*|file:.+)$")]
"""A reference to a secret: a variable of the environment, or a file of the secrets folder. It is never the secret itself."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FlowSettings(_Section):
    """One flow of a connection."""

    enabled: bool = Field(True, description="Whether the flow runs; one that is declared off by default runs only with true.")
    cutover_date: date | None = Field(
        None,
        description="First posting date (tenant's zone) that is commanded; required for flows that move money. Example: 2026-01-01",
    )
    post_when: Literal["posted", "job_completed"] = Field(
        "posted",
        description="When an invoice is due. posted: it is posted or exported. job_completed: its job is completed, posted or not.",
    )
    window: str = Field(
        "",
        description="immediate, daily HH:MM, twice-daily HH:MM HH:MM, weekly DAY HH:MM, or cron: five fields, in the tenant's zone; "
        "empty = as the flow is declared.",
    )
    mode: Literal["observe", "shadow", "live"] | None = Field(None, description="Overrides the connection's mode.")

    def of(self, flow: Flow) -> FlowSettings:
        """The settings of this flow. A flow that is off by default stays off if the file says nothing about it."""
        if not flow.off_by_default or "enabled" in self.model_fields_set:
            return self
        return self.model_copy(update={"enabled": False})


class QuotaShares(_Section):
    """A limit and how it is shared. The share `kept` is left for people and other applications."""

    group: str = Field(description="Quota group: connections that use one account name the same group. Example: st-app-1")
    calls: float = Field(gt=0, description="Calls that the account allows in `per_s` seconds. Example: 60")
    per_s: float = Field(1, gt=0, description="Seconds of the limit. Example: 1")
    at_once: int = Field(4, ge=1, description="Calls at the same time that the account allows.")
    sessions: int = Field(100, ge=1, description="Sessions that the licence allows us; 100 where the system counts none.")
    poller: float = Field(0.5, ge=0, le=1, description="Share of the poller.")
    sink: float = Field(0.3, ge=0, le=1, description="Share of the sink.")
    check: float = Field(0.1, ge=0, le=1, description="Share of check and match.")
    kept: float = Field(0.1, ge=0, le=1, description="Share left for people and other applications.")

    @model_validator(mode="after")
    def _at_most_all(self) -> QuotaShares:
        if self.poller + self.sink + self.check + self.kept > 1.000001:
            raise ValueError("poller + sink + check + kept is over 1: no more than the limit can be shared")
        return self

    def share(self, role: Role) -> Share:
        """What one role may use."""
        part = {Role.POLLER: self.poller, Role.SINK: self.sink, Role.CHECK: self.check}[role]
        return Share(max(self.calls * part, 0.001), timedelta(seconds=self.per_s), max(1, round(self.at_once * part)))


class Ceiling(_Section):
    """What may be posted in one hour. When more would be posted, the connection pauses and asks."""

    documents_per_hour: int = Field(10_000, ge=1, description="Documents in an hour.")
    amount_per_hour: Decimal = Field(Decimal(10_000_000), gt=0, description="Amount in an hour, connection's currency.")


class Side(_Section):
    """One of the two systems of a connection: its name, its own settings, its quota, and where its credentials come from."""

    system: str = Field(description="Name in the registry.")
    settings: dict[str, Any] = Field(description="The system's own settings, see its JSON Schema.")
    quota: QuotaShares
    credentials: dict[str, Reference] = Field(
        default_factory=dict, description="Credential fields by reference: env:NAME, or file:NAME in the secrets folder."
    )
    role_credentials: dict[Role, dict[str, Reference]] = Field(
        default_factory=dict,
        description="What a role (poller, sink, check) has otherwise of the credentials above. Example: {sink: {username: env:ERP_SINK}}",
    )
    network: Network = Field(default_factory=Network, description="How it is reached; empty for a public system.")

    @field_validator("system")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in registry.NAMES:
            raise ValueError(f"{name!r} is not a system; there are: {', '.join(registry.NAMES)}")
        return name

    @model_validator(mode="after")
    def _valid(self) -> Side:
        self.own()
        return self

    @property
    def declared(self) -> System:
        """The system's declaration."""
        return registry.system(self.system)

    @property
    def feeds_off(self) -> frozenset[str]:
        """Names of the feeds that this system's settings switch off; empty if the system has no such setting."""
        off: frozenset[str] = getattr(self.own(), "feeds_off", frozenset())
        return off

    @property
    def entities_off(self) -> frozenset[str]:
        """Entities that no feed reads any more, because all of their feeds are switched off. Webhooks may still bring them."""
        on = {feed.entity for feed in self.declared.feeds if feed.name not in self.feeds_off}
        return frozenset(feed.entity for feed in self.declared.feeds) - on

    def credentials_of(self, role: Role) -> dict[str, str]:
        """The credential references of one role."""
        return {**self.credentials, **self.role_credentials.get(role, {})}

    def own(self) -> BaseModel:
        """The system's own settings as its own model."""
        return self.declared.settings.model_validate(self.settings)


class WebhookKey(_Section):
    """An HMAC key. During a rotation, two keys are valid at the same time."""

    name: str = Field(description="Name of the key; appears in signature verdicts. Example: 2026-q1")
    secret: Reference = Field(description="Reference: env:NAME or file:NAME; the secret has 32 to 64 characters.")
    not_after: str | None = Field(None, description="End of its overlap, RFC 3339; none = no end.")


Percent = Annotated[float, Field(ge=0, le=1)]


class ConnectionSettings(_Section):
    """One tenant of the field service joined to one ERP instance."""

    connection: str = Field(pattern=CONNECTION_ID, description="Immutable id. Example: acme")
    label: str = Field(description="Name for people; may change. Example: Acme Heating, books")
    environment: Literal["test", "production"] = Field(description="Not mixed between the two sides.")
    mode: Literal["observe", "shadow", "live"] = Field(
        "observe", description="observe: read; shadow: all but the write; live: write."
    )
    time_zone: str = Field(description="The tenant's zone, IANA. Example: America/Chicago")
    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="Currency of the ledger, ISO 4217. Example: USD")
    tax_mode: Literal["source", "erp", "none"] = Field(
        "source",
        description="Whose sales tax counts. source: the field service's amount is posted as lines on the account of its tax zone, the ERP "
        "computes none, and its own tax reports do not show it. erp: the ERP computes it by its tax zone, and a document whose total then "
        "differs from the source's is held. none: nothing is taxed; an invoice that carries tax is held.",
    )
    customer_policy: Literal["one_to_one", "bill_to_parent", "summary"] = Field(
        "one_to_one",
        description="Which customer of the ERP documents name. one_to_one: the partner of the field service's customer. bill_to_parent: the "
        "customer that the table bill_to gives for it, else its own partner. summary: one customer for each business unit, that of the table "
        "business_unit; balances of single customers are then in the field service alone.",
    )
    create_missing: frozenset[Literal["customer", "vendor"]] = Field(
        frozenset(), description="Masters that may be created when unmatched; empty for the first load."
    )
    parent_deadline_s: float = Field(24 * 3600, gt=0, description="Time a document waits for a missing parent before it is held.")
    late: Literal["hold", "next_open"] = Field(
        "hold",
        description="What becomes of a document, reversal or correction whose day is in a closed period of the ERP. hold: it waits for a person "
        "or for the period. next_open: it is posted on the first day after it that the ERP's own period list has open; the document says both days.",
    )
    batch_deadline_s: float = Field(
        24 * 3600, gt=0, description="Time that the ERP's own batch (edit, build, post) has for a document before it is held."
    )
    ceiling: Ceiling = Ceiling()
    field_service: Side
    erp: Side
    webhook_keys: tuple[WebhookKey, ...] = Field((), max_length=4, description="HMAC keys of the field-service webhooks.")
    push_keys: tuple[WebhookKey, ...] = Field((), max_length=4, description="Secrets of the ERP's push notifications.")
    flows: dict[str, FlowSettings] = Field(description="Flows by id (docs/flows.md). Example: A1: {cutover_date: 2026-01-01}")
    left_out: frozenset[str] = Field(
        frozenset(),
        description="Entities with money that no flow of the ERP brings and that are kept out by decision: counted in `audit` instead of held "
        "as no_flow. Example: [bill]",
    )
    crosswalk: str = Field("crosswalk", description="Folder of CSV or XLSX tables, relative to this file.")

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if name not in time_zones():
            near = difflib.get_close_matches(name, time_zones(), 1)
            raise ValueError(
                f"{name!r} is not an IANA time zone; {'nearest' if near else 'example'}: {(near or ['America/Chicago'])[0]}"
            )
        return name

    @field_validator("left_out")
    @classmethod
    def _left_out(cls, names: frozenset[str]) -> frozenset[str]:
        if unknown := sorted(names - CARRIES_MONEY.keys()):
            raise ValueError(f"left_out: {unknown[0]!r} is no entity with money; there are: {', '.join(CARRIES_MONEY)}")
        return names

    @model_validator(mode="after")
    def _flows_of_the_erp(self) -> ConnectionSettings:
        known = {flow.id: flow for flow in self.erp.declared.flows}
        for name, written in self.flows.items():
            if name not in known:
                raise ValueError(f"flows: {name!r} is not a flow of {self.erp.system}; there are: {', '.join(known)}")
            self.flows[name] = flow = written.of(known[name])
            if flow.enabled and known[name].moves_money and flow.cutover_date is None:
                raise ValueError(f"flows.{name}.cutover_date is required: the first posting date that is commanded")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's zone."""
        return ZoneInfo(self.time_zone)

    def side(self, system: str) -> Side:
        """The side of a system. Raises KeyError when the connection does not join it."""
        for side in (self.field_service, self.erp):
            if side.system == system:
                return side
        raise KeyError(f"connection {self.connection} does not join {system}")

    def commands_to(self, system: str) -> frozenset[str]:
        """The command records that the enabled flows of this connection send to one of its sides."""
        enabled = [flow for flow in self.erp.declared.flows if flow.id in self.flows and self.flows[flow.id].enabled]
        return frozenset(record for flow in enabled if flow.target == system for record in flow.records)

    def roles_of(self, side: Side) -> tuple[Role, ...]:
        """The roles that open sessions with one of its sides: `check` always does, the others if the connection reads from it or writes to it."""
        declared = side.declared
        reads, writes = bool(declared.feeds or declared.fetchable), bool(self.commands_to(side.system))
        return tuple(role for role, used in ((Role.POLLER, reads), (Role.SINK, writes), (Role.CHECK, True)) if used)

    @property
    def live_flows(self) -> frozenset[str]:
        """Ids of the flows that write: enabled, and in mode live."""
        return frozenset(name for name, own in self.flows.items() if own.enabled and self.mode_of(name) == "live")

    def mode_of(self, flow: str) -> str:
        """Mode in force for a flow."""
        own = self.flows.get(flow)
        return (own.mode if own is not None else None) or self.mode
