"""Answers that are broken at random: a write is told by a class and never by an exception, a read has every row or fails by the name of what may be
tried again."""

from __future__ import annotations

from random import Random

import pytest

from runtime.errors import ConnectorError, Refused, Transient
from runtime.exchange import response
from runtime.json import Unreadable
from systems.contract import Answer, Verdict
from systems.mapped import Canonical
from systems.syspro import errors
from systems.syspro.find import Search, table_of
from systems.syspro.mapping import to_canonical
from systems.syspro.system import SYSTEM
from tests.contract import examples

HEAD = b'<?xml version="1.0" encoding="Windows-1252"?>\n'
POSTED = (
    HEAD + b"<postapinvoice Language='05'>\n<Item>\n<Key>\n<Supplier>0000010</Supplier>\n<Invoice>N1</Invoice>\n</Key>\n</Item>\n"
    b"<StatusOfItems>\n<ItemsProcessed>000001</ItemsProcessed>\n<ItemsInvalid>000000</ItemsInvalid>\n</StatusOfItems>\n</postapinvoice>\n"
)
FOUND = (
    HEAD + b"<ApInvoice Language='05'>\n<Row><Supplier>0000010</Supplier><Invoice>N1</Invoice></Row>\n"
    b"<Row><Supplier>0000010</Supplier><Invoice>N2</Invoice></Row>\n<RowsReturned>   2</RowsReturned>\n</ApInvoice>\n"
)
ASKED = Search("ApInvoice", ("Supplier", "Invoice"))
PIECES = (
    b"<!--x-->", b"<![CDATA[", b"]]>", b"<ErrorDescription>odd</ErrorDescription>", b"&#0;", b"&bad;", b"<?pi?>", b"\x00", b"\xef\xbb\xbf",
    b"ERROR: ", b"<Status>Failed</Status>", b"<ItemsInvalid>-1</ItemsInvalid>", b"<ItemsInvalid> 1 </ItemsInvalid>", b"\xb9", b"<!DOCTYPE x>",
)  # fmt: skip


def broken(random: Random, body: bytes) -> bytes:
    """The body with one to four things done to it."""
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(body))
        body = (
            body[:at] + body[at + random.randint(1, 30) :],
            body[:at] + random.randbytes(random.randint(1, 6)) + body[at:],
            body[:at],
            body[:at] + random.choice(PIECES) + body[at:],
            body[:at] + body[random.randint(0, len(body)) :][:40] + body[at:],
            random.choice((b'"%b"', b"<string>%b</string>", b"%b%b", b"ERROR: %b")).replace(b"%b", body),
        )[random.randrange(6)]
    return body


@pytest.mark.parametrize("seed", range(8))
def test_a_broken_answer_to_a_write_is_no_yes_and_no_exception(seed: int) -> None:
    """What is left good names the whole document of the request; the document itself is read back before anything is a yes."""
    random = Random(seed)
    seen = set()
    for _ in range(1500):
        body = broken(random, POSTED)
        said = errors.classify(response(200, body), "PostApInvoice")
        assert not isinstance(said, Answer) or said.verdict is not Verdict.YES, body
        if not isinstance(said, Answer):
            assert body.rstrip().endswith((b"</postapinvoice>", b'>\n"', b"</string>", b'>"')), body
        seen.add(said.verdict if isinstance(said, Answer) else None)
    assert Verdict.AMBIGUOUS in seen


@pytest.mark.parametrize("seed", range(8))
def test_a_broken_page_has_every_row_or_may_be_asked_for_again(seed: int) -> None:
    random = Random(f"page {seed}")
    failed = 0
    for _ in range(1500):
        body = broken(random, FOUND)
        try:
            rows = table_of(response(200, body), ASKED).rows
        except (Transient, Refused):
            failed += 1
        except ConnectorError:
            assert b"ERROR" in body, body
        else:
            assert (
                len(rows) == body.count(b"<Row>") or any(isinstance(row, Unreadable) for _, row in rows) or b"<string>" in body
            ), body
    assert failed > 500


@pytest.mark.parametrize("count", ["9" * 5000, "¹", "٢", "2.0", "0x2", "+2"])
def test_a_count_that_is_none_is_no_success_and_no_page(count: str) -> None:
    said = errors.classify(response(200, POSTED.replace(b"000000<", count.encode() + b"<")), "PostApInvoice")
    assert isinstance(said, Answer)
    assert said.verdict is not Verdict.YES
    with pytest.raises(Transient):
        table_of(response(200, FOUND.replace(b"   2<", count.encode() + b"<")), ASKED)


@pytest.mark.parametrize("told", ["", "¹²", "twelve", "-3", "0", "99999999999999999999"])
def test_a_month_that_is_no_number_is_none(told: str) -> None:
    raw = examples.raw(SYSTEM, "bill.that_we_wrote")
    body = raw["body"].replace(b'"InvoiceMonth":3', b'"InvoiceMonth":"%b"' % told.encode())
    assert body != raw["body"], raw["body"]
    (made,) = to_canonical({**raw, "body": body}, examples.connected(SYSTEM).readings[SYSTEM.name])
    assert isinstance(made, Canonical)
    assert made.record["period"] == ""
