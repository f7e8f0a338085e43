"""Writes documents to SYSPRO: how a document is looked up, which request makes each step, and what an answer means.

Facts: every write is a GET with the document in the address, and errors come inside HTTP 200 (SYSTEM.md). SYSPRO refuses a second invoice with the
same number for a supplier, but no other duplicate, so documents are looked up by our ref first. The answer contains keys and no content: a YES rests
on the document read back with our ref and without differences. Before anything is sent, ValidateOnly asks SYSPRO whether it would accept it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runtime.errors import Refused
from runtime.exchange import Request, Response
from systems.contract import Access, Answer, Document, Found
from systems.mapped import REVERSAL
from systems.syspro import errors, goods, payables, soap, suppliers
from systems.syspro.books import Books
from systems.syspro.client import Client
from systems.syspro.documents import Posting
from systems.syspro.goods import Movements, Orders
from systems.syspro.models import SYSTEM
from systems.syspro.payables import Payables
from systems.syspro.suppliers import Suppliers
from systems.syspro.wire import changes_something
from systems.writing.frame import AHEAD, Attempt, Budget, FramedWriter, ReadBack

BUDGET = Budget(find=9, step=8)
"""A look-up: what was written, in up to three tables, suspects, the open months, the trial, and what was written, once more. A step: reads for its
request, the request, and reading the document back."""
_LOOKS = 2


class Kind(Protocol):
    """How documents of one kind are looked up, posted and read back."""

    async def look_up(self, attempt: Attempt) -> Found:
        """See `systems.writing.frame.Dialect`."""

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """What carries our ref."""

    async def posting(self, attempt: Attempt) -> Posting:
        """What is sent for a step. Raises `Refused` if it cannot be sent."""


class _Sent:
    """A request and the root of the document in it."""

    def __init__(self, request: Request, root: str) -> None:
        self.request, self.root = request, root


class _Dialect:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._books = books = Books(client)
        movements = Movements(books)
        self._kinds: dict[str, Kind] = {
            payables.RECORD: Payables(books),
            suppliers.RECORD: Suppliers(books),
            goods.ORDER: Orders(books),
            goods.RECEIPT: movements,
            goods.ADJUSTMENT: movements,
        }

    def _kind(self, attempt: Attempt) -> Kind:
        resolved = attempt.resolved
        record = resolved.original.record if resolved.record == REVERSAL and resolved.original is not None else resolved.record
        if record not in self._kinds:
            raise Refused(f"{SYSTEM} {attempt.ref}: {record} is not written here")
        return self._kinds[record]

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be logged on for the whole attempt."""
        await self._client.reserve(calls, AHEAD)

    async def look_up(self, attempt: Attempt) -> Found:
        """See `Kind`. An earlier request of ours may be carried out in the meantime, so that the trial finds the number taken by ourselves. A refusal
        therefore counts only if there is still no document of ours."""
        kind = self._kind(attempt)
        found = await kind.look_up(attempt)
        if found.refusal and not found.documents and (there := await kind.shown(attempt)):
            return Found(tuple(there))
        return found

    async def request(self, attempt: Attempt) -> _Sent:
        """The request of a step."""
        made = await self._kind(attempt).posting(attempt)
        return _Sent(self._books.request(made), made.root)

    async def send(self, request: _Sent) -> Response:
        """See `systems.writing.frame.Dialect`."""
        return await self._client.write(request.request)

    async def read(self, attempt: Attempt, request: _Sent, answer: Response) -> Answer | ReadBack:
        """Nothing contradicts success, so the document is read back."""
        said = errors.classify(answer, request.root)
        return said if isinstance(said, Answer) else ReadBack(self._kind(attempt).shown, _LOOKS)


def is_write(request: Request) -> bool:
    """Whether a request changes something. SYSPRO posts by GET, and a trial (ValidateOnly) posts nothing."""
    is_posted = request.url.lower().endswith(("transaction.asmx", "setup.asmx"))
    return soap.changes_something(request) if is_posted else changes_something(request.url)


def open_writer(access: Access) -> FramedWriter[_Sent]:
    """A sink's session with one company."""
    client = Client(access)
    return FramedWriter(_Dialect(client), client, access, BUDGET)
