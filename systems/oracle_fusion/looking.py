"""How a session looks rows up: by our ref or by their id, with their child lists read to the end. Every call counts towards the attempt."""

from __future__ import annotations

from runtime.errors import Garbled, Malformed, Refused, Transient
from runtime.exchange import Request
from runtime.wire import dumps
from systems.contract import Document, ResolvedCommand
from systems.oracle_fusion import compare, documents
from systems.oracle_fusion.client import Client, Query
from systems.oracle_fusion.documents import COMPLETED, Form, fields
from systems.oracle_fusion.models import Row, children, link, listed, quoted
from systems.oracle_fusion.resources import NAMES
from systems.oracle_fusion.validation import CUSTOMERS, FINDER
from systems.parents import parent_id
from systems.postings.siblings import UNSURE
from systems.values.members import required_id, text
from systems.writing.frame import Attempt

INVOICES, RECEIPTS = NAMES["invoice"].collection, NAMES["payment"].collection
REFERENCES, INSTALLMENTS = "remittanceReferences", "receivablesInvoiceInstallments"
APPLICATIONS = "standardReceiptApplications"
MOST_ROWS = 499


class Looking:
    """The look-ups of one session."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def rows(self, attempt: Attempt, resource: str, condition: str, query: Query = ()) -> list[Row]:
        """The rows that meet a condition. Raises `Garbled` if they do not fit into one answer, because the relevant row could be in the rest."""
        return await self.found(attempt, resource, [("q", condition), *query])

    async def found(self, attempt: Attempt, resource: str, query: Query) -> list[Row]:
        """Like `rows`, with a finder or condition in the query."""
        attempt.calls += 1
        page = await self._client.look(resource, [*query, ("limit", str(MOST_ROWS))])
        if page.has_more:
            raise Garbled(f"oracle_fusion {resource}: more than {len(page.rows)} rows fulfil {query[0][1][:120]}")
        return page.whole(resource)

    async def child(self, attempt: Attempt, row: Row, name: str, expand: str = "") -> list[Row]:
        """A child list of a row, read to its end; `expand` names the child lists of its rows."""
        own = children(row, name)
        if own.is_whole:
            return own.rows
        found: list[Row] = []
        while True:
            attempt.calls += 1
            paged = [*([("expand", expand)] if expand else []), ("limit", str(MOST_ROWS)), ("offset", str(len(found)))]
            request = self._client.request("GET", self._client.at(own.href, name, paged))
            page = await self._client.calls.look(request, name, lambda answer: listed(answer, name))
            found += page.whole(name)
            if not page.has_more:
                return found
            if not page.rows:
                raise Transient(f"oracle_fusion {name}: the list has no end after {len(found)} rows")

    def address(self, row: Row) -> str:
        """A row's own address. Raises `Malformed` if its links do not give it."""
        href = link(row, "self")
        if not href:
            raise Malformed("oracle_fusion: the row has no link to itself")
        return self._client.at(href, "row")

    # --- documents of Receivables -------------------------------------------------------------------------------------

    async def by_ref(self, attempt: Attempt, form: Form) -> list[Row]:
        """The invoices or credit memos that carry our ref."""
        condition = f"CrossReference = {quoted(attempt.ref)}"
        found = await self.rows(attempt, form.collection, condition, [("expand", form.expand)])
        return [row for row in found if text(row, "CrossReference") == attempt.ref]

    async def by_id(self, attempt: Attempt, form: Form, erp_id: str) -> Row | None:
        """The invoice or credit memo with this id, without its child lists."""
        found = await self.rows(attempt, form.collection, f"CustomerTransactionId = {key_of(erp_id)}")
        return found[0] if found else None

    async def completion(self, attempt: Attempt, form: Form) -> Request:
        """The request that completes the transaction which was seen before this step."""
        erp_id = attempt.document.erp_id if attempt.document is not None else ""
        row = await self.by_id(attempt, form, erp_id)
        if row is None:
            raise Refused(f"oracle_fusion {attempt.ref}: transaction {erp_id} is not there", "gone")
        return self._client.request("PATCH", self.address(row), dumps(COMPLETED))

    async def transaction(self, attempt: Attempt, row: Row, resolved: ResolvedCommand) -> Document:
        """A row with all of its lines, as the document of a command."""
        form = documents.FORMS[resolved.record]
        parts = (await self.child(attempt, row, form.lines), await self.child(attempt, row, form.distributions))
        return compare.transaction(row, parts, resolved, self._client.settings)

    async def receipts(self, attempt: Attempt) -> list[Row]:
        """The receipts that carry our ref."""
        command = attempt.resolved.command
        unit, number = fields(command)["dimensions"]["BusinessUnit"], documents.receipt_number(command)
        found = await self.rows(attempt, RECEIPTS, f"ReceiptNumber = {quoted(number)} and BusinessUnit = {quoted(unit)}")
        return [row for row in found if compare.ref_in(text(row, "Comments")) == attempt.ref]

    async def pair(self, attempt: Attempt, resolved: ResolvedCommand, written: str = "") -> tuple[Row, Row]:
        """The receipt of an application, and the invoice that it settles. If the application is `written` (its id), these are the two of its id,
        because the source's payment may be voided by now, or be another receipt. Raises `Refused` if either is not there."""
        keys = written.rstrip(UNSURE).split("/")
        if len(keys) == 2 and all(is_key(one) for one in keys):
            receipt_id, settled = keys[0], f"CustomerTransactionId = {keys[1]}"
        else:
            receipt_id, settled = parent_id(resolved.command, "payment", resolved.ids), self._settled(resolved)
        receipts = await self.rows(attempt, RECEIPTS, f"StandardReceiptId = {key_of(receipt_id)}", [("expand", REFERENCES)])
        invoices = await self.rows(attempt, INVOICES, settled, [("expand", INSTALLMENTS)])
        if len(receipts) != 1 or len(invoices) != 1:
            raise Refused(f"oracle_fusion {attempt.ref}: receipt {receipt_id} or the invoice that it settles is not there", "gone")
        return receipts[0], invoices[0]

    async def applications(self, attempt: Attempt, receipt: Row, settled: Row) -> list[Row]:
        """The applications of the receipt to the invoice, as the invoice's bill-to site lists them."""
        account, site = text(settled, "BillToCustomerNumber"), text(settled, "BillToSite")
        sites = await self.found(attempt, CUSTOMERS, [("finder", f"{FINDER};AccountNumber={account}"), ("expand", APPLICATIONS)])
        own = [one for one in sites if text(one, "BillToSiteNumber") == site]
        if len(own) != 1:
            raise Transient(f"oracle_fusion {attempt.ref}: bill-to site {account}/{site} is not shown, nor what is applied at it")
        listed = await self.child(attempt, own[0], APPLICATIONS)
        return compare.between(listed, required_id(receipt, "StandardReceiptId"), required_id(settled, "CustomerTransactionId"))

    @staticmethod
    def has_keys(resolved: ResolvedCommand) -> bool:
        """Whether the receipt and the invoice that an application names have Fusion ids; otherwise Fusion has no such documents. If one has no id at
        all, this ledger sent nothing; raises `Refused` if another ledger may have sent it."""
        roles = [one["role"] for one in resolved.command["parents"] if one["role"] in ("payment", "invoice")]
        try:
            return all(is_key(parent_id(resolved.command, role, resolved.ids)) for role in roles)
        except Refused:
            if resolved.tried_since is None:
                raise
            return False

    def _settled(self, resolved: ResolvedCommand) -> str:
        """The condition that finds the invoice: the id of the link, or the number from the opening balances."""
        number = fields(resolved.command)["applications"][-1]["document_number"]
        if number:
            return f"TransactionNumber = {quoted(number)} and BusinessUnit = {quoted(self._client.settings.business_unit)}"
        return f"CustomerTransactionId = {key_of(parent_id(resolved.command, 'invoice', resolved.ids))}"


def is_key(found: str) -> bool:
    """Whether a text has the form of a Fusion id."""
    return found.isascii() and found.isdigit()


def key_of(found: str) -> str:
    """A Fusion id in the form that a condition needs. Raises `Refused` if it is not a number."""
    if not is_key(found):
        raise Refused(f"oracle_fusion: {found[:60]!r} is not an id of a document here")
    return found
