"""Commands as the sink takes them, and the times of its protocol, for tests of its pure parts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from schemas.records import CommandEnvelope
from services.sinks.entry import Incoming
from services.sinks.state import Times

START = datetime(2026, 3, 2, tzinfo=UTC)
TIMES = Times(2.0, 3.0, 3.0, 4.0, 3.0)
assert TIMES.settle_s == 15.0


def command_at(offset: int, version: str, source_hash: str, amount: str) -> Incoming:
    """An invoice's command at this offset of the log."""
    command: dict[str, Any] = {
        "connection": "acme", "system": "erp", "op_key": "t|e|sale|invoice:1||create", "ref": "ST-1", "purpose": "sale",
        "action": "create", "source_system": "fs", "source_entity": "invoice", "source_id": "1", "source_version": version,
        "source_number": "1", "part": "", "parts": None, "source_hash": source_hash, "payload_hash": "p" + source_hash, "posting_date": None,
        "amount": Decimal(amount), "currency": "USD", "parents": [], "unresolved": [], "defaulted": [], "hold": "",
        "hold_detail": "", "config_version": "", "crosswalk_version": "", "canonical_topic": "", "canonical_partition": 0,
        "canonical_offset": 0, "canonical": None,
    }  # fmt: skip
    return Incoming("ar_invoice", cast("CommandEnvelope", command), str(offset).encode(), 0, offset, START)
