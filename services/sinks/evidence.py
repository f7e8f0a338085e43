"""Commands that wait until it is known whether what they give up is there. What they give up is looked up, and not written meanwhile."""

from __future__ import annotations

from schemas.records import Ledger
from services.sinks import asking
from services.sinks import entry as e
from services.sinks.entry import Incoming
from services.sinks.partition import Partition


class Evidence:
    """Of one partition. Nothing of it is kept: a command that waits is read again by the next owner."""

    def __init__(self, owner: Partition) -> None:
        self.owner = owner
        self._awaited: dict[int, list[str]] = {}

    def awaited(self, incoming: Incoming) -> str | None:
        """An op-key whose look-up this command waits for; None when it may come."""
        if not asking.gives_up(incoming):
            return None
        found = self._given_up(incoming)
        first = next((one["op_key"] for one in found if self._is_open(one)), None)
        now = [one["op_key"] for one in found] if first is not None else []
        self._ask(self._awaited.pop(incoming.offset, []), now)
        if now:
            self._awaited[incoming.offset] = now
        return first

    def _given_up(self, incoming: Incoming) -> list[Ledger]:
        owner, command = self.owner, incoming.command
        own, target = (owner.entry_of(str(one)) if one else None for one in (command["op_key"], command.get("reverses")))
        others = owner.sights.others(command) if command["parts"] is not None else ()
        return [one for one in asking.given_up(incoming, own, target, others) if not e.is_terminal(one)]

    def _is_open(self, entry: Ledger) -> bool:
        owner = self.owner
        if not asking.is_open(entry, owner.new_key(entry).rules) or owner.lanes_of(entry["connection"]) is None:
            return False
        return owner.command_of(entry) is not None

    def _ask(self, before: list[str], now: list[str]) -> None:
        """Those that are new are looked up and do nothing else; the others go on."""
        owner = self.owner
        for op_key in before:
            if op_key not in now:
                owner.asking.discard(op_key)
                owner.turn(op_key)
        for op_key in now:
            if op_key not in owner.asking:
                owner.asking.add(op_key)
                owner.turn(op_key)
