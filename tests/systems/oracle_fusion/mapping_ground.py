"""What the tests of the mapping share: a plan with the crosswalk of the examples, and commands made from drafts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.records import CommandEnvelope
from systems.contract import ResolvedCommand
from systems.mapped import Draft, NoCommand, Plan, Reading
from systems.oracle_fusion.mapping import to_commands
from systems.oracle_fusion.settings import Settings
from tests.systems import field_service

EXAMPLES = Path(__file__).parents[3] / "systems" / "oracle_fusion" / "examples"
CONNECTION: dict[str, Any] = json.loads((EXAMPLES / "connection.json").read_text())
ITEMS = {"PIPE-34": {"sku_id": "11", "unit": "Box", "factor": "4"}}
TABLES: dict[str, dict[str, dict[str, str]]] = CONNECTION["crosswalk"] | {"order_item": ITEMS}
CUSTOMER = "1001/30001"
IDS = {"customer/500": CUSTOMER, "invoice/101": "300000000000101", "payment/201": "300000000000201"}


def settings(**changes: Any) -> Settings:
    """Settings of a pod as the simulator seeds it; sections lie over those of the examples."""
    own: dict[str, Any] = dict(CONNECTION["settings"])
    for name, value in changes.items():
        own[name] = own.get(name, {}) | value if isinstance(value, dict) else value
    return Settings.model_validate(own)


def plan(over: Mapping[str, Any] | None = None, **changes: Any) -> Plan:
    """A connection's choices; `over` are changes of the settings."""
    return field_service.plan(settings(**(over or {})), TABLES, **{"target": "oracle_fusion", **changes})


def reading(**changes: Any) -> Reading:
    """What the normaliser of the examples knows."""
    return Reading("acme", "America/Chicago", "USD", settings(**changes))


def drafts(record: Mapping[str, Any], made: Plan | None = None) -> list[Draft | NoCommand]:
    """What a canonical record becomes."""
    return list(to_commands(record["entity"], record, made or plan()))


def draft(record: Mapping[str, Any], made: Plan | None = None) -> Draft:
    """The first command of a record."""
    found = drafts(record, made)[0]
    assert isinstance(found, Draft), found
    return found


def command(one: Draft, record: Mapping[str, Any]) -> CommandEnvelope:
    """The command of a draft."""
    return field_service.command(one, record, "oracle_fusion")


def resolved(one: Draft, record: Mapping[str, Any], **more: Any) -> ResolvedCommand:
    """A command with the ids of its parents."""
    return ResolvedCommand(one.record, command(one, record), IDS, **more)
