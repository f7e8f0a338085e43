"""How documents of SYSPRO are identified on our side, and our ref in SYSPRO's fields. Pure.

An AP invoice is identified by supplier and number, a line by its order and number, as a receipt has to name them. Our ref is the Reference of an AP
invoice or stock movement. In an order, CustomerPoNumber has the id of the field-service order followed by our ref.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

PERIODS = ("C", "P", "B")
"""PostingPeriod: the current month, the previous one, and the one before that. No other month takes postings."""
CANCELLED, STOCKED = "*", "1"
"""OrderStatus of a cancelled order; LineType of a stocked line."""
MARK = 15
"""Characters of our ref in UserField1 of a supplier."""
_REF = re.compile(r"ST-([A-Z2-7]{20})(?![A-Z0-9-])")
_ORDER_REF = re.compile(r"(?:\d{1,9} |ST-)([A-Z2-7]{20})")
_CUSTOMER_PO = 30


def erp_id(supplier: str, number: str) -> str:
    """The id of an AP invoice: supplier and number; a slash in the supplier is escaped."""
    return f"{quote(supplier, safe=' ')}/{number}"


def parts_of(key: str) -> tuple[str, str]:
    """Supplier and number of an id."""
    supplier, _, number = key.partition("/")
    return unquote(supplier), number


def line_id(purchase_order: str, number: str) -> str:
    """The id of a line of an order."""
    return f"{purchase_order}/{int(number)}" if number.isascii() and number.isdigit() else f"{purchase_order}/{number}"


def ref_in(text: str) -> str:
    """Our ref at the start of a text; "" if there is none."""
    found = _REF.match(text)
    return found.group() if found else ""


def order_reference(source_id: str, ref: str) -> str:
    """CustomerPoNumber: the id of the order on the field-service side and our ref, or the ref alone if both do not fit."""
    both = f"{source_id} {ref.removeprefix('ST-')}"
    is_fit = source_id.isascii() and source_id.isdigit() and len(both) <= _CUSTOMER_PO
    return both if is_fit else ref


def order_ref_in(customer_po_number: str) -> str:
    """Our ref in CustomerPoNumber; "" for an order that is not ours."""
    found = _ORDER_REF.fullmatch(customer_po_number.strip())
    return f"ST-{found.group(1)}" if found else ""
