"""The present state of the books in our own words, for checkers: `GET /__sim__/documents?kind=vendorBill`."""

from __future__ import annotations

from typing import Any

from systems.netsuite.simulator.account import Account, Row, left, money
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.rules.ledger import lines_of
from systems.netsuite.simulator.rules.work import is_posted
from systems.netsuite.simulator.service.view import status_word


def documents(account: Account, kind: str) -> list[dict[str, Any]]:
    """Every record of a type; amounts are decimal texts, dates ISO."""
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}; known: {', '.join(KINDS)}")
    is_document = KINDS[kind].family == "transaction"
    return [_document(account, row) if is_document else _master(row) for row in account.rows(kind)]


def _master(row: Row) -> dict[str, Any]:
    return {"ref": row.get("externalId", "")} | {name: value for name, value in row.items() if not name.startswith("_")}


def _document(account: Account, row: Row) -> dict[str, Any]:
    period = account.get("accountingPeriod", row.get("postingPeriod", ""))
    return {
        "id": row["id"],
        "type": KINDS[row["_kind"]].code,
        "number": row.get("tranId", ""),
        "ref": row.get("externalId", ""),
        "human_number": row.get("tranId", ""),
        "party": str(row.get("customer") or row.get("entity") or ""),
        "description": row.get("memo", ""),
        "subsidiary": row["subsidiary"],
        "amount": row["total"],
        "tax": f"{money(row, 'taxTotal'):.2f}",
        "balance": f"{left(row):.2f}",
        "status": status_word(row),
        "posted": is_posted(row),
        "date": row["tranDate"],
        "period": (period or {}).get("periodName", ""),
        "created_from": row.get("createdFrom", ""),
        "lines": [
            {"account": _number(account, line.account), "amount": f"{line.amount:.2f}", "main": line.is_main, "tax": line.is_tax}
            | _source(line.source)
            for line in lines_of(account, row)
        ],
        "applications": [
            {"id": line["doc"], "amount": line["amount"]} for name in ("apply", "deposit") for line in _list(row, name)
        ],
    }


def _list(row: Row, name: str) -> list[Row]:
    found = row.get(name)
    return found if isinstance(found, list) else []


_TOLD = (
    "item",
    "department",
    "class",
    "location",
    "quantity",
    "rate",
    "quantityReceived",
    "quantityBilled",
    "orderDoc",
    "orderLine",
)


def _source(line: Row) -> dict[str, str]:
    told = {name: str(line[name]) for name in _TOLD if line.get(name)}
    return {"description": str(line.get("memo") or line.get("description") or "")} | told


def _number(account: Account, key: str) -> str:
    return str((account.get("account", key) or {}).get("acctNumber", ""))
