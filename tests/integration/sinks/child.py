"""A sink as a process of its own, to be killed: `python -m tests.integration.sinks.child SETTINGS_JSON JOURNAL`.

Its ERP keeps its documents in a SQLite file, which outlives the process; it answers some time after it has committed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from decimal import Decimal

from runtime.settings import Settings
from services.sinks import worker
from services.sinks.pool import OpenWriter
from services.sinks.worker import Seams, run
from systems import registry
from systems.contract import Answer, Document, Found, ResolvedCommand, Role, Verdict
from tests.integration.sinks.stage import ERP, NEEDED, toy
from topology import topics
from topology.configuration import Connected


class FileErp:
    """See `systems.contract.Writer`."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, ref TEXT, amount TEXT, released INTEGER)")

    async def reserve(self, calls: int) -> None:
        pass

    async def find(self, resolved: ResolvedCommand) -> Found:
        ref = resolved.command["ref"]
        rows = self._db.execute("SELECT id, ref, amount, released FROM kept WHERE ref = ?", (ref,)).fetchall()
        await asyncio.sleep(0.005)
        return Found(tuple(self._document(row) for row in rows))

    def _document(self, row: tuple[int, str, str, int]) -> Document:
        steps = ("create", "release") if row[3] else ("create",)
        return Document(f"D{row[0]}", f"D{row[0]}", row[1], Decimal(row[2]), "USD", steps)

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        command = resolved.command
        await asyncio.sleep(0.005)
        if step == "create":
            self._db.execute("INSERT INTO kept (ref, amount, released) VALUES (?, ?, 0)", (command["ref"], str(command["amount"])))
        else:
            self._db.execute("UPDATE kept SET released = 1 WHERE ref = ?", (command["ref"],))
        await asyncio.sleep(0.03)
        row = self._db.execute("SELECT id, ref, amount, released FROM kept WHERE ref = ?", (command["ref"],)).fetchone()
        return Answer(Verdict.YES, self._document(row))

    async def close(self) -> None:
        self._db.close()


def main() -> int:
    """Run until SIGTERM."""
    settings = Settings.model_validate_json(sys.argv[1])
    toys = {name: toy(name) for name in registry.NAMES}
    setattr(registry, "system", toys.__getitem__)  # noqa: B010 - toys in place of the declarations
    names = [*NEEDED, f"command.{ERP}", f"ledger.{ERP}", f"result.{ERP}"]
    mine = {settings.topic(name): topics.topics()[name].records for name in names}
    setattr(worker, "records_of_topic", lambda _: mine)  # noqa: B010 - only the topics of the test

    def opened(connected: Connected, role: Role) -> OpenWriter:
        return OpenWriter(FileErp(sys.argv[2]))

    return run(settings, [ERP], Seams(open_session=opened))


if __name__ == "__main__":
    sys.exit(main())
