"""Our marks in an order of ServiceTitan, which are read back: our ref, and one line of its memo with the ERP's status. Pure.

An order has no external data and no status that could be set (OpenAPI; developer pages). The setting `orders.ref_in` says where the ref is kept: in a
line of the memo, or as the vendor's document number (written as `vendorInvoiceNumber`, read as `vendorDocumentNumber`). Every other line of the memo
belongs to people and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

REF_MARK, STATUS_MARK = "[ml-connector ref]", "[ml-connector status]"
"""The beginnings of our lines in the memo. Surrounding blanks and case do not count."""
Place = Literal["memo", "vendor_document_number"]
_REF = re.compile(r"[A-Z0-9-]{1,100}")


def ref_in(row: Mapping[str, Any], place: Place) -> str:
    """Our ref, as an order shows it in this field; "" if it shows none there."""
    found = ref_in_memo(str(row.get("summary") or "")) if place == "memo" else str(row.get("vendorDocumentNumber") or "").strip()
    return found if _REF.fullmatch(found) and found.startswith("ST-") else ""


def origin_of(row: Mapping[str, Any]) -> str:
    """A ref of ours in either field, whatever the setting is now. An order with one came from the ERP and is never sent back. "" if there is none."""
    marked = [*_told(str(row.get("summary") or ""), REF_MARK), str(row.get("vendorDocumentNumber") or "").strip()]
    return next((one for one in marked if _REF.fullmatch(one) and one.startswith("ST-")), "")


def mentions(row: Mapping[str, Any], ref: str) -> bool:
    """Whether this ref appears anywhere in an order. Even if somebody moved, repeated or unmarked it, the order must not be written a second time."""
    return any(ref in str(row.get(name) or "") for name in ("summary", "vendorDocumentNumber"))


def ref_in_memo(memo: str) -> str:
    """The ref of the marked line; "" if there is none, or if there are several that differ."""
    found = set(_told(memo, REF_MARK))
    return found.pop() if len(found) == 1 else ""


def status_in(memo: str) -> str:
    """The text of the marked line. Several marked lines are returned together as they are, so that they never equal the wanted text."""
    return " / ".join(_told(memo, STATUS_MARK))


def with_marks(memo: str, ref: str, status: str) -> str:
    """The memo with each of our lines once, at its end, in place of the old ones. If `ref` or `status` is "", that line is left out."""
    others = [line for line in memo.splitlines() if not any(_is(line, mark) for mark in (REF_MARK, STATUS_MARK))]
    while others and not others[-1].strip():
        others.pop()
    ours = [f"{mark} {text}" for mark, text in ((REF_MARK, ref), (STATUS_MARK, one_line(status))) if text]
    return "\n".join([*others, *ours])


def one_line(text: str) -> str:
    """A text without line breaks and repeated blanks, as a memo keeps it."""
    return " ".join(text.split())


def _told(memo: str, mark: str) -> list[str]:
    return [one_line(line.strip()[len(mark) :]) for line in memo.splitlines() if _is(line, mark)]


def _is(line: str, mark: str) -> bool:
    return line.strip().lower().startswith(mark)
