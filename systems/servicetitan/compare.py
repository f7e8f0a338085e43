"""Compares a vendor that ServiceTitan keeps with what a command wants, field by field of the owner, and finds changes by the other side. Pure.

If a field that the ERP owns differs from what we wrote last, somebody changed it in ServiceTitan. It is overwritten (or the vendor is held, by the
setting `owners_change`) and listed. A field that ServiceTitan owns and the ERP changed stays, and is listed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from schemas.records import CommandEnvelope
from systems.contract import Document
from systems.servicetitan import documents
from systems.servicetitan.settings import Settings
from systems.writing.differences import texts_differ

STEP = "upsert"
CHANGED_BY_OTHER = "changed_by_other"
LINKED_ELSEWHERE = "linked_elsewhere"


def external_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The external data by key."""
    found = row.get("externalData")
    rows = found if isinstance(found, list) else []
    return {str(one.get("key")): str(one.get("value") or "") for one in rows if isinstance(one, dict)}


def document(row: Mapping[str, Any], command: CommandEnvelope, settings: Settings) -> Document:
    """The vendor as a document. `differences` are what a write would change; `overruled` are changes of a field at the side that does not own it."""
    external = external_of(row)
    theirs, ours = documents.shown(row), documents.wanted(command)
    written = documents.marks_in(external.get(settings.external_marks_key, ""))
    lost, kept = _lost(theirs, ours, written), _kept(theirs, ours, written)
    differences = (*texts_differ(theirs, ours, documents.OWNED), *_unmarked(external, command, settings))
    refusal, reason = _refusal(
        external.get(settings.external_ref_key, ""), command, lost if settings.owners_change == "hold" else ()
    )
    return Document(
        erp_id=str(row["id"]),
        number=theirs["name"],
        ref=external.get(settings.external_ref_key, ""),
        amount=Decimal(0),
        currency="",
        steps_done=() if differences else (STEP,),
        differences=differences,
        refusal=refusal,
        refusal_reason=reason,
        overruled=(*lost, *kept),
    )


def _unmarked(external: Mapping[str, str], command: CommandEnvelope, settings: Settings) -> Iterator[str]:
    """The keys of external data that differ from what this command writes. The marks also show changes of values that ServiceTitan never shows
    (terms)."""
    wanted = {
        settings.external_ref_key: command["ref"],
        settings.external_code_key: documents.vendor(command)["code"],
        settings.external_marks_key: documents.marks(command),
    }
    return texts_differ(external, wanted, wanted)


def _lost(theirs: Mapping[str, str], ours: Mapping[str, str], written: Mapping[str, str]) -> tuple[str, ...]:
    """Values that somebody entered in fields of the ERP: they differ from what was written last, or were there before anything was written."""
    return tuple(
        f"{name}: {theirs[name]} -> {ours[name]}"
        for name in documents.OWNED
        if theirs[name] != ours[name] and theirs[name] and documents.mark(theirs[name]) != written.get(name)
    )


def _kept(theirs: Mapping[str, str], ours: Mapping[str, str], written: Mapping[str, str]) -> tuple[str, ...]:
    """Values of the ERP in fields of ServiceTitan that have changed since they were written. ServiceTitan's values stay."""
    return tuple(
        f"{name}: {ours[name]} -> {theirs[name]}"
        for name in documents.KEPT
        if theirs[name] != ours[name] and name in written and written[name] != documents.mark(ours[name])
    )


def _refusal(ref: str, command: CommandEnvelope, held: tuple[str, ...]) -> tuple[str, str]:
    if ref and ref != command["ref"]:
        return f"the vendor carries another ref of ours: {ref}", LINKED_ELSEWHERE
    if held:
        return f"changed in ServiceTitan, the ERP owns it: {'; '.join(held)}", CHANGED_BY_OTHER
    return "", ""
