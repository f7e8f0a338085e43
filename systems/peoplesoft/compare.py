"""Compares what PeopleSoft keeps with what a command wants: the steps that are done, what stops the document, and each field that differs. Pure.

Sources: JRNL_HDR_STATUS P posted, U unposted (public SQL), V valid, E error, N not edited, D deleted, T incomplete, I posted incomplete;
ENTRY_STATUS P postable, R recycled, X deleted; POST_STATUS_AP P posted; APPR_STATUS D denied (all as remembered, assumed). An unposted journal
has a further row with UNPOST_SEQ above 0. ChartFields and amounts are compared line by line, by number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from runtime.errors import Malformed
from schemas.records import CommandEnvelope
from systems.contract import Document
from systems.peoplesoft import documents
from systems.peoplesoft.documents import Tree
from systems.peoplesoft.errors import of_outcome
from systems.peoplesoft.resources import CHARTFIELDS
from systems.peoplesoft.rows import Row, amount, text
from systems.peoplesoft.settings import Settings
from systems.peoplesoft.wanted import Piece, own_amount
from systems.writing.differences import amount_differs, day_differs, numbered_lines_differ, texts_differ

OUR_REF = re.compile(r"ST-[A-Z2-7]{20}(?![A-Z0-9-])")
_LINE = ("ACCOUNT", *CHARTFIELDS)
_SHARED = ("built", "posted")
"""Steps of the site's batches. A correction has done them when both of its documents have."""


def ref_in(row: Row, column: str) -> str:
    """Our ref at the start of a column; "" if the document is not ours."""
    found = OUR_REF.match(text(row, column))
    return found.group() if found else ""


def starts_with(row: Row, column: str, ref: str) -> bool:
    """Whether a column begins with exactly this ref. A query compares patterns, in which `%` and `_` have a meaning."""
    value = text(row, column)
    return value == ref or value.startswith(f"{ref} ")


# --- journals ---------------------------------------------------------------------------------------------------------


def journal_key(row: Mapping[str, Any]) -> str:
    """The id of a journal in PeopleSoft: business unit, journal id and date."""
    return f"{row['BUSINESS_UNIT']}/{row['JOURNAL_ID']}/{row['JOURNAL_DATE']}"


def journal(rows: Sequence[Row], buffer: Tree, piece: Piece, settings: Settings) -> Document:
    """The journal that was wanted, from the rows of its header (UNPOST_SEQ 0 first) and its buffer. Raises `Malformed`."""
    head, command = rows[0], piece.command
    status = text(head, "JRNL_HDR_STATUS")
    wanted = documents.journal(command, settings)
    lines = _numbered(buffer, "JRNL_LN", "JOURNAL_LINE")
    refusal, reason = _journal_refusal(head, status)
    return Document(
        erp_id=journal_key(head),
        number=text(head, "JOURNAL_ID"),
        ref=command["ref"] if starts_with(head, "DESCR254", command["ref"]) else ref_in(head, "DESCR254"),
        amount=_counted(_own_amount(lines, command), piece),
        currency=text(head, "CURRENCY_CD"),
        steps_done=_steps(piece.step, is_posted=status == "P" or (status == "V" and not settings.require_posted)),
        differences=tuple(_journal_differences(rows, buffer, wanted, lines)),
        refusal=refusal,
        refusal_reason=reason,
    )


def _counted(amount: Decimal, piece: Piece) -> Decimal:
    """The amount as the command counts it; for a reversal, the amount that it takes back."""
    return -amount if piece.reverses is not None else amount


def _own_amount(lines: Mapping[int, Tree], command: CommandEnvelope) -> Decimal:
    """The debits of the lines that carry the document's amount (receivable, cash), or the credits if the amount is on the credit side; with the sign
    of the amount."""
    sign = documents.side_of(command)
    own = [_number(lines[number], "MONETARY_AMOUNT") for number in documents.control_lines(command) if number in lines]
    made = sum((one for one in own if one * sign > 0), Decimal(0))
    return made if (sign > 0) == (command["amount"] >= 0) else -made


def _journal_refusal(head: Row, status: str) -> tuple[str, str]:
    if status != "E":
        return "", ""
    said, reason = of_outcome(text(head, "ERROR_SET"), text(head, "ERROR_NBR"), text(head, "ERROR_TEXT"))
    return said or "journal edit found errors", "journal_error" if reason == "refused" else reason


