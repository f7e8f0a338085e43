"""Notices when a hop puts nearly every record of a connection on `dead`: then the hop, or what the other system sends, is wrong.

No record is lost, since `dead` keeps the bytes. A hop cannot stop one connection alone, because connections share partitions. So it reports
the fault: an error in the log, a metric, and a process that is not ready, with the reason, until records of that connection pass again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from runtime import metrics
from runtime.log import log
from topology.batch import ConsumerRecord, Output

LEAST = 25
"""At least so many records of a connection are judged together."""
SHARE = 0.8
"""How many of these have to be on `dead`. By the same numbers, a sink pauses a connection when 20 of its last 25 attempts are refused."""
OTHERS = ""
"""Stands for all connections that are not in force, because anybody can choose their names."""


class Setbacks:
    """What became of the latest records of each connection in one hop."""

    def __init__(self, hop: str) -> None:
        self._hop = hop
        self._read: Counter[str] = Counter()
        self._dead: Counter[str] = Counter()
        self._refusing: set[str] = set()

    @property
    def trouble(self) -> str:
        """The connections whose records nearly all go to `dead`, as a sentence; "" if there are none."""
        names = ", ".join(sorted(name or "others" for name in self._refusing))
        return f"{self._hop} puts nearly every record of {names} on dead; `ml-connector status` says why" if names else ""

    def note(self, records: Sequence[ConsumerRecord], dead: Sequence[Output], known: Collection[str]) -> None:
        """Note a committed batch, with those of its outputs that went to `dead`."""
        self._read.update(_named(record.connection, known) for record in records)
        self._dead.update(_named(_connection(output), known) for output in dead)
        for name in [name for name, count in self._read.items() if count >= LEAST or name in self._refusing]:
            self._judge(name)

    def _judge(self, name: str) -> None:
        read, dead = self._read.pop(name), self._dead.pop(name, 0)
        is_refusing = dead >= SHARE * read
        if is_refusing != (name in self._refusing):
            metrics.HOP_REFUSING.labels(self._hop, name).set(is_refusing)
            if is_refusing:
                self._refusing.add(name)
                remedy = "check for a newer version of the product, and what the system sends; then write the bytes to their topics again"
                log.error("hop_refuses_everything", hop=self._hop, connection=name, dead=dead, records=read, remedy=remedy)
            else:
                self._refusing.discard(name)
                log.info("hop_refuses_everything_over", hop=self._hop, connection=name)


def _connection(output: Output) -> str:
    key = output.key if isinstance(output.key, bytes) else (output.key or "").encode()
    return key.decode(errors="replace").partition("/")[0]


def _named(name: str, known: Collection[str]) -> str:
    return name if name in known else OTHERS
