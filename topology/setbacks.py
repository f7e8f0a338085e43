"""Whether a hop lays nearly everything of a connection on `dead`: then it is the hop, or what the other system sends, that is wrong.

Nothing is lost by that (`dead` keeps the bytes), and a hop cannot stop one connection alone: its partitions are shared. So it is told: an error
in the log, a metric, and the process is not ready, with the reason, until records of that connection pass again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from runtime import metrics
from runtime.log import log
from topology.batch import ConsumerRecord, Output

LEAST = 25
"""Records of a connection that are judged together, at least."""
SHARE = 0.8
"""Of them on `dead`: as a sink pauses a connection when 20 of its last 25 attempts are refused."""
OTHERS = ""
"""Stands for every connection that is not in force: their names are anybody's."""


class Setbacks:
    """What became of the latest records of each connection in one hop."""

    def __init__(self, hop: str) -> None:
        self._hop = hop
        self._read: Counter[str] = Counter()
        self._dead: Counter[str] = Counter()
        self._refusing: set[str] = set()

    @property
    def trouble(self) -> str:
        """Whose records nearly all go to `dead`; "" where there is none."""
        names = ", ".join(sorted(name or "others" for name in self._refusing))
        return f"{self._hop} lays nearly every record of {names} on dead; `ml-connector status` says why" if names else ""

    def note(self, records: Sequence[ConsumerRecord], dead: Sequence[Output], known: Collection[str]) -> None:
        """A batch is committed, with these of its outputs on `dead`."""
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
                remedy = "look at the newest version of the product, or at what the system sends; after that write the bytes to their topics again"
                log.error("hop_refuses_everything", hop=self._hop, connection=name, dead=dead, records=read, remedy=remedy)
            else:
                self._refusing.discard(name)
                log.info("hop_refuses_everything_over", hop=self._hop, connection=name)


def _connection(output: Output) -> str:
    key = output.key if isinstance(output.key, bytes) else (output.key or "").encode()
    return key.decode(errors="replace").partition("/")[0]


def _named(name: str, known: Collection[str]) -> str:
    return name if name in known else OTHERS
