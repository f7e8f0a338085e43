"""The root cause of a document that is not in the ERP: what keeps it, or what keeps the document that it waits for. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from console.books import remedies, words
from console.books.opened import NOT_DUE, OBSERVED, About, Cause, Facts, Source, source_of
from services.sinks import entry as e
from services.sinks import reasons
from systems import registry
from systems.mapped import first_half
from systems.parents import is_meant

_PARENT = re.compile(r"\b([a-z_]+)/([^\s,;:]+)")
_OWN = re.compile(r"\w+(?= has to be reversed by a person)|\b\d[\w.-]*\b")
"""Words of a hold that concern one document alone: numbers, ids, instants."""
_BY_WORDS = (reasons.REFUSED, reasons.NOT_BUILT, reasons.PERIOD_CLOSED)
"""Reasons whose words make the cause, in addition to those that a mapping names. For other reasons the words differ for each document."""
_MASTERS = ("customer", "vendor")
_PASSING = (*reasons.WAITING, NOT_DUE, "missing", "in_hand")
_NAMED_BY = {"term": "payment_term", "bill_to": "customer"}
"""Mapping tables whose keys are ids of an entity of another name."""


class Roots:
    """Root causes of documents, from everything that is known of them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._by_source: dict[Source, list[Mapping[str, Any]]] = defaultdict(list)
        for entry in facts.entries.values():
            self._by_source[source_of(entry)].append(entry)

    @cached_property
    def undecided(self) -> dict[Source, Mapping[str, Any]]:
        """Decisions about objects without a document that may still be posted. An object that was voided before it was due is left out."""
        places = {Source(one["connection"], one["entity"], one["source_id"]): one for one in self._facts.undecided}
        return {place: record for place, record in places.items() if self.about(place).active}

    def about(self, place: Source) -> About:
        """What is known of an object."""
        return self._facts.about.get(place, About())

    def is_listed(self, entry: Mapping[str, Any], parent: str) -> bool:
        """Whether another document of that name (`entity/source id`) is on the list by itself."""
        entity, _, source_id = parent.partition("/")
        place = Source(entry["connection"], entity, source_id)
        others = [one for one in self._by_source.get(place, ()) if one["op_key"] != entry["op_key"] and one["action"] != "apply"]
        return bool(others) or place in self.undecided

    def is_second_half(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry is the second of two documents of one application, of which the first is on the list as well."""
        first = first_half(entry["part"])
        others = self._by_source.get(source_of(entry), ()) if first else ()
        return any((one["part"], one["action"]) == (first, entry["action"]) for one in others)

    def of(self, entry: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> Cause:
        """What ultimately keeps a document."""
        above = parents_of(entry) if entry["op_key"] not in seen else ()
        if not above:
            return self._own(entry)
        found = [self._of_parent(entry, parent, seen | {entry["op_key"]}) for parent in above]
        return min(found, key=lambda cause: cause.key.partition(":")[0] in _PASSING)

    def of_decision(self, record: Mapping[str, Any]) -> Cause:
        """What keeps an object for which no document is commanded yet."""
        flow, source = words.flow_told(record["detail"]), words.title_of(record["system"])
        if record["decision"] == OBSERVED and not flow:
            remedy = "going live holds it: enter it by hand then, or name it in left_out"
            return Cause(f"{OBSERVED}:", "read while the connection only observes, and brought by no flow", remedy)
        if record["decision"] == OBSERVED:
            return Cause(f"{OBSERVED}:{flow}", f"read while flow {flow} only observes", "apply it in mode live")
        return Cause(NOT_DUE, f"not posted in {source} yet", f"post them in {source}: they follow by themselves")

    def _of_parent(self, entry: Mapping[str, Any], parent: str, seen: frozenset[str]) -> Cause:
        entity, _, source_id = parent.partition("/")
        place = Source(entry["connection"], entity, source_id)
        above = [one for one in self._by_source.get(place, ()) if one["op_key"] not in seen and _is_meant(one, entry, place)]
        if above:
            return self.of(above[0], seen)
        if place in self.undecided:
            return self.of_decision(self.undecided[place])
        return self._absent(entry, place)

    def _absent(self, entry: Mapping[str, Any], place: Source) -> Cause:
        """The cause when a document waits for an object that has no document of its own on the list."""
        name, shown = f"{place.entity}/{place.source_id}", self._shown(place)
        source = words.title_of(entry["source_system"])
        if place == source_of(entry):
            return self._unmatched(place, entry)
        if place in self._facts.ended:
            remedy = f"take it back in {source}, or `ml-connector held skip REF`"
            return Cause(f"ended:{name}", f"{shown} ended without being written: {self._facts.ended[place]}", remedy)
        if entry["reason"] == reasons.PARENT_MISSING and place.entity in _MASTERS and "did not come" not in entry["detail"]:
            return self._unmatched(place, entry)
        if place.entity == "job":
            return Cause("job", "their jobs are not completed yet", f"complete them in {source}")
        remedy = f"it is requested; `ml-connector poll {entry['connection']} --now` reads at once"
        return Cause(f"missing:{name}", f"{shown} has not been read yet", remedy)

    def _own(self, entry: Mapping[str, Any]) -> Cause:
        if entry["state"] == e.HELD:
            return self._held(entry)
        reason = entry["reason"] if entry["state"] == e.WAITING else ""
        sentence = words.waits_words(entry, words.zone_of(self._facts.connections.get(entry["connection"])))
        remedy = _filled(remedies.of_waiting(reason), entry)
        if reason in (reasons.PAUSED, reasons.CEILING):
            found = self._facts.pauses.get(entry["connection"], ())
            paused = f"{entry['connection']} is paused {'; and '.join(pause.words() for pause in found)}"
            return Cause(reasons.PAUSED, paused if found else sentence, remedy)
        if reason in (reasons.SYSTEM_DOWN, reasons.THROTTLED, reasons.CREDENTIALS):
            sentence = f"{words.title_of(entry['system'])}: {reasons.WAITING[reason]}"
        elif reason in reasons.WAITING and reason not in (reasons.ERP_BATCH, reasons.WINDOW):
            sentence = reasons.WAITING[reason]
        return Cause(reason or "in_hand", sentence, remedy)

    def _held(self, entry: Mapping[str, Any]) -> Cause:
        reason, detail = entry["reason"], entry["detail"]
        if reason == reasons.UNMAPPED:
            return self._unmapped(entry, detail.partition("; ")[0])
        if reason == reasons.CREATE_MISSING:
            return self._unmatched(source_of(entry), entry)
        remedy = _filled(remedies.of_held(reason), entry)
        if reason in reasons.HELD and reason not in _BY_WORDS:
            return Cause(reason, reasons.HELD[reason], remedy)
        alike = detail if reason == reasons.PERIOD_CLOSED else _OWN.sub("\N{HORIZONTAL ELLIPSIS}", detail)
        return Cause(f"{reason}:{alike}" if alike else reason, words.held_words({**entry, "detail": alike}), remedy)

    def _unmapped(self, entry: Mapping[str, Any], note: str) -> Cause:
        tables = registry.crosswalk_tables(entry["system"]) if entry["system"] in registry.NAMES else {}

        def named(table: str, value: str) -> str:
            return self.about(Source(entry["connection"], _NAMED_BY.get(table, table), value)).name

        sentence, remedy = remedies.unmapped(note, tables, named)
        return Cause(f"{reasons.UNMAPPED}:{note}", sentence, _filled(remedy, entry))

    def _unmatched(self, master: Source, entry: Mapping[str, Any]) -> Cause:
        sentence = f"{self._shown(master)} has no partner in {words.title_of(entry['system'])}"
        remedy = f"`ml-connector match {master.connection}`, or allow it under create_missing"
        return Cause(f"{reasons.CREATE_MISSING}:{master.entity}/{master.source_id}", sentence, remedy)

    def _shown(self, place: Source) -> str:
        """`customer 5 (Jane Smith)`, `invoice 1679`."""
        about = self.about(place)
        shown = words.named(f"{place.entity}/{about.number or place.source_id}")
        return f"{shown} ({about.name})" if place.entity in _MASTERS and about.name else shown


def _is_meant(document: Mapping[str, Any], entry: Mapping[str, Any], place: Source) -> bool:
    """Whether an entry waits for this document of a source object, which may make several: its links name purpose and part. An entry whose links are
    not known waits for any of them."""
    links = [link for link in entry.get("parents", ()) if (link["entity"], link["source_id"]) == (place.entity, place.source_id)]
    return not links or any(is_meant(document, link) for link in links)


def parents_of(entry: Mapping[str, Any]) -> Sequence[str]:
    """The names (`entity/source id`) of what a ledger entry waits for, or is held for lack of. A command has none."""
    if "reason" not in entry or entry["reason"] not in (reasons.PARENT, reasons.PARENT_MISSING):
        return ()
    return entry["waits_for"] or ["/".join(found) for found in _PARENT.findall(entry["detail"])]


def named_values(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The object (entity, id) behind the value without a row for which an entry is held, if the value may be an id."""
    if entry.get("reason") != reasons.UNMAPPED:
        return []
    what, _, value = entry["detail"].partition("; ")[0].partition("=")
    table = what.partition(".")[0]
    return [(_NAMED_BY.get(table, table), value)] if value else []


def _filled(remedy: str, entry: Mapping[str, Any]) -> str:
    text = remedy.replace("{erp}", words.title_of(entry["system"])).replace("{source}", words.title_of(entry["source_system"]))
    return text.replace("CONNECTION", entry["connection"])
