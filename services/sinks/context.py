"""What all partitions of one system's sink share in a process, and the encoding of the records that they write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from runtime.clock import Clock
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.records import Audit, Control, Fetch, Ledger, Link
from services.sinks.commit import Line, Out
from services.sinks.entry import link_of, result_of, turned
from services.sinks.follow import Followed
from services.sinks.ledger import MARK, mark_of
from services.sinks.outputs import STAGE
from services.sinks.pairs import links_of
from services.sinks.pool import WriterPool
from systems.contract import Pair, System
from topology.configuration import Snapshot
from topology.headers import headers
from topology.topics import link_key, object_key, partition_of

Sign = Callable[[str, bytes, str, bytes], tuple[str, bytes]]
"""(topic without prefix, key, connection, value) -> the header that signs the record; see `topology.trust.Signatures`."""
ReadCommand = Callable[[int, int], Awaitable[bytes | None]]
"""(partition, offset) -> value bytes of the command there; None if the log no longer has it. Raises `Transient` while it cannot be read."""
_STATE = "state"
"""The first field of a ledger record that can change while its command stays the same."""


@dataclass(frozen=True)
class SinkContext:
    """Shared by the partitions of one system in one process."""

    settings: Settings
    codec: Codec
    system: System
    clock: Clock
    followed: Followed
    writers: WriterPool
    snapshot: Callable[[], Snapshot]
    sign: Sign | None = None
    """Signs the sink's own pauses; without a signature nobody else believes them."""
    read_command: ReadCommand | None = None
    """Reads again the command from which a document was written. Without it nothing can be taken back."""

    @cached_property
    def command_topic(self) -> str:
        """The topic of this system's commands."""
        return self.settings.topic(f"command.{self.system.name}")

    @cached_property
    def control_topic(self) -> str:
        """The topic of people's decisions."""
        return self.settings.topic("control")

    @cached_property
    def ledger_topic(self) -> str:
        """The topic of this system's ledger."""
        return self.settings.topic(f"ledger.{self.system.name}")

    def head(self, entry: Ledger) -> bytes:
        """The encoded fields of an entry that do not change while it has the same command."""
        return self.codec.head("result.ledger", entry, _STATE)

    def out(self, entry: Ledger, partition: int, head: bytes, audits: Sequence[Audit] = (), fetches: Sequence[Fetch] = ()) -> Out:
        """One ledger state with every record that follows from it. `head` is its encoded head."""
        op_key, cause = entry["op_key"], f"{self.command_topic}/{entry['command_partition']}/{entry['command_offset']}"
        value = self.codec.encode_after(self.ledger_topic, "result.ledger", entry, (_STATE, head))
        about = headers("result.ledger", op_key, cause)
        mark = mark_of(entry)
        lines = [Line(self.ledger_topic, op_key.encode(), value, partition, [*about, (MARK, mark.header())])]
        result = result_of(entry)
        if result is not None:
            lines.append(self.line(f"result.{self.system.name}", "result.result", op_key, (result, partition, cause)))
        links = [link for link in self._links(entry) if not self._is_linked(link)]
        lines += [self.line("links", "connection.link", link_key(link), (link, partition, cause)) for link in links]
        lines += [self.line("audit", "audit.audit", a["natural_key"], (a, partition, cause)) for a in audits]
        lines += [self.line("fetch", "raw.fetch", f["connection"], (f, partition, cause)) for f in fetches]
        return Out(lines, [(mark, value)])

    def pair_lines(self, entry: Ledger, pairs: Sequence[Pair], partition: int) -> list[Line]:
        """Records for those pairs that are not known as links yet."""
        cause = f"{self.command_topic}/{entry['command_partition']}/{entry['command_offset']}"
        new = [pair for pair in pairs if self._paired(entry, pair) != pair.target_id]
        links = [link for pair in new for link in links_of(entry, pair, STAGE)]
        return [self.line("links", "connection.link", link_key(link), (link, partition, cause)) for link in links]

    def _paired(self, entry: Ledger, pair: Pair) -> str | None:
        key = (self.system.name, entry["connection"], pair.entity, pair.source_id)
        return self.followed.pair(key, entry["purpose"], entry["part"])

    def _links(self, entry: Ledger) -> list[Link]:
        """The link that a written master record makes; one in each direction if both systems keep it up to date."""
        link = link_of(entry, STAGE)
        if link is None:
            return []
        connected = self.snapshot().connections.get(entry["connection"])
        return [link, turned(link)] if connected is not None and connected.comes_from_both(link["entity"]) else [link]

    def _is_linked(self, link: Link) -> bool:
        """Whether the link is known already, perhaps because a person matched it. Such a match stays in force."""
        known = self.followed.link(link["target_system"], link["connection"], link["entity"], link["source_id"])
        return known == link["target_id"]

    def line(self, name: str, record: str, key: str, what: tuple[Mapping[str, Any], int, str]) -> Line:
        """One record for a topic that is partitioned by connection. `what` is (record, partition, cause)."""
        topic = self.settings.topic(name)
        content, partition, cause = what
        value = self.codec.encode(topic, record, content)
        return Line(topic, key.encode(), value, partition, list(headers(record, key, cause)))

    def control_line(self, control: Control, partition: int) -> Line:
        """A pause that the sink itself decides, signed with the sinks' key."""
        connection = control["connection"]
        line = self.line("control", "connection.control", connection, (control, partition, ""))
        signature = [self.sign("control", line.key, connection, line.value)] if self.sign is not None else []
        return replace(line, headers=[*line.headers, *signature])

    def remap_line(self, entry: Ledger, canonical: bytes) -> Line:
        """The canonical record of a held command, to be mapped again by hop 2."""
        key = object_key(entry["connection"], entry["source_system"], entry["source_entity"], entry["source_id"])
        cause = f"{self.command_topic}/{entry['command_partition']}/{entry['command_offset']}"
        about = headers(f"canonical.{entry['source_entity']}", key, cause)
        return Line(
            self.settings.topic("remap"), key.encode(), canonical, partition_of(key, self.settings.kafka.partitions), list(about)
        )
