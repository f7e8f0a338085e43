"""General Ledger journals: what Create requires, what journal edit finds, and how an edited journal is posted.

Sources: PeopleBooks (imported journals are edited in batch before posting; `NEXT`), public SQL (JRNL_HEADER keys with date and UNPOST_SEQ; debit +,
credit -); statuses N, V, E, P as remembered. Which edits a Component Interface runs when it saves differs per site: `edit_on_save`. Only unposting
makes rows with an UNPOST_SEQ other than 0 (assumed: Create refuses them). Refusals of set 5010: assumed numbers and words.
"""

from __future__ import annotations

import re
from decimal import Decimal

from runtime.simulator.records import Change, Row
from systems.peoplesoft.simulator.answers import NO_ERROR, Message, Refused
from systems.peoplesoft.simulator.controls import chartfield_problems, invalid, period_of, required, unit_of
from systems.peoplesoft.simulator.definitions import JOURNAL as DEFINITION
from systems.peoplesoft.simulator.seed.books import LEDGER_GROUPS, SOURCES
from systems.peoplesoft.simulator.site import JOURNAL, Site

_ID = re.compile(r"[A-Z0-9]{1,10}")


def key_of(row: Row) -> str:
    """The four keys as one text."""
    return "/".join(str(row[name]) for name in DEFINITION.keys)


def create(site: Site, sent: Row, request_id: str) -> Row:
    """Save a new journal, not edited; raises `Refused`. The same journal id on another day is another journal."""
    row = _defaulted(site, sent)
    if site.get(JOURNAL, key_of(row)) is not None:
        raise exists(site.settings.journal_interface)
    problems = _header_problems(site, row)
    if site.settings.edit_on_save and not problems:
        problems = edit_problems(site, row)
    if problems:
        raise Refused(*problems)
    if row["JOURNAL_ID"] == "NEXT":
        row["JOURNAL_ID"] = site.number("JOURNAL_ID", 10)
    site.commit([Change(JOURNAL, key_of(row), row, "create")], request_id)
    return row


def exists(interface: str) -> Refused:
    """The refusal if a row with those keys already exists."""
    return Refused(Message(91, 49, f"Row already exists with the specified keys. {{{interface}}}"))


def _defaulted(site: Site, sent: Row) -> Row:
    row: Row = {field.name: "" for field in DEFINITION.shape.fields} | sent
    row["UNPOST_SEQ"] = str(int(Decimal(row["UNPOST_SEQ"] or 0)))
    unit = unit_of(site, row["BUSINESS_UNIT"], "GL")
    row["CURRENCY_CD"] = row["CURRENCY_CD"] or (unit or {}).get("BASE_CURRENCY", "")
    lines = []
    for number, line in enumerate(row.get("JRNL_LN", []), 1):
        full = line | {"JOURNAL_LINE": str(int(Decimal(line.get("JOURNAL_LINE") or number)))}
        full["CURRENCY_CD"] = line.get("CURRENCY_CD") or row["CURRENCY_CD"]
        lines.append(full)
    row["JRNL_LN"] = lines
    amounts = [Decimal(line.get("MONETARY_AMOUNT") or 0) for line in lines]
    row["JRNL_TOTAL_LINES"] = str(len(lines))
    row["JRNL_TOTAL_DEBITS"] = f"{sum((amount for amount in amounts if amount > 0), Decimal(0)):.3f}"
    row["JRNL_TOT_CREDITS"] = f"{-sum((amount for amount in amounts if amount < 0), Decimal(0)):.3f}"
    period = period_of(site, row["BUSINESS_UNIT"], row["JOURNAL_DATE"]) or {}
    row |= {name: period.get(name, "") for name in ("FISCAL_YEAR", "ACCOUNTING_PERIOD")}
    return row | {"JRNL_HDR_STATUS": "N", "OPRID": ""} | NO_ERROR


