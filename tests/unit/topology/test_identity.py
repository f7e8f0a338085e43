from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from topology.rules.identity import Books, op_key, ref_of

BOOKS = Books("test", "t|1", "erp", "i1", "c1")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_ref_is_the_first_hundred_bits_of_the_hash_in_base_32(key: str) -> None:
    assert ref_of(key) == "ST-" + base64.b32encode(hashlib.sha256(key.encode()).digest())[:20].decode()


def test_no_two_identities_share_a_key_by_their_separators() -> None:
    one = op_key(BOOKS, "sale", ("invoice", "1|2"), "", "create")
    other = op_key(BOOKS, "sale", ("invoice", "1"), "2", "create")
    assert one != other
    assert one.count("|") == 5
