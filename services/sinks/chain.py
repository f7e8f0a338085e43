"""A written document and its takers, the op-keys that take it back: the void of its source, and its numbered changes in order. Pure.

Each of these is an op-key of its own and writes once. Only one of them is under way at a time: the newest one is written, older ones that
were not begun are ended, and one that was begun is waited for. The newest document that no other one has taken back *stands*.

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
    """`made` is the document's own entry, `takers` are the entries that take it back, `busy` the op-keys on which an attempt is at work."""

    made: Ledger | None
    takers: tuple[Ledger, ...] = ()
    busy: frozenset[str] = frozenset()

    @property
    def links(self) -> list[Ledger]:
        """All entries of the chain, in the order in which the source asked for them."""
        return [*([self.made] if self.made is not None else []), *sorted(self.takers, key=e.place)]

    @property
    def standing(self) -> Ledger | None:
        """The newest document that nothing has taken back."""
        gone = {one.get("takes_back") for one in self.takers if one["state"] in WRITTEN}
        documents = [one for one in self.links if one["state"] in WRITTEN and one["record"] != REVERSAL]
        return next((one for one in reversed(documents) if one["op_key"] not in gone), None)

    @property
    def aim(self) -> Ledger | None:
        """What the next taker takes back: the document that stands. If none does, the last reversal, after which the document is written again."""
        reversals = [one for one in self.takers if one["state"] in WRITTEN and one["record"] == REVERSAL]
        return self.standing or max(reversals, key=e.place, default=None)

    @property
    def kept(self) -> Decimal:
        """The amount that the system holds for this document, as far as it is known to be written."""
        if self.standing is None:
            return Decimal(0)
        return sum((one["amount"] for one in self.links if one["state"] in WRITTEN), Decimal(0))

    @property
    def tip(self) -> Ledger | None:
        """The newest entry whose document is in the system, or may be. A newer version of the source is compared with it."""
        return next((one for one in reversed(self.links) if e.is_written(one) and one["state"] != e.UNCHANGED), self.made)

    @property
    def is_pending(self) -> bool:
        """Whether a taker is going on by itself."""
        return any(one["op_key"] in self.busy or one["state"] in (e.NEW, e.WAITING, e.INTENT) for one in self.takers)

    @property
    def is_open(self) -> bool:
        """Whether a taker has not ended."""
        return not all(map(e.is_terminal, self.takers))

    def before(self, entry: Ledger) -> list[Ledger]:
        """The other takers that are older than `entry` and have not ended."""
        return [one for one in self._others(entry) if e.place(one) < e.place(entry)]

    def after(self, entry: Ledger) -> list[Ledger]:
        """The other takers that are newer than `entry` and have not ended. This includes an `unposted` hold, which waits for its source."""
        return [one for one in self._others(entry) if e.place(one) > e.place(entry)]

    def is_begun(self, entry: Ledger) -> bool:
        """Whether a request for it is under way, or may have been sent."""
        return entry["op_key"] in self.busy or e.may_exist(entry)

    def _others(self, entry: Ledger) -> Iterable[Ledger]:
        return (one for one in self.takers if one["op_key"] != entry["op_key"] and not e.is_terminal(one))

    def shown(self) -> Ledger | None:
        """The document's entry as others may see it: under its own op-key, with the content and ids of what stands. If nothing stands any
        more it is superseded; while it is being taken back it is not in place."""
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
