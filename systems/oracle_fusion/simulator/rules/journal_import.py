"""Journal import: lines of GL_INTERFACE become journals, or are rejected with a code in the execution report.

Sources: TGT const.py (columns), FIN:api-journal-batches. Assumed: formats (yyyy/MM/dd, amounts), the meaning of REFERENCE1, 4 and 10, that a journal
with a line in error or out of balance is rejected as a whole, names of batches and journals, the codes and the form of the report.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.pod import Pod, cents, money
from systems.oracle_fusion.simulator.rules.ledger import period_of, why_not
from systems.oracle_fusion.simulator.seed.company import CALENDAR, LEDGER, LEDGER_ID
from systems.oracle_fusion.simulator.seed.journals import CATEGORIES, JOURNAL_SOURCES
from systems.oracle_fusion.simulator.seed.suppliers import blank
from systems.oracle_fusion.spec import gl_interface_columns

BATCHES = "journalBatches"
_SUSPENSE = "01-000-29900-000"


class Unreadable(Exception):
    """The file cannot be loaded into the interface."""


@dataclass(frozen=True)
class Line:
    """A line of the interface with its number and its fault: a code and its words."""

    number: int
    values: Row
    code: str = ""
    words: str = ""


def read(content: bytes) -> list[Row]:
    """The rows of the import file; raises `Unreadable`."""
    columns = gl_interface_columns()
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8")), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"the file is no CSV in UTF-8: {error}") from error
    for number, row in enumerate(rows, 1):
        if row[len(columns) :] not in ([], ["END"]) or len(row) < len(columns):
            raise Unreadable(f"line {number} has {len(row)} columns and not {len(columns)}")
    if not rows:
        raise Unreadable("the file is empty")
    return [dict(zip(columns, row, strict=False)) for row in rows]


def judged(pod: Pod, rows: Iterable[Row], source: str, group: str) -> list[Line]:
    """The lines, each with its own fault or that of its journal."""
    lines = [_judged(pod, number, row, source, group) for number, row in enumerate(rows, 1)]
    wrong = {_journal(line) for line in lines if line.code}
    for key in {_journal(line) for line in lines} - wrong:
        mine = [line for line in lines if _journal(line) == key]
        if sum((_amount(line.values, "DR") - _amount(line.values, "CR") for line in mine), Decimal(0)):
            lines = [_rejected(line, "WU01", "The journal is out of balance.") if _journal(line) == key else line for line in lines]
    return [
        _rejected(line, "EX01", "Another line of the journal is in error.") if _journal(line) in wrong and not line.code else line
        for line in lines
    ]


def _rejected(line: Line, code: str, words: str) -> Line:
    return Line(line.number, line.values, code, words)


def _journal(line: Line) -> tuple[str, str]:
    return str(line.values["REFERENCE1"]), str(line.values["REFERENCE4"])


def _amount(row: Row, side: str) -> Decimal:
    return money(row[f"ENTERED_{side}"])


def account_of(row: Row) -> str:
    """The account combination of a line."""
    return "-".join(row[f"SEGMENT{number}"] for number in range(1, 31) if row[f"SEGMENT{number}"])


def _judged(pod: Pod, number: int, row: Row, source: str, group: str) -> Line:
    for wrong, code, words in (
        (row["STATUS"] != "NEW", "ES00", "The status is not NEW."),
        (row["LEDGER_ID"] != str(LEDGER_ID), "EB01", "The ledger is not valid."),
        (
            row["USER_JE_SOURCE_NAME"] not in JOURNAL_SOURCES or row["USER_JE_SOURCE_NAME"] != source,
            "ES01",
            "The source is not valid.",
        ),
        (row["USER_JE_CATEGORY_NAME"] not in CATEGORIES, "EC01", "The category is not valid."),
        (row["CURRENCY_CODE"] != pod.settings.currency, "EC02", "The currency is not valid."),
        (row["ACTUAL_FLAG"] != "A", "EA01", "The balance type is not A."),
        (group not in ("ALL", row["GROUP_ID"]), "EG01", "The group is another one."),
        (not _has_amount(row), "EM01", "The amounts are not valid."),
    ):
        if wrong:
            return Line(number, row, code, words)
    return _dated(pod, number, row)


def _has_amount(row: Row) -> bool:
    try:
        sides = [Decimal(row[f"ENTERED_{side}"] or "0") for side in ("DR", "CR")]
    except InvalidOperation:
        return False
    return all(side.is_finite() and side == round(side, 2) for side in sides) and any(sides)


def _dated(pod: Pod, number: int, row: Row) -> Line:
    try:
        day = date.fromisoformat(row["ACCOUNTING_DATE"].replace("/", "-")).isoformat() if "/" in row["ACCOUNTING_DATE"] else ""
    except ValueError:
        day = ""
    period = period_of(pod, day, "GL") if day else None
    if period is None or period["ClosingStatus"] != "O":
        return Line(number, row, "EP01", f"The date {row['ACCOUNTING_DATE']} is not in an open period.")
    problem = why_not(pod, account_of(row), day)
    if problem and pod.settings.suspense:
        segments = dict(zip((f"SEGMENT{place}" for place in range(1, 5)), _SUSPENSE.split("-"), strict=True))
        return Line(number, row | segments)
    return Line(number, row, "EF04", problem) if problem else Line(number, row)


def journals(pod: Pod, lines: list[Line], request: str) -> list[Change]:
    """The batches that the accepted lines become."""
    accepted = [line for line in lines if not line.code]
    names = list(dict.fromkeys(line.values["REFERENCE1"] for line in accepted))
    changes = []
    for name in names:
        mine = [line for line in accepted if line.values["REFERENCE1"] == name]
        changes.append(pod.put(BATCHES, _batch(pod, mine, name, request), "create", f"{len(mine)} lines"))
    return changes


def _batch(pod: Pod, lines: list[Line], name: str, request: str) -> Row:
    first = lines[0].values
    day = first["ACCOUNTING_DATE"].replace("/", "-")
    period = period_of(pod, day, "GL") or {"PeriodNameId": ""}
    total = sum((_amount(line.values, "DR") for line in lines), Decimal(0))
    headers = list(dict.fromkeys(line.values["REFERENCE4"] for line in lines))
    return blank(BATCHES) | {
        "JeBatchId": pod.new_id(),
        "BatchName": f"{name} {first['USER_JE_SOURCE_NAME']} {request}: A".strip(),
        "BatchDescription": first["REFERENCE2"] or None,
        "Status": "U",
        "StatusMeaning": "Unposted",
        "DefaultPeriodName": period["PeriodNameId"],
        "UserPeriodSetName": CALENDAR,
        "AccountedPeriodType": "Month",
        "RunningTotalDr": cents(total),
        "RunningTotalCr": cents(sum((_amount(line.values, "CR") for line in lines), Decimal(0))),
        "_group": first["GROUP_ID"],
        "journalHeaders": [_header(pod, [line for line in lines if line.values["REFERENCE4"] == one], one) for one in headers],
    }


def _header(pod: Pod, lines: list[Line], name: str) -> Row:
    first = lines[0].values
    day = first["ACCOUNTING_DATE"].replace("/", "-")
    sums = {side: cents(sum((_amount(line.values, side) for line in lines), Decimal(0))) for side in ("DR", "CR")}
    return blank(f"{BATCHES}.journalHeaders") | {
        "JeHeaderId": pod.new_id(),
        "LedgerName": LEDGER,
        "JournalName": f"{name} {first['USER_JE_CATEGORY_NAME']} {first['CURRENCY_CODE']}".strip(),
        "Description": first["REFERENCE5"] or None,
        "UserJeSourceName": first["USER_JE_SOURCE_NAME"],
        "UserJeCategoryName": first["USER_JE_CATEGORY_NAME"],
        "PeriodName": (period_of(pod, day, "GL") or {"PeriodNameId": None})["PeriodNameId"],
        "CurrencyCode": first["CURRENCY_CODE"],
        "AccountingDate": day,
        "RunningTotalDr": sums["DR"],
        "RunningTotalCr": sums["CR"],
        "Status": "U",
        "journalLines": [_line(place, line) for place, line in enumerate(lines, 1)],
    }


def _line(place: int, line: Line) -> Row:
    debit, credit = (cents(_amount(line.values, side)) if line.values[f"ENTERED_{side}"] else None for side in ("DR", "CR"))
    return {
        "JeLineNumber": place,
        "AccountCombination": account_of(line.values),
        "EnteredDr": debit,
        "EnteredCr": credit,
        "AccountedDr": debit,
        "AccountedCr": credit,
        "Description": line.values["REFERENCE10"] or None,
    }


def report(lines: list[Line], source: str, group: str) -> str:
    """The execution report: a head, then a line for each line of the interface, its parts separated by bars."""
    wrong = sum(bool(line.code) for line in lines)
    head = ["Journal Import Execution Report", f"Source: {source}", f"Group ID: {group}", f"Lines imported: {len(lines) - wrong}"]
    table = ["Line|Status|Batch|Journal|Account|Debit|Credit|Message"]
    for line in lines:
        row = line.values
        cells = (row["REFERENCE1"], row["REFERENCE4"], account_of(row), row["ENTERED_DR"], row["ENTERED_CR"], line.words)
        table.append("|".join((str(line.number), line.code or "P", *cells)))
    return "\n".join([*head, f"Lines rejected: {wrong}", *table]) + "\n"
