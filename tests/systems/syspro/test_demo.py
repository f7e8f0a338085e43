"""What the demo says of SYSPRO's books: which movements carry a ref of ours, and whose balances are compared."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from systems.demo import BALANCES
from systems.syspro.demo import CLEARING, DEMO

REF = "ST-ABCDEFGHIJKLMNOPQRST"


def _moved(reference: str) -> dict[str, Any]:
    return {"Reference": reference, "TrnValue": "78.27", "Journal": "170", "JournalEntry": "1", "EntryDate": "2026-03-03"}


def _ask(rows: list[dict[str, Any]]) -> Any:
    def ask(path: str) -> Mapping[str, Any]:
        if path == BALANCES:
            return {"vendors": [{"id": CLEARING, "open": "26694.45"}, {"id": "0000007", "open": "12.50"}]}
        return {"documents": rows if path == "documents?kind=InvMovements" else []}

    return ask


def test_stock_that_people_counted_is_no_document_of_ours() -> None:
    """Its reference was taken for a ref that belongs to no object of the source."""
    found = {one.ref: one.amount for one in DEMO.booked(_ask([_moved(REF), _moved("Shelf count")]))}
    assert found == {REF: Decimal("78.27"), "": Decimal("78.27")}


def test_what_jobs_cost_is_no_balance_that_the_source_knows() -> None:
    assert DEMO.balances(_ask([])).vendors == {"0000007": Decimal("12.50")}
