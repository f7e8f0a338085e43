"""Control characters in free text: taken out on the way to any target, and noted; codes stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from systems.mapped import Draft
from systems.peoplesoft.documents import words
from tests import toy
from tests.unit.topology import hops
from tests.unit.topology.hops import Memory, canonical_records, context, decisions, outputs, raw_record
from topology import canonical_to_command, raw_to_canonical
from topology.rules.cleaning import cleaned

UNFIT = ["\x00", "\x0b", "\x0c", "\x1f", "\x7f", "\x9f", "\ufffe", "\uffff", "\ud800"]


@pytest.fixture(autouse=True, scope="module")
def _toys() -> Iterator[None]:
    with hops.toys():
        yield


@pytest.mark.parametrize("unfit", UNFIT)
def test_free_text_is_cleaned_in_header_and_lines_and_codes_are_not(unfit: str) -> None:
    text = f"Replace{unfit}valve"
    lines = [{"description": text, "account": text, "item": text}, {"description": "good"}]
    body = {"description": text, "name": text, "code": text, "human_number": text, "dimensions": {"x": text}, "lines": lines}
    draft, notes = cleaned(Draft("journal", body, "P1", "sale"))
    assert draft.body == {
        **body,
        "description": "Replace valve",
        "name": "Replace valve",
        "lines": [{**lines[0], "description": "Replace valve"}, lines[1]],
    }
    assert notes == ["description", "name", "line 1 description"]


@pytest.mark.parametrize("text", ["Job 7\n2nd line\tand a tab\r", "é ß 文字 Ж 😀", "‮right to left", ""])
def test_what_a_target_can_keep_stays(text: str) -> None:
    draft = Draft("journal", {"description": text, "lines": [{"description": text}]}, "P1", "sale")
    assert cleaned(draft) == (draft, [])


def test_the_hop_writes_the_command_and_notes_what_it_cleaned() -> None:
    around = context({"east": "Replace\x0bvalve"})
    first = raw_to_canonical.apply([raw_record(0, toy.raw("7", 1, b'{"total": 5.50}'))], Memory(), around)
    outcome = canonical_to_command.apply(canonical_records(first), Memory(), around)
    [command] = outputs(outcome, f"command.{toy.TARGET}")
    assert (command["description"], command["hold"]) == ("Replace valve", "")
    assert decisions(outcome) == ["cleaned"]
    assert "description" in outcome.decisions[0][1].detail


@pytest.mark.parametrize("unfit", [*UNFIT, "\t", "\n"])
def test_a_command_from_before_is_written_all_the_same(unfit: str) -> None:
    assert words(f" Replace{unfit}valve ", 30) == "Replace valve"
