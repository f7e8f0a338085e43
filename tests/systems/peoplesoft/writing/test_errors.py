"""The tables of PeopleSoft's refusals, read from the answers that the folder tells of, and from messages in their two spellings."""

from __future__ import annotations

import pytest
from lxml import etree

from runtime.exchange import response
from systems.contract import Answer, Verdict
from systems.peoplesoft import answers, errors
from systems.peoplesoft.errors import Message
from systems.peoplesoft.soap import Message as Sent
from tests.contract import examples

ASKED = Sent("CI_ML_JOURNAL_CI_C.V1", b"", "{urn:m}Create__CompIntfc__ML_JOURNAL_CIResponse")
SAID = {one.name: one for one in examples.answers("peoplesoft")}


@pytest.mark.parametrize("name", [name for name, one in SAID.items() if one.steps != ("stage",)])
def test_an_answer_is_classed_as_its_example_says_with_peoplesofts_own_set_number_and_words(name: str) -> None:
    one = SAID[name]
    found = answers.said(response(one.status, one.body, one.headers), ASKED)
    assert isinstance(found, Answer)
    assert found.verdict == Verdict(one.verdict)
    assert {field: getattr(found, field) for field in one.expected} == one.expected
    assert found.code
    assert found.words


def test_every_error_of_an_interface_is_kept_and_the_first_decides() -> None:
    said = [
        Message("Error", "15", "11", "Invalid value (15,11)"),
        Message("Warning", "7030", "9", "The amount is zero."),
        Message("Error", "91", "37", "Error saving Component Interface. {X}"),
    ]
    found = errors.of_interface(said, "X")
    assert (found.verdict, found.code) == (Verdict.REJECT, "15,11")
    assert found.words == "Invalid value (15,11); Error saving Component Interface. {X} (91,37)"


def test_a_row_that_exists_is_a_duplicate_when_it_is_the_documents_own_also_among_others() -> None:
    save = Message("Error", "91", "37", "Error saving Component Interface. {X} (91,37)")
    own = Message("Error", "91", "49", "Row already exists with the specified keys. {X} (91,49)")
    a_line = Message("Error", "91", "49", "Row already exists with the specified keys. {JRNL_LN(2)} (91,49)")
    assert errors.of_interface([save, own], "X").verdict is Verdict.DUPLICATE
    assert errors.of_interface([own], "X").verdict is Verdict.DUPLICATE
    assert errors.of_interface([a_line, save], "X").verdict is Verdict.REJECT
    assert errors.of_interface([a_line], "X").verdict is Verdict.DUPLICATE  # alone it is looked up


def test_a_batchs_error_is_told_with_its_pair_once_and_names_its_hold() -> None:
    closed = "Journal date 2026-01-10 is not within an open period of business unit US001. (5010,44)"
    assert errors.of_outcome("5010", "44", closed) == (closed, "period_closed")
    assert errors.of_outcome("7030", "22", "Invalid supplier.") == ("Invalid supplier. (7030,22)", "refused")
    assert errors.of_outcome("", "", "") == ("", "refused")


@pytest.mark.parametrize("status", [301, 302, 307, 400, 500, 502, 503, 504])
def test_a_page_of_html_decides_nothing_once_it_was_sent(status: int) -> None:
    page = response(status, b"<html><body>Sign in</body></html>", {"Content-Type": "text/html"})
    found = answers.said(page, ASKED)
    assert isinstance(found, Answer)
    assert found.verdict is Verdict.AMBIGUOUS


def test_a_throttling_gateway_is_asked_again_after_the_time_it_names() -> None:
    found = answers.said(response(429, b"", {"Retry-After": "7"}), ASKED)
    assert isinstance(found, Answer)
    assert (found.verdict, found.throttled) == (Verdict.DEFINITE_NO, True)
    assert found.retry_after is not None
    assert found.retry_after.total_seconds() == 7


def test_a_notification_that_is_not_one_is_no_success() -> None:
    element = etree.fromstring("<X><notification>2</notification><detail/></X>")
    found = errors.messages_of(element)
    assert found is not None
    assert errors.of_interface(found, "X").verdict is Verdict.REJECT
    assert errors.messages_of(etree.fromstring("<X><notification>1</notification></X>")) is None
