"""What people call documents, states and reasons: the words of `status`, `open`, `journal` and `explain`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.views import flow_of
from systems import registry
from systems.connection import ConnectionSettings
from topology.rules.due import BEFORE_CUTOVER

_KINDS = {
    "ap_application": "application",
    "ap_pay_hold": "payment hold",
    "ar_application": "application",
    "ar_credit_memo": "credit memo",
    "ar_refund": "refund",
    "completion": "milestone",
    "reversal": "void",
}
_RECORDS = {"ar_invoice": "invoice", "ar_receipt": "payment", "ap_bill": "bill", "ap_credit": "vendor credit"}
_DONE = {e.POSTED: "posted", e.ADOPTED: "found there and adopted", e.UNCHANGED: "there already"}


def kind_of(entry: Mapping[str, Any]) -> str:
    """What people call the document of a ledger entry, result or command."""
    if entry.get("action") == "correct" or "|correct|" in entry["op_key"]:
        return "change"
    return _KINDS.get(entry.get("record", "")) or str(entry["source_entity"]).replace("_", " ")


def record_name(record: str) -> str:
    """A kind of command as people say it: `ar_receipt` is a payment."""
    return _KINDS.get(record) or _RECORDS.get(record) or record.replace("_", " ")


def counted(kinds: Iterable[str]) -> str:
    """`14 invoices, 1 payment`, the most frequent kind first."""
    found = sorted(Counter(kinds).items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {kind if count == 1 else _plural(kind)}" for kind, count in found)


def _plural(kind: str) -> str:
    return kind if kind.endswith("s") else f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def title_of(system: str) -> str:
    """A system as people call it."""
    return registry.system(system).title if system in registry.NAMES else system


def flow_id(entry: Mapping[str, Any], settings: ConnectionSettings | None) -> str:
    """The flow of a ledger entry, result or command; "" if the connection has none for it."""
    if settings is None:
        return ""
    system, record, entity = entry["system"], entry.get("record", ""), entry["source_entity"]
    flows = settings.erp.declared.flows
    own = [flow for flow in flows if (flow.target, flow.entity) == (system, entity)]
    # A void or milestone may belong to no flow. A reversal belongs to each flow that writes one, and its purpose says to which.
    of_record = [flow for flow in own if record in flow.records] or own
    found = next((flow for flow in of_record if entry["purpose"] in (flow.purpose, *flow.other_purposes)), None)
    found = found or flow_of(flows, system, record, entity)
    return found.id if found is not None else ""


def zone_of(settings: ConnectionSettings | None) -> tzinfo:
    """The tenant's zone; UTC for a connection that is not in force any more."""
    return settings.zone if settings is not None else UTC


def local(at: datetime | None, zone: tzinfo) -> str:
    """An instant as people of the tenant write it: date and time, without zone; "" if there is none."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if at is not None else ""


def document_number(entry: Mapping[str, Any]) -> str:
    """The number by which people know the source document."""
    return str(entry["source_number"] or entry["source_id"])


def there_as(entry: Mapping[str, Any]) -> str:
    """The number of the document in the system, or its id if it has no number."""
    return str(entry["erp_number"] or entry["erp_id"])


def outcome(entry: Mapping[str, Any], zone: tzinfo = UTC) -> str:
    """What has become of a ledger entry so far, in one line."""
    state = entry["state"]
    if state in _DONE:
        return _done(entry)
    if state == e.SUPERSEDED:
        return entry["detail"] or "closed: voided before it was posted"
    if state == e.REJECTED:
        return f"skipped: {entry['detail']}"
    if state == e.HELD:
        return f"held: {held_words(entry)}"
    return f"waiting: {waits_words(entry, zone)}"


def _done(entry: Mapping[str, Any]) -> str:
    if not there_as(entry):
        return reasons.ENDED.get(entry["reason"], _DONE[entry["state"]])
    if entry["reason"] == reasons.LINKED:
        return f"linked with {there_as(entry)}"
    told = f"{_DONE[entry['state']]} as {there_as(entry)}"
    of = str(entry.get("takes_back") or "").split("|", 3)[-1]
    return f"{told}; it {'takes back' if entry.get('record') == 'reversal' else 'replaces'} {of}" if of else told


def held_words(entry: Mapping[str, Any]) -> str:
    """Why it is held: what the reason means, and what the ledger says about it."""
    words = reasons.HELD.get(entry["reason"], str(entry["reason"]).replace("_", " "))
    return f"{words} ({entry['detail']})" if entry["detail"] else words


def waits_words(entry: Mapping[str, Any], zone: tzinfo = UTC) -> str:
    """What a document that is neither held nor ended waits for; never empty."""
    if e.intent_open(entry) and entry["state"] == e.INTENT:  # type: ignore[arg-type]  # a ledger record
        return "it is being written"
    reason, detail = entry["reason"], entry["detail"]
    if entry["state"] != e.WAITING or not reason:
        return "it is about to be looked up and written"
    if reason == reasons.PARENT and entry["waits_for"]:
        return f"for {', '.join(named(one) for one in entry['waits_for'])}"
    if reason == reasons.ERP_BATCH:
        return f"created; waiting for {title_of(entry['system'])}'s posting run"
    words = reasons.WAITING.get(reason, str(reason))
    if reason == reasons.WINDOW and entry["due_at"] is not None:
        return f"its posting window opens {local(entry['due_at'], zone)[:16]}"
    return f"{words} ({detail})" if detail else words


def named(parent: str) -> str:
    """`invoice/123` as people say it."""
    entity, _, source_id = parent.partition("/")
    return f"{entity.replace('_', ' ')} {source_id}"


def decided(record: Mapping[str, Any]) -> str:
    """An audit decision as people say it."""
    decision, detail = str(record["decision"]), str(record["detail"])
    about = detail.partition(": ")[2] if detail[:12].partition(":")[0].isalnum() and ": " in detail[:12] else detail
    if decision == BEFORE_CUTOVER:
        return "imported balance, not posted" if "imported balance" in about else f"before the cut-over, not posted: {about}"
    if decision == "not_due":
        return f"not due yet: {about}"
    return f"{decision.replace('_', ' ')}: {detail}" if detail else decision.replace("_", " ")


def received(raw: Mapping[str, Any]) -> str:
    """How raw bytes came in: fetched by us, or sent to us with a signature."""
    if raw["signature"] in ("", "none"):
        return f"fetched by us ({raw['how']})"
    return f"sent to us ({raw['how']}), signature {raw['signature']}"


def flow_told(detail: str) -> str:
    """The flow that a decision is about, with which its words begin; "" if it is about none, because its words then begin with a sentence."""
    named, colon, _ = detail.partition(": ")
    return named if colon and " " not in named else ""
