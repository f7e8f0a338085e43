"""An audit record has one form, whoever takes the decision."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

from tests.unit.topology.hops import CODEC
from topology.audit import RECORD, Covered, audit_record
from topology.batch import Decision

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 3, 2, tzinfo=UTC)
MADE_IN = {"topology/audit.py", "services/sinks/outputs.py"}


def test_a_decision_is_kept_with_its_object_and_what_it_covers() -> None:
    decided = Decision("gap", "acme", "field", "invoice", "7", "v1", "words")
    one = audit_record(decided, "pollers", AT)
    assert (one["natural_key"], one["count"], one["partition"]) == ("acme/field/invoice/7", 1, -1)
    many = audit_record(decided, "hop", AT, Covered("acme", 3, "raw.x", 2, 5, 9))
    assert (many["natural_key"], many["count"], many["first_offset"], many["last_offset"]) == ("acme", 3, 5, 9)
    for record in (one, many):
        assert CODEC.decode(CODEC.encode("audit", RECORD, record)) == (RECORD, dict(record))


def test_it_is_filled_in_at_one_place() -> None:
    """Five places had the same seventeen fields by hand. A sink's are those of its ledger entry."""
    found = set()
    for package in ("runtime", "systems", "topology", "services", "console"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)} if isinstance(node, ast.Dict) else set()
                keys |= {word.arg for word in node.keywords} if isinstance(node, ast.Call) else set()
                if {"natural_key", "decision", "stage"} <= keys:
                    found.add(str(path.relative_to(ROOT)))
    assert found == MADE_IN
