"""What a person does about each reason for which a document is not in the ERP. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.sinks import reasons

_DECIDE = "decide with `ml-connector held release|skip REF --reason ...`"
HELD: Mapping[str, str] = {
    reasons.UNKNOWN: f"look in {{erp}} whether it is there; then {_DECIDE}",
    reasons.MISMATCH: "compare it with the document in {erp} and correct one of them; then `ml-connector held release REF`",
    reasons.SUSPECT: "release it if it is another document, skip it if it is the same",
    reasons.DUPLICATE_IN_ERP: "void the second one in {erp}; then `ml-connector held release REF`",
    reasons.DUPLICATE_UNFINDABLE: f"find it in {{erp}} by its reference; then {_DECIDE}",
    reasons.MISSING_IN_ERP: f"find out who removed it from {{erp}}; then {_DECIDE}",
    reasons.ERP_BATCH_LATE: "see that {erp}'s own posting run is running",
    reasons.PARENT_MISSING: "`ml-connector poll CONNECTION --now`; then `ml-connector held retry REF`",
    reasons.BEFORE_CUTOVER: "add the document it settles to opening_balance.csv and apply",
    reasons.CHANGED_AFTER_POST: "make the change in {erp} by hand; then `ml-connector held skip REF`",
    reasons.PART_AFTER_POST: "correct the parts in {erp} by hand; then `ml-connector held skip REF`",
    reasons.UNPOSTED: "post it again in {source}, or skip it",
    reasons.VOID_NOT_BUILT: "reverse the document in {erp}; then `ml-connector held skip REF`",
    reasons.NOT_BUILT: "enter it in {erp} by hand; then `ml-connector held skip REF`",
    reasons.PERIOD_CLOSED: "open the period in {erp}: it goes on by itself",
    reasons.REFUSED: "correct in {erp} what its words name; then `ml-connector held release REF`",
    reasons.SLOW_LOOK_UP: "see why {erp} is slow; then `ml-connector held retry REF`",
}
WAITING: Mapping[str, str] = {
    reasons.CREDENTIALS: "see `ml-connector check CONNECTION`; correct the credentials and apply",
    reasons.SYSTEM_DOWN: "see that {erp} answers: it goes on by itself",
    reasons.CEILING: "`ml-connector resume CONNECTION --reason ...` once the amount is right",
    reasons.PAUSED: "`ml-connector resume CONNECTION --reason ...`",
    reasons.OBSERVE: "apply the connection in mode live",
    reasons.SHADOW: "apply the connection in mode live",
    reasons.ERP_BATCH: "run it in {erp}, or wait for it",
}
GOES_ON = "nothing: it goes on by itself"
_OWN_DATES = ("invoice_date", "paid_on", "date")


def of_held(reason: str) -> str:
    """What to do about a hold."""
    return HELD.get(reason, _DECIDE)


def of_waiting(reason: str) -> str:
    """What to do about a wait."""
    return WAITING.get(reason, GOES_ON)


def unmapped(note: str, tables: Mapping[str, Any], named: Callable[[str, str], str]) -> tuple[str, str]:
    """Words and remedy for a value without a row. `note` is `what=value` as a mapping writes it, `tables` are the connection's mapping
    tables, and `named(table, value)` gives the name behind an id ("" if there is none)."""
    what, _, value = note.partition("=")
    table, _, column = what.partition(".")
    thing = table.replace("_", " ")
    if what == "setting":
        return f"the setting {value} is empty", f"fill in {value} of the ERP's settings in the connection's file and apply"
    if what in _OWN_DATES:
        return "the document has no date", "give it one in {source}"
    if value in ("", "none"):
        return f"the document names no {thing}", "complete it in {source}"
    name = named(table, value)
    shown = f"{thing} {value} ({name})" if name and name != value else f"{thing} {value}"
    if table not in tables:
        return f"{shown} is not known", "correct the document in {source}"
    if column:
        return f"{shown} has no {column}", f"fill in {column} of its row in {table}.csv and apply"
    return f"{shown} has no row", f"add it to {table}.csv and apply"
