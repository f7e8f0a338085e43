"""Asks Fusion for customers, which no resource lists: by name and by account number (`ml-connector match`). Reads only.

Facts: `receivablesCustomerAccountSiteActivities` needs one of AccountNumber, BillToSiteNumber, CustomerName or TaxpayerIdentificationNumber, and
shows a row for each bill-to site. Commas separate the variables of a finder, and how to quote a comma is not documented. So a customer whose name has
a comma or semicolon is searched by its numbers alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from runtime.errors import Malformed, Refused, Transient
from systems.contract import Access, Element, Page
from systems.feeds.elements import Cut, digest_of, element, elements
from systems.oracle_fusion.client import Client
from systems.oracle_fusion.models import Row, listed
from systems.oracle_fusion.validation import CUSTOMERS, FINDER
from systems.values.instants import sortable
from systems.values.members import text

_PAGE = 200
_MOST_PAGES = 50
_MARKS = ",;="


class _Finder:
    """See `systems.contract.Finder`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def find(self, entity: str, name: str, numbers: Sequence[str]) -> Page:
        """Every bill-to site of the customers with this name or one of these account numbers."""
        if entity != "customer":
            raise Refused(f"oracle_fusion: {entity} cannot be asked for")
        asked = [("CustomerName", name), *(("AccountNumber", number) for number in numbers)]
        found: dict[str, Element] = {}
        digest = ""
        for variable, value in asked:
            if value and not any(mark in value for mark in _MARKS):
                digest = await self._ask(variable, value, found) or digest
        return Page(tuple(found.values()), "", more=False, digest=digest)

    async def _ask(self, variable: str, value: str, found: dict[str, Element]) -> str:
        count = 0
        for _ in range(_MOST_PAGES):
            query = [("finder", f"{FINDER};{variable}={value}"), ("limit", str(_PAGE)), ("offset", str(count))]
            answer = await self._client.get(CUSTOMERS, query)
            page = listed(answer, CUSTOMERS)
            for one in _elements(page.rows):
                found.setdefault(one.source_id, one)
            count += len(page.rows)
            if not page.has_more:
                return digest_of(answer.body)
        raise Transient(f"oracle_fusion {CUSTOMERS}: {variable} {value!r} has no end after {count} rows")

    async def close(self) -> None:
        """End the session."""
        await self._client.close()


def _elements(rows: Sequence[Cut]) -> tuple[Element, ...]:
    return elements(rows, _element, f"oracle_fusion {CUSTOMERS}, AccountNumber and BillToSiteNumber")


def _element(row: Row, body: bytes) -> Element:
    try:
        keys = [text(row, name) for name in ("AccountNumber", "BillToSiteNumber")]
    except Malformed:
        keys = [""]
    return element("/".join(keys) if all(keys) else "", sortable(row.get("LastUpdateDate")), body)


def open_finder(access: Access) -> _Finder:
    """A read-only session that asks for customers."""
    return _Finder(Client(access))