def _journal_differences(rows: Sequence[Row], buffer: Tree, wanted: Tree, lines: Mapping[int, Tree]) -> Iterable[str]:
    status = text(rows[0], "JRNL_HDR_STATUS")
    if status in ("D", "U") or len(rows) > 1:
        yield f"status: {status}{', unposted' if len(rows) > 1 else ''}, open"
    yield from texts_differ(buffer, wanted, ("BUSINESS_UNIT", "JOURNAL_ID", "LEDGER_GROUP", "CURRENCY_CD"))
    yield from day_differs("JOURNAL_DATE", buffer.get("JOURNAL_DATE", ""), wanted["JOURNAL_DATE"])
    yield from _lines_differ(lines, {one["JOURNAL_LINE"]: one for one in wanted["JRNL_LN"]}, (*_LINE, "LEDGER"), "MONETARY_AMOUNT")


# --- vouchers ---------------------------------------------------------------------------------------------------------


def voucher_key(row: Mapping[str, Any]) -> str:
    """The id of a voucher in PeopleSoft: business unit and voucher id."""
    return f"{row['BUSINESS_UNIT']}/{row['VOUCHER_ID']}"


def voucher(row: Row, buffer: Tree | None, piece: Piece, settings: Settings) -> Document:
    """The voucher that was wanted, made by the interface or by Voucher Build. Without its buffer, only the header is compared."""
    wanted = documents.voucher(piece.command, piece.ids, settings)
    entry = text(row, "ENTRY_STATUS")
    is_posted = entry == "P" and (text(row, "POST_STATUS_AP") == "P" or not settings.require_posted)
    refusal, reason = _voucher_refusal(row, entry)
    is_staged = settings.voucher.writer == "staging"
    return Document(
        erp_id=f"{text(row, 'BUSINESS_UNIT')}/{text(row, 'VOUCHER_ID')}",
        number=text(row, "VOUCHER_ID"),
        ref=piece.command["ref"],
        amount=_counted(amount(row, "GROSS_AMT"), piece),
        currency=text(row, "TXN_CURRENCY_CD"),
        steps_done=_steps(piece.step, is_posted=is_posted, is_built=is_staged and entry != "R"),
        differences=tuple(_voucher_differences(row, buffer, wanted)),
        refusal=refusal,
        refusal_reason=reason,
    )


def _voucher_refusal(row: Row, entry: str) -> tuple[str, str]:
    if entry == "R":
        return "recycled: the voucher failed an edit, or is a duplicate invoice (ENTRY_STATUS R)", "voucher_recycled"
    if text(row, "APPR_STATUS") == "D":
        return "denied in approval (APPR_STATUS D)", "voucher_denied"
    return "", ""


def _voucher_differences(row: Row, buffer: Tree | None, wanted: Tree) -> Iterable[str]:
    if text(row, "ENTRY_STATUS") == "X":
        yield "status: deleted, open"
    yield from texts_differ(row, wanted, ("BUSINESS_UNIT", "INVOICE_ID", "VENDOR_SETID", "VENDOR_ID", "TXN_CURRENCY_CD"))
    yield from day_differs("INVOICE_DT", row.get("INVOICE_DT", ""), wanted["INVOICE_DT"])
    yield from amount_differs("GROSS_AMT", amount(row, "GROSS_AMT"), wanted["GROSS_AMT"])
    if buffer is not None:
        yield from _buffer_differs(buffer, wanted)


def _buffer_differs(buffer: Tree, wanted: Tree) -> Iterable[str]:
    for name in ("GROSS_AMT", "SALETX_AMT"):
        yield from amount_differs(name, _number(buffer, name), wanted.get(name) or Decimal(0))
    theirs = {number: _distributed(one) for number, one in _numbered(buffer, "VCHR_LINE", "VOUCHER_LINE_NUM").items()}
    ours = {one["VOUCHER_LINE_NUM"]: one["VCHR_DIST"][0] for one in wanted["VCHR_LINE"]}
    yield from _lines_differ(theirs, ours, (*_LINE, "BUSINESS_UNIT_GL"), "MERCHANDISE_AMT")


def _distributed(line: Tree) -> Tree:
    """The only distribution of a line. If somebody split the line, there is none, and the line differs."""
    found = _rows(line, "VCHR_DIST")
    return (
        found[0]
        if len(found) == 1
        else {"ACCOUNT": f"{len(found)} distributions", "MERCHANDISE_AMT": line.get("MERCHANDISE_AMT", "")}
    )


def with_build_error(document: Document, staged: Row) -> Document:
    """The document with the error of the build that its staging row shows: message set, number and words."""
    said, reason = of_outcome(text(staged, "ERROR_SET"), text(staged, "ERROR_NBR"), text(staged, "ERROR_TEXT"))
    if not said:
        return document
    name = document.refusal_reason or "voucher_build_error"
    return Document(**{**vars(document), "refusal": said, "refusal_reason": name if reason == "refused" else reason})


