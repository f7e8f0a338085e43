"""Links, controls and periods by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.sinks.follow import CONTROL, LINKS, PERIODS
from tests.toy import NOW, blank
from tests.unit.following.log import CODEC, Message

SYSTEMS = frozenset({"erp", "other"})


def link(source_id: str = "1", target_id: str = "C1", **more: Any) -> dict[str, Any]:
    about = {"connection": "acme", "entity": "customer", "target_system": "erp", "at": NOW}
    return blank("connection.link") | about | {"source_id": source_id, "target_id": target_id} | more


def control(control_id: str, action: str = "pause", **more: Any) -> dict[str, Any]:
    about = {"connection": "acme", "system": "erp", "actor": "sam", "reason": "month end", "at": NOW}
    return blank("connection.control") | about | {"control_id": control_id, "action": action} | more


def period(code: str = "2026-03", **more: Any) -> dict[str, Any]:
    days = {"starts_on": date(2026, 3, 1), "ends_on": date(2026, 3, 31)}
    return blank("canonical.period") | {"connection": "acme", "code": code, "open_ledger": True} | days | more


def link_message(offset: int = 0, **more: Any) -> Message:
    return Message(LINKS, offset, CODEC.encode(LINKS, "connection.link", link(**more)))


def control_message(offset: int, control_id: str, action: str = "pause", **more: Any) -> Message:
    return Message(CONTROL, offset, CODEC.encode(CONTROL, "connection.control", control(control_id, action, **more)))


def period_message(offset: int = 0, **more: Any) -> Message:
    return Message(PERIODS, offset, CODEC.encode(PERIODS, "canonical.period", period(**more)))
