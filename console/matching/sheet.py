"""Proposals as a file in which people work (CSV or XLSX), and the decisions read back from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.matching.masters import ENTITIES
from console.matching.propose import Proposal
from console.matching.score import Master
from console.output import printable
from console.tables.folder import grids
from console.tables.grid import Entry, Form, Grid, Problems, entries, has_headings
from console.tables.write import write_csv, write_xlsx
from runtime.errors import Broken
from systems.values.codes import code, shape, visible

HEAD = [
    "key", "entity", "verdict", "score", "decision", "allowed", "source_id", "source_name", "source_address", "source_phone",
    "target_id", "target_name", "target_address", "target_phone", "others", "contradicts",
]  # fmt: skip
DECISIONS = ("accept", "reject", "create", "")
LEGEND = (
    ("decision", "what you decide: accept, reject or create; empty = not yet"),
    ("accept", "ours (source) and theirs (target) are the same; correct target_id where another one is meant"),
    ("reject", "ours has no partner in the ERP and gets none: its documents are held"),
    ("create", "ours is new to the ERP: it is created with its first document where `create_missing` allows it"),
    (
        "verdict",
        "exact: name and address agree and nothing contradicts; likely; ambiguous: more than one is as good; none: nobody is alike",
    ),
    ("others", "further partners that are likely, too"),
    ("contradicts", "what both have and what differs"),
)
_REQUIRED = ("entity", "source_id", "target_id", "decision")
_FORM = Form((*_REQUIRED, "key"), _REQUIRED, is_open=True)
_SHEET, _LEGEND = "match", "legend"


@dataclass(frozen=True)
class MatchDecision:
    """What a person decided about one master: accept (with a partner), reject (explicitly no partner) or create; and where that is written."""

    entity: str
    source_id: str
    target_id: str
    decision: str
    place: str = ""


def write_proposals(path: Path, proposals: Iterable[Proposal]) -> int:
    """Write proposals to a .csv or .xlsx file; returns how many."""
    lines = [_line(proposal) for proposal in proposals]
    ending = path.suffix.casefold()
    if ending == ".xlsx":
        write_xlsx(path, {_SHEET: (HEAD, lines), _LEGEND: (["word", "meaning"], [list(one) for one in LEGEND])})
    elif ending == ".csv":
        write_csv(path, (HEAD, lines))
    else:
        raise Broken(f"{path}: neither .csv nor .xlsx.", "Name a file with one of these endings.")
    return len(lines)


def _line(p: Proposal) -> list[str]:
    target, value = p.target, f"{p.score.value:.2f}" if p.score else ""
    theirs = [target.id, *_described(target)] if target else ["", "", "", ""]
    contradicts = ",".join(p.score.contradicts) if p.score else ""
    allowed = "accept, reject, create" if target else "reject, create, accept with a target_id"
    source = [p.source.id, *_described(p.source)]
    key = f"{p.entity}/{p.source.id}"
    return [key, p.entity, p.verdict, value, p.decision, allowed, *source, *theirs, str(p.others), contradicts]


def _described(master: Master) -> list[str]:
    """Name, address and phone for a person to read. They are not read back."""
    return [printable(" ".join(visible(text).split())) for text in (master.name, _address(master), master.phone)]


def _address(master: Master) -> str:
    return ", ".join(filter(None, (f"{master.street} {master.unit}".strip(), master.city, f"{master.state} {master.zip}".strip())))


def read_decisions(path: Path) -> list[MatchDecision]:
    """The decisions in a file that `write_proposals` wrote and a person filled in. Rows without a decision are left out.

    Raises `Broken` with everything that is wrong: an unknown decision, accept without a partner, two rows for one master.
    """
    problems = Problems()
    found: dict[tuple[str, str], MatchDecision] = {}
    for entry in (entry for grid in _sheets(path) for entry in entries(grid, _FORM, problems)):
        made = _decision(entry, problems)
        if made is None:
            continue
        first = found.setdefault((made.entity, code(made.source_id)), made)
        if first is not made:
            words = f"{made.entity} {made.source_id} is decided here ({made.decision}) and at {first.place} ({first.decision})"
            problems.add(made.place, f"{words}. Keep one of them")
    problems.refuse()
    return list(found.values())


def _decision(entry: Entry, problems: Problems) -> MatchDecision | None:
    entity, decision = (code(entry.values.get(name, "")).casefold() for name in ("entity", "decision"))
    source, target = (visible(entry.values.get(name, "")) for name in ("source_id", "target_id"))
    where, key = f"{entity} {source}".strip(), entry.values.get("key", "")
    if decision and (words := _of_another(key, entity, source)):
        problems.add(entry.place, f"{where}{words}")
    elif decision not in DECISIONS:
        problems.add(entry.place, f"{where}: decision {decision[:40]!r} is not one of accept, reject, create")
    elif not decision:
        return None
    elif entity not in ENTITIES or not source:
        problems.add(entry.place, f"{where}: entity is not one of {', '.join(ENTITIES)}, or source_id is empty. Export again")
    elif decision == "accept" and not target:
        problems.add(entry.place, f"{where}: accept needs a target_id. Fill it in, or decide reject or create")
    else:
        return MatchDecision(entity, source, target, decision, entry.place)
    return None


def meant(ids: Sequence[str]) -> str:
    """A question that names the ids from which a spreadsheet may have removed zeros; "" if there are none."""
    return f"Is {' or '.join(map(repr, ids[:3]))} meant? Format the column as Text and type it again" if ids else ""


def _of_another(key: str, entity: str, source: str) -> str:
    """What is wrong if the key of a row, which nobody edits, names another master than its cells; "" if it does not."""
    kind, _, name = key.partition("/")
    if not code(key) or (code(kind).casefold(), code(name)) == (entity, code(source)):
        return ""
    if code(kind).casefold() == entity and shape(name) == shape(source):
        return f". {meant([visible(name)[:80]])}"
    words = "were columns sorted apart, or an id changed? Export again and keep its rows whole; a row that you write yourself has no key"
    return f" stands in the row of {visible(key)[:80]}: {words}"


def _sheets(path: Path) -> list[Grid]:
    """The tables of decisions in a file: in a workbook the sheet `match` and every other one that has its headings, or the only sheet."""
    if not path.exists():
        raise Broken(f"{path} does not exist.", "Write one with `ml-connector match CONNECTION --export FILE`.")
    if path.suffix.casefold() not in (".csv", ".xlsx"):
        raise Broken(f"{path}: neither .csv nor .xlsx.", "Name a file with one of these endings.")
    found = list(grids(path))
    filled = [grid for grid in found if grid.lines and code(grid.title).casefold() != _LEGEND]
    named = [grid for grid in found if not grid.is_sheet or code(grid.title).casefold() == _SHEET or has_headings(grid, _FORM)]
    if not named and len(filled) != 1:
        raise Broken(f"{path}: no sheet named {_SHEET!r} among: {', '.join(grid.title for grid in found)}.", "Name it so.")
    return named or filled
