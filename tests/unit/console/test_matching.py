"""First match: what counts as exact, what a person has to see, and what comes back from a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.matching.propose import proposals
from console.matching.score import Master, score
from console.matching.sheet import read_decisions, write_proposals
from runtime.errors import Broken

OURS = Master("1", "John Smith", "12 Oak Street", "", "Austin", "TX", "78701", "(512) 555-0101", "john@example.com")


def test_case_punctuation_and_street_words_do_not_make_two_of_one() -> None:
    theirs = Master("C1", "JOHN  SMITH.", "12 Oak St", "", "Austin", "TX", "78701-1234", "512 555 0101")
    assert score(OURS, theirs).exact


def test_another_phone_makes_an_equal_name_and_address_no_exact_pair() -> None:
    """Father and son at one address were merged by name and address alone."""
    theirs = Master("C1", "John Smith", "12 Oak St", "", "Austin", "TX", "78701", "512 555 0199")
    found = score(OURS, theirs)
    assert not found.exact
    assert found.contradicts == ("phone",)


def test_two_partners_that_look_alike_are_ambiguous_even_when_one_is_exact() -> None:
    exact = Master("C1", "John Smith", "12 Oak St", "", "Austin", "TX", "78701", "512 555 0101")
    near = Master("C2", "Jon Smith", "12 Oak St", "", "Austin", "TX", "78701", "512 555 0101")
    (proposal,) = proposals("customer", [OURS], [exact, near], {})
    assert (proposal.verdict, proposal.target) == ("ambiguous", exact)


def test_one_partner_claimed_by_two_of_ours_is_exact_for_neither() -> None:
    theirs = Master("C1", "John Smith", "12 Oak St", "", "Austin", "TX", "78701", "512 555 0101")
    twin = Master("2", "John Smith", "12 Oak Street", "", "Austin", "TX", "78701", "512 555 0101")
    made = proposals("customer", [OURS, twin], [theirs], {})
    assert [proposal.verdict for proposal in made] == ["ambiguous", "ambiguous"]


def test_a_linked_master_is_proposed_to_nobody() -> None:
    theirs = Master("C1", "John Smith", "12 Oak St", "", "Austin", "TX", "78701", "512 555 0101")
    (proposal,) = proposals("customer", [OURS], [theirs], {"9": "C1"})
    assert proposal.verdict == "none"


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_decisions_come_back_from_the_sheet_that_was_exported(tmp_path: Path, ending: str) -> None:
    theirs = Master("=1+1", "John Smith", "12 Oak St", "", "Austin", "TX", "78701", "512 555 0101")
    made = proposals("customer", [OURS], [theirs], {})
    path = tmp_path / f"match{ending}"
    from dataclasses import replace

    assert write_proposals(path, [replace(made[0], decision="accept")]) == 1
    (decision,) = read_decisions(path)
    assert (decision.entity, decision.source_id, decision.target_id, decision.decision) == ("customer", "1", "=1+1", "accept")


def test_a_formula_in_a_name_is_text_in_the_sheet(tmp_path: Path) -> None:
    mean = Master("1", "=cmd|' /C calc'!A0", "1 Oak St", "", "Austin", "TX", "78701")
    write_proposals(tmp_path / "m.csv", proposals("customer", [mean], [], {}))
    assert ",'=cmd|" in (tmp_path / "m.csv").read_text()


def test_an_unknown_decision_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("key,entity,decision,source_id,target_id\ncustomer/1,customer,maybe,1,C1\n")
    with pytest.raises(Broken, match=r"row customer/1: decision 'maybe'"):
        read_decisions(path)
