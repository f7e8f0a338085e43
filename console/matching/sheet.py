"""Proposals as a file people work on (CSV or XLSX) and the decisions read back from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from console.connections.files import csv_text, rows_of, write_xlsx
from console.matching.propose import Proposal
from console.matching.score import Master
from runtime.errors import Broken

HEAD = [
    "key", "entity", "verdict", "score", "decision", "source_id", "source_name", "source_address", "source_phone",
    "target_id", "target_name", "target_address", "target_phone", "others", "contradicts",
]  # fmt: skip
DECISIONS = ("accept", "reject", "create", "")
_SHEET = "match"


@dataclass(frozen=True)
class Decision:
    """What a person said of one master: accept (with a partner), reject (explicitly no partner) or create."""

    entity: str
    source_id: str
    target_id: str
    decision: str


def write_proposals(path: Path, proposals: Iterable[Proposal]) -> int:
    """Write proposals to a .csv or .xlsx file; returns how many."""
    lines = [_line(proposal) for proposal in proposals]
    if path.suffix == ".xlsx":
        write_xlsx(path, {_SHEET: (HEAD, lines)})
    elif path.suffix == ".csv":
        path.write_text(csv_text(HEAD, lines), encoding="utf-8")
    else:
        raise Broken(f"{path}: neither .csv nor .xlsx.", "Name a file with one of these endings.")
    return len(lines)


def _line(p: Proposal) -> list[str]:
    target, value = p.target, f"{p.score.value:.2f}" if p.score else ""
    theirs = [target.id, target.name, _address(target), target.phone] if target else ["", "", "", ""]
    contradicts = ",".join(p.score.contradicts) if p.score else ""
    source = [p.source.id, p.source.name, _address(p.source), p.source.phone]
    return [f"{p.entity}/{p.source.id}", p.entity, p.verdict, value, p.decision, *source, *theirs, str(p.others), contradicts]


def _address(master: Master) -> str:
    return ", ".join(filter(None, (f"{master.street} {master.unit}".strip(), master.city, f"{master.state} {master.zip}".strip())))


def read_decisions(path: Path) -> list[Decision]:
    """Decisions of a file that `write_proposals` wrote and a person filled in; rows without a decision are left out."""
    found = []
    for key, values in _rows(path):
        decision = values.get("decision", "").strip().lower()
        if decision not in DECISIONS:
            raise Broken(f"{path}: row {key}: decision {decision!r} is not one of accept, reject, create.")
        if decision == "accept" and not values.get("target_id"):
            raise Broken(f"{path}: row {key}: accept needs a target_id.", "Fill it in, or decide reject or create.")
        if decision:
            found.append(Decision(values["entity"], values["source_id"], values.get("target_id", ""), decision))
    return found


def _rows(path: Path) -> list[tuple[str, dict[str, str]]]:
    if not path.exists():
        raise Broken(f"{path} does not exist.", "Write one with `ml-connector match CONNECTION --export FILE`.")
    return [(row.key, row.values) for row, _ in rows_of(path)]
