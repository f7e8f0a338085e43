"""Both ERPs' mappings of one field-service record, with the crosswalk of their examples and rows laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from tests.systems import field_service
from tests.systems.acumatica import ground as acumatica
from tests.systems.peoplesoft.mapping import ground as peoplesoft

ERPS = ("acumatica", "peoplesoft")
_GROUNDS: Mapping[str, Any] = {"acumatica": acumatica, "peoplesoft": peoplesoft}
Tables = Mapping[str, Mapping[str, Mapping[str, str]]]


def plan(erp: str, rows: Tables | None = None, **choices: Any) -> Plan:
    """A connection's choices; `rows` lie over those of the examples, table by table."""
    ground = _GROUNDS[erp]
    tables = {table: {**ground.TABLES.get(table, {}), **(rows or {}).get(table, {})} for table in {**ground.TABLES, **(rows or {})}}
    made: Plan = ground.plan(crosswalk=field_service.crosswalk(tables), **choices)
    return made


def settings(erp: str, **changes: Any) -> Any:
    """Settings of the examples, with whole sections changed."""
    return _GROUNDS[erp].settings(**changes)


def mapped(erp: str, entity: str, record: Mapping[str, Any], with_plan: Plan | None = None) -> list[Draft | NoCommand]:
    """What a record becomes."""
    from systems import registry

    return list(registry.system(erp).to_commands(entity, record, with_plan or plan(erp)))


def drafts(erp: str, entity: str, record: Mapping[str, Any], with_plan: Plan | None = None) -> list[Draft]:
    """The drafts of a record, decisions left out."""
    return [one for one in mapped(erp, entity, record, with_plan) if isinstance(one, Draft)]


def accounts(draft: Draft, *roles: str) -> list[str]:
    """The accounts of a draft's lines of these roles."""
    return [one["account"] for one in draft.body["lines"] if one["role"] in roles]
