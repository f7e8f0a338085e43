"""What must hold, by name. Some at any moment (a request is sent under an acked intent, in time, by what is known now), the others once
everything has come to rest."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from confluent_kafka import KafkaException

from services.sinks import entry as e
from services.sinks import invariants as shell
from services.sinks import reasons
from services.sinks.parts import set_of
from systems.mapped import REVERSAL
from tests.property.sinks.campaign import declared
from tests.property.sinks.campaign.accounts import Accounts
from tests.property.sinks.campaign.memory import Value
from tests.property.sinks.campaign.source import Doc
from tests.toy import NOW, TARGET

if TYPE_CHECKING:
    from systems.contract import ResolvedCommand
    from tests.property.sinks.campaign.erp import ErpDocument
    from tests.property.sinks.campaign.kafka import Record
    from tests.property.sinks.campaign.process import Process, SimWriter
    from tests.property.sinks.campaign.world import World

_IN_PLACE = frozenset({"POSTED", "ADOPTED"})
_STANDING = frozenset({"NEW", "WAITING", "HELD", "INTENT"})
LOOKS_AN_HOUR = 60
EVERY = 8
"""One in so many moments is looked at by the shell's own invariants: they cost as much as the schedule itself."""


class Judge:
    """Of one world. `found` are violations by name, with words."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = Accounts(world)
        self.found: list[tuple[str, str]] = []
        self.looked: Counter[tuple[str, int]] = Counter()
        self.log: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self.writes: dict[str, list[float]] = {}
        self.resumed: dict[str, list[float]] = {}
        self.audits: Counter[str] = Counter()
        self.dead: set[int] = set()
        self.junk: set[int] = set()
        self.taken: dict[int, int] = {}
        self.released: set[str] = set()
        self.open_since: dict[str, datetime] = {}
        self.decisions: list[tuple[str, str, dict[str, Any]]] = []
        self._moment = 0

    def broken(self, name: str, words: str, error: Any = None) -> None:
        """A violation; one of a name is enough."""
        self.world.says("BROKEN {} {}", name, words)
        if any(known == name for known, _ in self.found):
            return
        if isinstance(error, BaseException):
            words = "\n".join([words, *traceback.format_exception(error)])
        self.found.append((name, f"at {self.world.now:.3f} s: {words}"))

    def defect(self, event: str, about: dict[str, Any], error: BaseException | None) -> None:
        """The shell told of a defect of its own."""
        if event == "not_opened" and isinstance(error, KafkaException):
            return  # the partition is taken anew
        name = "OWNER" if event == "invariant_broken" else "CRASHED"
        self.broken(name, f"{event} { ({k: v for k, v in about.items() if k != 'exc_info'}) }", error)

    # --- at any moment ---

    def looks_at(self, process: Process) -> None:
        """Between two moments of the timeline: what the shell says of itself."""
        self._moment += 1
        if self._moment % EVERY or process.consuming is None:
            return
        for held in process.consuming.held.values():
            owner = held.owner
            if owner.opened and not owner.failed and not owner.closing:
                for breach in shell.check(owner, held.intake):
                    self.broken("OWNER", f"{breach.op_key} {breach.words}")

    def told(self, doc: Doc, command: dict[str, Any], offset: int) -> None:
        """A command came into the log."""
        self.log.setdefault(doc.head, []).append((offset, command))

    def looks(self, writer: SimWriter, resolved: ResolvedCommand) -> None:
        """A look-up is asked. Whatever the ERP keeps of it was made after the instant before which nothing can have been tried."""
        command: Any = resolved.command
        made = [one.made_at for one in writer.erp.by_ref.get(command["ref"], ()) if not one.typed]
        if resolved.tried_since is not None:
            self.world.count("tried_since_known")
            if made and (resolved.tried_since - NOW).total_seconds() > min(made):
                self.broken(
                    "TRIED_SINCE",
                    f"{command['op_key']}: a window from {resolved.tried_since} on misses what was made at {min(made)}",
                )
        self.looked[(command["op_key"], int(self.world.now // 3600))] += 1
        self.world.says("process {} looks {}", writer.process.number, command["op_key"])

    def sends(self, writer: SimWriter, step: str, resolved: ResolvedCommand) -> None:
        """A request is about to be sent; the shell has just looked whether it may be."""
        command: Any = resolved.command
        world, process, op_key = self.world, writer.process, command["op_key"]
        self.accounts.sends(writer, resolved)
        world.count("sent")
        world.says("process {} sends {} {} {}", process.number, step, op_key, command["source_version"])
        paused = process.followed.paused(TARGET, writer.connection)
        if paused and not (paused.startswith(reasons.CEILING) and self._has_place(writer, op_key)):
            self.broken("SENT_STALE", f"{op_key} is sent while its connection is paused ({paused})")
        current = process.connections[writer.connection]
        if writer.version != f"{current.version}/{process.version_of(writer.connection)}" or writer.is_closed:
            self.broken("SENT_STALE", f"{op_key} is sent by {writer.version}, in force is {current.version}")
        if current.settings.mode != "live":
            self.broken("SENT_STALE", f"{op_key} is sent in mode {current.settings.mode}")
        for number, held in process.consuming.held.items() if process.consuming is not None else ():
            case = held.owner.cases.get(op_key)
            if case is None or case.key is None:
                continue
            if self.taken.get(number) == process.number:
                self._intended(op_key, step)
            self._newest([(one.offset, one.command) for one in held.intake.waiting], case.key.entry)
        self._in_order(writer, command)
        if resolved.record == "ar_application":
            self._after_reversals(op_key)

    def _after_reversals(self, op_key: str) -> None:
        """No application is begun while the reversal of another one of its set, known before, has not ended: its look-up may show that one's.
        What was begun before that is settled first, if need be with a further request."""
        own, head = self.world.ledger.get(op_key), "|".join(op_key.split("|", 4)[:4]) + "|"
        for other, entry in self.world.ledger.items():
            is_alike = other.startswith(head) and entry["part"] not in ("", own["part"] if own is not None else "")
            if own is None or not is_alike or entry["record"] != REVERSAL:
                continue
            if not e.is_terminal(entry) and entry["first_seen_at"] < self.open_since.get(op_key, own["updated_at"]):
                self.broken("ROW", f"{op_key} is sent while {other} is {entry['state']} {entry['reason']}")

    def _has_place(self, writer: SimWriter, op_key: str) -> bool:
        """Whether the document has its place under the ceiling, or needs none: the pause is for those that have none."""
        consuming = writer.process.consuming
        owners = [held.owner for held in consuming.held.values()] if consuming is not None else []
        owner = next((one for one in owners if one.cases.get(op_key) is not None), None)
        return "|master|" in op_key or owner is None or op_key in owner.hours[writer.connection].open

    def _intended(self, op_key: str, step: str) -> None:
        entry = self.world.ledger.get(op_key)
        if entry is None or entry["state"] != e.INTENT or entry["intent_step"] != step:
            state = entry["state"] if entry is not None else "nothing"
            self.broken("UNINTENDED", f"{op_key}: {step} is sent, the ledger has {state}")
            return
        age_s = self.world.now - (entry["updated_at"] - NOW).total_seconds()
        if age_s > declared.LEASE_S + 0.001:
            self.broken("LATE_SEND", f"{op_key}: sent {age_s:.3f} s after its intent")

    def _newest(self, waiting: list[tuple[int, Any]], entry: Any) -> None:
        """Nothing is begun that a command withdraws which the owner has taken and keeps waiting. (What came while an attempt was open is
        held beside it.)"""
        if entry["steps_done"] or entry["erp_id"] or entry["intent_attempt"] != entry["attempt_count"]:
            return
        head = "|".join(entry["op_key"].split("|", 4)[:4]) + "|"
        for offset, other in waiting:
            is_newer = other["op_key"].startswith(head) and other["source_version"] > entry["source_version"]
            if is_newer and self._withdraws(other, entry):
                self.broken("SENT_STALE", f"{entry['op_key']} of {entry['command_offset']} is sent though {offset} waits")

    def _withdraws(self, other: dict[str, Any], entry: Any) -> bool:
        if other["op_key"] == e.made_key(entry["op_key"]):
            return bool(other["source_hash"] != entry["source_hash"] or other["hold"])
        if other["parts"] is not None:
            return set_of(other["op_key"]) == set_of(entry["op_key"]) and entry["part"] not in other["parts"]
        return bool(other.get("reverses") == entry["op_key"])

    def _in_order(self, writer: SimWriter, command: Any) -> None:
        for parent in command["parents"]:
            name = f"{parent['entity']}/{parent['source_id']}"
            doc = self.world.by_name.get((writer.connection, name))
            if doc is None or writer.process.followed.link(TARGET, writer.connection, parent["entity"], parent["source_id"]):
                continue
            entry = self.world.ledger.get(doc.op_key())
            stands = entry is not None and (entry["state"] in e.IN_PLACE or bool(entry["steps_done"]))
            reopened = doc.kept_up and entry is not None and bool(entry["erp_id"])
            if not stands and not reopened:
                self.broken("ORDER", f"{command['op_key']} is sent before {name} ({entry['state'] if entry else 'nothing'})")

    def decided(self, action: str, op_key: str) -> None:
        """A person is about to decide about what the ledger holds now."""
        entry = self.world.ledger[op_key]
        may_lift = entry["reason"] not in reasons.FINAL_HOLDS and entry["action"] != "correct"
        if entry["state"] == "HELD" and (action == "skip" or may_lift):
            self.decisions.append((action, op_key, entry))

    def recorded(self, entry: dict[str, Any]) -> None:
        """A state of the ledger."""
        if entry["state"] in ("HELD", "WAITING") and not entry["reason"]:
            self.broken("UNNAMED", f"{entry['op_key']} is {entry['state']} without a reason")
        if entry["released"] or entry["accepted"]:
            self.released.add(entry["op_key"])
        if e.intent_open(cast("Any", entry)):
            self.open_since.setdefault(entry["op_key"], entry["updated_at"])
        else:
            self.open_since.pop(entry["op_key"], None)

    def wrote(self, connection: str, kept: ErpDocument) -> None:
        """The ERP keeps a document more."""
        world = self.world
        world.count("written")
        world.says("ERP keeps {} {} {} {}", kept.erp_id, kept.source, kept.amount, kept.content)
        if kept.record == "customer" or kept.typed:
            return
        times = self.writes.setdefault(connection, [])
        times.append(world.now)
        limit = world.choices[connection].documents_per_hour
        since = max(world.now - 58 * 60.0, world.resumed.get(connection, 0.0))
        recent = sum(1 for at in times if at > since)
        if limit < 1000 and recent > limit and not world.resumed.get(connection):
            self.broken("CEILING", f"{recent} documents of {connection} in an hour, the ceiling is {limit}")

    def other(self, topic: str, record: Record) -> None:
        """A record of a topic that only tells."""
        if topic == "audit":
            self.audits[cast("Value", record.value()).record["decision"]] += 1
        elif topic == "dead":
            self.dead.add(cast("Value", record.value()).record["offset"])

    # --- at rest ---

    def at_rest(self, lost: str = "") -> None:
        """Everything is at rest; `lost` says what was lost before that (see `schedule`)."""
        for doc in self.world.docs:
            if not self.log.get(doc.head):
                continue
            if doc.kind in ("set", "settling"):
                self._set(doc, lost)
            elif doc.kind == "bill":
                self._bill(doc, lost)
            else:
                self._document(doc, lost)
        for action, op_key, entry in self.decisions if not lost else ():
            if self.world.ledger.get(op_key) is entry:
                self.broken("UNHEARD", f"a person decided to {action} {words_of(entry)}, and nothing came of it")
        self.decisions.clear()
        self.kept_in_hand()
        bound = self._bound()
        for key, count in self.looked.items():
            if count > bound:
                self.broken("CHATTY", f"{count} look-ups of {key[0]} in an hour")
        if not lost and self.junk - self.dead:
            self.broken("LOST", f"what cannot be read is not in dead: {sorted(self.junk - self.dead)}")
        if sum(erp.overwritten for erp in self.world.erps.values()) and not self.audits["overruled"]:
            self.broken("UNTOLD", "a person's change was overwritten and nobody was told")

    def kept_in_hand(self) -> None:
        """What has ended is no case any more, and what rests is read from the ledger when it is needed."""
        for process in self.world.living():
            for number, held in process.consuming.held.items() if process.consuming is not None else ():
                if self.world.group.owners.get(number) is not process.log:
                    continue  # it stood still, and does not know yet that another one owns it
                for case in held.owner.cases:
                    if case.stands.state in e.TERMINAL:
                        self.broken("KEPT", f"{case.op_key} has ended and is a case still")
                    elif case.key is not None and not (e.intent_open(case.key.entry) or case.failures or case.withdrawn_by):
                        self.broken("KEPT", f"{case.op_key} rests and is in hand still")

    def _bound(self) -> int:
        counts = self.world.counts
        stirred = sum(counts.get(name, 0) for name in ("taken", "settings", "credentials", "resume", "release", "retry", "accept"))
        watched = 3600 / declared.WATCH_EVERY_S * 1.5 if self.world.shape.watched else 0
        return int(LOOKS_AN_HOUR + watched + 12 * stirred)

    def entries(self, doc: Doc) -> list[dict[str, Any]]:
        """What the ledger has of a source object."""
        return [entry for op_key, entry in self.world.ledger.items() if op_key.startswith(doc.head)]

    def _kept(self, doc: Doc, ref: str) -> list[ErpDocument]:
        return self.world.erps[doc.connection].by_ref.get(ref, [])

    def _document(self, doc: Doc, lost: str) -> None:
        entries = {entry["op_key"]: entry for entry in self.entries(doc)}
        entry = entries.get(doc.op_key())
        told = {command["op_key"] for _, command in self.log[doc.head]}
        for op_key in sorted(told - entries.keys()):
            self.broken("LOST", f"{op_key} was told, and the ledger has nothing of it")
        if entry is None:
            return
        kept = [one for one in self._kept(doc, entry["ref"]) if not one.deleted]
        if len(kept) > 1:
            self.broken("DOUBLE", f"{entry['op_key']}: {[one.erp_id for one in kept]}; the ledger says {words_of(entry)}")
        self._stands(doc, entry, kept)
        for one in entries.values():
            self._rests(doc, one)
        if doc.kind != "customer" and self.world.shape.takes_back:
            self.accounts.document(doc, entries, lost)
        elif doc.kind != "customer":
            self._money(doc, entry, entries, lost)
        elif doc.kept_up and entry["state"] in e.IN_PLACE:
            self._kept_up(doc, entry)

    def _stands(self, doc: Doc, entry: dict[str, Any], kept: list[ErpDocument]) -> None:
        """What the ledger says is there is there as it says, and nothing else is."""
        any_kept = self._kept(doc, entry["ref"])
        state = entry["state"]
        if state in _IN_PLACE and not doc.kept_up:
            if not any_kept:
                self.broken("LOST", f"{words_of(entry)}, and the ERP has nothing")
            elif kept and not kept[0].touched:
                one = kept[0]
                if one.amount != entry["amount"] and doc.kind != "customer":
                    self.broken("WRONG", f"{words_of(entry)}: {entry['amount']}, and the ERP has {one.amount}")
                if set(one.steps) - set(one.done) or one.refused:
                    self.broken("WRONG", f"{words_of(entry)}, and the ERP has done {sorted(one.done)}")
        elif state in ("SUPERSEDED", "UNCHANGED") and kept and doc.kind != "customer":
            self.broken("WRONG", f"{words_of(entry)}, and the ERP keeps {kept[0].erp_id}")

    def _rests(self, doc: Doc, entry: dict[str, Any]) -> None:
        state, reason = entry["state"], entry["reason"]
        if state in ("NEW", "INTENT"):
            self.broken("STUCK", f"{words_of(entry)} at rest")
        if state == "HELD" and reason == reasons.PERIOD_CLOSED:
            self.broken("UNHEARD", f"{words_of(entry)}, and every period is open")
        if state == "WAITING":
            blocked = [name for name in entry["waits_for"] if not self._is_there(doc, name)]
            if reason != reasons.PARENT or not blocked:
                self.broken("STUCK", f"{words_of(entry)} at rest; it waits for {entry['waits_for']}")
        if state == "HELD" and entry["op_key"] in self.world.matched and not doc.kept_up and self._may_be_linked(entry):
            self.broken("UNHEARD", f"{words_of(entry)}, and a person matched it")
        if state == "HELD" and entry["action"] == "void" and reason == reasons.VOID_NOT_BUILT:
            target = self.world.ledger.get(doc.op_key())
            gone = target is None or not (e.is_written(cast("Any", target)) or target["state"] in ("HELD", "REJECTED"))
            if gone and not self._kept(doc, target["ref"] if target else ""):
                self.broken("TWICE_LISTED", f"{words_of(entry)}, and what it reverses was never written")

    def _may_be_linked(self, entry: dict[str, Any]) -> bool:
        return not e.intent_open(cast("Any", entry)) and entry["reason"] != reasons.UNMAPPED

    def _is_there(self, doc: Doc, name: str) -> bool:
        parent = self.world.by_name.get((doc.connection, name))
        if parent is None or parent is doc:
            return False
        entry = self.world.ledger.get(parent.op_key())
        takers = [cast("Any", one) for one in self.entries(parent) if e.takes_back(cast("Any", one))]
        is_leaving = any(e.may_exist(one) and not e.is_terminal(one) for one in takers)
        return entry is not None and entry["state"] in e.IN_PLACE and not is_leaving

    def _money(self, doc: Doc, entry: dict[str, Any], entries: dict[str, dict[str, Any]], lost: str) -> None:
        """What the newest version wants is posted, waits or is held, once."""
        if self._is_decided(entries.values()) or (lost and doc.changes > 1):
            return
        if self._is_twice(doc, entries):
            return
        own = entry["amount"] if entry["state"] in _IN_PLACE | _STANDING else Decimal(0)
        if entry["state"] == "HELD" and doc.state == "unposted" and entry["source_version"] == f"{doc.version:03d}":
            own = Decimal(0)  # it stands on the list itself, with what it was
        void = entries.get(doc.op_key("", "void"))
        if void is not None and void["state"] in ("HELD", "WAITING"):
            own -= entry["amount"]  # what it reverses, whatever the source says its amount was
        own += sum((one["amount"] for one in _corrections(entries.values())), Decimal(0))
        if own != doc.wanted:
            listed = "; ".join(f"{words_of(one)} {one['amount']}" for one in entries.values())
            self.broken("MONEY", f"{doc.connection} {doc.name} wants {doc.wanted}, accounted for is {own}: {listed}")

    def _is_twice(self, doc: Doc, entries: dict[str, dict[str, Any]]) -> bool:
        void = entries.get(doc.op_key("", "void"))
        listed = list(_corrections(entries.values()))
        if void is None or void["state"] != "HELD" or not listed:
            return False
        self.broken("TWICE_LISTED", f"{words_of(void)} {void['amount']}, and {words_of(listed[0])} {listed[0]['amount']}")
        return True

    def _is_decided(self, entries: Any) -> bool:
        """Whether a person decided about it: then its money is theirs."""
        return any(one["state"] == "REJECTED" or one["op_key"] in self.released for one in entries)

    def _kept_up(self, doc: Doc, entry: dict[str, Any]) -> None:
        newest = self.log[doc.head][-1][1]
        if entry["source_hash"] != newest["source_hash"]:
            self.broken("LOST", f"{words_of(entry)} has {entry['source_hash']}, the newest is {newest['source_hash']}")
        partner = next((one for one in self.world.erps[doc.connection].documents if one.erp_id == entry["erp_id"]), None)
        if partner is not None and not partner.touched and partner.content != newest["description"]:
            self.broken("WRONG", f"{words_of(entry)}: the ERP has {partner.content}, wanted is {newest['description']}")

    def _set(self, doc: Doc, lost: str) -> None:
        entries = {entry["op_key"]: entry for entry in self.entries(doc)}
        newest = self.log[doc.head][-1][1]["source_version"]
        for _, command in self.log[doc.head]:
            if command["op_key"] not in entries and command["source_version"] == newest:
                self.broken("LOST", f"{command['op_key']} was told, and the ledger has nothing of it")
        for entry in entries.values():
            self._rests(doc, entry)
        if doc.kind == "settling":
            self.accounts.settling(doc, entries, lost)
            return
        self.accounts.parts(doc, entries, lost)

    def _bill(self, doc: Doc, lost: str) -> None:
        entries = self.entries(doc)
        refs = {entry["ref"] for entry in entries if entry["action"] == "create"}
        vouchers = [one for ref in sorted(refs) for one in self._kept(doc, ref) if not one.deleted]
        known = {entry["op_key"] for entry in entries}
        newest = self.log[doc.head][-1][1]["source_version"]
        for _, command in self.log[doc.head]:
            if command["op_key"] not in known and command["source_version"] == newest and command["action"] == "create":
                self.broken("LOST", f"{command['op_key']} was told, and the ledger has nothing of it")
        for entry in entries:
            self._rests(doc, entry)
        if self.world.shape.takes_back:
            self.accounts.parts(doc, {entry["op_key"]: entry for entry in entries}, lost)
            return
        if self._is_decided(entries):
            return
        lines = Counter(line.partition("=")[0] for one in vouchers for line in one.content.split())
        twice = sorted(line for line, count in lines.items() if count > 1)
        if twice and lost != "all":
            self.broken("DOUBLE", f"{doc.name}: lines {twice} are in {[(one.erp_id, one.content) for one in vouchers]}")
        if lost and len(doc.sets) > 1:
            return
        own = sum(
            (one["amount"] for one in entries if one["action"] == "create" and one["state"] in _IN_PLACE | _STANDING), Decimal(0)
        )
        own += sum((one["amount"] for one in _corrections(entries)), Decimal(0))
        if own != doc.wanted:
            listed = "; ".join(f"{words_of(one)} {one['amount']}" for one in entries)
            self.broken("MONEY", f"{doc.connection} {doc.name} wants {doc.wanted}, accounted for is {own}: {listed}")


def _corrections(entries: Any) -> Iterator[dict[str, Any]]:
    return (one for one in entries if one["action"] == "correct" and one["state"] == "HELD")


def words_of(entry: dict[str, Any]) -> str:
    """An entry in few words."""
    return f"{entry['op_key']} {entry['state']} {entry['reason']}".strip()
