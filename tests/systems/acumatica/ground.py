"""What the tests of this system share: canonical records of the field-service side, a crosswalk, a plan, and commands made from drafts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from runtime.json import parse
from schemas.records import CommandEnvelope
from systems.acumatica.mapping import to_commands
from systems.acumatica.settings import Settings
from systems.mapped import Draft, NoCommand, Plan
from tests.systems import field_service
from tests.systems.field_service import (
    DAY,
    application,
    bill,
    bill_line,
    credit,
    credit_memo,
    crosswalk,
    customer,
    drafted,
    envelope,
    invoice,
    invoice_line,
    payment,
    shown,
    typed,
    vendor,
)

__all__ = [
    "CONNECTION",
    "DAY",
    "EXAMPLES",
    "TABLES",
    "application",
    "bill",
    "bill_line",
    "command",
    "credit",
    "credit_memo",
    "crosswalk",
    "customer",
    "drafted",
    "drafts",
    "envelope",
    "invoice",
    "invoice_line",
    "payment",
    "plan",
    "read_record",
    "settings",
    "shown",
    "vendor",
]

EXAMPLES = Path(__file__).parents[3] / "systems" / "acumatica" / "examples"
CONNECTION: dict[str, Any] = json.loads((EXAMPLES / "connection.json").read_text())
TABLES: dict[str, dict[str, dict[str, str]]] = CONNECTION["crosswalk"]


def settings(**changes: Any) -> Settings:
    """Settings of a tenant as the simulator seeds it."""
    own: dict[str, Any] = CONNECTION["settings"]
    return Settings.model_validate(own | changes)


def plan(**changes: Any) -> Plan:
    """A connection's choices."""
    made = Plan(
        connection="acme",
        time_zone="America/Chicago",
        currency="USD",
        tax_mode="source",
        customer_policy="one_to_one",
        create_missing=frozenset({"customer"}),
        settings=settings(),
        crosswalk=crosswalk(TABLES),
        flows={},
    )
    return replace(made, **changes)


def drafts(entity: str, record: Mapping[str, Any], with_plan: Plan | None = None) -> list[Draft]:
    """The drafts of a record, none of them a decision."""
    found = to_commands(entity, record, with_plan or plan())
    assert not [one for one in found if isinstance(one, NoCommand)], found
    return [one for one in found if isinstance(one, Draft)]


def command(draft: Draft, record: Mapping[str, Any]) -> CommandEnvelope:
    """The command of a draft, with an identity like the hop's."""
    return field_service.command(draft, record, "acumatica")


def read_record(name: str) -> dict[str, Any]:
    """The canonical record of an example, with dates, instants and decimals again."""
    found: dict[str, Any] = typed("", parse((EXAMPLES / f"{name}.canonical.json").read_bytes()))
    return found
