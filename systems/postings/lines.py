"""Lines of a posting, and totals that agree to the cent. Pure. Amounts are `Decimal` in the currency of the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from runtime.errors import Malformed
from schemas.records import PostingLine
from systems.postings.document import Hold

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")


class Place(NamedTuple):
    """Where a line is booked: account, and further dimensions by the ERP's own names."""

    account: str
    dimensions: Mapping[str, str]
    subaccount: str = ""
    tax_code: str = ""


def line(place: Place, role: str, amount: Decimal, text: str, source_line_id: str = "") -> PostingLine:
    """A line with quantity 1."""
    return {
        "source_line_id": source_line_id,
        "role": role,
        "description": text,
        "quantity": ONE,
        "unit_price": amount,
        "amount": amount,
        "account": place.account,
        "subaccount": place.subaccount,
        "dimensions": dict(place.dimensions),
        "item": "",
        "tax_code": place.tax_code,
    }


def priced(made: PostingLine, quantity: Decimal, unit_price: Decimal) -> PostingLine:
    """The line with its quantity and price, if their product is the line's amount to the cent; otherwise the line unchanged, with quantity 1."""
    is_fit = quantity > 0 and unit_price >= 0 and rounded(quantity * unit_price) == made["amount"]
    return {**made, "quantity": quantity, "unit_price": unit_price} if is_fit else made


def credit(made: PostingLine) -> PostingLine:
    """The line as a journal books it: quantity 1, income negative."""
    return {**made, "quantity": ONE, "unit_price": -made["amount"], "amount": -made["amount"]}


def item_text(one: Mapping[str, Any]) -> str:
    """The text of a line about its item."""
    return f"{one['sku_code']} {one['description']}".strip()


def header_text(record: Mapping[str, Any]) -> str:
    """The description of a document: its job, and where the work was done."""
    parts = [f"Job {record['job_number']}" if record["job_number"] else "", record["location_name"] or record["customer_name"]]
    return " - ".join(part for part in parts if part)[:200]


def human_number(record: Mapping[str, Any]) -> str:
    """The number by which people know a document."""
    return str(record["number"] or record["source_id"])


def cut(lines: Sequence[PostingLine], length: int) -> list[PostingLine]:
    """The lines, with their texts cut to the length that an ERP takes."""
    return [{**one, "description": one["description"][:length]} for one in lines]


# --- totals -----------------------------------------------------------------------------------------------------------


def rounded(amount: Decimal) -> Decimal:
    """An amount in cents, rounded half up. What rounding loses shows in the document's total and goes to the rounding account."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def broken_cents(what: str, amount: Decimal) -> Hold | None:
    """The hold of an amount that is not a whole number of cents, which no ledger can keep; `what` is the word for the amount."""
    if amount == rounded(amount):
        return None
    return Hold("total_mismatch", f"the {what} is {amount}, money has cents: correct the source document")


def total_of(lines: Sequence[PostingLine]) -> Decimal:
    """Sum of the lines."""
    return sum((one["amount"] for one in lines), ZERO)


def split(amount: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """An amount in cents, divided by shares. The leftover cents go to the largest remainders, so that the parts add up exactly."""
    whole = sum(shares, ZERO)
    if whole <= 0 or any(share < 0 for share in shares):
        raise Malformed("shares: must be positive numbers")
    sign = -1 if amount < 0 else 1
    cents = int(abs(amount) / CENT)
    exact = [Decimal(cents) * share / whole for share in shares]
    parts = [int(one.to_integral_value(ROUND_FLOOR)) for one in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: cents - sum(parts)]:
        parts[place] += 1
    return [sign * part * CENT for part in parts]


def closed(lines: list[PostingLine], total: Decimal, limit: Decimal, place: Callable[[], Place]) -> Hold | None:
    """Bring the lines to `total` by a line on the rounding account; `place` is called only if there is a difference. Returns the hold of a difference
    that is above the limit or not a whole number of cents."""
    made = total_of(lines)
    if made == total:
        return None
    if total != rounded(total) or abs(total - made) > limit:
        return Hold("total_mismatch", f"lines, tax and charges make {made}, the total is {total}: correct the source document")
    lines.append(line(place(), "rounding", total - made, "Rounding"))
    return None
