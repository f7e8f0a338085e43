"""The system that a schedule writes to, in every capability class and every way of writing, and the connections that join it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

from runtime.settings import Kafka, Settings, Timing
from systems.connection import Ceiling, ConnectionSettings, FlowSettings, QuotaShares, Side
from systems.contract import Capability, Flow, System, Write
from tests.toy import SOURCE, TARGET, TargetSettings
from topology.configuration import Connected, Tables

LEASE_S, FREEZE_S, REQUEST_S, P_MAX_S, V_MAX_S = 2.0, 3.0, 3.0, 4.0, 3.0
WATCH_EVERY_S = 60.0
BATCH_DEADLINE_S = 300.0
PARENT_DEADLINE_S = 120.0


@dataclass(frozen=True)
class Shape:
    """How documents are written: the steps of an invoice, those that the system's batch does, whether customers are kept up to date, and whether
    the system takes back what it keeps (reversals and corrections)."""

    steps: tuple[str, ...] = ("create",)
    watched: tuple[str, ...] = ()
    kept_up: bool = False
    takes_back: bool = False


PLAIN = Shape()
REQUESTS = Shape(("create", "release"))
WATCHED = Shape(("create", "posted"), ("posted",))
STAGED = Shape(("stage", "built", "posted"), ("built", "posted"))
SHAPES = tuple(
    Shape(one.steps, one.watched, kept_up, takes_back)
    for one in (PLAIN, REQUESTS, WATCHED, STAGED)
    for kept_up in (False, True)
    for takes_back in (False, True)
)


def shapes_of(capability: Capability) -> tuple[Shape, ...]:
    """A system that cannot be asked watches nothing and compares nothing."""
    if capability is Capability.C5:
        return tuple(one for one in SHAPES if not one.watched and not one.kept_up)
    return SHAPES


def _nothing(*_: Any) -> Any:
    raise AssertionError("a sink reads and maps nothing")


@cache
def system(capability: Capability, shape: Shape) -> System:
    """The declaration. A system that cannot be asked watches nothing and compares nothing."""
    lag = timedelta(seconds=V_MAX_S if capability is Capability.C4 else 0)
    common: dict[str, Any] = {"p_max": timedelta(seconds=P_MAX_S), "v_max": lag, "calls": 3}
    invoice = Write(
        "ar_invoice", "invoice", shape.steps, shape.steps[0], capability, "ref", 30,
        watched=shape.watched, watch_every=timedelta(seconds=WATCH_EVERY_S), **common,
    )  # fmt: skip
    customer = Write(
        "customer", "customer", ("upsert",) if shape.kept_up else ("create",), "upsert" if shape.kept_up else "create",
        capability, "ref", 30, updates=shape.kept_up, **common,
    )  # fmt: skip
    payment = Write("customer_payment", "payment", ("create",), "create", capability, "ref", 30, **common)
    bill = Write("ap_bill", "bill", ("create",), "create", capability, "ref", 30, **common)
    application = Write("ar_application", "application", ("create",), "create", capability, "ref", 30, **common)
    takers = _takers(shape, (invoice, payment, bill, application), capability, common) if shape.takes_back else ()
    flows = (
        Flow("M1", "customers", SOURCE, TARGET, "customer", ("customer",), "master"),
        Flow("A1", "invoices", SOURCE, TARGET, "invoice", ("ar_invoice", "reversal"), "sale"),
        Flow("P1", "payments", SOURCE, TARGET, "payment", ("customer_payment", "ar_application", "reversal"), "collection"),
        Flow("C1", "applications", SOURCE, TARGET, "credit_memo", ("ar_application", "reversal"), "collection"),
        Flow("V1", "vouchers", SOURCE, TARGET, "bill", ("ap_bill", "reversal"), "payable"),
    )
    made = (_nothing, _nothing, _nothing, _nothing, _nothing)
    return System(
        TARGET, TARGET, TargetSettings, TargetSettings, (), {}, (invoice, customer, payment, bill, application, *takers), flows, *made, ""
    )  # fmt: skip


def _takers(shape: Shape, writes: tuple[Write, ...], capability: Capability, common: dict[str, Any]) -> tuple[Write, ...]:
    """The reversal of each kind of document, and its correction: reversed, then written anew in the same steps."""
    reversal = ("enter", "release") if "release" in shape.steps else ("reverse",)
    made = [
        Write("reversal", "reversal", reversal, reversal[-1], capability, "ref", 30, takes_back=one.record, **common)
        for one in writes
    ]
    made += [
        Write(
            one.record, one.document, ("reverse", *one.steps), one.promised, capability, "ref", 30, takes_back=one.record,
            watched=one.watched, watch_every=one.watch_every, **common,
        )
        for one in writes
    ]  # fmt: skip
    return tuple(made)


class _Declared(Side):
    """A side whose declaration is the campaign's."""

    capability: Capability
    shape: Shape

    @property
    def declared(self) -> System:
        return system(self.capability, self.shape)


