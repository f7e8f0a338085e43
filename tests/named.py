"""Names of tests as pages write them: `path::name`, in brackets the cases that are meant."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"tests/[\w/]+\.py(?:::\w+)?(?:\[[\w.-]+\])?")


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Functions that a test file defines."""
    return frozenset(
        node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def is_there(named: str) -> bool:
    """Whether the file, and the test in it, exist."""
    where, _, name = named.partition("[")[0].partition("::")
    path = ROOT / where
    return path.is_file() and (not name or name in functions_of(path))