def _header_problems(site: Site, row: Row) -> list[Message]:
    found = [required(name) for name in ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE") if not row[name]]
    if row["BUSINESS_UNIT"] and unit_of(site, row["BUSINESS_UNIT"], "GL") is None:
        found.append(invalid("BUSINESS_UNIT", row["BUSINESS_UNIT"]))
    if row["JOURNAL_ID"] and not _ID.fullmatch(row["JOURNAL_ID"]):
        found.append(invalid("JOURNAL_ID", row["JOURNAL_ID"]))
    if row["LEDGER_GROUP"] not in LEDGER_GROUPS:
        found.append(invalid("LEDGER_GROUP", row["LEDGER_GROUP"]))
    if row["UNPOST_SEQ"] != "0":
        found.append(invalid("UNPOST_SEQ", row["UNPOST_SEQ"]))
    if row["SOURCE"] not in SOURCES:
        found.append(invalid("SOURCE", row["SOURCE"]))
    return found


def edit_problems(site: Site, row: Row) -> list[Message]:
    """What journal edit finds: period, currency, lines, chartfields in force on the journal's date, balance."""
    unit, day = row["BUSINESS_UNIT"], row["JOURNAL_DATE"]
    period = period_of(site, unit, day)
    found: list[Message] = []
    if period is None or period["OPEN_GL"] != "Y":
        found.append(Message(5010, 44, f"Journal date {day} is not within an open period of business unit {unit}.", "JOURNAL_DATE"))
    base = (unit_of(site, unit, "GL") or {}).get("BASE_CURRENCY", "")
    if row["CURRENCY_CD"] != base:
        found.append(Message(5010, 60, f"Currency {row['CURRENCY_CD']} is not the base currency {base}.", "CURRENCY_CD"))
    if not row["JRNL_LN"]:
        found.append(Message(5010, 12, "A journal needs at least one line.", "JRNL_LN"))
    found += _line_problems(site, row)
    if row["JRNL_TOTAL_DEBITS"] != row["JRNL_TOT_CREDITS"]:
        sums = f"debits {row['JRNL_TOTAL_DEBITS']}, credits {row['JRNL_TOT_CREDITS']}"
        found.append(Message(5010, 146, f"Journal lines are out of balance: {sums}.", "JRNL_LN"))
    return found


def _line_problems(site: Site, row: Row) -> list[Message]:
    found: list[Message] = []
    numbers: set[str] = set()
    for place, line in enumerate(row["JRNL_LN"], 1):
        where = f"JRNL_LN({place})"
        if line["JOURNAL_LINE"] in numbers:
            found.append(Message(91, 49, f"Row already exists with the specified keys. {{{where}}}", where))
        numbers.add(line["JOURNAL_LINE"])
        if line.get("LEDGER", "") not in LEDGER_GROUPS.get(row["LEDGER_GROUP"], ()):
            found.append(invalid(f"{where}.LEDGER", line.get("LEDGER", "")))
        if line["CURRENCY_CD"] != row["CURRENCY_CD"]:
            found.append(Message(5010, 61, "The currency of a line is not that of its journal.", f"{where}.CURRENCY_CD"))
        if not line.get("MONETARY_AMOUNT"):
            found.append(required(f"{where}.MONETARY_AMOUNT"))
        found += chartfield_problems(site, row["BUSINESS_UNIT"], row["JOURNAL_DATE"], line, where)
    return found


def batch(site: Site, *, may_post: bool) -> int:
    """Post valid journals and edit unedited ones. In one run a journal passes only one of these two processes. Returns how many journals changed."""
    changes = []
    for row in site.rows(JOURNAL):
        if row["JRNL_HDR_STATUS"] == "V" and may_post:
            changes.append(_posted(site, row))
        elif row["JRNL_HDR_STATUS"] == "N" and site.faults.take("edit_stuck", "POST", row["BUSINESS_UNIT"]) is None:
            changes.append(_edited(site, row))
    site.commit(changes)
    return len(changes)


def _edited(site: Site, row: Row) -> Change:
    problems = edit_problems(site, row)
    if site.faults.take("edit_fails", "POST", row["BUSINESS_UNIT"]) is not None:
        problems.append(Message(5010, 99, "Combination edit error.", "JRNL_LN(1)"))
    if not problems:
        return Change(JOURNAL, key_of(row), row | NO_ERROR | {"JRNL_HDR_STATUS": "V"}, "edit", "valid")
    return Change(JOURNAL, key_of(row), row | problems[0].columns | {"JRNL_HDR_STATUS": "E"}, "edit", "error")


def _posted(site: Site, row: Row) -> Change:
    period = period_of(site, row["BUSINESS_UNIT"], row["JOURNAL_DATE"])
    if period is None or period["OPEN_GL"] != "Y":
        return Change(JOURNAL, key_of(row), row | {"JRNL_HDR_STATUS": "N"}, "edit", "period closed before posting")
    body = row | {"JRNL_HDR_STATUS": "P", "POSTED_DATE": site.today().isoformat()}
    return Change(JOURNAL, key_of(row), body, "post")
