"""Journals in the form of the import file, and the report about their import. Pure.

Facts: the columns of GL_INTERFACE in the order of the import template (a public client); `importBulkData` of `erpintegrations` takes the file in a
zip archive, as Base64. Assumed: dates as yyyy/MM/dd; where REFERENCE1 (batch), 4 (journal), 5 (its text) and 10 (text of a line) appear; and the form
of the execution report: a head with counts, and a line for each line of the file, whose parts are separated by bars.

REFERENCE1 is our ref, so that each document is a separate batch. Each attempt has a new GROUP_ID: rows that an import rejected stay in the interface,
and must not be imported with a later file. A reversal has the stored lines with opposite signs; a correction has both journals in one batch.
"""

from __future__ import annotations

import base64
import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed, Refused
from schemas.records import PostingLine
from systems.contract import ResolvedCommand
from systems.mapped import REVERSAL
from systems.oracle_fusion.documents import cents, fields
from systems.oracle_fusion.models import SYSTEM
from systems.oracle_fusion.settings import Settings
from systems.oracle_fusion.spec import gl_interface_columns
from systems.values.numbers import whole
from systems.writing.differences import Line

ACCOUNT = "fin$/generalLedger$/import$"
JOB = "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher"
_ZERO = Decimal(0)
_EARLY = (1980, 1, 1, 0, 0, 0)
_MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Journal:
    """A journal of a batch: its name, its day, its text, and its lines (debit positive)."""

    name: str
    day: date
    text: str
    lines: Sequence[PostingLine]


def journals_of(resolved: ResolvedCommand) -> list[Journal]:
    """The journals that a command wants as one batch: the reversal of the original, and the wanted journal. Raises `Refused` without a day."""
    command, own, ref = resolved.command, fields(resolved.command), resolved.command["ref"]
    found = []
    if resolved.original is not None:
        was = fields(resolved.original.command)
        why = str(own.get("reason", "")) or "written anew"
        days = [one for one in (own["date"], was["date"]) if one is not None]
        text = (
            f"{was['human_number']} reverses {resolved.original.command['ref']}: {why}{_moved(resolved, max(days, default=None))}"
        )
        turned = [_turned(one) for one in was["lines"]]
        found.append(Journal(f"{ref} R", _day(resolved, max(days, default=None)), text, turned))
    if resolved.record != REVERSAL:
        text = f"{own['human_number']} {own['description']}{_moved(resolved, own['date'])}"
        found.append(Journal(ref, _day(resolved, own["date"]), text.strip(), own["lines"]))
    if any(sum((cents(one["amount"]) for one in journal.lines), _ZERO) for journal in found):
        raise Refused(f"{SYSTEM} {command['ref']}: the lines of the journal do not add up to zero")
    return found


def _turned(one: PostingLine) -> PostingLine:
    return {**one, "amount": -one["amount"]}


def _day(resolved: ResolvedCommand, own: date | None) -> date:
    day = resolved.post_on or own
    if day is None:
        raise Refused(f"{SYSTEM} {resolved.command['ref']}: the journal has no day")
    return day


def _moved(resolved: ResolvedCommand, own: date | None) -> str:
    return f" (of {own})" if resolved.post_on is not None and resolved.post_on != own else ""


def lines_of(journals: Sequence[Journal]) -> Iterator[tuple[Journal, PostingLine]]:
    """The lines with an amount, in the order of the file."""
    for journal in journals:
        for one in journal.lines:
            if one["amount"]:
                yield journal, one


def wanted_line(journal: Journal, one: PostingLine) -> Line:
    """A line in the form in which it is compared: day, account, and signed amount."""
    return journal.day.isoformat(), one["account"], cents(one["amount"])


