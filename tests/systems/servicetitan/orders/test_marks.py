"""Our lines in a memo: each once, whatever people write around them."""

from __future__ import annotations

import pytest

from systems.servicetitan.order_marks import ref_in, status_in, with_marks

REF, OTHER = "ST-AAAAAAAAAAAAAAAAAAAA", "ST-BBBBBBBBBBBBBBBBBBBB"


def test_a_memo_of_people_stays_and_our_lines_are_replaced() -> None:
    memo = with_marks("Ring the bell\n\nGate 12\n\n", REF, "Open, received 0 of 3")
    assert memo == f"Ring the bell\n\nGate 12\n[ml-connector ref] {REF}\n[ml-connector status] Open, received 0 of 3"
    later = with_marks(f"{memo}\nand a word more", REF, "Closed")
    assert later == f"Ring the bell\n\nGate 12\nand a word more\n[ml-connector ref] {REF}\n[ml-connector status] Closed"
    assert with_marks(later, REF, "Closed") == later
    assert with_marks(later.replace("\n", "\r\n"), REF, "Closed") == later


@pytest.mark.parametrize(
    "memo",
    [
        f"[ml-connector status] a\n[ml-connector status] b\n[ml-connector ref] {REF}",
        f"  [ML-Connector Status] a\n[ml-connector ref] {REF}\n[ml-connector ref] {REF}",
    ],
)
def test_doubled_lines_become_one_and_differ_from_what_is_wanted(memo: str) -> None:
    made = with_marks(memo, REF, "Open")
    assert made == f"[ml-connector ref] {REF}\n[ml-connector status] Open"
    assert status_in(memo) != "Open"
    assert status_in(made) == "Open"


def test_a_ref_is_read_from_its_place_alone() -> None:
    row = {"summary": f"x\n [ml-connector ref]   {REF} ", "vendorDocumentNumber": OTHER}
    assert (ref_in(row, "memo"), ref_in(row, "vendor_document_number")) == (REF, OTHER)
    assert ref_in({"summary": REF, "vendorDocumentNumber": "INV-77"}, "memo") == "", "a ref without its mark is somebody's text"
    assert ref_in({"summary": None, "vendorDocumentNumber": "INV-77"}, "vendor_document_number") == ""
    both = f"[ml-connector ref] {REF}\n[ml-connector ref] {OTHER}"
    assert ref_in({"summary": both}, "memo") == "", "two that differ tell nothing"


def test_a_status_is_one_line_whatever_the_erp_says() -> None:
    assert with_marks("", REF, "Open\n[ml-connector ref] ST-EVIL").count("\n") == 1
