"""What the tests of this mapping share: the crosswalk and settings of the examples, plans of every profile and policy, and drafts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from runtime.json import parse
from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.mapping import to_commands
from systems.peoplesoft.settings import Settings
from tests.systems import field_service

EXAMPLES = Path(__file__).parents[4] / "systems" / "peoplesoft" / "examples"
CONNECTION: dict[str, Any] = json.loads((EXAMPLES / "connection.json").read_text())
TABLES: dict[str, dict[str, dict[str, str]]] = CONNECTION["crosswalk"]


def settings(**changes: Any) -> Settings:
    """Settings of the examples, with whole sections changed."""
    return Settings.model_validate(CONNECTION["settings"] | changes)


def accounts(**changes: Any) -> dict[str, Any]:
    """The accounts of the examples, changed."""
    found: dict[str, Any] = CONNECTION["settings"]["accounts"] | changes
    return found


def plan(tables: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None, **changes: Any) -> Plan:
    """A connection's choices."""
    return field_service.plan(settings(), TABLES if tables is None else tables, **changes)


def vouchers(tables: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None, **changes: Any) -> Plan:
    """A plan of profile voucher."""
    return plan(tables, settings=settings(profile="voucher", **changes))


def policy(**policies: str) -> Plan:
    """A plan with these policies."""
    return plan(settings=settings(policies=policies))


def drafts(entity: str, record: Mapping[str, Any], with_plan: Plan | None = None) -> list[Draft]:
    """The drafts of a record, decisions left out."""
    return [one for one in to_commands(entity, record, with_plan or plan()) if isinstance(one, Draft)]


def decisions(entity: str, record: Mapping[str, Any], with_plan: Plan | None = None) -> list[NoCommand]:
    """The decisions of a record, drafts left out."""
    return [one for one in to_commands(entity, record, with_plan or plan()) if isinstance(one, NoCommand)]


def booked(draft: Draft) -> list[tuple[str, str, Decimal]]:
    """Role, account and amount of each line."""
    return [(one["role"], one["account"], one["amount"]) for one in draft.body["lines"]]


def total(draft: Draft, *roles: str) -> Decimal:
    """Sum of the lines of these roles; of all without one."""
    return sum((one["amount"] for one in draft.body["lines"] if not roles or one["role"] in roles), Decimal(0))


def plan_of_example(name: str) -> Plan:
    """The plan that an example is mapped with."""
    over = CONNECTION["otherwise"].get(name, {})
    own = {
        key: CONNECTION["settings"].get(key, {}) | one if isinstance(one, dict) else one
        for key, one in over.get("settings", {}).items()
    }
    return plan(settings=settings(**own), **over.get("choices", {}))


def read_record(name: str) -> dict[str, Any]:
    """The canonical record of an example."""
    found: dict[str, Any] = field_service.typed("", parse((EXAMPLES / f"{name}.canonical.json").read_bytes()))
    return found
