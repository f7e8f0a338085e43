"""The sheet of proposals: what people may do with it, what is refused with its line, and what `match` says of where it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from console.cli.main import app
from console.matching.masters import Masters
from console.matching.propose import proposals
from console.matching.score import Master
from console.matching.sheet import MatchDecision, read_decisions, write_proposals
from console.matching.summary import counted, hindrances, open_proposals
from runtime.errors import Broken
from systems.connection import ConnectionSettings
from tests.unit.console.entries import settings, without_feeds

OURS = Master("1", "John Smith", "12 Oak Street", "", "Austin", "TX", "78701", "(512) 555-0101")
THEIRS = replace(OURS, id="C1", name="JOHN SMITH")
HEAD = "entity,source_id,target_id,decision\n"


def decisions(path: Path, content: str) -> list[MatchDecision]:
    path.write_text(content)
    return read_decisions(path)


def test_again_without_a_sheet_of_decisions_is_a_wrong_call() -> None:
    """It was ignored without a word."""
    said = CliRunner().invoke(app, ["match", "acme", "--again"])
    assert said.exit_code == 2
    assert "--import" in said.output


def test_a_row_whose_id_lost_its_zeros_is_told_so(tmp_path: Path) -> None:
    """It heard that columns were sorted apart."""
    with pytest.raises(Broken, match=r"m\.csv:2: customer 7\. Is '007' meant\? Format the column as Text and type it again"):
        decisions(tmp_path / "m.csv", f"key,{HEAD}customer/007,customer,7,,reject\n")


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".CSV", ".XLSX"])
@pytest.mark.parametrize("name", ["a\x0bb", "a\x00b", "\x1b[2J", "a\nb", "=1+1", "Øre", "a\ufffeb"])
def test_whatever_a_name_holds_the_sheet_is_written_and_read(tmp_path: Path, ending: str, name: str) -> None:
    """A name with U+000B ended `match --export` with a traceback."""
    path = tmp_path / f"m{ending}"
    made = proposals("customer", [replace(OURS, name=name)], [replace(THEIRS, name=name)], {})
    assert write_proposals(path, [replace(made[0], decision="accept")]) == 1
    assert [(d.source_id, d.target_id, d.decision) for d in read_decisions(path)] == [("1", "C1", "accept")]


def test_headings_stand_in_any_order_and_case_beside_notes_of_a_person(tmp_path: Path) -> None:
    content = "Decision;Note;SOURCE ID;target_id;Entity\r\nAccept;sure?;1;C1;Customer\r\n;later;2;;customer\r\n"
    assert decisions(tmp_path / "M.CSV", content) == [MatchDecision("customer", "1", "C1", "accept", f"{tmp_path}/M.CSV:2")]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("customer,1,C1,accept\ncustomer,1,,reject\n", ":3: customer 1 is decided here (reject) and at {path}:2 (accept)"),
        ("customer,1,C1,accept\ncustomer,1,C2,accept\n", ":3: customer 1 is decided here (accept) and at {path}:2 (accept)"),
        ("customer,1,C1,accept\nCustomer,\u00a01,C1,Accept\n", ":3: customer 1 is decided here"),
        ("customer,1,C1,maybe\n", ":2: customer 1: decision 'maybe' is not one of"),
        ("customer,1,,accept\n", ":2: customer 1: accept needs a target_id"),
        ("custmer,1,C1,accept\n", ":2: custmer 1: entity is not one of customer, vendor"),
        ("customer,,C1,accept\n", "source_id is empty"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_line(tmp_path: Path, lines: str, told: str) -> None:
    path = tmp_path / "m.csv"
    with pytest.raises(Broken) as raised:
        decisions(path, HEAD + lines)
    assert told.format(path=path) in str(raised.value)


@pytest.mark.parametrize("head", ["entity,source_id,target_id\n", "entity,source_id,target_id,decision,Decision\n"])
def test_a_sheet_without_its_headings_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(Broken, match="'decision'"):
        decisions(tmp_path / "m.csv", head)


def test_a_workbook_tells_its_words_and_is_read_under_another_sheets_name(tmp_path: Path) -> None:
    path = tmp_path / "m.xlsx"
    write_proposals(path, proposals("customer", [OURS], [THEIRS], {}))
    book = openpyxl.load_workbook(path)
    assert {"accept", "reject", "create"} <= {row[0].value for row in book["legend"].iter_rows()}
    head = [cell.value for cell in next(book["match"].iter_rows())]
    book["match"].cell(2, head.index("decision") + 1).value = "reject"
    book["match"].title = "Tabelle1"
    book.save(path)
    assert [d.decision for d in read_decisions(path)] == ["reject"]
    book.create_sheet("other").append(["x"])
    book.save(path)
    assert [d.decision for d in read_decisions(path)] == ["reject"]
    book["Tabelle1"].cell(1, head.index("decision") + 1).value = "my word"
    book.save(path)
    with pytest.raises(Broken, match="no sheet named 'match' among"):
        read_decisions(path)


def _divided(path: Path, *sheets: tuple[str, list[str]]) -> Path:
    """A workbook whose sheets hold a decision each."""
    book = openpyxl.Workbook()
    for number, (title, row) in enumerate(sheets):
        sheet = book.active if not number else book.create_sheet(title)
        sheet.title = title
        sheet.append(HEAD.strip().split(","))
        sheet.append(row)
    book.save(path)
    return path


def test_every_sheet_of_decisions_is_read(tmp_path: Path) -> None:
    """Where the work was divided, only the sheet `match` was read, and the others' decisions were lost without a word."""
    path = _divided(tmp_path / "m.xlsx", ("match", ["customer", "1", "C1", "accept"]), ("Bob", ["customer", "2", "", "reject"]))
    assert [(d.source_id, d.decision) for d in read_decisions(path)] == [("1", "accept"), ("2", "reject")]


