"""The pod: its rows, its ids and change times, and the journal's description of a change.

A row is a dict as on the wire, with its children as lists under their names, except that a number is kept as decimal text. Members that begin with
`_` are not shown. A row is never changed in place: a change replaces it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from runtime.simulator.records import Change, Records, Row, Telling
from runtime.simulator.serve import Options
from systems.oracle_fusion.simulator.settings import Settings
from systems.oracle_fusion.simulator.shapes import shapes

USER = "ml.connector"
TRUTH, BILLS, SETUP, INTERFACE = "Truth", "Bill", "Setup", "GlInterface"
_FOUND_BY = {
    "suppliers": ("_path", "SupplierNumber", "Supplier"),
    "purchaseOrders": ("_path", "OrderNumber", "SupplierId"),
    "receivablesInvoices": ("TransactionNumber", "CrossReference", "BillToCustomerNumber"),
    "receivablesCreditMemos": ("TransactionNumber", "CrossReference", "BillToCustomerNumber"),
    "standardReceipts": ("ReceiptNumber", "CustomerAccountNumber"),
    "receivingReceiptRequests": ("_path", "ReceiptNumber", "ExternalSystemTransactionReference"),
    "receivingReceiptTransactionRequests": ("_path", "ReceiptNumber", "ExternalSystemTransactionReference"),
    "receivingTransactionsHistory": ("_path", "ReceiptNumber", "PONumber"),
    "receivablesCustomerAccountSiteActivities": ("AccountNumber", "BillToSiteNumber", "CustomerName"),
    "journalBatches": ("BatchName",),
    "accountCombinationsLOV": ("_text",),
}
_BATCHED = ("receivingReceiptRequests", "receivingReceiptTransactionRequests", "erpintegrations")
_NUMBERS = ("TransactionNumber", "ReceiptNumber", "OrderNumber", "SupplierNumber", "BatchName", "ReqstId")
_AMOUNTS = ("EnteredAmount", "Amount", "Total", "RunningTotalDr")
_DATES = ("TransactionDate", "ReceiptDate", "AccountingDate")
_REFS = ("CrossReference", "ExternalSystemTransactionReference", "Comments", "CreditMemoComments")
_NUMBERS_AS_REFS = ("ReceiptNumber", "BatchName")
_REF = "ST-"


class Pod(Records[Settings]):
    """The database and the waiting batch jobs. Every method is called on the event loop and commits before it returns."""

    def __init__(self, options: Options) -> None:
        kinds = (*shapes(), TRUTH, BILLS, SETUP, INTERFACE)
        super().__init__(options, Settings(), Telling(kinds, _entry, _FOUND_BY))
        self.batches: list[Callable[[Pod], None]] = []
        self._together: list[Change] | None = None
        self._waiting = {kind: {str(row[shapes()[kind].key]) for row in self.rows(kind) if _waits(row)} for kind in _BATCHED}

    def commit(self, changes: Iterable[Change], request_id: str = "") -> None:
        """See `Records.commit`. Also remembers which rows wait for a batch process."""
        changes = list(changes)
        if self._together is not None:
            self._together += changes
            return
        super().commit(changes, request_id)
        for change in changes:
            if change.kind in _BATCHED:
                waits = not change.is_gone and _waits(change.body)
                (self._waiting[change.kind].add if waits else self._waiting[change.kind].discard)(change.key)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commits everything inside at its end; if anything is refused, nothing."""
        self._together = []
        try:
            yield
            held, self._together = self._together, None
            self.commit(held, self.request_id)
        finally:
            self._together = None

    def waiting(self, kind: str) -> list[Row]:
        """The rows of a kind that wait for their batch process, by key."""
        rows = (self.get(kind, key) for key in sorted(self._waiting[kind]))
        return [row for row in rows if row is not None]

    def new_id(self) -> int:
        """The next id of 15 digits; ids of different kinds come from one series, as in the product."""
        return 300_000_000_000_000 + 7 * self.store.next("id", 100_000)

    def stamp(self) -> str:
        """A change time in milliseconds, never the same twice. A long transaction (`stamp_lag_s`) commits with an older one."""
        at = self.tick(timedelta(milliseconds=1))
        self.last = at.replace(microsecond=at.microsecond // 1000 * 1000)
        return wire_time(self.last - timedelta(seconds=self.settings.stamp_lag_s))

    def path_key(self, name: str, key: object) -> str:
        """The hashed key of a row, for resources whose paths contain a hash. A client cannot construct it."""
        digest = hashlib.blake2b(f"{self.seed}/{name}/{key}".encode(), digest_size=20).hexdigest()
        return f"00020000{digest.upper()}"

    def put(self, kind: str, body: Row, operation: str, detail: str = "") -> Change:
        """The change that writes a row of a resource, with its change time."""
        shape, at = shapes()[kind], self.stamp()
        stamped: Row = {"LastUpdateDate": at, "LastUpdatedBy": USER} if "LastUpdateDate" in shape.attributes else {}
        if operation == "create" and stamped:
            stamped |= {"CreationDate": at, "CreatedBy": USER}
        row = body | stamped
        if "_path" in _FOUND_BY.get(kind, ()):
            row["_path"] = self.path_key(kind, row[shape.key])
        return Change(kind, str(row[shape.key]), row, operation, detail)

    def save(self, kind: str, body: Row, operation: str, detail: str = "") -> Row:
        """Commit one row and return it as it is now."""
        change = self.put(kind, body, operation, detail)
        self.commit([change], self.request_id)
        return change.body

    def untouched(self, kind: str, body: Row, operation: str, detail: str = "") -> Change:
        """The change that writes a row without changing its change time."""
        change = self.put(kind, body, operation, detail)
        kept = {name: body[name] for name in ("LastUpdateDate", "LastUpdatedBy") if name in body}
        return replace(change, body=change.body | kept)

    request_id: str = ""
    """The X-Request-Id of the call that is being answered."""

    def is_found_by(self, kind: str, name: str) -> bool:
        """Whether an index finds rows of a kind by this attribute."""
        return name in _FOUND_BY.get(kind, ())

    def as_of(self, kind: str, seconds: float) -> list[Row]:
        """The rows as a search shows them that lags by `seconds` real seconds."""
        return list(self._tables[kind].as_of(seconds))

    def run_due(self) -> None:
        """Let every batch process do what is due now."""
        for batch in self.batches:
            batch(self)

    def due(self, since: str, seconds: float) -> bool:
        """Whether `seconds` of the pod's clock have passed since a wire time."""
        return self.clock.now() >= datetime.fromisoformat(since) + timedelta(seconds=seconds)

    def day_of(self, instant: datetime) -> date:
        """The day of an instant in the pod's zone."""
        return instant.astimezone(ZoneInfo(self.settings.timezone)).date()


def _waits(row: Row) -> bool:
    """Whether a job has not ended, or a line of a request is not processed yet."""
    if "RequestStatus" in row:
        return row["RequestStatus"] in ("READY", "RUNNING")
    return any(one.get("ProcessingStatusCode") == "PENDING" for one in row.get("lines") or [row])


def wire_time(at: datetime) -> str:
    """`2026-11-20T12:57:05.744+00:00`, as in payloads."""
    return at.isoformat(timespec="milliseconds")


def money(value: Any) -> Decimal:
    """A number of a row, 0 if it has none."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def cents(value: Decimal) -> str:
    """An amount in the form of a row."""
    return f"{value:.2f}"


def plain(value: Decimal) -> str:
    """A quantity or price in the form of a row: without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def ref_of(row: Mapping[str, Any]) -> str:
    """The text by which a client finds a row again: the first word of a member that may hold a ref, "" if there is none."""
    lines = [one for one in row.get("lines") or [] if isinstance(one, dict)]
    texts = [row.get(name) for name in _REFS] + [ref_of(one) for one in lines] + [row.get(name) for name in _NUMBERS_AS_REFS]
    words = (str(text or "").split(" ", 1)[0] for text in texts)
    return next((word for word in words if word.startswith(_REF)), "")


def _first(body: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((str(body[name]) for name in names if body.get(name)), "")


def _entry(change: Change) -> dict[str, str]:
    body = change.body
    return {
        "number": _first(body, _NUMBERS),
        "ref": ref_of(body),
        "amount": _first(body, _AMOUNTS) or "0.00",
        "currency": _first(body, ("InvoiceCurrencyCode", "CreditMemoCurrency", "Currency", "CurrencyCode")),
        "date": _first(body, _DATES),
    }
