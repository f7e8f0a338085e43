"""Pages of `docs/` that are drawn or that name tests and files: not stale, and everything they name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from console.pages import flows
from systems import registry
from tests.named import NAMED, ROOT, is_there

FLOWS = [(erp.name, flow) for erp in registry.erps() for flow in erp.flows]
SHOWN = flows.table_of_tests()


def listed(erp: str, flow: str) -> dict[str, list[str]]:
    """What the table says of a flow; ids that several ERPs use are told apart by the ERP's name."""
    return {kind: list(tests) for kind, tests in SHOWN.get(f"{erp}/{flow}", SHOWN.get(flow, {})).items()}


def test_the_page_of_flows_is_what_the_declarations_say() -> None:
    assert flows.PAGE.read_text() == flows.page(), "run `make docs`"


@pytest.mark.parametrize(("erp", "flow"), [(erp, flow.id) for erp, flow in FLOWS])
def test_every_flow_has_tests_of_each_kind_that_exist(erp: str, flow: str) -> None:
    tests = listed(erp, flow)
    assert set(tests) == set(flows.KINDS)
    assert [name for named in tests.values() for name in named if not is_there(name)] == []
    assert all(tests.values())


def test_no_test_is_listed_for_a_flow_that_is_not_there() -> None:
    known = {flow.id for _, flow in FLOWS} | {f"{erp}/{flow.id}" for erp, flow in FLOWS}
    assert sorted(set(SHOWN) - known) == []


def cases() -> Iterator[tuple[str, str]]:
    for tests in SHOWN.values():
        for named in (one for kind in tests.values() for one in kind if "[" in one):
            yield named, named.partition("[")[2].rstrip("]")


@pytest.mark.parametrize(("named", "case"), sorted(set(cases())))
def test_a_case_in_brackets_is_one_of_the_registry(named: str, case: str) -> None:
    name, _, what = case.partition("-")
    system = registry.system(name)
    known = {write.record for write in system.writes} | {flow.entity for erp in registry.erps() for flow in erp.flows}
    assert not what or what in known, named


def test_a_name_that_is_gone_would_be_noticed() -> None:
    assert is_there("tests/unit/console/test_pages.py::cases")
    assert not is_there("tests/unit/console/test_pages.py::test_that_was_renamed")
    assert not is_there("tests/unit/console/test_that_was_moved.py")


COVERAGE = (ROOT / "docs" / "product-coverage.md").read_text()


def rows_of_coverage() -> list[list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in COVERAGE.splitlines() if line.startswith("| ")]
    return [cells for cells in rows if cells[0] != "what is promised"]


SECTIONS = (
    "Opening",
    "What moves between them",
    "How ml-connector handles it",
    "A real-world example",
    "What you can do",
    "Questions",
    "Closing line",
)


def test_every_sentence_stands_under_its_page_and_section() -> None:
    page = section = ""
    for line in COVERAGE.splitlines():
        if line.startswith("## "):
            page, section = line[3:], ""
        elif line.startswith("### "):
            assert line[4:] in SECTIONS[SECTIONS.index(section) + 1 if section else 0 :], f"{page}: {line}"
            section = line[4:]
        elif line.startswith("| "):
            assert page, line
            assert section, line
    assert COVERAGE.count(' integration", by its sections.') == COVERAGE.count("\n## ")


def test_every_test_that_the_page_of_coverage_names_is_there() -> None:
    named = set(NAMED.findall(COVERAGE))
    assert len(named) > 40
    assert sorted(one for one in named if not is_there(one)) == []


def test_every_file_that_the_page_of_coverage_names_is_there() -> None:
    named = {one for one in re.findall(r"`([\w./-]+)`", COVERAGE) if "/" in one and not one.startswith("tests/")}
    assert len(named) > 25
    assert sorted(one for one in named if not (ROOT / one).exists()) == []


@pytest.mark.parametrize("erp", [erp.name for erp in registry.erps()])
def test_every_erp_has_its_page_covered(erp: str) -> None:
    assert f"\n## {registry.system(erp).title}\n" in COVERAGE


def test_every_sentence_says_where_it_lives_or_what_is_done_instead() -> None:
    rows = rows_of_coverage()
    assert len(rows) > 50
    assert [cells[0] for cells in rows if len(cells) != 4 or not (cells[1] or cells[3])] == []
    assert [cells[0] for cells in rows if cells[1] and not (cells[2] or cells[3])] == []
