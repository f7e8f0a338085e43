"""How documents are looked up in PeopleSoft: by our ref, by our own key after a clash; what is taken back; and what a person may have typed.

A query shows a header by its ref, and Get of the interface its lines. If the site refuses a request, nothing is known, and it is sent again later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.errors import Broken, Garbled, Refused, Throttled, Transient
from runtime.exchange import NotSent, Unanswered
from systems.contract import Document
from systems.peoplesoft import answers, compare, documents, errors, suspects, taken
from systems.peoplesoft.client import Client
from systems.peoplesoft.documents import JOURNAL, VOUCHER, Tree
from systems.peoplesoft.query import Prompts, address
from systems.peoplesoft.rows import Row, text
from systems.peoplesoft.services import Services
from systems.peoplesoft.soap import GET
from systems.peoplesoft.taken import Refusal
from systems.peoplesoft.wanted import Piece
from systems.peoplesoft.wsdl import endpoint
from systems.writing.frame import Attempt

MOST_ROWS = 50
"""The rows that one look-up asks for. With that many rows, the document cannot be distinguished from others."""
MOST_SUSPECTS = 2000
"""The most rows of vouchers or journals that are searched for suspects, our own among them. At a site with more, only the first ones are searched."""


@dataclass(frozen=True)
class Asked:
    """One document that an attempt looks for."""

    attempt: Attempt
    piece: Piece

    @property
    def ref(self) -> str:
        """Our ref, with which its text begins."""
        return self.piece.command["ref"]

    @property
    def unit(self) -> str:
        """Its business unit."""
        return documents.business_unit(self.piece.record, self.piece.command)


class LookUps:
    """The look-ups of one session. `clashed` are numbers of ours that PeopleSoft reported as existing."""

    def __init__(self, client: Client, services: Services) -> None:
        self._client = client
        self._settings = client.settings
        self._services = services
        self.clashed: set[str] = set()

    def keyed(self, piece: Piece) -> tuple[str, Tree]:
        """The interface of a document and its key. Raises `Refused` for a record that is not written, or for an impossible key."""
        if piece.record == JOURNAL:
            return self._settings.journal.interface, documents.journal_keys(piece.command)
        if piece.record == VOUCHER:
            return self._settings.voucher.interface, documents.voucher_keys(piece.command)
        raise Refused(f"peoplesoft {piece.command['ref']}: {piece.record} is not written")

    def has_keys(self, wanted: Sequence[Piece]) -> bool:
        """Whether these documents have possible keys."""
        try:
            for piece in wanted:
                self.keyed(piece)
        except Refused:
            return False
        return True

    async def shown(self, attempt: Attempt, wanted: Sequence[Piece]) -> tuple[tuple[Document, ...], ...]:
        """For each wanted document, the documents that were found."""
        own = [Asked(attempt, piece) for piece in wanted]
        rows = await self._rows(own)
        return tuple([await self._shown(asked, _rows_of(asked, wanted, rows)) for asked in own])

    async def _rows(self, own: Sequence[Asked]) -> list[Row]:
        """The headers that carry the ref, in each business unit of these documents."""
        first = own[0]
        query, column = (
            ("JOURNALS", "DESCR254") if first.piece.record == JOURNAL else ("VOUCHERS", self._settings.voucher.ref_field)
        )
        if first.piece.record == JOURNAL or self._reads_vouchers():
            await self._services.of(self.keyed(first.piece)[0])
        found = []
        for unit in dict.fromkeys(asked.unit for asked in own):
            rows = await self.look(first.attempt, query, (("BUSINESS_UNIT", unit), ("REF", first.ref)))
            found += [row for row in rows if compare.starts_with(row, column, first.ref)]
        return found

    async def _shown(self, asked: Asked, rows: list[Row]) -> tuple[Document, ...]:
        return await (self._journals(asked, rows) if asked.piece.record == JOURNAL else self._vouchers(asked, rows))

    # --- journals -----------------------------------------------------------------------------------------------------

    async def _journals(self, asked: Asked, rows: list[Row]) -> tuple[Document, ...]:
        by_key: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda one: int(text(one, "UNPOST_SEQ") or 0)):
            by_key.setdefault(compare.journal_key(row), []).append(row)
        if not by_key:
            return await self._by_key(asked)
        return tuple([await self._journal(asked, found) for found in by_key.values()])

    async def _journal(self, asked: Asked, rows: list[Row]) -> Document:
        head = rows[0]
        keys = {name: text(head, name) for name in ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE")}
        sequence = {"UNPOST_SEQ": text(head, "UNPOST_SEQ") or "0"}
        buffer = await self._get(asked.attempt, self._settings.journal.interface, keys | sequence)
        if buffer is None:
            raise Garbled(f"peoplesoft journal {keys['JOURNAL_ID']}: its query shows it, its interface does not")
        return compare.journal(rows, buffer, asked.piece, self._settings)

    # --- vouchers -----------------------------------------------------------------------------------------------------

    async def _vouchers(self, asked: Asked, rows: list[Row]) -> tuple[Document, ...]:
        """The vouchers that carry the ref. If none is built or one was recycled, the staging table is read too."""
        made = [await self._voucher(asked, row) for row in rows]
        if made and not any(text(row, "ENTRY_STATUS") == "R" for row in rows):
            return tuple(made)
        waiting = await self.look(asked.attempt, "STAGED", (("BUSINESS_UNIT", asked.unit), ("REF", asked.ref)))
        waiting = [row for row in waiting if text(row, "VCHR_BLD_KEY_C1") == asked.ref]
        if made:
            return tuple(compare.with_build_error(one, row) if (row := _of(one, waiting)) else one for one in made)
        staged = tuple(compare.staged(row, asked.piece) for row in waiting if self._is_of(asked, row))
        return staged or await self._by_key(asked)

    @staticmethod
    def _is_of(asked: Asked, row: Row) -> bool:
        """Whether a staged row is this document and not the other one of a correction, which carries the same ref."""
        number = text(row, "VOUCHER_ID")
        if asked.piece.reverses is not None:
            return number == asked.piece.number
        return asked.attempt.resolved.original is None or number in ("", asked.piece.number)

    def _reads_vouchers(self) -> bool:
        """Whether the interface can show vouchers. A site that only stages may have no such interface."""
        own = self._settings.voucher
        return own.writer == "interface" or own.interface in self._settings.wsdl_hashes

    async def _voucher(self, asked: Asked, row: Row) -> Document:
        if not self._reads_vouchers():
            return compare.voucher(row, None, asked.piece, self._settings)
        keys = {name: text(row, name) for name in ("BUSINESS_UNIT", "VOUCHER_ID")}
        buffer = await self._get(asked.attempt, self._settings.voucher.interface, keys)
        if buffer is None:
            raise Garbled(f"peoplesoft voucher {keys['VOUCHER_ID']}: its query shows it, its interface does not")
        return compare.voucher(row, buffer, asked.piece, self._settings)

    # --- what is taken back, what a person may have typed -----------------------------------------------------------------

    async def refusal(self, attempt: Attempt, piece: Piece) -> Refusal:
        """Why a document cannot be taken back in its present state; empty if it can be."""
        original = piece.reverses
        if original is None:
            return Refusal()
        query = "JOURNALS" if piece.record == JOURNAL else "VOUCHERS"
        asked = (("BUSINESS_UNIT", original.erp_id.partition("/")[0]), ("REF", original.command["ref"]))
        rows = await self.look(attempt, query, asked)
        return taken.refusal(original, rows, self._settings)

    async def suspects(self, attempt: Attempt, piece: Piece) -> tuple[Document, ...]:
        """Documents without a ref of ours that could be this one, typed by a person."""
        asked = Asked(attempt, piece)
        try:
            query, prompts = suspects.prompts(piece, self._settings)
        except Refused:
            return ()  # such a vendor cannot have vouchers, and the write will say why
        if not query:
            return ()
        rows = await self.look(asked.attempt, query, prompts, MOST_SUSPECTS)
        return suspects.suspects(rows, piece, self._settings)

    # --- asking -------------------------------------------------------------------------------------------------------

    async def _by_key(self, asked: Asked) -> tuple[Document, ...]:
        """Used after a (91,49) that no look-up by ref explains: the document that has our key. If it has our ref, it is ours and row security hides
        it from the query. Otherwise it is a clash, or a document whose ref somebody removed."""
        piece = asked.piece
        if piece.number not in self.clashed:
            return ()
        interface, keys = self.keyed(piece)
        buffer = await self._get(asked.attempt, interface, keys)
        if buffer is None:
            return ()
        column = "DESCR254" if piece.record == JOURNAL else self._settings.voucher.ref_field
        if not compare.starts_with(buffer, column, asked.ref):
            return (compare.stranger(piece.record, buffer, piece.command),)
        row = {"ERROR_SET": "", "ERROR_NBR": "", "ERROR_TEXT": ""} | buffer
        if piece.record == JOURNAL:
            return (compare.journal([row], buffer, piece, self._settings),)
        return (compare.voucher(row, buffer, piece, self._settings),)

    async def look(self, attempt: Attempt, query: str, prompts: Prompts, most: int = MOST_ROWS) -> list[Row]:
        """The rows of a query, sent once, for a call that was reserved."""
        try:
            address(self._settings, query, prompts, most)
        except Refused:
            return []  # a value that cannot be sent as a prompt cannot be in a column either
        attempt.calls += 1
        try:
            rows = await self._client.look(query, prompts, most)
        except Refused as error:
            raise Transient(f"peoplesoft {query}: {error}") from error  # a refused query shows nothing about the document
        if most == MOST_ROWS and len(rows) >= most:
            raise Transient(f"peoplesoft {query}: {len(rows)} rows for one ref; the query does not compare its prompts")
        return rows

    async def _get(self, attempt: Attempt, interface: str, keys: Tree) -> Tree | None:
        """The buffer of a document by its key; None if the interface has no such row."""
        message = (await self._services.of(interface)).message(GET, keys)
        attempt.calls += 1
        try:
            answer = await self._client.post_soap(endpoint(self._settings), message.action, message.body)
        except (NotSent, Unanswered) as error:
            raise Transient(f"peoplesoft {interface} Get: {error}") from error
        said = answers.said(answer, message)
        if isinstance(said, dict):
            if not compare.is_key_of(said, keys):
                raise Garbled(f"peoplesoft {interface} Get: another document was answered")
            return said
        if said.code == errors.NO_ROWS:
            return None
        told = f"peoplesoft {interface} Get: {said.code} {said.words}"
        if said.throttled:
            raise Throttled(told, said.retry_after.total_seconds() if said.retry_after else None)
        raise Broken(told, "Permit Get of the interface to the integration user.") if said.broken else Transient(told)


def _rows_of(asked: Asked, wanted: Sequence[Piece], rows: Sequence[Row]) -> list[Row]:
    """The rows of a document among those that carry the ref. The reversal in a correction has its own number; any other row belongs to the
    replacement."""
    if len(wanted) == 1:
        return list(rows)
    name = "JOURNAL_ID" if asked.piece.record == JOURNAL else "VOUCHER_ID"
    back = next(piece.number for piece in wanted if piece.reverses is not None)
    return [row for row in rows if (text(row, name) == back) == (asked.piece.reverses is not None)]


def _of(document: Document, waiting: list[Row]) -> Row | None:
    """The staged row that became this voucher."""
    return next((row for row in waiting if text(row, "VOUCHER_ID") in ("", document.number)), None)
