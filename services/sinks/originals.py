"""The document that a reversal or correction takes back, as it was written: its command, read again from the log of commands.

The ledger does not keep the bytes of entries that have ended. It says where the command lies and which content it had. If the command can
no longer be read there, or has another content, it is not mapped again: the reversal or correction is held for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from schemas.errors import Malformed
from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.calls import Failure
from services.sinks.cases import Cases
from services.sinks.context import SinkContext
from services.sinks.views import Sights
from systems.contract import Original
from systems.mapped import REVERSAL


@dataclass(frozen=True)
class Originals:
    """Reads the originals of one partition."""

    context: SinkContext
    cases: Cases
    sights: Sights

    async def of(self, entry: Ledger) -> Original | Failure | None:
        """What `entry` takes back; None = nothing. Raises the errors of the reading."""
        made = self.cases.entry(entry.get("takes_back") or "") if entry.get("takes_back") else None
        if made is None or made["record"] == REVERSAL:
            return None
        place = f"{self.context.command_topic}/{made['command_partition']}/{made['command_offset']}"
        read = self.context.read_command
        value = await read(made["command_partition"], made["command_offset"]) if read is not None else None
        if value is None:
            return self._lost(made, f"{place} has no command any more")
        try:
            name, command = self.context.codec.decode(value)
        except Malformed as error:
            return self._lost(made, f"{place} cannot be read: {error}")
        written = e.as_written(cast("CommandEnvelope", command), made)
        if (
            name != f"command.{made['record']}"
            or written["payload_hash"] != made["payload_hash"]
            or written["op_key"] != made["op_key"]
        ):
            return self._lost(made, f"{place} is not what was written")
        ids = self.sights.parents_of_written(made, written).ids
        return Original(made["record"], written, made["erp_id"], made["erp_number"], ids)

    def _lost(self, made: Ledger, words: str) -> Failure:
        return Failure(reasons.ORIGINAL_LOST, f"{made['erp_number'] or made['erp_id']}: {words}"[:300], known=False)