@dataclass(frozen=True)
class Choice:
    """What a person chose for a connection; every change is a version of its settings."""

    mode: Literal["observe", "shadow", "live"] = "live"
    window: str = "immediate"
    documents_per_hour: int = 10_000
    create_missing: bool = True
    batch_deadline_s: float = BATCH_DEADLINE_S
    late: Literal["hold", "next_open"] = "hold"
    number: int = 1


@cache
def _side(capability: Capability, shape: Shape) -> Side:
    return _Declared.model_construct(system=TARGET, settings={}, quota=_quota(), credentials={}, capability=capability, shape=shape)


@cache
def _quota() -> QuotaShares:
    return QuotaShares(group="g", calls=100_000, at_once=3, poller=0.05, sink=0.9, check=0.05, kept=0)


@cache
def connected(name: str, choice: Choice, capability: Capability, shape: Shape) -> Connected:
    """A connection in force under these settings."""
    side = _side(capability, shape)
    source = _Declared.model_construct(
        system=SOURCE, settings={}, quota=_quota(), credentials={}, capability=capability, shape=shape
    )
    settings = ConnectionSettings.model_construct(
        connection=name, label=name, environment="test", mode=choice.mode, time_zone="America/Chicago", currency="USD",
        tax_mode="source", customer_policy="one_to_one",
        create_missing=frozenset({"customer"}) if choice.create_missing else frozenset(),
        parent_deadline_s=PARENT_DEADLINE_S, batch_deadline_s=choice.batch_deadline_s, late=choice.late,
        ceiling=Ceiling(documents_per_hour=choice.documents_per_hour, amount_per_hour=Decimal(10_000_000)),
        field_service=source, erp=side, webhook_keys=(), push_keys=(), crosswalk="",
        flows={flow.id: _flow(choice.window) for flow in side.declared.flows},
    )  # fmt: skip
    return Connected(settings, f"v{choice.number}", f"x{choice.number}", Tables())


@cache
def _flow(window: str) -> FlowSettings:
    return FlowSettings(cutover_date=None, window=window)


@cache
def process_settings(partitions: int) -> Settings:
    """Settings of every simulated process: short times, as in profile demo; what a system declares, as it declares it."""
    timing = Timing(lease_s=LEASE_S, freeze_s=FREEZE_S, request_s=REQUEST_S, p_max_s=None, v_max_s=None)
    return Settings(profile="demo", state_dir=Path(), timing=timing, kafka=Kafka(partitions=partitions), lanes=3)


def settle_s(capability: Capability) -> float:
    """The settle wait of these declarations."""
    return LEASE_S + FREEZE_S + REQUEST_S + P_MAX_S + (V_MAX_S if capability is Capability.C4 else 0.0)


Snapshots = Mapping[str, Connected]
