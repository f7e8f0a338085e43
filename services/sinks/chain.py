"""A written document with everything that takes it back: the void of its source, and its changes in their order. Pure.

Each of these is an op-key of its own, and writes once. One of them at a time is under way: the newest is written, older ones that were not begun
end, and what was begun is waited for. What stands is the newest document of the chain that no other one has taken back.

    create 100.00 POSTED <- correct|1 +20.00 POSTED <- correct|2 -5.00 WAITING       correct|1 stands (120.00)
    create 100.00 POSTED <- void -100.00 POSTED                                      nothing stands
    create 100.00 POSTED <- void -100.00 POSTED, correct|1 +100.00 WAITING           the source came back: it is written again
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from systems.mapped import REVERSAL

WRITTEN = frozenset({e.POSTED, e.ADOPTED})


@dataclass(frozen=True, slots=True)
class Chain:
    """`made` is the entry of the document itself, `takers` what takes it back, `busy` the op-keys of those that an attempt has in hand."""

    made: Ledger | None
    takers: tuple[Ledger, ...] = ()
    busy: frozenset[str] = frozenset()

    @property
    def links(self) -> list[Ledger]:
        """All of it, in the order in which the source told it."""
        return [*([self.made] if self.made is not None else []), *sorted(self.takers, key=e.place)]

    @property
    def standing(self) -> Ledger | None:
        """The newest document that nothing has taken back."""
        gone = {one.get("takes_back") for one in self.takers if one["state"] in WRITTEN}
        documents = [one for one in self.links if one["state"] in WRITTEN and one["record"] != REVERSAL]
        return next((one for one in reversed(documents) if one["op_key"] not in gone), None)

    @property
    def aim(self) -> Ledger | None:
        """What the next of it takes back: the document that stands, else the reversal of the last one, after which it is written again."""
        reversals = [one for one in self.takers if one["state"] in WRITTEN and one["record"] == REVERSAL]
        return self.standing or max(reversals, key=e.place, default=None)

    @property
    def kept(self) -> Decimal:
        """What the system keeps of it, by all that is known to be written."""
        if self.standing is None:
            return Decimal(0)
        return sum((one["amount"] for one in self.links if one["state"] in WRITTEN), Decimal(0))

    @property
    def tip(self) -> Ledger | None:
        """The newest of it that is there, or may be: what a newer version of the source is compared with."""
        return next((one for one in reversed(self.links) if e.is_written(one) and one["state"] != e.UNCHANGED), self.made)

    @property
    def is_pending(self) -> bool:
        """Whether something of it is on its way by itself."""
        return any(one["op_key"] in self.busy or one["state"] in (e.NEW, e.WAITING, e.INTENT) for one in self.takers)

    @property
    def is_open(self) -> bool:
        """Whether something that takes it back, or writes it anew, has not ended."""
        return not all(map(e.is_terminal, self.takers))

    def before(self, entry: Ledger) -> list[Ledger]:
        """What else takes it back, is older and has not ended."""
        return [one for one in self._others(entry) if e.place(one) < e.place(entry)]

    def after(self, entry: Ledger) -> list[Ledger]:
        """What else takes it back, is newer and has not ended. The hold of a document that is posted no longer waits for its source."""
        return [one for one in self._others(entry) if e.place(one) > e.place(entry)]

    def is_begun(self, entry: Ledger) -> bool:
        """Whether a request about it is under way, or may have been sent."""
        return entry["op_key"] in self.busy or e.may_exist(entry)

    def _others(self, entry: Ledger) -> Iterable[Ledger]:
        return (one for one in self.takers if one["op_key"] != entry["op_key"] and not e.is_terminal(one))

    def shown(self) -> Ledger | None:
        """The document's entry as others may see it: under its own op-key, with the content and the ids of what stands; one of which nothing stands
        any more was made no more; one that is being taken back is not there."""
        made = self.made
        if made is None or made["state"] not in WRITTEN or not self.takers:
            return made
        standing = self.standing
        if standing is None:
            none = {"state": e.SUPERSEDED, "reason": reasons.TAKEN_BACK, "steps_done": [], "erp_id": "", "erp_number": ""}
            return cast("Ledger", {**made, **none})
        if standing is made:
            return self._leaving(made)
        about = (
            "source_version",
            "source_hash",
            "payload_hash",
            "command_partition",
            "command_offset",
            "erp_id",
            "erp_number",
            "posting_date",
        )
        own = {name: standing[name] for name in about}  # type: ignore[literal-required]  # names of Ledger
        return self._leaving(cast("Ledger", {**made, **own, "amount": self.kept}))

    def _leaving(self, shown: Ledger) -> Ledger:
        is_leaving = any(e.may_exist(one) and not e.is_terminal(one) for one in self.takers)
        return cast("Ledger", {**shown, "state": e.INTENT, "reason": reasons.TAKEN_BACK}) if is_leaving else shown
