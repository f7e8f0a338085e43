"""Refuses what Avro's writer accepts and we do not: amounts beyond their precision, instants without a zone.

fastavro 1.13 checks digits before it scales (1e40 passes as decimal(19,4)) and reads a naive instant as local time (both tried).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from schemas.errors import Malformed
from schemas.shapes import schemas


@dataclass(frozen=True)
class _Plan:
    """The fields of one record to check: decimals with their (exclusive) bound, instants, and lists of records with a plan of their own."""

    decimals: tuple[tuple[str, Decimal], ...]
    instants: tuple[str, ...]
    lists: tuple[tuple[str, _Plan], ...]


@cache
def _plan(name: str) -> _Plan:
    return _plan_of(schemas()[name])


def _plan_of(schema: Mapping[str, Any]) -> _Plan:
    decimals: list[tuple[str, Decimal]] = []
    instants: list[str] = []
    lists: list[tuple[str, _Plan]] = []
    for field in schema["fields"]:
        kind = field["type"][-1] if isinstance(field["type"], list) else field["type"]
        if not isinstance(kind, dict):
            continue
        if kind.get("logicalType") == "decimal":
            decimals.append((field["name"], Decimal(10) ** (kind["precision"] - kind["scale"])))
        elif kind.get("logicalType") == "timestamp-micros":
            instants.append(field["name"])
        elif kind["type"] == "array" and isinstance(kind["items"], dict) and kind["items"].get("type") == "record":
            lists.append((field["name"], _plan_of(kind["items"])))
    return _Plan(tuple(decimals), tuple(instants), tuple(lists))


def refuse_unfit(name: str, record: Mapping[str, Any]) -> None:
    """Raise `Malformed` naming record and field. Anything else that does not fit is refused by the Avro writer."""
    _refuse(name, record, _plan(name))


def _refuse(name: str, record: Mapping[str, Any], plan: _Plan) -> None:
    for field, bound in plan.decimals:
        value = record.get(field)
        if isinstance(value, Decimal) and not -bound < value < bound:
            raise Malformed(f"{name}.{field}: {value} is beyond {bound:f}")
    for field in plan.instants:
        value = record.get(field)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise Malformed(f"{name}.{field}: an instant without a zone")
    for field, nested in plan.lists:
        for item in record.get(field) or ():
            _refuse(f"{name}.{field}", item, nested)
