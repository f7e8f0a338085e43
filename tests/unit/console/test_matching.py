"""First match: what counts as exact, what a person has to see, and what comes back from a sheet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from console.connections.publish import Author
from console.matching.decide import decided_links, exact_links, publish_links
from console.matching.masters import Masters, folded_links
from console.matching.propose import proposals
from console.matching.score import Master, score
from console.matching.sheet import MatchDecision, read_decisions, write_proposals
from console.tables.folder import grids
from console.tables.write import write_csv
from runtime.errors import Broken
from systems import registry
from systems.contract import Flow
from topology.topics import link_key

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
    with pytest.raises(Broken, match=r"m\.csv:2: customer 1: decision 'maybe' is not one of accept, reject, create"):
        read_decisions(path)


def _settings(*flows: Flow) -> Any:
    """A connection whose ERP declares these flows."""
    declared = SimpleNamespace(flows=flows)
    erp = SimpleNamespace(system="books", declared=declared)
    return SimpleNamespace(connection="acme", field_service=SimpleNamespace(system=registry.FIELD_SERVICE), erp=erp)


BACK = Flow("X3", "vendors", "books", registry.FIELD_SERVICE, "vendor", ("vendor",), "master")
AUTHOR = Author("ann", "first load", datetime(2026, 3, 2, tzinfo=UTC))
OUR_VENDOR, THEIR_VENDOR = Master("70001", "Ferris Supply"), Master("SHARE/0000000012", "FERRIS SUPPLY INC")


def test_a_pair_is_linked_both_ways_where_a_flow_keeps_it_up_to_date_here() -> None:
    masters = {"vendor": Masters([OUR_VENDOR], [THEIR_VENDOR]), "customer": Masters([OURS], [THEIR_VENDOR])}
    accept = [
        MatchDecision("vendor", "70001", "SHARE/0000000012", "accept"),
        MatchDecision("customer", "1", "SHARE/0000000012", "accept"),
    ]
    made = decided_links(_settings(BACK), masters, accept, AUTHOR)
    assert [(one["entity"], one["source_system"], one["source_id"], one["target_id"], one["target_number"]) for one in made] == [
        ("vendor", registry.FIELD_SERVICE, "70001", "SHARE/0000000012", "FERRIS SUPPLY INC"),
        ("vendor", "books", "SHARE/0000000012", "70001", "Ferris Supply"),
        ("customer", registry.FIELD_SERVICE, "1", "SHARE/0000000012", "FERRIS SUPPLY INC"),
    ]
    assert len({link_key(one) for one in made}) == 3
    assert len(decided_links(_settings(), masters, accept[:1], AUTHOR)) == 1


def test_an_exact_pair_is_linked_both_ways_too_and_is_one_decision() -> None:
    ours = Master("7", "Ferris", "1 Dock", "", "Austin", "TX", "78701")
    theirs = Master("SHARE/7", "Ferris", "1 Dock", "", "Austin", "TX", "78701")
    made = exact_links(_settings(BACK), proposals("vendor", [ours], [theirs], {}), AUTHOR)
    assert [(one["source_id"], one["target_id"]) for one in made] == [("7", "SHARE/7"), ("SHARE/7", "7")]
    written: list[str] = []
    publisher: Any = SimpleNamespace(put=lambda topic, *_: written.append(topic), acked=lambda: None)
    assert publish_links(publisher, made, AUTHOR) == 1
    assert written == ["links", "audit", "links"]


def test_two_of_ours_are_not_kept_up_to_date_by_one_of_theirs() -> None:
    masters = {"vendor": Masters([OUR_VENDOR, Master("70002", "Ferris")], [THEIR_VENDOR])}
    accept = [MatchDecision("vendor", one, "SHARE/0000000012", "accept") for one in ("70001", "70002")]
    with pytest.raises(Broken, match="both 70001 and 70002"):
        decided_links(_settings(BACK), masters, accept, AUTHOR)
    masters["vendor"].linked["70001"] = "SHARE/0000000012"
    with pytest.raises(Broken, match="both 70001 and 70002"):
        decided_links(_settings(BACK), masters, accept[1:], AUTHOR)


def test_what_is_new_to_the_erp_by_the_same_sheet_is_not_accepted_as_exact() -> None:
    """The pair that a person took apart was linked in the same call."""
    theirs = replace(OURS, id="C1")
    made = proposals("customer", [OURS], [theirs], {})
    assert [one.verdict for one in made] == ["exact"]
    assert exact_links(_settings(), made, AUTHOR, [MatchDecision("customer", "1", "C1", "create")]) == []
    assert len(exact_links(_settings(), made, AUTHOR, [MatchDecision("vendor", "1", "", "create")])) == 1


OTHER_VENDOR = Master("SHARE/0000000013", "FERRIS SUPPLY OF TEXAS")


def _decided(linked: dict[str, str], *decisions: MatchDecision, again: bool = False) -> list[tuple[str, str, str]]:
    known = Masters([OUR_VENDOR, Master("70002", "Ferris")], [THEIR_VENDOR, OTHER_VENDOR], linked)
    made = decided_links(_settings(BACK), {"vendor": known}, decisions, AUTHOR, again)
    return [(one["source_system"].replace(registry.FIELD_SERVICE, "source"), one["source_id"], one["target_id"]) for one in made]


@pytest.mark.parametrize(
    ("before", "decision", "told"),
    [
        (
            "SHARE/0000000012",
            ("SHARE/0000000013", "accept"),
            "is linked to SHARE/0000000012 already. Take its row out, or decide again",
        ),
        (
            "SHARE/0000000012",
            ("", "reject"),
            "is linked to SHARE/0000000012 already. Take its row out, or decide again with --again",
        ),
        (
            "SHARE/0000000012",
            ("", "create"),
            "is linked to SHARE/0000000012 already; for create, take its row out, or pass it over with --again",
        ),
        (
            "",
            ("SHARE/0000000013", "accept"),
            "was rejected already: it has no partner. Take its row out, or decide again with --again",
        ),
        ("", ("", "create"), "already: it has no partner; for create, `ml-connector held release` has it created all the same"),
    ],
)
def test_a_sheet_from_before_a_link_does_not_undo_it_unheard(before: str, decision: tuple[str, str], told: str) -> None:
    """An earlier export that was filled in late moved a customer that had been linked, or created, in between; its new documents went to another
    one. A `create` of what was rejected did nothing, and said nothing."""
    late = MatchDecision("vendor", "70001", *decision, "m.csv:7")
    with pytest.raises(Broken, match=r"^m\.csv:7: vendor 70001 ") as refused:
        _decided({"70001": before}, late)
    assert told in str(refused.value)
    if decision[1] == "create" and not before:
        with pytest.raises(Broken):
            _decided({"70001": before}, late, again=True)


def test_a_create_that_came_true_meanwhile_is_passed_over_with_again() -> None:
    """Its first document had created and linked it: such a sheet was refused row by row, also with --again."""
    late = MatchDecision("vendor", "70001", "", "create", "m.csv:7")
    other = MatchDecision("vendor", "70002", "SHARE/0000000013", "accept", "m.csv:8")
    linked = {"70001": "SHARE/0000000012"}
    assert _decided(linked, late, again=True) == []
    assert _decided(linked, late, other, again=True) == _decided(linked, other)


def test_the_same_sheet_may_be_taken_twice() -> None:
    accept = MatchDecision("vendor", "70001", "SHARE/0000000012", "accept")
    assert _decided({"70001": "SHARE/0000000012"}, accept) == _decided({}, accept)
    assert _decided({"70001": ""}, MatchDecision("vendor", "70001", "", "reject")) == [("source", "70001", "")]


def test_a_former_partner_no_longer_keeps_ours_up_to_date() -> None:
    """Its way back stayed: two vendors of the ERP wrote their names over one of ours, in turns."""
    moved = MatchDecision("vendor", "70001", "SHARE/0000000013", "accept")
    linked = {"70001": "SHARE/0000000012"}
    assert _decided(linked, moved, again=True) == [
        ("source", "70001", "SHARE/0000000013"),
        ("books", "SHARE/0000000013", "70001"),
        ("books", "SHARE/0000000012", ""),
    ]
    rejected = _decided(linked, MatchDecision("vendor", "70001", "", "reject"), again=True)
    assert rejected == [("source", "70001", ""), ("books", "SHARE/0000000012", "")]
    given = MatchDecision("vendor", "70002", "SHARE/0000000012", "accept")
    swapped = _decided(linked | {"70002": "SHARE/0000000013"}, given, moved, again=True)
    assert {one[1:] for one in swapped if one[0] == "books"} == {("SHARE/0000000012", "70002"), ("SHARE/0000000013", "70001")}
    assert folded_links(
        [_backward("SHARE/0000000012", "70001"), _backward("SHARE/0000000013", "70001"), _backward("SHARE/0000000012", "")], "books"
    ) == {"vendor": {"70001": "SHARE/0000000013"}}


def _backward(theirs: str, ours: str) -> dict[str, Any]:
    return {"entity": "vendor", "source_system": "books", "source_id": theirs, "target_id": ours}


def test_everything_that_is_wrong_with_a_sheet_is_told_at_once() -> None:
    rows = [
        MatchDecision("vendor", "70009", "", "reject", "m.csv:2"),
        MatchDecision("vendor", "70001", "SHARE/9", "accept", "m.csv:3"),
        MatchDecision("vendor", "70002", "SHARE/0000000012", "accept", "m.csv:4"),
    ]
    with pytest.raises(Broken) as refused:
        _decided({}, *rows)
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()] == ["m.csv:2", "m.csv:3"]


def test_an_id_that_lost_its_zeros_is_told_from_one_that_is_not_there() -> None:
    known = {"customer": Masters([replace(OURS, id="0030"), OURS], [replace(OURS, id="000123")])}
    rows = [MatchDecision("customer", "30", "", "reject", "m.csv:2"), MatchDecision("customer", "1", "123", "accept", "m.csv:3")]
    with pytest.raises(Broken) as refused:
        decided_links(_settings(), known, rows, AUTHOR)
    assert str(refused.value).splitlines() == [
        "m.csv:2: customer 30 is not a customer of servicetitan. Is '0030' meant? Format the column as Text and type it again",
        "m.csv:3: customer 123 is not a customer of books. Is '000123' meant? Format the column as Text and type it again",
    ]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("changed", [{"source_id": "2"}, {"entity": "vendor"}])
def test_a_row_whose_columns_were_sorted_apart_is_refused(tmp_path: Path, changed: dict[str, str], ending: str) -> None:
    """Sorting some columns gave each customer the partner of another row, and every pair was linked."""
    path, copy = tmp_path / f"m{ending}", tmp_path / "edited.csv"
    write_proposals(path, [replace(one, decision="reject") for one in proposals("customer", [OURS], [], {})])
    (grid,) = [grid for grid in grids(path) if "decision" in {cell.text for cell in grid.lines[0].cells.values()}]
    head, row = ({column: cell.text for column, cell in line.cells.items()} for line in grid.lines)
    cells = {name: changed.get(name, row.get(column, "")) for column, name in head.items()}
    write_csv(copy, (list(cells), [list(cells.values())]))
    with pytest.raises(Broken, match=r"edited\.csv:2: .* stands in the row of customer/1: were columns sorted apart"):
        read_decisions(copy)
    cells["key"] = ""
    write_csv(copy, (list(cells), [list(cells.values())]))
    assert [one.decision for one in read_decisions(copy)] == ["reject"]


@pytest.mark.parametrize("their_id", ["A\u00a0B", " A B", "A  B", "A\u200b B", "Cafe\u0301 B"])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_an_id_of_any_blanks_comes_back_from_the_sheet_as_it_is(tmp_path: Path, their_id: str, ending: str) -> None:
    """The sheet said "A B", and no such customer was known."""
    theirs = replace(OURS, id=their_id)
    [proposal] = proposals("customer", [OURS], [theirs], {})
    write_proposals(tmp_path / f"m{ending}", [replace(proposal, decision="accept")])
    made = decided_links(_settings(), {"customer": Masters([OURS], [theirs])}, read_decisions(tmp_path / f"m{ending}"), AUTHOR)
    assert [one["target_id"] for one in made] == [their_id]


def test_ids_that_look_the_same_are_not_told_by_a_sheet() -> None:
    masters = {"customer": Masters([OURS], [replace(OURS, id="A B"), replace(OURS, id="A\u00a0B")])}
    with pytest.raises(Broken, match="A B is not a customer of books"):
        decided_links(_settings(), masters, [MatchDecision("customer", OURS.id, "A B", "accept")], AUTHOR)


def test_no_partner_has_no_way_back_and_a_link_from_the_other_side_alone_counts() -> None:
    masters = {"vendor": Masters([OUR_VENDOR], [THEIR_VENDOR])}
    (rejected,) = decided_links(_settings(BACK), masters, [MatchDecision("vendor", "70001", "", "reject")], AUTHOR)
    assert rejected["target_id"] == ""
    posted = {"entity": "vendor", "source_system": "books", "source_id": "SHARE/9", "target_id": "70009"}
    assert folded_links([rejected, posted], "books") == {"vendor": {"70001": "", "70009": "SHARE/9"}}
