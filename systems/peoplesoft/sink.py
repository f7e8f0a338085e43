"""Writes documents to PeopleSoft: how a document is looked up, which request makes each step, and what an answer means.

Facts: a second Create with the same explicit keys is refused (91,49), and the answer contains only keys (PeopleBooks). A create is therefore a YES
only if the echoed keys are ours and the document, found again by its ref and read by Get, has no differences. VOUCHER_BUILD is only acknowledged; it
is a YES once the row is seen staged, or its voucher built. Edit, build and posting are the site's own batches: no request is sent, and `find` reports
them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.errors import Refused
from runtime.exchange import Request, Response
from systems.contract import Access, Answer, Document, Found, Verdict
from systems.peoplesoft import answers, compare, documents, staging
from systems.peoplesoft.client import Client
from systems.peoplesoft.documents import JOURNAL, Tree
from systems.peoplesoft.lookups import LookUps
from systems.peoplesoft.services import Services, user_of
from systems.peoplesoft.soap import CREATE, Message
from systems.peoplesoft.taken import Refusal
from systems.peoplesoft.wanted import STAGE_REVERSAL, Piece, elsewhere, pieces
from systems.peoplesoft.wsdl import endpoint
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack, ambiguous

STAGED_LOOKS = 4
"""How often a staged row is searched for."""
_FIND_CALLS = 3
"""The header by its ref; then the Get of what was found, or staged rows; then what is taken back, or suspects."""
BUDGET = Budget(_FIND_CALLS, 1 + _FIND_CALLS + 2 * (STAGED_LOOKS - 1))
"""The calls of a step: its request, and reading the document back."""
CORRECTION_CALLS = BUDGET.calls + 2 * _FIND_CALLS + 2 * (STAGED_LOOKS - 1)
"""The calls of one attempt of a correction, which looks for two documents in up to two units. Unused calls of this difference are not given back,
because corrections are few."""
_DOUBTED = frozenset(["handler", "configuration", "fault", "request"])
"""Reasons of an answer that may mean that the site's messages have changed."""
_GET = re.compile(rb"<([A-Za-z0-9_.-]+:)?Get__CompIntfc__")


@dataclass(frozen=True)
class _Request:
    """One SOAP message: a Create with its message, or a staged voucher (`message` is None)."""

    action: str
    body: bytes
    message: Message | None = None


class _Dialect:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._services = Services(client)
        self._looks = LookUps(client, self._services)

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, get a token that is good for the whole attempt, and check that the WSDLs in use are still the accepted ones."""
        await self._client.reserve(calls, AHEAD)
        await self._services.renew()

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """By ref, among posted and staged documents. If nothing is found: suspects that a person may have typed. If the original of a reversal still
        stands: whether it can be taken back."""
        wanted = pieces(attempt.resolved, self._settings)
        if not self._looks.has_keys(wanted):
            return Found(())  # the command has no possible key; the write says why
        parts = await self._looks.shown(attempt, wanted)
        refused = Refusal() if parts[0] else await self._refusal(attempt, wanted[0])
        made = _joined(parts, wanted)
        suspects = () if made or refused.words else await self._looks.suspects(attempt, wanted[-1])
        return Found(made, suspects, refused.words, refused.reason)

    async def _refusal(self, attempt: Attempt, first: Piece) -> Refusal:
        if words := elsewhere(attempt.resolved):
            return Refusal(words, "other_ledger_unit")
        return await self._looks.refusal(attempt, first)

    async def _shown(self, attempt: Attempt) -> tuple[Document, ...]:
        """What a step wrote. Empty while the document of that step is not shown, even if the other document of a correction is."""
        wanted = pieces(attempt.resolved, self._settings)
        parts = await self._looks.shown(attempt, wanted)
        own = next(part for part, piece in zip(parts, wanted, strict=True) if piece.step == attempt.step)
        return _joined(parts, wanted) if own else ()

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> _Request:
        """The message of a step. Edit, build and posting have none."""
        piece = self._piece(attempt)
        if attempt.step in ("stage", STAGE_REVERSAL):
            return _Request(staging.ACTION, staging.message(piece.command, piece.ids, self._settings, user_of(self._client)))
        interface, _ = self._looks.keyed(piece)
        message = (await self._services.of(interface)).message(CREATE, self._tree(piece))
        return _Request(message.action, message.body, message)

    async def send(self, request: _Request) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await self._client.post_soap(endpoint(self._settings), request.action, request.body)

    async def read(self, attempt: Attempt, request: _Request, answer: Response) -> Answer | ReadBack:
        """A Create has to echo our keys; a staged voucher is only acknowledged. Everything else shows when the document is read back."""
        piece = self._piece(attempt)
        if request.message is None:
            said = answers.unacknowledged(answer)
            return ReadBack(self._shown, STAGED_LOOKS) if said is None else self._classed(said, piece)
        shown = answers.said(answer, request.message)
        if isinstance(shown, Answer):
            return self._classed(shown, piece)
        interface, keys = self._looks.keyed(piece)
        echoed = answers.echoed_keys(shown, interface)
        if echoed is None or not compare.is_key_of(echoed, keys):
            return ambiguous("the answer does not echo our keys", "echo", code="200")
        return ReadBack(self._shown)

    def _classed(self, said: Answer, piece: Piece) -> Answer:
        if said.reason in _DOUBTED:
            self._services.doubt()
        if said.verdict is Verdict.DUPLICATE:
            self._looks.clashed.add(piece.number)
        return said

    def _piece(self, attempt: Attempt) -> Piece:
        """The document that a step writes. Raises `Refused` for a step that the site does itself."""
        for piece in pieces(attempt.resolved, self._settings):
            if piece.step == attempt.step:
                return piece
        raise Refused(f"peoplesoft {attempt.ref}: {attempt.step} is the site's own step, nothing is sent for it")

    def _tree(self, piece: Piece) -> Tree:
        if piece.record == JOURNAL:
            return documents.journal(piece.command, self._settings)
        return documents.voucher(piece.command, piece.ids, self._settings)


def _joined(parts: Sequence[tuple[Document, ...]], wanted: Sequence[Piece]) -> tuple[Document, ...]:
    """The documents that were found; those of a correction are joined into one."""
    if len(wanted) == 1:
        return parts[0]
    return compare.corrected(parts[0], parts[1], wanted[1])


def is_write(request: Request) -> bool:
    """Whether a request changes something: every request that is neither a GET nor the SOAP call Get of an interface."""
    return request.method != "GET" and _GET.search(request.body) is None


def open_writer(access: Access) -> FramedWriter[_Request]:
    """A sink's session with one site."""
    client = Client(access)
    return FramedWriter(_Dialect(client), client, access, BUDGET)
