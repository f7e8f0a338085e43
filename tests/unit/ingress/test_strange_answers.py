"""A server whose headers are no text stops nothing: what is said of them can be written to every record."""

from __future__ import annotations

from typing import cast

import pytest

from runtime.clock import Clock
from runtime.errors import Transient
from runtime.exchange import response
from runtime.redaction import told
from runtime.settings import Settings
from services.ingress.produce import Deliveries
from services.ingress.standing import STOPPED, Standing
from services.ingress.writing import Writing, decided
from systems.acumatica.errors import words_of
from systems.acumatica.models import cut
from systems.http.bodies import require_json
from systems.raw import Where
from tests.unit.ingress.test_writing import SYSTEM, _Clock, _Deliveries
from tests.unit.topology.hops import CODEC

NO_TEXT = "\udcff\udc80/x"
"""Octets that are no UTF-8, as the HTTP library gives them."""


@pytest.mark.parametrize("fails", [Transient(f"it answers {NO_TEXT}"), ValueError(NO_TEXT)])
async def test_a_failure_with_words_that_are_no_text_is_told_to_the_audit(fails: Exception) -> None:
    """The record could not be written, and that ended the poller of the side for good."""
    deliveries = _Deliveries()
    writing = Writing(Settings(), CODEC, cast("Deliveries", deliveries), cast("Clock", _Clock()))

    async def tell(decision: str, feed: str, detail: str) -> None:
        await writing.decision(decided(Where("acme", SYSTEM), decision, detail, (feed, "")))

    standing = Standing(tell)
    for _ in range(3):
        await standing.failed("invoices", fails)
    [record] = [CODEC.decode(one.value)[1] for one in deliveries.sent]
    assert record["decision"] == STOPPED
    assert "??/x" in record["detail"]


def test_what_a_header_says_is_text_wherever_it_is_told() -> None:
    answer = response(200, b"[]", {"Content-Type": NO_TEXT})
    for read in (lambda: cut(answer, "Invoice"), lambda: require_json(answer, "/x")):
        with pytest.raises(Transient) as said:
            read()
        assert str(said.value).encode()
    redirected = response(302, b"", {"Location": f"https://erp/{NO_TEXT}"})
    assert words_of(redirected).text.encode()
    assert told(f"a{NO_TEXT}b", 99) == "a /xb"
