"""Documents without a ref of ours that a person may have typed for the same thing. Ours is held, never merged with one (accounting.md 5). Pure.

A voucher is a suspect by vendor, invoice date and gross amount. A journal names no party: it is a suspect by unit, date, the amount on the account
that carries the document's amount, and the set of its accounts. The site installs the query for journals (`journal.suspects`; names assumed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from schemas.records import PostingLine
from systems.contract import Document
from systems.peoplesoft import compare, documents
from systems.peoplesoft.documents import JOURNAL
from systems.peoplesoft.query import Prompts
from systems.peoplesoft.rows import Row, amount, day, text
from systems.peoplesoft.settings import Settings
from systems.peoplesoft.wanted import Piece, own_amount

_GONE = ("D", "U")


def prompts(piece: Piece, settings: Settings) -> tuple[str, Prompts]:
    """The query to run, and its prompts; no query if suspects are not searched. Raises `Refused` for an impossible vendor."""
    if piece.record == JOURNAL:
        main = _main_line(piece)
        if main is None or not settings.journal.suspects:
            return "", ()
        return "JOURNAL_SUSPECTS", (
            ("BUSINESS_UNIT", documents.business_unit(JOURNAL, piece.command)),
            ("JOURNAL_DATE", documents.journal_keys(piece.command)["JOURNAL_DATE"].isoformat()),
            ("ACCOUNT", main["account"]),
            ("MONETARY_AMOUNT", format(documents.cents(main["amount"]), "f")),
        )
    party = documents.vendor(piece.command, piece.ids)
    return "SUSPECTS", (
        ("BUSINESS_UNIT", documents.business_unit(piece.record, piece.command)),
        ("VENDOR_SETID", party.setid),
        ("VENDOR_ID", party.vendor_id),
        ("INVOICE_DT", documents.fields(piece.command)["date"].isoformat()),
        ("GROSS_AMT", format(documents.cents(piece.command["amount"]), "f")),
    )


def suspects(rows: Sequence[Row], piece: Piece, settings: Settings) -> tuple[Document, ...]:
    """The rows that could be the document."""
    if piece.record == JOURNAL:
        return tuple(_journals(rows, piece, settings))
    return tuple(found for row in rows if (found := _voucher(row, piece, settings)) is not None)


def _main_line(piece: Piece) -> PostingLine | None:
    """The line by which a journal is searched: the largest of those that carry its amount; None for a journal that is worth nothing."""
    numbers = documents.control_lines(piece.command)
    lines: list[PostingLine] = documents.fields(piece.command)["lines"]
    own = [one for number, one in enumerate(lines, 1) if number in numbers]
    return max(own, key=lambda one: abs(one["amount"]), default=None)


def _journals(rows: Sequence[Row], piece: Piece, settings: Settings) -> Iterable[Document]:
    """Journals without a ref of ours that book the same accounts. Unposted and deleted journals do not count, nor do those of another journal
    source."""
    by_key: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_key.setdefault((compare.journal_key(row), text(row, "UNPOST_SEQ") or "0"), []).append(row)
    keys = documents.journal_keys(piece.command)
    wanted = {one["account"] for one in documents.fields(piece.command)["lines"]}
    sources = settings.journal.typed_sources
    for (key, sequence), lines in by_key.items():
        head = lines[0]
        is_alike = (
            sequence == "0"
            and not compare.ref_in(head, "DESCR254")
            and text(head, "JRNL_HDR_STATUS") not in _GONE
            and (not sources or text(head, "SOURCE") in sources)
            and text(head, "BUSINESS_UNIT") == keys["BUSINESS_UNIT"]
            and day(head, "JOURNAL_DATE") == keys["JOURNAL_DATE"]
            and {text(row, "ACCOUNT") for row in lines} == wanted
            and _books(lines, piece)
        )
        if is_alike:
            yield Document(key, text(head, "JOURNAL_ID"), "", own_amount(piece), text(head, "CURRENCY_CD"), (piece.step,))


def _books(rows: Sequence[Row], piece: Piece) -> bool:
    """Whether a journal books the line that carries the document's amount, on the same account."""
    main = _main_line(piece)
    if main is None:
        return False
    on_account = [amount(row, "MONETARY_AMOUNT") for row in rows if text(row, "ACCOUNT") == main["account"]]
    return main["amount"] in on_account or sum(on_account, Decimal(0)) == main["amount"]


def _voucher(row: Row, piece: Piece, settings: Settings) -> Document | None:
    """The row as a suspect: same vendor, date and amount, entered by hand; None if it is ours, deleted or anything else."""
    command = piece.command
    party, own = documents.vendor(command, piece.ids), documents.fields(command)
    is_same = (
        not compare.ref_in(row, settings.voucher.ref_field)
        and text(row, "ENTRY_STATUS") != "X"
        and (text(row, "VENDOR_SETID"), text(row, "VENDOR_ID")) == (party.setid, party.vendor_id)
        and day(row, "INVOICE_DT") == own["date"]
        and amount(row, "GROSS_AMT") == command["amount"]
    )
    if not is_same:
        return None
    number, currency = text(row, "VOUCHER_ID"), text(row, "TXN_CURRENCY_CD")
    return Document(compare.voucher_key(row), number, "", own_amount(piece), currency, (piece.step,))
