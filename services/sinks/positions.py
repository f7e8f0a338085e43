"""How far a topic's partition may be committed: up to the first record whose outcome is not on its way to the ledger yet."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Position:
    """`next` is the offset after the last record taken. `holding` are the offsets of records that wait for their op-key."""

    next: int
    holding: set[int] = field(default_factory=set)

    @property
    def committable(self) -> int:
        """The offset that may be committed once everything submitted so far is acked."""
        return min(self.holding, default=self.next)
