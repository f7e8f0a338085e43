"""Two toy systems under the registered names, so that these tests stand on nobody's vendor code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from systems import registry
from systems.contract import Access, Feed, Flow, Reader, Signing, System

FIELD_SERVICE, ERP = "servicetitan", "acumatica"
HEADER = "x-toy-signature"
PUSH_HEADER = "x-toy-push"


class ToySettings(BaseModel):
    """Settings of both toys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheme: str = "body-hmac"
    header: str = HEADER
    encoding: str = "hex"
    prefix: str = ""
    tenant_id: str = "1"
    instance_id: str = "i"
    company_id: str = "c"
    marker: str = ""


class ToyCredentials(BaseModel):
    """Credentials of both toys."""

    user: str = ""
    password: str = ""


FEEDS = (
    Feed("invoices", "invoice", "token", "hint", timedelta(seconds=1)),
    Feed("customers", "customer", "window", "object", timedelta(seconds=1)),
)


def _signing(settings: BaseModel) -> Signing:
    assert isinstance(settings, ToySettings)
    return Signing(settings.scheme, settings.header, settings.encoding, settings.prefix)


def _push(_: BaseModel) -> Signing:
    return Signing("shared-secret", PUSH_HEADER)


def _unopened(_: Access) -> Any:
    raise AssertionError("this test opens no session")


def _nothing(*_: Any) -> Sequence[Any]:
    return ()


def toy(name: str, feeds: tuple[Feed, ...] = (), open_reader: Callable[[Access], Reader] = _unopened) -> System:
    """A declaration under a registered name."""
    return System(
        name=name,
        title="Toy",
        settings=ToySettings,
        credentials=ToyCredentials,
        feeds=feeds,
        fetchable={"invoice": 50, "customer": 1},
        writes=(),
        flows=() if name == FIELD_SERVICE else (Flow("T1", "toy", FIELD_SERVICE, ERP, "invoice", ()),),
        to_canonical=_nothing,
        to_commands=_nothing,
        open_reader=open_reader,
        open_writer=None,
        open_checker=_unopened,
        simulator="",
        signing=_signing if name == FIELD_SERVICE else _push,
    )


def install(systems: Sequence[System] | None = None) -> Callable[[], None]:
    """Put toys in the registry's place; returns what puts it back."""
    real = registry.system
    chosen = {system.name: system for system in systems or (toy(FIELD_SERVICE), toy(ERP))}
    registry.system = chosen.__getitem__  # type: ignore[assignment]  # a test's stand-in for a cached function

    def restore() -> None:
        registry.system = real

    return restore