def staged(row: Row, piece: Piece) -> Document:
    """A voucher that is staged but not built: its row in the staging table, with the pre-edit error if it has one."""
    command = piece.command
    erp_id = f"{text(row, 'BUSINESS_UNIT')}/{text(row, 'VCHR_BLD_KEY_C1')}"
    theirs, ours = amount(row, "GROSS_AMT"), documents.cents(command["amount"])
    differences = tuple(amount_differs("GROSS_AMT", theirs, ours))
    made = Document(erp_id, "", command["ref"], _counted(theirs, piece), command["currency"], (piece.step,), differences)
    return with_build_error(made, row) if text(row, "BUILD_STATUS") == "E" else made


# --- both -------------------------------------------------------------------------------------------------------------


def corrected(back: Sequence[Document], new: Sequence[Document], wanted: Piece) -> tuple[Document, ...]:
    """The documents of a correction as one: the reversal and the replacement. If there are two of either, all are returned, so that the correction is
    held."""
    if len(back) > 1 or len(new) > 1 or not (back or new):
        return (*back, *new)
    shown = (new or back)[0]
    both = [*back, *new]
    done = [step for one in both for step in one.steps_done if step not in _SHARED]
    done += [step for step in _SHARED if len(both) == 2 and all(step in one.steps_done for one in both)]
    differences = [f"reversal {one}" for document in back for one in document.differences]
    differences += [one for document in new for one in document.differences]
    if new and not back:
        differences.append("reversal: not there, wanted")
    refused = next((one for one in both if one.refusal), None)
    return (
        replace(
            shown,
            amount=shown.amount if new else own_amount(wanted),
            steps_done=tuple(done),
            differences=tuple(differences),
            refusal=refused.refusal if refused else "",
            refusal_reason=refused.refusal_reason if refused else "",
        ),
    )


def stranger(record: str, buffer: Tree, command: CommandEnvelope) -> Document:
    """A document that has our explicit key but not our ref: somebody removed the ref, or another document got the same key."""
    name, ours = ("JOURNAL_ID", "DESCR254") if record == documents.JOURNAL else ("VOUCHER_ID", "DESCR254_MIXED")
    erp_id = journal_key(buffer) if record == documents.JOURNAL else f"{buffer['BUSINESS_UNIT']}/{buffer['VOUCHER_ID']}"
    said = str(buffer.get(ours, ""))[:40]
    return Document(erp_id, str(buffer[name]), "", Decimal(0), "", ("create",), (f"ref: {said!r}, {command['ref']}",))


def _steps(first: str, *, is_posted: bool, is_built: bool = False) -> tuple[str, ...]:
    """The steps that are done: posted implies built, and built implies written."""
    return (first, *(("built",) if is_built else ()), *(("posted",) if is_posted else ()))


def _lines_differ(theirs: Mapping[int, Tree], ours: Mapping[int, Tree], names: Sequence[str], money: str) -> Iterable[str]:
    held = {number: one | {money: _number(one, money)} for number, one in theirs.items()}
    return numbered_lines_differ(held, ours, names, money)


def _rows(buffer: Tree, name: str) -> list[Tree]:
    found = buffer.get(name, [])
    if not isinstance(found, list):
        raise Malformed(f"{name} is no collection")
    return found


def _numbered(buffer: Tree, collection: str, name: str) -> dict[int, Tree]:
    """The rows of a collection by their number."""
    made = {int(_number(one, name)): one for one in _rows(buffer, collection)}
    if len(made) != len(_rows(buffer, collection)):
        raise Malformed(f"two rows of {collection} have one {name}")
    return made


def _number(tree: Tree, name: str) -> Decimal:
    value = str(tree.get(name, "") or "0")
    try:
        found = Decimal(value)
    except InvalidOperation as error:
        raise Malformed(f"{name} is not a number: {value[:30]!r}") from error
    if not found.is_finite():
        raise Malformed(f"{name} is not a number: {value[:30]!r}")
    return found


def is_key_of(echoed: Tree, sent: Tree) -> bool:
    """Whether the keys that a Create echoes are those that were sent. Keys that are not echoed are not compared, but the id has to be echoed."""
    told = {name: value for name, value in echoed.items() if name in sent}
    id_name = "JOURNAL_ID" if "JOURNAL_ID" in sent else "VOUCHER_ID"
    if not {"BUSINESS_UNIT", id_name} <= set(told):
        return False
    return all(str(value) == str(sent[name]) for name, value in told.items())