def file_of(resolved: ResolvedCommand, settings: Settings, group: str) -> bytes:
    """The archive with the file of a command's journals. The same command and group give the same bytes."""
    text, ledger = io.StringIO(), settings.ledger
    writer = csv.writer(text, lineterminator="\n")
    columns = gl_interface_columns()
    for journal, one in lines_of(journals_of(resolved)):
        segments = one["account"].split(ledger.delimiter)
        amount = cents(one["amount"])
        row = {
            "STATUS": "NEW",
            "LEDGER_ID": ledger.ledger_id,
            "ACCOUNTING_DATE": journal.day.strftime("%Y/%m/%d"),
            "USER_JE_SOURCE_NAME": ledger.journal_source,
            "USER_JE_CATEGORY_NAME": ledger.journal_category,
            "CURRENCY_CODE": resolved.command["currency"],
            "DATE_CREATED": journal.day.strftime("%Y/%m/%d"),
            "ACTUAL_FLAG": "A",
            "ENTERED_DR": str(amount) if amount > 0 else "",
            "ENTERED_CR": str(-amount) if amount < 0 else "",
            "REFERENCE1": resolved.command["ref"],
            "REFERENCE4": journal.name,
            "REFERENCE5": journal.text[:240],
            "REFERENCE10": one["description"][:240],
            "GROUP_ID": group,
        } | {f"SEGMENT{number}": segment for number, segment in enumerate(segments, 1)}
        writer.writerow([*(row.get(column, "") for column in columns), "END"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo("GlInterface.csv", _EARLY), text.getvalue())
    return buffer.getvalue()


def import_body(resolved: ResolvedCommand, settings: Settings, group: str) -> dict[str, Any]:
    """The body that submits the import. The file's name holds our ref, and the answer shows it."""
    own = settings.ledger
    words = {"data_access_set": own.data_access_set_id, "source": own.journal_source, "ledger": own.ledger_id, "group": group}
    return {
        "OperationName": "importBulkData",
        "DocumentContent": base64.b64encode(file_of(resolved, settings, group)).decode(),
        "ContentType": "zip",
        "FileName": file_name(resolved.command["ref"]),
        "DocumentAccount": ACCOUNT,
        "JobName": JOB,
        "ParameterList": own.import_parameters.format_map(words),
        "CallbackURL": "#NULL",
        "NotificationCode": "10",
        "JobOptions": "ExtractFileType=ALL",
    }


def file_name(ref: str) -> str:
    """The file name of the archive."""
    return f"GlInterface_{ref}.zip"


def ref_in(name: str) -> str:
    """Our ref from the name of an archive; "" for any other archive."""
    return name.removeprefix("GlInterface_").removesuffix(".zip") if name.startswith("GlInterface_ST-") else ""


# --- the report -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """The execution report: how many lines were imported and rejected, and each rejected line, in Fusion's words."""

    imported: int
    rejected: int
    words: tuple[str, ...]


def report_in(content: str) -> Report:
    """The report from a job's output, an archive as Base64. Raises `Malformed` if it cannot be read to its end, so that it never counts as good."""
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(content, validate=True))) as packed:
            sized = [one for one in packed.infolist() if not one.is_dir()]
            if sum(one.file_size for one in sized) > _MOST_BYTES or any(one.compress_type not in _PACKED for one in sized):
                raise Malformed("the archive of the report is too large, or packed in another way")
            texts = [packed.read(one).decode("utf-8") for one in sized]
    except (ValueError, LookupError, OSError, RuntimeError, EOFError, struct.error, zlib.error, zipfile.BadZipFile) as error:
        raise Malformed(f"the report cannot be read: {error}") from error
    found = [text for text in texts if "Lines imported:" in text]
    if len(found) != 1:
        raise Malformed(f"the report cannot be read: {len(found)} of {len(texts)} files tell what was imported")
    return _report(found[0])


def _report(text: str) -> Report:
    counts: dict[str, int] = {}
    words, seen, rows = [], set(), 0
    for one in text.splitlines():
        name, _, value = one.partition(":")
        if name in ("Lines imported", "Lines rejected") and (count := whole(value.strip())) is not None:
            if name in counts:
                raise Malformed(f"the report cannot be read: it says twice how many {name.lower()}")
            counts[name] = count
        parts = one.split("|")
        if len(parts) == _PARTS and (number := whole(parts[0])) is not None:
            rows += 1
            seen.add(number)
            if parts[1] != "P":
                words.append(f"line {parts[0]} ({parts[4]}): {parts[1]} {parts[7]}".strip())
    imported, rejected = counts.get("Lines imported"), counts.get("Lines rejected")
    if imported is None or rejected is None or rows != imported + rejected or rejected != len(words) or len(seen) != rows:
        raise Malformed(f"the report cannot be read: {rows} lines, {imported} imported, {rejected} rejected, {len(words)} in error")
    return Report(imported, rejected, tuple(words))


_PARTS = 8
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
