"""What must hold of documents that are taken back: once, as they were written, and what the ERP keeps with what is held is what the source wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from services.sinks import entry as e
from services.sinks.chain import Chain
from systems.mapped import APPLY, REVERSAL
from tests.property.sinks.campaign.source import Doc

if TYPE_CHECKING:
    from systems.contract import Original, ResolvedCommand
    from tests.property.sinks.campaign.erp import ErpDocument
    from tests.property.sinks.campaign.process import SimWriter
    from tests.property.sinks.campaign.world import World

_OPEN = frozenset({"NEW", "WAITING", "HELD", "INTENT"})
Entry = dict[str, Any]


class Accounts:
    """Of one world; what is broken is told to its judge."""

    def __init__(self, world: World) -> None:
        self.world = world

    def broken(self, name: str, words: str) -> None:
        self.world.judge.broken(name, words)

    # --- at any moment ---

    def takes(self, kept: ErpDocument, of: ErpDocument | None, original: Original) -> None:
        """The ERP takes a document back."""
        self.world.says("ERP: {} takes back {} {}", kept.erp_id, original.erp_id, original.command["amount"])
        if of is None:
            self.broken("WRONG_ORIGINAL", f"{kept.erp_id} takes back {original.erp_id}, which is not there")
            return
        if of.gone and of.gone != kept.ref:
            self.broken("REVERSED_TWICE", f"{of.erp_id} is taken back by {of.gone}, and by {kept.ref}")
        wanted: Any = original.command
        if (of.ref, of.amount, of.content) != (wanted["ref"], wanted["amount"], wanted["description"]) and not of.touched:
            words = (
                f"{of.erp_id} {of.ref} {of.amount} {of.content}, told {wanted['ref']} {wanted['amount']} {wanted['description']}"
            )
            self.broken("WRONG_ORIGINAL", words)

    def sends(self, writer: SimWriter, resolved: ResolvedCommand) -> None:
        """A request is about to be sent: what it refers to stands, and its day is open."""
        gone = {one.erp_id: one.gone for one in writer.erp.documents if one.gone}
        for name, erp_id in resolved.ids.items():
            by = next((one for one in self.world.ledger.values() if one["ref"] == gone.get(erp_id)), None)
            if by is not None and by["state"] in ("POSTED", "ADOPTED") and resolved.record != REVERSAL:
                self.broken(
                    "STALE_PARENT", f"{resolved.command['op_key']} is sent to {name} {erp_id}, which {by['op_key']} took back"
                )
        self._on_an_open_day(writer, resolved)

    def _on_an_open_day(self, writer: SimWriter, resolved: ResolvedCommand) -> None:
        command, entry = resolved.command, self.world.ledger.get(resolved.command["op_key"])
        if not self.world.closed or entry is None or command["purpose"] == "master" or entry["released"] or entry["steps_done"]:
            return
        if entry["intent_attempt"] != entry["attempt_count"]:
            return  # it was begun on a day that was open then
        day = resolved.post_on or command["posting_date"]
        known = writer.process.followed
        if known.is_closed(writer.connection, (command["purpose"], ""), command["posting_date"]) and (
            resolved.post_on is None or known.is_closed(writer.connection, (command["purpose"], ""), day)
        ):
            self.broken("CLOSED_DAY", f"{command['op_key']} is sent for {day}, which is closed")
        if resolved.post_on is not None and entry["posting_date"] != resolved.post_on:
            self.broken("CLOSED_DAY", f"{command['op_key']} is sent for {day}, the ledger has {entry['posting_date']}")

    # --- at rest ---

    def document(self, doc: Doc, entries: dict[str, Entry], lost: str) -> None:
        """One document and all that takes it back."""
        self._part(doc, doc.op_key(), entries, lost)
        self._money(doc, entries.values(), doc.wanted, lost)

    def parts(self, doc: Doc, entries: dict[str, Entry], lost: str) -> None:
        """A set of applications, or the vouchers of a bill."""
        for part in sorted({entry["part"] for entry in entries.values()}):
            self._part(doc, doc.op_key(part), entries, lost)
        self._money(doc, entries.values(), doc.wanted, lost)
        held = any(entry["state"] == "HELD" for entry in entries.values())
        lines = Counter(line.partition("=")[0] for one in self._standing(doc, entries.values()) for line in one.content.split())
        twice = sorted(line for line, count in lines.items() if count > 1)
        if twice and not held and not lost:
            self.broken("DOUBLE", f"{doc.name}: {twice} are in more than one document")

    def settling(self, doc: Doc, entries: dict[str, Entry], lost: str) -> None:
        """A payment and its applications: while the payment is taken back, none of them stands; once it counts again, each does or is listed."""
        own = {name: one for name, one in entries.items() if not one["part"]}
        self._part(doc, doc.op_key(), own, lost)
        self._money(doc, own.values(), doc.amount if doc.state == "plain" else Decimal(0), lost)
        parts = {name: one for name, one in entries.items() if one["part"]}
        if any(e.intent_open(cast("Any", one)) for one in own.values()):
            return  # what became of the payment is not known
        for part in sorted({entry["part"] for entry in parts.values()}):
            self._part(doc, doc.op_key(part, APPLY), parts, lost)
        is_there = bool(self._standing(doc, own.values()))
        if is_there and doc.state != "plain":
            return  # what takes it back is held, and takes them with it
        self._money(doc, parts.values(), doc.applied, lost)
        if not is_there and not lost and (left := self._standing(doc, parts.values())):
            self.broken("STANDS", f"{doc.name} is not there, and {[one.erp_id for one in left]} are applied")

    def _standing(self, doc: Doc, entries: Iterable[Entry]) -> list[ErpDocument]:
        refs = {entry["ref"] for entry in entries}
        by_ref = self.world.erps[doc.connection].by_ref
        return [one for ref in sorted(refs) for one in by_ref.get(ref, ()) if one.stands and not one.typed]

    def _adopted(self, doc: Doc, entries: Iterable[Entry], lost: str) -> None:
        """What is said to be there without a request of ours was entered by a person, or by a sink whose ledger was lost."""
        by_ref = self.world.erps[doc.connection].by_ref
        for entry in entries:
            written = [one.erp_id for one in by_ref.get(entry["ref"], ()) if not one.typed]
            if entry["state"] == "ADOPTED" and written and not lost:
                self.broken("OWN_ADOPTED", f"{entry['op_key']} is adopted, though we wrote {written}")

    def _part(self, doc: Doc, key: str, entries: dict[str, Entry], lost: str) -> None:
        made, part = entries.get(key), key.split("|")[4]
        takers = [one for one in entries.values() if one["part"] == part and e.takes_back(cast("Any", one))]
        chain = Chain(cast("Any", made), cast("Any", tuple(takers)))
        refs = [one for one in entries.values() if one["part"] == part]
        standing = self._standing(doc, refs)
        if len(standing) > 1:
            self.broken("DOUBLE", f"{key}: {[(one.erp_id, one.amount) for one in standing]} stand")
        self._adopted(doc, refs, lost)
        if lost or made is None or any(e.may_exist(cast("Any", one)) and one["state"] in _OPEN | {"REJECTED"} for one in refs):
            return  # what a request did is not known, or a person has it
        told = None if self._fell(doc, chain.standing) else chain.standing
        if (told["erp_id"] if told else "") != (standing[0].erp_id if standing else "") and not self._is_missing(doc, refs):
            self.broken("STANDS", f"{key}: the ledger says {told and told['erp_id']}, the ERP {[one.erp_id for one in standing]}")
        if told is not None and standing and standing[0].amount != chain.kept:
            self.broken("WRONG", f"{key}: {standing[0].amount} stands, the ledger adds up to {chain.kept}")
        for one in takers:
            if one["state"] == "HELD" and one["amount"] == 0 and one["taken"]:
                self.broken("NOTHING_HELD", f"{one['op_key']} is held with 0.00")
            if one["state"] == "WAITING" and self._is_own(doc, one) and not (part and doc.kind == "settling"):
                self.broken("STUCK", f"{one['op_key']} waits for its own document: {one['detail']}")
            self._is_heard(one)

    def _fell(self, doc: Doc, told: Any) -> bool:
        """Whether what the ledger tells is an application that went with its payment."""
        if doc.kind != "settling" or told is None or not told["part"]:
            return False
        by = next((one.gone for one in self.world.erps[doc.connection].documents if one.erp_id == told["erp_id"]), "")
        return any(one["ref"] == by and not one["part"] and one["record"] == REVERSAL for one in self.world.judge.entries(doc))

    def _is_own(self, doc: Doc, entry: Entry) -> bool:
        return bool(entry["waits_for"] == [doc.name])

    def _is_missing(self, doc: Doc, refs: Iterable[Entry]) -> bool:
        by_ref = self.world.erps[doc.connection].by_ref
        return any(one.deleted for entry in refs for one in by_ref.get(entry["ref"], ()))

    def _is_heard(self, entry: Entry) -> None:
        """What was applied is not any more: what waited for that went on."""
        if entry["state"] != "HELD" or entry["reason"] != "applied":
            return
        made = self.world.ledger.get(entry["takes_back"] or "")
        if made is not None and not any(
            one.stands and made["erp_id"] in one.on for one in self.world.erps[entry["connection"]].documents
        ):
            self.broken("UNHEARD", f"{entry['op_key']} is held as applied, and nothing is")

    def _money(self, doc: Doc, of: Iterable[Entry], wanted: Decimal, lost: str) -> None:
        """What the ERP keeps, with what waits or is held, is what the newest version wants."""
        entries = list(of)
        judge = self.world.judge
        if any(one["state"] == "REJECTED" or one["op_key"] in judge.released for one in entries) or (lost and doc.changes > 1):
            return
        if any(e.intent_open(cast("Any", one)) for one in entries) or self._is_missing(doc, entries):
            return
        standing = self._standing(doc, entries)
        refs = {one.ref for one in standing}
        kept = sum((one.amount for one in standing), Decimal(0))
        listed = [one for one in entries if (one["state"] in _OPEN and one["ref"] not in refs) or self._changes(one)]
        held = sum((self._worth(doc, one) for one in listed), Decimal(0))
        if kept + held != wanted:
            words = "; ".join(f"{one['op_key']} {one['state']} {one['reason']} {one['amount']}" for one in entries)
            self.broken("MONEY", f"{doc.connection} {doc.name} wants {wanted}, kept is {kept}, listed {held}: {words}")

    def _changes(self, one: Entry) -> bool:
        """A change without a ref of its own: it is held beside its document for want of a write."""
        return bool(one["state"] in _OPEN and one["action"] == "correct" and not one["takes_back"])

    def _worth(self, doc: Doc, one: Entry) -> Decimal:
        amount: Decimal = one["amount"]
        if one["record"] == REVERSAL and one["taken"] is None:
            made = self.world.ledger.get(doc.op_key(one["part"]))
            return -made["amount"] if made is not None and one["state"] in ("HELD", "WAITING") else Decimal(0)
        if doc.state == "unposted" and one["action"] == "create" and one["source_version"] == f"{doc.version:03d}":
            return Decimal(0)  # it stands on the list itself, with what it was
        if one["action"] == "correct" and self._fell(
            doc, self.world.ledger.get(one["takes_back"] or doc.op_key(one["part"], APPLY))
        ):
            return cast("Decimal", one["wants"])  # what it takes back is gone already
        if one["action"] == "correct" and one["wants"] == one["taken"]:
            return Decimal(0)  # no money moves, and the list shows what has to be written again
        return amount