@pytest.mark.parametrize("again", ["1", "1 ", "\u200b1", "\u00a01", "\ufeff1"])
def test_one_master_decided_on_two_sheets_is_refused_with_both_places(tmp_path: Path, again: str) -> None:
    path = _divided(tmp_path / "m.xlsx", ("Ann", ["customer", "1", "C1", "accept"]), ("Bob", ["Customer", again, "", "reject"]))
    with pytest.raises(
        Broken, match=r"m\.xlsx\[Bob\]:2: customer 1 is decided here \(reject\) and at .*m\.xlsx\[Ann\]:2 \(accept\)"
    ):
        read_decisions(path)


def test_each_row_says_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write_proposals(path, [*proposals("customer", [OURS], [THEIRS], {}), *proposals("customer", [OURS], [], {})])
    text = path.read_text("utf-8-sig")
    assert '"accept, reject, create"' in text
    assert '"reject, create, accept with a target_id"' in text


def _settings(erp: str, *off: str) -> ConnectionSettings:
    return without_feeds(settings(erp=erp), *off)


def test_a_side_of_which_nothing_was_read_has_no_counts(tmp_path: Path) -> None:
    """Before the first poll every customer was counted as without a partner, or everything as zero."""
    masters = {"customer": Masters([OURS], [], {}, 1, 0), "vendor": Masters()}
    hindered = hindrances(_settings("acumatica"), masters)
    assert hindered["customer"].startswith("nothing read yet: no customer of acumatica")
    assert hindered["vendor"].startswith("nothing read yet: no vendor of servicetitan")
    assert open_proposals(masters, hindered) == []
    rows = counted(masters, [], hindered, 0)
    assert [row["count"] for row in rows if row["entity"] != "all"] == [None, None]


def test_a_side_whose_feed_is_off_is_not_waited_for() -> None:
    """It was told to start the services and wait for a poll that never comes."""
    masters = {"customer": Masters([OURS], [THEIRS], {}, 1, 1), "vendor": Masters([], [THEIRS], {}, 0, 1)}
    hindered = hindrances(_settings("acumatica", "vendors"), masters)
    assert hindered == {"vendor": "no vendor of servicetitan is read: its feed is off (feeds_off); take it out there and apply"}


def test_an_erp_that_was_read_and_has_none_so_far_leaves_each_of_ours_without_a_partner() -> None:
    """A company that is set up anew was told to wait for the first poll, which had been."""
    masters = {"customer": Masters([OURS], [], {}, 1, 0), "vendor": Masters([], [], {}, 0, 0)}
    hindered = hindrances(_settings("acumatica"), masters, {"customer", "vendor"})
    assert hindered == {"vendor": "nothing read yet: no vendor of servicetitan; start the services and wait for the first poll"}
    assert [(p.entity, p.verdict) for p in open_proposals(masters, hindered)] == [("customer", "none")]


def test_a_system_without_customers_is_said_to_have_none() -> None:
    masters = {"customer": Masters([OURS], [], {}, 1, 0), "vendor": Masters([OURS], [THEIRS], {}, 1, 1)}
    hindered = hindrances(_settings("peoplesoft"), masters)
    assert hindered == {"customer": "peoplesoft has no customers: there is nothing to match"}
    assert [p.entity for p in open_proposals(masters, hindered)] == ["vendor"]


def test_what_was_read_and_is_inactive_is_read() -> None:
    masters = {"customer": Masters([OURS], [], {"9": "C9", "8": ""}, 1, 3)}
    hindered = hindrances(_settings("acumatica"), masters)
    assert hindered == {}
    rows = counted(masters, open_proposals(masters, hindered), hindered, 2)
    assert [(row["proposal"], row["count"]) for row in rows] == [
        ("links written now", 2),
        ("none", 1),
        ("linked", 1),
        ("rejected: no partner", 1),
    ]


def test_two_of_ours_with_one_partner_are_named() -> None:
    """A target that was copied into the row below linked two customers to one account, and nothing was said."""
    pair = [Master(id="1", name="Hall Brewing"), Master(id="2", name="Jason Hall"), Master(id="3", name="Ana")]
    masters = {"customer": Masters(pair, [Master(id="CX9", name="Hall Brewing")], {"1": "CX9", "2": "CX9", "3": "CX8"}, 3, 1)}
    rows = counted(masters, [], {}, 2)
    assert {"entity": "customer", "proposal": "linked, although another one has the same partner: CX9", "count": 2} in rows
